package office

import "slices"

// Phone is a phone in use.
type Phone struct {
	ID        string
	User      string // "" where it is nobody's
	Extension string // "" for none of its own
}

// Line is an extension that a phone has.
type Line struct {
	Extension string
	Phone     string // the phone that has it
	User      string // "" where it is nobody's
	// Phones ring when the extension is dialled: that which has it, and those of the
	// same user that have none of their own.
	Phones []string
}

// Directory is the extensions of a tenant.
type Directory struct {
	lines map[string]Line
}

// New makes a Directory. Of phones that claim the same extension, the first has
// it.
func New(phones []Phone) *Directory {
	d := &Directory{lines: make(map[string]Line, len(phones))}
	for _, p := range phones {
		if _, taken := d.lines[p.Extension]; p.Extension == "" || taken {
			continue
		}
		l := Line{Extension: p.Extension, Phone: p.ID, User: p.User, Phones: []string{p.ID}}
		for _, o := range phones {
			if o.User == p.User && o.User != "" && o.Extension == "" && !slices.Contains(l.Phones, o.ID) {
				l.Phones = append(l.Phones, o.ID)
			}
		}
		d.lines[p.Extension] = l
	}
	return d
}

// Line is the extension of a phone; false where none has it.
func (d *Directory) Line(extension string) (Line, bool) {
	l, ok := d.lines[extension]
	return l, ok
}

// Knows says whether an extension leads anywhere.
func (d *Directory) Knows(extension string) bool {
	_, ok := d.lines[extension]
	return ok
}
