package server

import (
	"context"
	"maps"

	"nubitalk/internal/app/floor"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/channel/voice/sip/gateway"
	"nubitalk/internal/core/alert"
)

// trunkFloor is told how trunks stand.
type trunkFloor interface {
	Trunks(ctx context.Context, t id.Tenant, now map[string]floor.TrunkStanding) error
}

// tell tells the floors on this node how their trunks stand, as far as that is news
// to them; false: not all could be told.
func (p *telephone) tell(ctx context.Context) bool {
	p.mu.Lock()
	now := map[id.Tenant]map[string]floor.TrunkStanding{}
	for t := range p.here {
		now[t] = map[string]floor.TrunkStanding{}
	}
	for _, t := range p.trunks {
		of := now[t.owner]
		if of == nil || !t.set.Enabled {
			continue
		}
		switch {
		case t.gone: // what carried it is not there
			of[t.id] = floor.TrunkStanding{Name: t.set.Name, Gateways: alert.Read(1), Registration: alert.Read(0)}
		case t.began != nil && t.set.Line != "":
			of[t.id] = t.began.carrying(t.set.Name)
		case t.began != nil:
			of[t.id] = t.began.standing(t.set.Name)
		}
	}
	anew := maps.Clone(p.anew)
	p.mu.Unlock()
	maps.DeleteFunc(p.told, func(t id.Tenant, _ map[string]floor.TrunkStanding) bool { return now[t] == nil })
	all := true
	for t, of := range now {
		if before, known := p.told[t]; known && !anew[t] && maps.Equal(before, of) {
			continue
		}
		if err := p.floor.Trunks(ctx, t, of); err != nil {
			if !errs.Is(err, errs.Unavailable) && ctx.Err() == nil {
				p.log.Error("a floor was not told how its trunks stand", "tenant", t, "code", errs.As(err).Code)
			}
			all = false
			continue
		}
		p.told[t] = of
		p.mu.Lock()
		delete(p.anew, t)
		p.mu.Unlock()
	}
	return all
}

// carrying is how a line stands for a trunk over it: how many machines it has, and
// whether it registers, is the operator's business.
func (b *begun) carrying(name string) floor.TrunkStanding {
	s := floor.TrunkStanding{Name: name, Gateways: alert.Read(0), Registration: alert.Read(0)}
	switch b.health() {
	case "down":
		s.Gateways = alert.Read(1)
	case "unknown":
		s.Gateways = alert.Reading{Sort: alert.Unclear}
	}
	return s
}

// standing is how a trunk stands as a matter for alarm. What nobody has answered
// yet is unclear.
func (b *begun) standing(name string) floor.TrunkStanding {
	s := floor.TrunkStanding{Name: name, Gateways: alert.Read(0), Registration: alert.Read(0)}
	up, down := 0, 0
	for _, w := range b.watches {
		switch is, sure := w.Answers(); {
		case is && sure:
			up++
		case !is:
			down++
		}
	}
	switch {
	case up > 0 || len(b.watches) == 0:
	case down == len(b.watches):
		s.Gateways = alert.Read(float64(down))
	default:
		s.Gateways = alert.Reading{Sort: alert.Unclear}
	}
	if b.registration != nil {
		switch b.registration.State() {
		case gateway.Registered:
		case gateway.Failing, gateway.Denied:
			s.Registration = alert.Read(1)
		default:
			s.Registration = alert.Reading{Sort: alert.Unclear}
		}
	}
	return s
}
