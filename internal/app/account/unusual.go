package account

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"net/netip"
	"strings"
	"time"

	"nubitalk/internal/base/id"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/unusual"
	"nubitalk/internal/store"
)

const (
	unusualSignIn = "sign_in.unusual"
	// habitSignIns is how many earlier sign-ins one is compared with.
	habitSignIns = 200
)

// networkOf is a digest of the network that somebody comes from, under the
// organisation's key: addresses are not kept. A provider gives its customers addresses
// of a part of the net in turn, hence not the whole address.
func (s *Service) networkOf(ctx context.Context, t id.Tenant, address netip.Addr) string {
	address = address.Unmap()
	bits := 48
	if address.Is4() {
		bits = 24
	}
	network, err := address.Prefix(bits)
	if err != nil { // it is not known
		return ""
	}
	sum, err := s.Vault.Digest(ctx, t, "sign_in.network", []byte(network.String()))
	if err != nil { // the sign-in is worth more than the note
		return ""
	}
	return hex.EncodeToString(sum[:6])
}

// noteSignIn writes a sign-in to the audit log, and beside it why it is unusual, if it is.
func (s *Service) noteSignIn(tx *store.Tx, zone string, a access.Actor, session string, in unusual.SignIn, detail map[string]string) error {
	past, err := tx.AuditHabit(a.User, "sign_in", in.At.Add(-unusual.Habit), habitSignIns)
	if err != nil {
		return err
	}
	there, err := time.LoadLocation(zone)
	if err != nil {
		there = time.UTC
	}
	in.At = in.At.In(there)
	before := make([]unusual.SignIn, 0, len(past))
	for _, r := range past {
		var noted struct {
			Network string `json:"network"`
		}
		_ = json.Unmarshal([]byte(r.Detail), &noted) // an older entry has none
		before = append(before, unusual.SignIn{At: r.At.In(there), Network: noted.Network})
	}
	if in.Network != "" {
		detail["network"] = in.Network
	}
	if err := s.Audit.Record(tx, a, "sign_in", "session", session, detail); err != nil {
		return err
	}
	why := in.Reasons(before)
	if len(why) == 0 {
		return nil
	}
	words := make([]string, len(why))
	for i, w := range why {
		words[i] = string(w)
	}
	return s.Audit.Record(tx, a, unusualSignIn, "session", session, map[string]string{"why": strings.Join(words, ",")})
}

// unusualSessions are a user's sessions whose sign-in was unusual, with the reasons.
func (s *Service) unusualSessions(tx *store.Tx, user string) (map[string][]unusual.Reason, error) {
	rows, err := tx.AuditHabit(user, unusualSignIn, s.now().Add(-unusual.Habit), habitSignIns)
	out := map[string][]unusual.Reason{}
	for _, r := range rows {
		var noted struct {
			Why string `json:"why"`
		}
		_ = json.Unmarshal([]byte(r.Detail), &noted) // without reasons it is unusual all the same
		out[r.ObjectID] = []unusual.Reason{}
		for _, w := range strings.Split(noted.Why, ",") {
			if w != "" {
				out[r.ObjectID] = append(out[r.ObjectID], unusual.Reason(w))
			}
		}
	}
	return out, err
}

// countUnusual says how many of a user's other sessions began in an unusual way and last.
func (s *Service) countUnusual(tx *store.Tx, user, current string) (n int, err error) {
	found, err := s.unusualSessions(tx, user)
	if err != nil || len(found) == 0 {
		return 0, err
	}
	rows, err := tx.SessionsOf(user)
	for _, r := range rows {
		if _, is := found[r.ID]; is && r.ID != current && s.now().Before(r.ExpiresAt) {
			n++
		}
	}
	return n, err
}

// Disowned is what came of saying that a sign-in was somebody else's.
type Disowned struct {
	Ended      int  `json:"ended" doc:"Sessions that were ended."`
	MustChange bool `json:"must_change" doc:"A new password is to be chosen now. Not where the user has none, because its organisation's provider signs it in."`
}

// NotMe ends all other sessions of who says that it did not sign in there, and asks for a
// new password: whoever else knows the one that there is has nothing of it any more.
func (s *Service) NotMe(ctx context.Context, in Session) (out Disowned, err error) {
	if err := usersOnly(in); err != nil {
		return out, err
	}
	a := in.Actor
	var ended []string
	err = s.changeUser(ctx, a.Tenant, a.User, func(tx *store.Tx, u *store.UserRow) (err error) {
		if u.Status == string(Deleted) {
			return noSuchUser()
		}
		u.MustChange = u.MustChange || u.PasswordHash != ""
		out.MustChange = u.MustChange && !in.ByProvider
		ended, err = endSessions(tx, a.User, a.Session, s.now())
		return err
	}, func(tx *store.Tx) error { return s.Audit.Record(tx, a, "sign_in.disowned", "user", a.User, nil) })
	if err != nil {
		return Disowned{}, err
	}
	out.Ended = len(ended)
	s.tell(a.Tenant, Change{User: a.User, Sessions: ended, Reason: EndedElsewhere})
	return out, nil
}
