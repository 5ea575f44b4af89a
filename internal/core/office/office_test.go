package office

import (
	"slices"
	"testing"
)

func TestAnExtensionHasSeveralPhones(t *testing.T) {
	d := New([]Phone{{"phn_1", "usr_a", "21"}, {"phn_2", "usr_a", ""}, {"phn_3", "usr_b", "22"}, {"phn_4", "usr_a", "23"}, {"phn_5", "", "24"}, {"phn_6", "", ""}, {"phn_7", "usr_b", "21"}})
	for extension, want := range map[string][]string{"21": {"phn_1", "phn_2"}, "22": {"phn_3"}, "23": {"phn_4", "phn_2"}, "24": {"phn_5"}, "25": nil, "": nil} {
		h, s := d.Start(extension)
		if want == nil {
			if s.Do != Refuse || s.Code != 404 || d.Knows(extension) {
				t.Errorf("%q: %+v", extension, s)
			}
			continue
		}
		if s.Do != Ring || s.For != RingFor || len(s.Lines) != 1 || !slices.Equal(s.Lines[0].Phones, want) || !d.Knows(extension) {
			t.Errorf("%q: %+v", extension, s)
		}
		if l, ok := d.Line(extension); !ok || l.Phone != want[0] {
			t.Errorf("%q: %+v", extension, l)
		}
		for o, code := range map[Outcome]int{NoAnswer: 480, Busy: 486, Declined: 603, Absent: 480} {
			if s := h.Next(o); s.Do != Refuse || s.Code != code {
				t.Errorf("%q, %d: %+v", extension, o, s)
			}
		}
	}
}
