package email

import (
	"context"
	"maps"
	"net/netip"
	"sync"
	"testing"

	"nubitalk/internal/base/id"
	"nubitalk/internal/channel/email/provider"
	"nubitalk/internal/core/setup"
)

// manyBoxes are mailboxes that change.
type manyBoxes struct {
	noSetup
	mu  sync.Mutex
	all map[string]setup.Mailbox
}

func (o *manyBoxes) Mailboxes(context.Context, id.Tenant) (map[string]setup.Mailbox, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return maps.Clone(o.all), nil
}

func (o *manyBoxes) set(mailbox string, m setup.Mailbox) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all[mailbox] = m
}

// One mailbox that changes is followed anew, also where it only has a new password, and
// the others are not disturbed; when it is not known what changed, all are.
func TestOneChangeDisturbsNoOther(t *testing.T) {
	db := openStore(t)
	d := testDeps(t, db)
	box := setup.Mailbox{Enabled: true, Address: "help@shop.example", IMAP: setup.MailServer{Host: "127.0.0.1", Port: 1, Security: setup.MailTLS}, Folders: []string{"INBOX"}}
	boxes := &manyBoxes{all: map[string]setup.Mailbox{"mbx_1": box, "mbx_2": box}}
	d.Setup, d.Network = boxes, &provider.Network{Permit: func(netip.Addr) bool { return false }}
	s := New(d)
	if err := s.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Halt(context.Background()) })
	tenant := newTenant(t, db)
	s.Opened(tenant, nil)
	followed := func() map[string]*followed {
		s.mu.Lock()
		defer s.mu.Unlock()
		return maps.Clone(s.houses[tenant].boxes)
	}
	wait(t, func() bool { return len(followed()) == 2 })
	before := followed()
	now := func(what string, one, two bool) {
		t.Helper()
		wait(t, func() bool { all := followed(); return all["mbx_1"] != before["mbx_1"] })
		all := followed()
		if (all["mbx_1"] != before["mbx_1"]) != one || (all["mbx_2"] != before["mbx_2"]) != two {
			t.Errorf("%s: %v %v", what, all["mbx_1"] != before["mbx_1"], all["mbx_2"] != before["mbx_2"])
		}
		before = all
	}
	s.Changed(tenant, "mbx_1")
	now("another password", true, false)
	box.Shown = "The shop"
	boxes.set("mbx_1", box)
	s.Changed(tenant, "mbx_9") // of one that is not there
	now("what is set up, of which nobody told", true, false)
	s.Changed("ten_other", "mbx_2")
	s.Changed("", "")
	now("it is not known what", true, true)
	s.mu.Lock()
	if left := len(s.houses[tenant].anew); left != 0 {
		t.Errorf("%d are still to be followed anew", left)
	}
	s.mu.Unlock()
}
