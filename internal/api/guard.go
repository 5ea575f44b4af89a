package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
)

// How long a call may take, so that nothing waits for ever; one that sends a
// file may take longer, because lines are slow.
const (
	callTime = 30 * time.Second
	fileTime = 5 * time.Minute
)

// guard stands before every route: who is it, may they, not too often, not too
// much.
func (s *Server) guard(route Route, h http.HandlerFunc) http.HandlerFunc {
	check := s.checkUser
	switch {
	case route.Guard.Visitor && route.Socket:
		check = s.checkNobody // the token comes in the first frame
	case route.Guard.Visitor:
		check = s.checkVisitor
	case route.Guard.Permission == access.Public:
		check = s.checkNobody
	}
	if route.Repeatable {
		h = s.repeatable(h)
	}
	return func(w http.ResponseWriter, r *http.Request) {
		if err := check(w, r, route); err != nil {
			if errs.Is(err, errs.Unauthorised) { // guessing tokens costs more
				s.limits.address.spend(callerOf(r.Context()).address, 5, s.clock.Now())
			}
			writeProblem(w, r, s.fault(r.Context(), err))
			return
		}
		if c := callerOf(r.Context()); c.Support != nil {
			if err := s.noteSupport(r, route, c); err != nil {
				writeProblem(w, r, s.fault(r.Context(), err))
				return
			}
		}
		if route.Socket {
			h(w, r)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, route.body)
		most := callTime
		if route.body > maxBody {
			most = fileTime
		}
		ctx, cancel := context.WithTimeout(r.Context(), most)
		if route.streams { // as long as somebody takes it (stream)
			cancel()
			ctx, cancel = context.WithCancel(r.Context())
		}
		defer cancel()
		if c := callerOf(ctx); c.Support != nil {
			go s.whileSupported(ctx, c, cancel)
		}
		h(w, r.WithContext(ctx))
	}
}

// checkNobody lets everybody in, but starts of something not too often.
func (s *Server) checkNobody(_ http.ResponseWriter, r *http.Request, route Route) error {
	c, now := callerOf(r.Context()), s.clock.Now()
	switch {
	case strings.HasSuffix(route.Path, "/logout"): // by a provider, for everybody: when a shift ends, all at once
		return s.limits.logout.take(c.address, 1, now)
	case strings.HasPrefix(route.Path, "/api/v1/sign-in"):
		return s.limits.signIn.take(c.address, 1, now)
	case route.Method == http.MethodPost:
		return s.limits.start.take(c.address, 1, now)
	}
	return nil
}

// checkUser lets in signed-in users and keys that have the permission.
func (s *Server) checkUser(w http.ResponseWriter, r *http.Request, route Route) error {
	c := callerOf(r.Context())
	token, err := s.tokenOf(r)
	if err != nil {
		return err
	}
	session, err := s.Accounts.Recognise(r.Context(), token)
	if err == nil && session.Actor.Support != nil {
		err = s.standsIn(r, session)
	}
	if errs.Is(err, errs.Unauthorised) && strings.HasPrefix(token.Reveal(), "nbh_") {
		over := s.supportCookie(secret.Text{}, time.Unix(1, 0)) // the next call is about the caller's own organisation again
		http.SetCookie(w, &over)
		return errs.New(supportOver, "This access has ended. You are in your own organisation again.")
	}
	if err != nil {
		return err
	}
	c.session, c.Actor, c.token = session, session.Actor, token
	if session.MustChange && !route.Guard.WhileMustChange {
		return errs.New(mustChange, "Please choose a new password first.")
	}
	if err := session.AllowedFrom(c.peer); err != nil {
		return err
	}
	if session.MustSetUp && !route.Guard.WhileMustSetUp {
		return errs.New(mustSetUp, "Your organisation asks for a second factor. Please add one first.")
	}
	if session.APIKey && (route.Guard.Users || route.Guard.Permission == access.SignedIn && !route.Guard.Keys) {
		return errs.New(errs.Forbidden, "This is for signed-in users; an API key has no account of its own.")
	}
	if c.Support != nil && route.Guard.Permission == access.SignedIn && !route.Guard.Keys && !route.Guard.Support {
		return errs.New(errs.Forbidden, "This is about your own account. Please leave the other organisation first.")
	}
	if c.Support != nil && (route.Guard.Users || route.Guard.NoSupport) {
		return errs.New(errs.Forbidden, "You are not allowed to do this.")
	}
	if access.Reach(c.Actor, route.Guard.Permission) == access.None {
		return errs.New(errs.Forbidden, "You are not allowed to do this.")
	}
	if route.Guard.Fresh && !c.proven(s.clock.Now()) {
		return confirmAgain()
	}
	if strings.HasPrefix(route.Path, scimRoot) {
		if err := s.limits.provision.take(string(c.Tenant), 1, s.clock.Now()); err != nil {
			return err
		}
	}
	return s.limits.tenant.take(string(c.Tenant), 1, s.clock.Now())
}

