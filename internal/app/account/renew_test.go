package account_test

import (
	"sync"
	"testing"
	"time"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
)

// Who proves again who it is gets another token, and the one before ends.
func TestProvingAgainGivesAnotherToken(t *testing.T) {
	proofs := map[string]func(f *fixture, in account.Session) (secret.Text, error){
		"the password": func(f *fixture, in account.Session) (secret.Text, error) {
			return f.Confirm(f.t.Context(), in, secret.New(goodPassword))
		},
		"another password": func(f *fixture, in account.Session) (secret.Text, error) {
			return f.SetPassword(f.t.Context(), in, secret.New(goodPassword), secret.New("eight blue bicycles"))
		},
	}
	for name, prove := range proofs {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, f *fixture) {
				_, in := f.user("ana", access.Agent)
				_, bob := f.user("bob", access.Agent)
				other := account.New(f.deps) // another node
				must(t, other.Start(t.Context()))
				f.clock.Advance(11 * time.Minute)
				is := func(s *account.Service, token secret.Text, fresh bool) {
					t.Helper()
					got, err := s.Recognise(t.Context(), token)
					if err != nil || got.Fresh(f.clock.Now()) != fresh || got.Actor.Session != in.Session.Actor.Session {
						t.Errorf("%v, fresh %v, %s", err, got.Fresh(f.clock.Now()), got.Actor.Session)
					}
				}
				gone := func(s *account.Service, token secret.Text) {
					t.Helper()
					_, err := s.Recognise(t.Context(), token)
					wantCode(t, err, errs.Unauthorised)
				}
				is(other, in.Token, false) // and believed there for a while
				lost, err := prove(f, in.Session)
				must(t, err)
				is(f.Service, in.Token, false) // the answer may be lost: nothing has happened
				if name == "another password" {
					is(f.Service, lost, true)
					f.clock.Advance(5 * time.Second)
					gone(f.Service, in.Token)
					gone(other, in.Token)
					return
				}
				next, err := prove(f, in.Session)
				must(t, err)
				gone(f.Service, lost)
				if next.Equal(in.Token) || next.Equal(lost) {
					t.Error("the token is the same")
				}
				is(f.Service, next, true)
				is(f.Service, next, true)
				is(other, next, true)
				is(f.Service, in.Token, false) // what was under way; it has proved nothing
				is(other, in.Token, false)
				f.clock.Advance(5 * time.Second)
				gone(f.Service, in.Token) // also where it was believed
				gone(other, in.Token)
				is(f.Service, next, true)
				again, err := prove(f, in.Session)
				must(t, err)
				is(other, again, true)
				gone(f.Service, in.Token) // the one before the one before
				f.clock.Advance(5 * time.Second)
				gone(f.Service, next)
				// A connection follows its session.
				for _, fresh := range []bool{true, false} {
					if now, err := f.Still(t.Context(), in.Session, in.Token, fresh); err != nil || now.Actor.Session != in.Session.Actor.Session {
						t.Errorf("the connection: %v", err)
					}
				}
				must(t, f.SignOut(t.Context(), in.Session))
				gone(f.Service, again)
				_, err = f.Still(t.Context(), in.Session, in.Token, true)
				wantCode(t, err, errs.Unauthorised)
				if _, err := f.Recognise(t.Context(), bob.Token); err != nil {
					t.Errorf("bob's session: %v", err)
				}
			})
		})
	}
}

// A token that was given and not used ends with its session.
func TestATokenThatWasNotUsedEndsWithItsSession(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ana, in := f.user("ana", access.Agent)
		next, err := f.Confirm(t.Context(), in.Session, secret.New(goodPassword))
		must(t, err)
		must(t, f.EndSessions(t.Context(), f.a.admin, ana.ID))
		_, err = f.Recognise(t.Context(), next)
		wantCode(t, err, errs.Unauthorised)
	})
}

// Windows of one browser use the next token at the same moment, and all go on.
func TestTheNextTokenIsUsedByAllWindowsAtOnce(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, in := f.user("ana", access.Agent)
		other := account.New(f.deps)
		must(t, other.Start(t.Context()))
		next, err := f.Confirm(t.Context(), in.Session, secret.New(goodPassword))
		must(t, err)
		var all sync.WaitGroup
		for i := range 8 {
			s := []*account.Service{f.Service, other}[i%2]
			all.Go(func() {
				if got, err := s.Recognise(t.Context(), next); err != nil || got.Actor.Session != in.Session.Actor.Session {
					t.Errorf("%v, %s", err, got.Actor.Session)
				}
			})
		}
		all.Wait()
	})
}
