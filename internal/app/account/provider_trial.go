package account

import (
	"context"
	"errors"
	"slices"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/openid"
	"nubitalk/internal/core/access"
)

// trialState begins the state of a trial, by which the page tells it apart. What is
// believed is in the flow.
const trialState = "try."

// TryProvider begins the same walk for an administrator who only wants to see
// whether it works; it opens no session.
func (s *Service) TryProvider(ctx context.Context, in Session, base string) (ProviderStep, error) {
	if err := mayRuleSignIn(in); err != nil {
		return ProviderStep{}, err
	}
	o, row, err := s.signOn(ctx, in.Actor.Tenant)
	if errs.Is(err, errs.NotFound) {
		err = errs.New(errs.Conflict, "Your organisation has no provider of its own yet. Set it up first.")
	}
	if err != nil {
		return ProviderStep{}, err
	}
	return s.beginProvider(ctx, in.Actor.Tenant, o, row, base, true, o.DeviceContext != "", in.Actor.Session) // so that it shows whether the provider says when
}

// ProviderTrial is how far a trial came.
type ProviderTrial struct {
	Steps  []TrialStep   `json:"steps"`
	Claims []string      `json:"claims" doc:"Names of the claims that came; their values are not kept and not shown."`
	Roles  []access.Role `json:"roles" doc:"What roles_claim gives."`
	Parts  RoleParts     `json:"role_parts" doc:"Those of them that it gives for some teams, queues and campaigns only, by role."`
	Match  string        `json:"match" enum:"linked,claim,created,none" doc:"Which user it leads to: one that is linked, one that name_claim names, one that is made, or none."`
	User   string        `json:"user,omitempty" doc:"The user name."`
	Ends   bool          `json:"ends" doc:"The provider can be asked to end its own session (end_session_endpoint), for sign_out."`
	Fresh  bool          `json:"fresh" doc:"The provider says when the person proved to be itself (auth_time), so that it can confirm what is sensitive."`
}

// TrialStep is one step of a trial.
type TrialStep struct {
	Step   string `json:"step" enum:"discovery,answer,token,identity,factor,device,roles,user"`
	OK     bool   `json:"ok"`
	Reason string `json:"reason,omitempty"`
}

// TriedProvider completes a trial. It changes nothing.
func (s *Service) TriedProvider(ctx context.Context, in Session, flow secret.Text, a openid.Answer) (ProviderTrial, error) {
	out := ProviderTrial{Steps: []TrialStep{}, Claims: []string{}, Roles: []access.Role{}, Parts: RoleParts{}, Match: "none"}
	if err := mayRuleSignIn(in); err != nil {
		return out, err
	}
	t := in.Actor.Tenant
	o, _, _, who, err := s.finishProvider(ctx, t, flow, a, in.Actor.Session)
	var f *openid.Fault
	if err != nil && !errors.As(err, &f) {
		return out, tookTooLong(err)
	}
	for _, step := range openid.Steps {
		if f != nil && f.Step == step {
			out.Steps = append(out.Steps, TrialStep{Step: string(step), Reason: string(f.Reason)})
			return out, nil
		}
		out.Steps = append(out.Steps, TrialStep{Step: string(step), OK: true})
	}
	for claim := range who.Claims {
		out.Claims = append(out.Claims, claim)
	}
	slices.Sort(out.Claims)
	out.Fresh = !who.Proved.IsZero()
	end, err := s.Providers.SignOut(ctx, openid.Registration{Issuer: o.Issuer}, "", secret.Text{})
	if err != nil {
		return out, providerRefusal(err)
	}
	out.Ends = end != ""
	if o.SecondFactor {
		err := o.shown(who)
		out.Steps = append(out.Steps, TrialStep{Step: "factor", OK: err == nil, Reason: reasonIf(err, "no_factor")})
	}
	if o.DeviceContext != "" {
		var err error
		if !o.inOrder(who) {
			err = noDevice()
		}
		out.Steps = append(out.Steps, TrialStep{Step: "device", OK: err == nil, Reason: reasonIf(err, "no_device")})
	}
	by, err := o.rolesOf(who)
	out.Steps = append(out.Steps, TrialStep{Step: "roles", OK: err == nil, Reason: reasonIf(err, "no_role")})
	out.Roles, out.Parts = append(out.Roles, by.roles...), by.over(nil)
	subject, err := s.subjectIndex(ctx, t, o.Issuer, who.Subject)
	if err != nil {
		return out, err
	}
	user, found, err := s.matched(ctx, t, o, who, subject)
	if err != nil && !errs.Is(err, errs.Forbidden) {
		return out, err
	}
	out.Steps = append(out.Steps, TrialStep{Step: "user", OK: err == nil, Reason: reasonIf(err, "no_user")})
	if err == nil {
		out.Match, out.User = string(found), user.UserName
	}
	return out, nil
}

func reasonIf(err error, reason string) string {
	if err == nil {
		return ""
	}
	return reason
}