// noteSupport is before the answer: what cannot be noted is not shown.
func (s *Server) noteSupport(r *http.Request, route Route, c *caller) error {
	if route.Guard.Support { // who one is, and to leave
		return nil
	}
	return s.Accounts.NoteSupport(r.Context(), c.session, route.id, r.PathValue("id"))
}

// proven says whether the caller proved not long ago who it is. Keys cannot, and need not.
func (c *caller) proven(now time.Time) bool { return c.session.APIKey || c.session.Fresh(now) }

func confirmAgain() error {
	return errs.New(confirm, "Please enter your password again before you change how you sign in.")
}

// tokenOf finds the session in the cookie or the API key in the header.
func (s *Server) tokenOf(r *http.Request) (secret.Text, error) {
	if h := r.Header.Get("Authorization"); h != "" {
		token, ok := bearer(h)
		if !ok || !strings.HasPrefix(token, "nbk_") {
			return secret.Text{}, errs.New(errs.Unauthorised, "Send an API key as Authorization: Bearer nbk_….")
		}
		return secret.New(token), nil
	}
	if cookie, err := r.Cookie(s.supportCookieName()); err == nil && strings.HasPrefix(cookie.Value, "nbh_") {
		return secret.New(cookie.Value), nil
	}
	cookie, err := r.Cookie(s.cookieName())
	if err != nil || cookie.Value == "" {
		return secret.Text{}, errs.New(errs.Unauthorised, "You are not signed in. Please sign in.")
	}
	if !strings.HasPrefix(cookie.Value, "nbs_") {
		return secret.Text{}, errs.New(errs.Unauthorised, "You are not signed in. Please sign in.")
	}
	return secret.New(cookie.Value), nil
}

// standsIn refuses a support session without the session in which it was opened:
// who signs in after somebody else does not come into that one's.
func (s *Server) standsIn(r *http.Request, in account.Session) error {
	none := errs.New(errs.Unauthorised, "You are not signed in. Please sign in.")
	cookie, err := r.Cookie(s.cookieName())
	if err != nil {
		return none
	}
	own, err := s.Accounts.Recognise(r.Context(), secret.New(cookie.Value))
	if err == nil && !in.StandsIn(own) {
		err = none
	}
	return err
}

func bearer(h string) (string, bool) {
	scheme, token, ok := strings.Cut(h, " ")
	return strings.TrimSpace(token), ok && strings.EqualFold(scheme, "Bearer")
}

// checkVisitor lets in the holder of a conversation's token, from the pages
// that may show its entry point.
func (s *Server) checkVisitor(w http.ResponseWriter, r *http.Request, _ Route) error {
	c := callerOf(r.Context())
	token, ok := bearer(r.Header.Get("Authorization"))
	if !ok || !strings.HasPrefix(token, "nbv_") {
		return errs.New(errs.Unauthorised, "This conversation is not known.")
	}
	v, err := s.Visitors.Visitor(r.Context(), secret.New(token))
	if err != nil {
		return err
	}
	if err := s.limits.visitor.take(v.Interaction, 1, s.clock.Now()); err != nil {
		return err
	}
	c.visitor = v
	return allowOrigin(w, r, v.Origins)
}
