package setup

import (
	"strings"

	"nubitalk/internal/base/id"
)

// RingGroup is an extension that rings several phones.
type RingGroup struct {
	Name        string    `json:"name" minLength:"1" maxLength:"80"`
	Extension   string    `json:"extension" maxLength:"6" doc:"The number by which phones call it, two to six digits, the first 2 to 8."`
	Members     []string  `json:"members" doc:"Ids of phones, and of users, who are rung at all their phones; in the order in which they are rung. At most 50."`
	Order       RingOrder `json:"order" default:"simultaneous" enum:"simultaneous,sequential,random" doc:"simultaneous: all at once. sequential: one after another, as they are named. random: one after another, for each call anew as chance has it."`
	RingSeconds int       `json:"ring_seconds" minimum:"0" maximum:"120" doc:"How long one member is rung, where they are rung one after another: 5 to 120, 0 for 20."`
	MostSeconds int       `json:"most_seconds" minimum:"0" maximum:"600" doc:"How long is rung in all: 5 to 600, 0 for 60."`
	Then        RingThen  `json:"then"`
}

// RingOrder is how the members of a ring group are rung.
type RingOrder string

const (
	RingAll        RingOrder = "simultaneous"
	RingSequential RingOrder = "sequential"
	RingRandom     RingOrder = "random"
)

// RingThen is where a call goes that nobody in a ring group answered; empty: it
// ends.
type RingThen struct {
	Rings      string `json:"rings,omitempty" doc:"Id of a phone with an extension, or of another ring group."`
	EntryPoint string `json:"entry_point,omitempty" doc:"Id of an entry point of channel voice."`
	Prompt     string `json:"prompt,omitempty" doc:"Id of a prompt that is said before the call ends."`
}

// Bounds of a ring group.
const (
	maxRingMembers = 50
	ringSeconds    = 20
	ringMost       = 60
)

func (RingGroup) Kind() Kind       { return KindRingGroup }
func (g RingGroup) Called() string { return g.Name }

func (g RingGroup) Unique() []Unique {
	return append(byName(g.Name), extensionOf(g.Extension)...)
}

// extensionOf is what nothing else of the house may have.
func extensionOf(extension string) []Unique {
	if extension == "" {
		return nil
	}
	return []Unique{{"extension", "extension " + extension, extension}}
}

// rung is the kind of what an id names that a call can ring.
func rung(object string) Kind {
	if strings.HasPrefix(object, id.RingGroup+"_") {
		return KindRingGroup
	}
	return KindPhone
}

func (g RingGroup) Uses() []Use {
	var u uses
	for i, m := range g.Members {
		kind := KindPhone
		if strings.HasPrefix(m, id.User+"_") {
			kind = KindUser
		}
		u.add(at("members", i), kind, m)
	}
	u.add("then.rings", rung(g.Then.Rings), g.Then.Rings)
	u.add("then.entry_point", KindEntryPoint, g.Then.EntryPoint)
	u.add("then.prompt", KindPrompt, g.Then.Prompt)
	return u
}

func (g RingGroup) clean() Object {
	g.Name, g.Extension, g.Members = tidy(g.Name), strings.TrimSpace(g.Extension), once(g.Members)
	if g.Order == "" {
		g.Order = RingAll
	}
	if g.RingSeconds == 0 {
		g.RingSeconds = ringSeconds
	}
	if g.MostSeconds == 0 {
		g.MostSeconds = ringMost
	}
	return g
}

func (g RingGroup) Validate(refs Refs) error {
	var c checks
	c.name("name", g.Name, 1, 80)
	if !extensionForm.MatchString(g.Extension) {
		c.Add("extension", "is %q; two to six digits are accepted, of which the first is 2 to 8.", short(g.Extension))
	}
	c.count("members", len(g.Members), maxRingMembers)
	if len(g.Members) == 0 {
		c.Add("members", "is empty; name whom a call rings.")
	}
	for i, m := range g.Members {
		if m == "" {
			c.Add(at("members", i), "is missing; name a phone or a user.")
		}
	}
	c.oneOf("order", string(g.Order), string(RingAll), string(RingSequential), string(RingRandom))
	c.number("ring_seconds", g.RingSeconds, 5, 120)
	c.number("most_seconds", g.MostSeconds, 5, 600)
	g.Then.check(&c, refs)
	c.uses(g, refs)
	g.checkCircle(&c, refs)
	return c.Err()
}

func (t RingThen) check(c *checks, refs Refs) {
	chosen := 0
	for _, one := range []string{t.Rings, t.EntryPoint, t.Prompt} {
		if one != "" {
			chosen++
		}
	}
	if chosen > 1 {
		c.Add("then", "names several; a call goes on at one.")
	}
	c.rings("then.rings", t.Rings, refs)
	c.takesCalls("then.entry_point", t.EntryPoint, refs)
}

// rings checks that a phone which calls lead to has an extension.
func (c *checks) rings(path, object string, refs Refs) {
	if object != "" && rung(object) == KindPhone && refs.Has(KindPhone, object) && refs.ExtensionOf(object) == "" {
		c.Add(path, "names a phone without an extension; calls lead to one that has an extension.")
	}
}

// checkCircle refuses groups that lead back to where a call came from.
func (g RingGroup) checkCircle(c *checks, refs Refs) {
	groups := refs.RingGroups()
	names := []string{quoted(g.Name)}
	for next := g.Then.Rings; rung(next) == KindRingGroup; {
		if next == refs.Self() {
			c.Add("then.rings", "leads back here: %s. A call would go round in circles.", strings.Join(append(names, quoted(g.Name)), " → "))
			return
		}
		other, ok := groups[next]
		if !ok || len(names) > len(groups) {
			return
		}
		names = append(names, quoted(other.Name))
		next = other.Then.Rings
	}
}
