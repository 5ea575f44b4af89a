package api

import (
	"context"
	"reflect"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
)

type signInPreviewInput struct {
	Body struct {
		SessionHours int              `json:"session_hours" minimum:"1" maximum:"168"`
		SignIn       setup.SignInRule `json:"sign_in"`
	}
}

func (s *Server) signInRuleRoutes() {
	handle(s, "POST", "/api/v1/rules/sign-in/preview", needs(access.SetupWrite), about{id: "previewSignInRules", tag: setupTag, once: true,
		summary: "What sign-in rules would do", detail: "Nothing is changed. The rules themselves are part of `rules`."},
		func(ctx context.Context, c *caller, in *signInPreviewInput) (*reply[account.SignInEffect], error) {
			next := setup.DefaultRules()
			next.SessionHours, next.SignIn = in.Body.SessionHours, in.Body.SignIn
			next = setup.Clean(next)
			if err := next.Validate(nil); err != nil {
				return nil, err
			}
			return answer(s.Accounts.PreviewRules(ctx, c.Actor, next, c.peer))
		})
}

// mayPutRules asks of whoever changes how users sign in, or what is unusual of them, to
// have proved who it is, and not to lock itself out.
func (s *Server) mayPutRules(ctx context.Context, c *caller, next setup.Rules) error {
	if c.session.APIKey {
		return nil // its own way in does not depend on them
	}
	now, err := objectOf[RulesObject](s.Setup.Get(ctx, c.Actor, setup.KindRules, ""))
	if err != nil {
		return err
	}
	signIn := next.SignIn.Networks != nil || next.SignIn.SecondFactor != nil || next.SignIn.PasswordLength != 0
	alerts := next.Unusual != (setup.UnusualRule{}) // what is left out stays
	next = setup.Clean(next)
	was := setup.Clean(now.Rules)
	signIn = signIn && !reflect.DeepEqual(was.SignIn, next.SignIn)
	if !signIn && (!alerts || was.Unusual == next.Unusual) {
		return nil
	}
	if !c.session.Fresh(s.clock.Now()) {
		return confirmAgain()
	}
	if signIn && !next.SignIn.Allows(c.peer) {
		return errs.Bad("sign_in.networks", "do not hold the address from which you save them (%s), so they would lock you out", c.peer)
	}
	return nil
}
