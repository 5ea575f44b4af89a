package email

import (
	"context"
	"time"

	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/email/provider"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// Status is how a mailbox stands.
type Status struct {
	State string          // off, connecting, connected, failing
	Since time.Time       // zero while connecting for the first time
	Fault *provider.Fault // of failing
	Open  int             // messages that are work now
}

// Status says how a mailbox stands on this node.
func (s *Service) Status(ctx context.Context, t id.Tenant, mailbox string) (Status, error) {
	out := Status{State: "off"}
	var open int64
	if err := s.DB.Read(ctx, t, func(tx *store.Tx) (err error) { open, err = tx.CountOpenEmails(mailbox); return err }); err != nil {
		return out, err
	}
	out.Open = int(open)
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.houses[t]
	if h == nil || h.boxes[mailbox] == nil {
		return out, nil
	}
	now := h.boxes[mailbox].state
	out.Since, out.Fault = now.Since, now.Fault
	switch {
	case now.Connected:
		out.State = "connected"
	case now.Fault != nil:
		out.State = "failing"
	default:
		out.State = "connecting"
	}
	return out, nil
}

// Try tries a mailbox as it is edited. An empty password means the one that is stored
// for mailbox.
func (s *Service) Try(ctx context.Context, t id.Tenant, mailbox string, m setup.Mailbox, password secret.Text) (provider.Trial, error) {
	if m.Sign == setup.MailToken {
		return s.tryToken(ctx, t, mailbox, m)
	}
	if password.Empty() && mailbox != "" {
		boxes, err := s.Setup.Mailboxes(ctx, t)
		if err != nil {
			return provider.Trial{}, err
		}
		// A password never reaches another host than it was given for.
		if was, there := boxes[mailbox]; there && !m.Moved(was) {
			if password, err = s.Setup.MailboxSecret(ctx, t, mailbox, setup.Password); err != nil {
				return provider.Trial{}, err
			}
		}
	}
	return s.Network.Try(ctx, accountOf(m, password), m.Looked()), nil
}

// Discover finds the servers of an address's provider.
func (s *Service) Discover(ctx context.Context, address string) (provider.Found, error) {
	return s.Network.Discover(ctx, address), nil
}
