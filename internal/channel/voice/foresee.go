package voice

import (
	"nubitalk/internal/channel"
	"nubitalk/internal/core/acd"
)

// foreseen is an offer that is committed while the disk does not have it yet. The agent's
// phone rings, and what it does waits until the offer is stored (ADR 0083).
type foreseen struct {
	agent string
	waits []func() // what the phone did meanwhile, in order
}

var _ channel.Ringer = (*Service)(nil)

// Rings has the phone rung of the agent to whom the call is about to be offered.
func (s *Service) Rings(w channel.Work) {
	if !w.Spoken() || w.Kept {
		return
	}
	s.mu.Lock()
	c := s.calls[w.ID]
	if c == nil && w.Channel == acd.Voice && !s.halted {
		c = s.open(Caller{Tenant: w.Tenant, Interaction: w.ID, Contact: w.Contact, Language: w.Language})
	}
	s.mu.Unlock()
	if c != nil {
		c.post(func() { c.foresee(w.Agent) })
	}
}

// Hushes ends that: the offer was not stored.
func (s *Service) Hushes(w channel.Work) {
	if c := s.find(w.Tenant, w.ID); c != nil {
		c.post(c.unforeseen)
	}
}

// foresee rings the phone of an agent. Where the call is, or is about to be, with another
// still, it waits for what the floor says of that.
func (c *call) foresee(agent string) {
	if c.leaving || c.foreseen != nil || c.work.State == offered || c.work.State == active {
		return
	}
	c.foreseen = &foreseen{agent: agent}
	c.tellHolder()
	c.seekAgent()
}

// tellHolder says for others whose the call is: who is about to be offered it is not called by them meanwhile.
func (c *call) tellHolder() {
	holder := ""
	switch {
	case c.work.State == offered || c.work.State == active:
		holder = c.work.Agent
	case c.foreseen != nil:
		holder = c.foreseen.agent
	}
	c.holder.Store(&holder)
}

// stored ends waiting for the disk, once the call is offered to whom that was foreseen,
// and gives what the phone did meanwhile. What the floor decided before that is told
// before it, and changes nothing.
func (c *call) stored() []func() {
	f := c.foreseen
	if f == nil || c.work.Agent != f.agent && c.work.State != closed {
		return nil
	}
	c.foreseen = nil
	return f.waits
}

// unforeseen stops ringing for an offer that was not stored.
func (c *call) unforeseen() {
	f := c.foreseen
	if f == nil {
		return
	}
	c.foreseen = nil
	c.tellHolder()
	c.seekAgent()
	for _, fn := range f.waits { // a phone that has picked up meanwhile is hung up
		fn()
	}
}

// whenStored has fn wait for the disk, if an offer does; false: it need not.
func (c *call) whenStored(fn func()) bool {
	if c.foreseen == nil {
		return false
	}
	c.foreseen.waits = append(c.foreseen.waits, fn)
	return true
}
