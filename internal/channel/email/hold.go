package email

import (
	"context"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

// heldAnswer is an answer that leaves in a moment. It is in memory alone; stored is that
// it is held. Whoever changes that first decides, its time or its agent: so it is sent
// once or not at all. If the program is killed, it was not sent, and that is told.
type heldAnswer struct {
	tenant id.Tenant
	o      opened
	row    store.EmailSendRow
	letter letter
	draft  draftKey
	wait   time.Duration
	ends   func()
	now    context.CancelFunc // its time is over
}

// hold keeps an answer for a while and then sends it; false when the program is ending.
func (s *Service) hold(h heldAnswer) bool {
	h.o.m, h.o.beside = nil, nil // what is answered is not held
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx == nil {
		return false
	}
	var over context.Context
	over, h.now = context.WithCancel(s.ctx)
	s.holding[h.row.InteractionID] = &h
	s.running.Go(func() {
		sleep(over, h.wait) // also until the program ends: what is held is sent before
		h.now()
		s.mu.Lock()
		delete(s.holding, h.row.InteractionID)
		s.mu.Unlock()
		defer h.ends()
		ctx := context.WithoutCancel(over)
		row, err := s.leaves(ctx, h.tenant, h.row)
		if errs.Is(err, errs.Conflict) { // it was undone
			return
		}
		var out Sent
		if err == nil {
			out, err = s.send(ctx, h.tenant, h.o, row, h.letter)
		}
		if out.State == sent {
			s.drafts.forget(h.draft)
		}
		if err != nil {
			s.Log.Warn("an answer that was held could not be sent", "tenant", h.tenant, "interaction", h.row.InteractionID, "error", errs.As(err).Code)
		}
	})
	return true
}

// leaves stores that an answer is held no longer; Conflict if it was undone.
func (s *Service) leaves(ctx context.Context, t id.Tenant, from store.EmailSendRow) (store.EmailSendRow, error) {
	to := from
	to.State = sending
	return to, s.DB.Write(ctx, t, func(tx *store.Tx) error { return changed(tx.ChangeEmailSend(from, to)) })
}

// Undo takes an answer back that is held. The caller has checked who may.
func (s *Service) Undo(ctx context.Context, a access.Actor, interaction, clientID string) error {
	s.mu.Lock()
	h := s.holding[interaction]
	s.mu.Unlock()
	gone := errs.New(errs.Conflict, "It is too late: the answer is on its way.")
	if h == nil || h.tenant != a.Tenant || h.row.ClientID != clientID || h.row.UserID != a.User {
		return gone
	}
	to := h.row
	to.State, to.EndedAt = undone, s.Clock.Now()
	err := s.DB.Write(ctx, a.Tenant, func(tx *store.Tx) error { return changed(tx.ChangeEmailSend(h.row, to)) })
	if errs.Is(err, errs.Conflict) {
		return gone
	}
	if err == nil {
		h.now()
	}
	return err
}

// letGo sends at once what is held of a tenant whose floor goes elsewhere.
func (s *Service) letGo(t id.Tenant) {
	for _, h := range s.holding {
		if h.tenant == t {
			h.now()
		}
	}
	for _, h := range s.rejects {
		if h.actor.Tenant == t {
			h.now()
		}
	}
}

// waits says that an answer of the interaction has not left yet.
func (s *Service) waits(interaction string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sending[interaction]
}
