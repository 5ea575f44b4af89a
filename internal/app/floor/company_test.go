package floor

import (
	"slices"
	"testing"
)

// What nobody waits for waits for others where there were some lately, and never when
// it has waited in vain a few times; what somebody waits for never does.
func TestOnlyWhatNobodyWaitsForWaitsForCompany(t *testing.T) {
	f := &floor{in: make(chan *call, mailbox), quit: make(chan struct{}), items: map[string]*item{
		"queued": {Interaction: Interaction{State: "queued"}}, "flow": {Interaction: Interaction{State: "in_flow"}, running: true},
		"offered": {Interaction: Interaction{State: "offered"}}, "active": {Interaction: Interaction{State: "active"}}}}
	left := func(interaction string) *call {
		return &call{calm: func(f *floor) bool { return f.unserved(interaction) }}
	}
	urgent := &call{}
	gathered := func(what string, want, company int, calls ...*call) {
		t.Helper()
		came := len(f.in)
		got := f.gather(calls)
		if len(got) != want || !slices.Equal(got[:len(calls)], calls) || f.company != company {
			t.Errorf("%s: %d of %d that came went together, company %d", what, len(got), came, f.company)
		}
	}
	f.in <- urgent
	gathered("without company lately", 1, 0, left("queued"))
	gathered("several that came together", 3, lonely, left("queued"), left("offered"), urgent)
	for _, served := range []string{"offered", "active"} {
		gathered(served, 1, lonely, left(served))
	}
	gathered("of whom somebody waits", 1, lonely, urgent)
	if len(f.in) != 1 {
		t.Fatal("something was taken that nothing waited for")
	}
	f.in <- urgent
	gathered("with what comes, at once", 3, lonely, left("flow"))
	f.in <- left("gone")
	f.in <- left("queued")
	f.in <- left("active")
	f.in <- left("queued")
	gathered("until something does not wait, and all that came by then", 5, lonely, left("queued"))
	for n := range lonely {
		gathered("in vain", 1, lonely-n-1, left("queued"))
	}
	f.in <- urgent
	gathered("no more", 1, 0, left("queued"))
	<-f.in
	f.company = lonely
	close(f.quit)
	if got := f.gather([]*call{left("queued")}); len(got) != 1 {
		t.Errorf("%d at the end", len(got))
	}
	f.quit, f.company = make(chan struct{}), lonely
	for range maxBatch + 5 {
		f.in <- left("queued")
	}
	gathered("not too many", maxBatch, lonely, left("queued"))
}
