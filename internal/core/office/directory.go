package office

import (
	"slices"
	"time"
)

// Phone is a phone in use.
type Phone struct {
	ID        string
	User      string // "" where it is nobody's
	Extension string // "" for none of its own
}

// Line is an extension that a phone has, or who a member of a group is.
type Line struct {
	Extension string
	Phone     string // the phone that has it
	User      string // "" where it is nobody's
	// Phones ring when the extension is dialled: that which has it, and those of the
	// same user that have none of their own.
	Phones []string
}

// Order is how the members of a group are rung.
type Order string

const (
	Simultaneous Order = "simultaneous" // all at once
	Sequential   Order = "sequential"   // one after another, as they are named
	Random       Order = "random"       // one after another, as chance has it
)

// Group is a ring group: an extension that rings several.
type Group struct {
	ID, Name, Extension string
	Members             []string // ids of phones and of users
	Order               Order
	Each                time.Duration // how long one member is rung, where one is after another
	Most                time.Duration // how long in all
	Then                Then
}

// Then is where a call goes that nobody in a group answered; empty: it ends.
type Then struct {
	Target     string // id of a phone or a group
	EntryPoint string
	Say        Words // said, and the call ends
}

// Words are what a caller is told: a prompt as it is set up.
type Words struct{ Prompt, Language, Text string }

// Directory is the extensions of a tenant.
type Directory struct {
	lines  map[string]Line   // by extension
	groups map[string]Group  // by extension
	found  map[string]string // extensions by the id of their phone or group
	phones []Phone
	// forwards are where calls go on, by extension.
	forwards map[string]Forwards
}

// New makes a Directory. Of phones and groups that claim the same extension, the
// first has it, phones before groups. forwards are by the id of the phone that has
// the extension.
func New(phones []Phone, groups []Group, forwards map[string]Forwards) *Directory {
	d := &Directory{lines: make(map[string]Line, len(phones)), groups: make(map[string]Group, len(groups)), found: make(map[string]string, len(phones)+len(groups)), phones: phones,
		forwards: make(map[string]Forwards, len(forwards))}
	for _, p := range phones {
		if p.Extension == "" || d.Knows(p.Extension) {
			continue
		}
		l := Line{Extension: p.Extension, Phone: p.ID, User: p.User, Phones: []string{p.ID}}
		for _, o := range phones {
			if o.User == p.User && o.User != "" && o.Extension == "" && !slices.Contains(l.Phones, o.ID) {
				l.Phones = append(l.Phones, o.ID)
			}
		}
		d.lines[p.Extension], d.found[p.ID] = l, p.Extension
		if f, ok := forwards[p.ID]; ok {
			d.forwards[p.Extension] = f
		}
	}
	for _, g := range groups {
		if g.Extension != "" && !d.Knows(g.Extension) {
			d.groups[g.Extension], d.found[g.ID] = g, g.Extension
		}
	}
	return d
}

// Line is the extension of a phone; false where none has it.
func (d *Directory) Line(extension string) (Line, bool) {
	l, ok := d.lines[extension]
	return l, ok
}

// Object is the id of the phone or the group that has an extension; "" where none
// has it.
func (d *Directory) Object(extension string) string {
	if l, ok := d.lines[extension]; ok {
		return l.Phone
	}
	return d.groups[extension].ID
}

// Knows says whether an extension leads anywhere.
func (d *Directory) Knows(extension string) bool {
	_, line := d.lines[extension]
	_, group := d.groups[extension]
	return line || group
}

// Of is the extension of a phone or a group; "" where it has none that is in use.
func (d *Directory) Of(object string) string { return d.found[object] }

// members are those of a group whom there is a phone for. A user is rung at all
// phones; a phone that two name rings once.
func (d *Directory) members(g Group) (list []Line) {
	taken := map[string]bool{}
	for _, m := range g.Members {
		var l Line
		for _, p := range d.phones {
			switch {
			case p.ID == m && p.Extension != "" && d.found[p.ID] != "":
				l = d.lines[p.Extension]
			case p.ID == m:
				l = Line{Phone: p.ID, User: p.User, Phones: []string{p.ID}}
			case p.User == m && m != "":
				l.User, l.Phones = p.User, append(slices.Clone(l.Phones), p.ID)
			}
		}
		l.Phones = slices.DeleteFunc(slices.Clone(l.Phones), func(id string) bool { return taken[id] })
		for _, id := range l.Phones {
			taken[id] = true
		}
		if len(l.Phones) > 0 {
			list = append(list, l)
		}
	}
	return list
}
