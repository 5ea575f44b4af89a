package email

import (
	"strings"
	"testing"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
)

// What belongs to no interaction leaves marked as written by no person, and what the provider says of it is told.
func TestANoticeIsSent(t *testing.T) {
	r := newRelay(t)
	s, a, _ := writing(t, r, 0)
	if can, err := s.PostsFrom(t.Context(), a.Tenant, "mbx_1"); err != nil || can { // it is not switched on
		t.Errorf("%v, %v", can, err)
	}
	send := func(to string) error {
		return s.Notify(t.Context(), a.Tenant, "mbx_1", secret.New(to), secret.New("Olá\r\nBcc: x@y.example"), secret.New("Aqui: https://desk.example/#a.b\n"))
	}
	if err := send("ana@person.example"); !errs.Is(err, errs.NotFound) {
		t.Errorf("from a mailbox that is switched off: %v", err)
	}
	box := s.Setup.(oneBox)
	box.m.Enabled, box.m.Shown = true, "Shop"
	s.Setup = box
	if can, err := s.PostsFrom(t.Context(), a.Tenant, "mbx_1"); err != nil || !can {
		t.Errorf("%v, %v", can, err)
	}
	if err := send("ana@person.example"); err != nil {
		t.Fatal(err)
	}
	m := r.last(t)
	if len(m.To) != 1 || m.To[0].Address.Reveal() != "ana@person.example" || m.From[0].Address.Reveal() != "help@shop.example" || m.Automatic() == "" || !strings.Contains(m.Text.Reveal(), "https://desk.example/#a.b") {
		t.Errorf("%v %v %q", m.To, m.From, m.Automatic())
	}
	r.mu.Lock()
	if took := r.took[len(r.took)-1]; strings.Contains(took, "\r\nBcc:") || len(r.told) != 1 {
		t.Errorf("to %v:\n%s", r.told, took)
	}
	r.refuse = true
	r.mu.Unlock()
	if err := send("ana@person.example"); err == nil || errs.As(err).Text == "" || strings.Contains(err.Error(), "ana@") {
		t.Errorf("what was refused: %v", err)
	}
	if err := send("nobody"); !errs.Is(err, errs.Invalid) {
		t.Errorf("to no address: %v", err)
	}
}
