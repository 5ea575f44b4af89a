package server

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"net/netip"

	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/base/service"
	"nubitalk/internal/bus"
	"nubitalk/internal/channel/email"
	"nubitalk/internal/channel/email/pictures"
	mail "nubitalk/internal/channel/email/provider"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/outside"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/server/config"
)

// mailNetwork is how mailboxes' providers are reached: on the public network, and where
// the operator allows it inside.
func (s *Server) mailNetwork() *mail.Network {
	inside := s.conf.Email.Inside
	if s.added.Mail != nil {
		inside = append([]string{"127.0.0.1/32"}, inside...)
	}
	n := s.network(inside, s.conf.Email.Authority)
	if s.added.Mail != nil {
		n.Roots = trusting(n.Roots, s.added.Mail)
	}
	return n
}

// trusting are authorities with one more; nil are the machine's own.
func trusting(pool *x509.CertPool, more *x509.Certificate) *x509.CertPool {
	if pool == nil {
		var err error
		if pool, err = x509.SystemCertPool(); err != nil { // there is none here
			pool = x509.NewCertPool()
		}
	}
	pool.AddCert(more)
	return pool
}

// pictures are asked for on the public network, of the hosts that the operator allows; by
// https alone where nothing may pass unencrypted.
func (s *Server) pictures() *pictures.Fetcher {
	return &pictures.Fetcher{Network: mail.Network{Allowed: s.conf.Outside.Hosts()}, Encrypted: s.conf.Encryption.Rule().Encrypted()}
}

// network reaches the public network and what is allowed inside; config.Check has
// refused what cannot be read.
func (s *Server) network(allowed []string, authority string) *mail.Network {
	var inside []netip.Prefix
	for _, text := range allowed {
		if p, err := netip.ParsePrefix(text); err == nil {
			inside = append(inside, p)
		}
	}
	n := &mail.Network{Allowed: s.conf.Outside.Hosts(), Permit: func(a netip.Addr) bool {
		for _, p := range inside {
			if p.Contains(a) {
				return true
			}
		}
		return outside.Public(a)
	}}
	if pool, err := config.Authorities(authority); err == nil {
		n.Roots = pool
	}
	return n
}

// Mailboxes are a tenant's, as channel/email asks for them.
func (s *setups) Mailboxes(ctx context.Context, t id.Tenant) (map[string]setup.Mailbox, error) {
	snap, err := s.of(ctx, t)
	if err != nil {
		return nil, err
	}
	return snap.Mailboxes, nil
}

// MailboxSecret opens a secret of a mailbox.
func (s *setups) MailboxSecret(ctx context.Context, t id.Tenant, mailbox, name string) (secret.Text, error) {
	return s.app.Secret(ctx, t, setup.KindMailbox, mailbox, name)
}

// KeepToken stores a token that a mailbox's provider gave.
func (s *setups) KeepToken(ctx context.Context, t id.Tenant, mailbox string, of setup.Mailbox, token secret.Text) error {
	return s.app.KeepToken(ctx, t, mailbox, of, token)
}

// SignedIn stores one that a user had it give.
func (s *setups) SignedIn(ctx context.Context, a access.Actor, mailbox string, of setup.Mailbox, token secret.Text) error {
	return s.app.SignedIn(ctx, a, mailbox, of, token)
}

// EntryPointOf is a tenant's entry point in use.
func (s *setups) EntryPointOf(ctx context.Context, t id.Tenant, entryPoint string) (setup.EntryPoint, error) {
	snap, err := s.of(ctx, t)
	if err != nil {
		return setup.EntryPoint{}, err
	}
	return snap.EntryPoints[entryPoint], nil
}

// RejectReasons are a tenant's reasons for rejecting emails.
func (s *setups) RejectReasons(ctx context.Context, t id.Tenant) (map[string]email.RejectReason, error) {
	snap, err := s.of(ctx, t)
	if err != nil {
		return nil, err
	}
	out := make(map[string]email.RejectReason, len(snap.RejectReasons))
	for reason, r := range snap.RejectReasons {
		out[reason] = email.RejectReason{Version: r.Version, RejectReason: r.RejectReason}
	}
	return out, nil
}

// mailboxes is channel/email as a part that follows mailboxes.
func (p *parts) mailboxes(b *bus.Bus) service.Service {
	return service.Func{OnStart: func(ctx context.Context) error {
		b.Subscribe(p.mailboxChanged)
		return p.email.Begin(ctx)
	}, OnStop: p.email.Halt}
}

// mailboxChanged tells channel/email when a tenant's mailboxes are set up anew. It
// runs on the bus's goroutine and does not wait.
func (p *parts) mailboxChanged(e bus.Event) {
	switch e.Kind {
	case bus.Overflow:
		p.email.Changed("", "")
	case setupChanged:
		var what struct {
			Kind setup.Kind
			ID   string
		}
		if json.Unmarshal(e.Data, &what) == nil && (what.Kind == setup.KindMailbox || what.Kind == "") {
			p.email.Changed(e.Tenant, what.ID)
		}
	}
}
