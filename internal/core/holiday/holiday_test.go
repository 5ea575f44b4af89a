package holiday

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nubitalk/internal/base/errs"
)

// now is a Saturday; in São Paulo it is still Friday.
var now = time.Date(2026, 11, 28, 2, 30, 0, 0, time.UTC)

func zoneNamed(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// short writes days as one line each.
func short(c Calendar) []string {
	var out []string
	for _, d := range c.Days {
		s := d.Date
		if d.From != "" {
			s += " " + d.From + "-" + d.To
		}
		out = append(out, s+" "+d.Name)
	}
	return out
}

func reasons(c Calendar) []string {
	var out []string
	for _, l := range c.LeftOut {
		out = append(out, fmt.Sprintf("%d %s", l.Line, l.Reason))
	}
	return out
}

func file(lines ...string) []byte {
	return []byte("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n" + strings.Join(lines, "\r\n") + "\r\nEND:VCALENDAR\r\n")
}

func event1(lines ...string) []byte {
	return file(append(append([]string{"BEGIN:VEVENT", "UID:1"}, lines...), "END:VEVENT")...)
}

func read1(t *testing.T, text []byte, zone string, years int) Calendar {
	t.Helper()
	c, err := Read(text, zoneNamed(t, zone), now, years)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func stored(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBrazilAsAFeedOfSingleDays(t *testing.T) {
	c := read1(t, stored(t, "brazil.ics"), "America/Sao_Paulo", 1)
	want := []string{"2026-12-24 14:00-24:00 Véspera de Natal (meio expediente)", "2026-12-25 Natal", "2027-01-01 Ano-Novo",
		"2027-02-06 Carnaval", "2027-02-07 Carnaval", "2027-02-08 Carnaval", "2027-02-09 Carnaval", "2027-03-26 Sexta-feira Santa", "2027-05-09 Dia das Mães"}
	if d := cmp.Diff(want, short(c)); d != "" {
		t.Error(d)
	}
	if c.Name != "Feriados no Brasil" || c.From != "2026-11-27" || c.Until != "2027-12-31" {
		t.Errorf("%q, %s to %s", c.Name, c.From, c.Until)
	}
	if c.Days[1].Note != "Feriado" || c.Days[8].Note != "Data comemorativa" {
		t.Errorf("the kinds of holiday are %q and %q", c.Days[1].Note, c.Days[8].Note)
	}
	if d := cmp.Diff([]string{"57 cancelled"}, reasons(c)); d != "" || c.Past != 1 || c.Later != 1 {
		t.Error(d, c.Past, c.Later)
	}
}

func TestUnitedStatesAsRules(t *testing.T) {
	c := read1(t, stored(t, "us.ics"), "America/New_York", 2)
	want := []string{
		"2026-11-27 Day after Thanksgiving Day, our own holiday, with a name so long that it is fol…",
		"2026-12-25 Christmas Day", "2027-01-01 New Year's Day", "2027-01-18 Martin Luther King Jr. Day", "2027-05-31 Memorial Day",
		"2027-07-04 Independence Day", "2027-11-25 Thanksgiving Day", "2027-11-26 Day after Thanksgiving Day, our own holiday, with a name so long that it is fol…",
		"2027-12-24 Christmas Day (observed)", "2028-01-01 New Year's Day", "2028-01-17 Martin Luther King Jr. Day", "2028-05-29 Memorial Day",
		"2028-07-04 Independence Day", "2028-11-23 Thanksgiving Day", "2028-11-24 Day after Thanksgiving Day, our own holiday, with a name so long that it is fol…",
		"2028-12-25 Christmas Day"}
	if d := cmp.Diff(want, short(c)); d != "" {
		t.Error(d)
	}
	if len(c.LeftOut) != 0 || c.Past != 1 || c.Later != 0 {
		t.Error(c.LeftOut, c.Past, c.Later)
	}
}

func TestEvents(t *testing.T) {
	custom := []string{"BEGIN:VTIMEZONE", "TZID:Our own", "BEGIN:STANDARD", "DTSTART:16010101T020000", "TZOFFSETFROM:-0200", "TZOFFSETTO:-0300",
		"RRULE:FREQ=YEARLY;BYMONTH=2;BYDAY=3SU", "END:STANDARD", "BEGIN:DAYLIGHT", "DTSTART:16010101T000000", "TZOFFSETFROM:-0300", "TZOFFSETTO:-0200",
		"RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=3SU", "END:DAYLIGHT", "END:VTIMEZONE"}
	with := func(more []string, lines ...string) []byte {
		return file(append(append(more, "BEGIN:VEVENT"), append(lines, "END:VEVENT")...)...)
	}
	for _, c := range []struct {
		name string
		text []byte
		want []string
		out  []string
	}{
		{"a day without an end", event1("DTSTART;VALUE=DATE:20261208", "SUMMARY:A"), []string{"2026-12-08 A"}, nil},
		{"an end on the same day", event1("DTSTART;VALUE=DATE:20261208", "DTEND;VALUE=DATE:20261208", "SUMMARY:A"), []string{"2026-12-08 A"}, nil},
		{"several days, the last not included", event1("DTSTART;VALUE=DATE:20261224", "DTEND;VALUE=DATE:20261227", "SUMMARY:A"), []string{"2026-12-24 A", "2026-12-25 A", "2026-12-26 A"}, nil},
		{"a duration in days", event1("DTSTART;VALUE=DATE:20261224", "DURATION:P1W", "RRULE:FREQ=YEARLY;COUNT=1", "SUMMARY:A"),
			[]string{"2026-12-24 A", "2026-12-25 A", "2026-12-26 A", "2026-12-27 A", "2026-12-28 A", "2026-12-29 A", "2026-12-30 A"}, nil},
		{"of days already begun only what is left", event1("DTSTART;VALUE=DATE:20261120", "DTEND;VALUE=DATE:20261130", "SUMMARY:A"), []string{"2026-11-28 A", "2026-11-29 A"}, nil},
		{"a floating time is that of the hours", event1("DTSTART:20261224T130000", "DTEND:20261224T180000", "SUMMARY:A"), []string{"2026-12-24 13:00-18:00 A"}, nil},
		{"a time in UTC", event1("DTSTART:20260715T130000Z", "RRULE:FREQ=YEARLY", "DURATION:PT1H30M", "SUMMARY:A"), []string{"2027-07-15 14:00-15:30 A", "2028-07-15 14:00-15:30 A"}, nil},
		{"a time of another place", event1("DTSTART;TZID=America/Sao_Paulo:20261224T120000", "DTEND;TZID=America/Sao_Paulo:20261224T235959", "SUMMARY:A"),
			[]string{"2026-12-24 15:00-24:00 A", "2026-12-25 00:00-03:00 A"}, nil},
		{"midnight to midnight elsewhere is a day", event1("DTSTART;TZID=America/Sao_Paulo:20261224T000000", "DTEND;TZID=America/Sao_Paulo:20261225T000000", "SUMMARY:A"), []string{"2026-12-24 A"}, nil},
		{"over midnight and a whole day", event1("DTSTART:20261224T200000", "DTEND:20261226T060000", "SUMMARY:A"), []string{"2026-12-24 20:00-24:00 A", "2026-12-25 A", "2026-12-26 00:00-06:00 A"}, nil},
		{"a zone with a program's name before it", event1("DTSTART;TZID=/citadel.org/20210210_1/America/Sao_Paulo:20261224T120000", "DURATION:PT1H", "SUMMARY:A"), []string{"2026-12-24 15:00-16:00 A"}, nil},
		{"a zone that only the file knows", with(custom, "DTSTART;TZID=Our own:20261224T120000", "DURATION:PT1H", "SUMMARY:A"), []string{"2026-12-24 14:00-15:00 A"}, nil},
		{"and in its winter", with(custom, "DTSTART;TZID=Our own:20270624T120000", "DURATION:PT1H", "SUMMARY:A"), []string{"2027-06-24 16:00-17:00 A"}, nil},
		{"a zone with a place beside its name", with([]string{"BEGIN:VTIMEZONE", "TZID:E. South America", "X-LIC-LOCATION:America/Sao_Paulo", "END:VTIMEZONE"},
			"DTSTART;TZID=\"E. South America\":20261224T120000", "DURATION:PT1H", "SUMMARY:A"), []string{"2026-12-24 15:00-16:00 A"}, nil},
		{"a zone that nobody knows", event1("DTSTART;TZID=Nowhere:20261224T120000", "DURATION:PT1H", "SUMMARY:A"), nil, []string{"5 no_zone"}},
		{"a rule with a count, past ones counted", event1("DTSTART;VALUE=DATE:20250101", "RRULE:FREQ=YEARLY;COUNT=3", "SUMMARY:A"), []string{"2027-01-01 A"}, nil},
		{"a rule with an end", event1("DTSTART;VALUE=DATE:20261201", "RRULE:FREQ=DAILY;UNTIL=20261203", "SUMMARY:A"), []string{"2026-12-01 A", "2026-12-02 A", "2026-12-03 A"}, nil},
		{"a rule that ends at an instant", event1("DTSTART;TZID=America/Sao_Paulo:20261201T220000", "DURATION:PT1H", "RRULE:FREQ=DAILY;UNTIL=20261203T010000Z", "SUMMARY:A"),
			[]string{"2026-12-02 01:00-02:00 A", "2026-12-03 01:00-02:00 A"}, nil},
		{"days taken out", event1("DTSTART;VALUE=DATE:20261201", "RRULE:FREQ=DAILY;COUNT=4", "EXDATE;VALUE=DATE:20261202,20261203", "SUMMARY:A"), []string{"2026-12-01 A", "2026-12-04 A"}, nil},
		{"times taken out, in UTC", event1("DTSTART;TZID=America/Sao_Paulo:20261201T220000", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=2", "EXDATE:20261202T010000Z", "SUMMARY:A"),
			[]string{"2026-12-03 01:00-02:00 A"}, nil},
		{"days added", event1("DTSTART;VALUE=DATE:20261201", "RDATE;VALUE=DATE:20261210,20261211", "SUMMARY:A"), []string{"2026-12-01 A", "2026-12-10 A", "2026-12-11 A"}, nil},
		{"one of a series moved, one off", file("BEGIN:VEVENT", "UID:1", "RECURRENCE-ID;VALUE=DATE:20261202", "DTSTART;VALUE=DATE:20261209", "SUMMARY:B", "END:VEVENT",
			"BEGIN:VEVENT", "UID:1", "DTSTART;VALUE=DATE:20261201", "RRULE:FREQ=DAILY;COUNT=4", "SUMMARY:A", "END:VEVENT",
			"BEGIN:VEVENT", "UID:1", "RECURRENCE-ID;VALUE=DATE:20261203", "DTSTART;VALUE=DATE:20261203", "STATUS:CANCELLED", "SUMMARY:A", "END:VEVENT"),
			[]string{"2026-12-01 A", "2026-12-04 A", "2026-12-09 B"}, []string{"15 cancelled"}},
		{"sent anew", file("BEGIN:VEVENT", "UID:1", "SEQUENCE:2", "DTSTART;VALUE=DATE:20261202", "SUMMARY:New", "END:VEVENT",
			"BEGIN:VEVENT", "UID:1", "SEQUENCE:1", "DTSTART;VALUE=DATE:20261201", "SUMMARY:Old", "END:VEVENT"), []string{"2026-12-02 New"}, nil},
		{"the same twice", file("BEGIN:VEVENT", "UID:1", "DTSTART;VALUE=DATE:20261202", "SUMMARY:A", "END:VEVENT", "BEGIN:VEVENT", "UID:2", "DTSTART;VALUE=DATE:20261202", "SUMMARY:A", "END:VEVENT"),
			[]string{"2026-12-02 A"}, []string{"8 repeated"}},
		{"29 February", event1("DTSTART;VALUE=DATE:20240229", "RRULE:FREQ=YEARLY", "SUMMARY:A"), []string{"2028-02-29 A"}, nil},
		{"a rule that never holds", event1("DTSTART;VALUE=DATE:20261201", "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "SUMMARY:A"), nil, nil},
		{"a rule that would never find an hour", event1("DTSTART:20261201T000000", "DURATION:PT1H", "RRULE:FREQ=HOURLY;INTERVAL=2;BYHOUR=1", "SUMMARY:A"), []string{"2026-12-01 00:00-01:00 A"}, []string{"7 rule_not_read"}},
		{"a broken rule", event1("DTSTART;VALUE=DATE:20261201", "RRULE:FREQ=SOMETIMES", "SUMMARY:A"), []string{"2026-12-01 A"}, []string{"6 bad_rule"}},
		{"a date that does not exist", event1("DTSTART;VALUE=DATE:20261301", "SUMMARY:A"), nil, []string{"5 bad_date"}},
		{"no date", event1("SUMMARY:A"), nil, []string{"3 no_date"}},
		{"a reminder", event1("DTSTART:20261201T090000", "SUMMARY:A"), nil, []string{"3 no_length"}},
		{"an end before the beginning", event1("DTSTART:20261201T090000", "DTEND:20261201T080000", "SUMMARY:A"), nil, []string{"6 ends_early"}},
		{"years long", event1("DTSTART;VALUE=DATE:20261201", "DTEND;VALUE=DATE:20281201", "SUMMARY:A"), nil, []string{"6 too_long"}},
		{"a length that is none", event1("DTSTART:20261201T090000", "DURATION:PT", "SUMMARY:A"), nil, []string{"6 bad_length"}},
		{"a bad line costs itself", event1("DTSTART;VALUE=DATE:20261201", "this is no line", "SUMMARY:A"), []string{"2026-12-01 A"}, []string{"6 not_read"}},
		{"cut off in the middle", []byte("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20261201\nSUMMARY:A\n"), []string{"2026-12-01 A"}, []string{"1 unbalanced", "2 unbalanced"}},
		{"an alarm's own words are not the event's", event1("BEGIN:VALARM", "SUMMARY:Alarm", "DURATION:PT5M", "END:VALARM", "DTSTART;VALUE=DATE:20261201", "SUMMARY:A"), []string{"2026-12-01 A"}, nil},
		{"folded, escaped, any case, line ends of old", []byte("\xEF\xBB\xBFbegin:vcalendar\rbegin:vevent\rdtstart;value=date:2026\r 1201\rsummary:A\\, B\\nand \r\t C\rend:vevent\rend:vcalendar\r"), []string{"2026-12-01 A, B and C"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := read1(t, c.text, "Europe/Lisbon", 2)
			if d := cmp.Diff(c.want, short(got)); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff(c.out, reasons(got)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestFilesThatAreNone(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "spaces": " \r\n", "another kind": "date,name\n2026-12-25,Christmas\n", "a picture": "\x89PNG\r\n\x1a\n\x00\x00",
		"Latin-1": "BEGIN:VCALENDAR\nX-WR-CALNAME:Feriados de S\xe3o Paulo\nEND:VCALENDAR", "UTF-16": "\xff\xfeB\x00E\x00", "too long": strings.Repeat("x", MaxFile+1),
	} {
		_, err := Read([]byte(text), time.UTC, now, 1)
		want := errs.Invalid
		if name == "too long" {
			want = errs.TooLarge
		}
		if !errs.Is(err, want) {
			t.Errorf("%s: %v", name, err)
		}
		if name == "Latin-1" && !strings.Contains(err.Error(), "line 2") {
			t.Errorf("the line is not named: %v", err)
		}
	}
}

// What a file asks for is bounded, whatever it says.
func TestBounds(t *testing.T) {
	for name, c := range map[string]struct {
		text []byte
		why  Reason
	}{
		"days": {event1("DTSTART;VALUE=DATE:20261201", "DTEND;VALUE=DATE:20271101", "RRULE:FREQ=DAILY;INTERVAL=3", "SUMMARY:A"), Repeated},
		"too many days": {file(strings.Repeat("BEGIN:VEVENT\nDTSTART;VALUE=DATE:20261201\nRRULE:FREQ=DAILY\nSUMMARY:A\nEND:VEVENT\n", 2) +
			"BEGIN:VEVENT\nDTSTART;VALUE=DATE:20261201\nRRULE:FREQ=DAILY\nSUMMARY:B\nEND:VEVENT"), TooMany},
		"rules":  {file(strings.Repeat("BEGIN:VEVENT\nDTSTART;VALUE=DATE:20261201\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30\nEND:VEVENT\n", maxRules+5)), TooMany},
		"events": {file(strings.Repeat("BEGIN:VEVENT\nDTSTART;VALUE=DATE:20200101\nEND:VEVENT\n", maxEvents+5)), TooMany},
		"depth":  {file(strings.Repeat("BEGIN:X\n", 50_000)), Unbalanced},
		"a line": {event1("DTSTART"+strings.Repeat(";A=B", 100_000)+":20261201", "SUMMARY:A"), NotRead},
		"a rule": {event1("DTSTART;VALUE=DATE:20261201", "RRULE:FREQ=DAILY;BYMONTH="+strings.Repeat("1,", 1000)+"1", "SUMMARY:A"), BadRule},
	} {
		got, err := Read(c.text, time.UTC, now, MaxYears)
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, l := range got.LeftOut {
			found = found || l.Reason == c.why
		}
		if !found || len(got.Days) > maxDays || len(got.LeftOut) > maxLeftOut {
			t.Errorf("%s: %d days, %d left out and %d more", name, len(got.Days), len(got.LeftOut), got.Unnamed)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, name := range []string{"brazil.ics", "us.ics"} {
		f.Add(stored(f, name))
	}
	f.Add(event1("DTSTART;TZID=X:20261201T000000", "DURATION:P1DT1S", "RRULE:FREQ=MONTHLY;BYDAY=-1MO;BYSETPOS=1", "EXDATE:20261202", "RDATE:20261202T000000Z"))
	f.Add(file("BEGIN:VTIMEZONE", "TZID:X", "BEGIN:STANDARD", "DTSTART:16010101T020000", "TZOFFSETFROM:-0200", "TZOFFSETTO:-0300", "END:STANDARD", "END:VTIMEZONE"))
	lisbon := zoneNamed(f, "Europe/Lisbon")
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := Read(text, lisbon, now, 2)
		if err != nil {
			return
		}
		last := ""
		for _, d := range c.Days {
			if day, err := time.Parse(time.DateOnly, d.Date); err != nil || d.Date < c.From || d.Date > c.Until || d.Date < last || day.Year() > 2099 {
				t.Fatalf("day %q after %q, between %s and %s", d.Date, last, c.From, c.Until)
			}
			if last = d.Date; (d.From == "") != (d.To == "") || d.From != "" && d.From >= d.To {
				t.Fatalf("%+v", d)
			}
			if n := len([]rune(d.Name)); n > maxName || strings.ContainsAny(d.Name, "\r\n\x00") {
				t.Fatalf("name %q", d.Name)
			}
		}
		lines := strings.Count(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n") + strings.Count(string(text), "\r") + 1
		for _, l := range c.LeftOut {
			if l.Line < 1 || l.Line > lines {
				t.Fatalf("line %d of %d", l.Line, lines)
			}
		}
	})
}
