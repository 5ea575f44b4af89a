package setup

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"nubitalk/internal/base/errs"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) // a Monday

func instant(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestIsOpenAndNextChange(t *testing.T) {
	office := DefaultHours("Office", "Europe/Lisbon")
	office.Dates = []Exception{
		{Date: "2026-12-25", Name: "Christmas"},
		{Date: "2026-12-24", Open: []Span{{"09:00", "13:00"}}},
	}
	night := Hours{TimeZone: "Europe/Lisbon", Weekly: []Opening{ // Saturday 22:00 to Sunday 03:00
		{Day: 6, From: "22:00", To: "24:00"}, {Day: 0, From: "00:00", To: "03:00"},
	}}
	gap := Hours{TimeZone: "Europe/Lisbon", Weekly: []Opening{{Day: 0, From: "01:30", To: "04:00"}}}
	twice := Hours{TimeZone: "Europe/Lisbon", Weekly: []Opening{{Day: 0, From: "01:15", To: "01:45"}}}
	howe := Hours{TimeZone: "Australia/Lord_Howe", Weekly: []Opening{{Day: 0, From: "02:10", To: "05:00"}}} // half an hour of summer time
	always := Hours{TimeZone: "UTC"}
	for d := range 7 {
		always.Weekly = append(always.Weekly, Opening{d, "00:00", "24:00"})
	}
	cases := []struct {
		name  string
		h     Hours
		at    string
		open  bool
		until string // "" for never
	}{
		{"winter morning", office, "2026-11-23T09:00:00Z", true, "2026-11-23T18:00:00Z"},
		{"a moment before", office, "2026-11-23T08:59:59.9Z", false, "2026-11-23T09:00:00Z"},
		{"at closing", office, "2026-11-23T18:00:00Z", false, "2026-11-24T09:00:00Z"},
		{"summer is an hour earlier in UTC", office, "2026-07-01T08:00:00Z", true, "2026-07-01T17:00:00Z"},
		{"over the weekend into winter time", office, "2026-10-23T17:00:00Z", false, "2026-10-26T09:00:00Z"},
		{"over the weekend into summer time", office, "2026-03-27T18:00:00Z", false, "2026-03-30T08:00:00Z"},
		{"a short day", office, "2026-12-24T12:00:00Z", true, "2026-12-24T13:00:00Z"},
		{"a holiday and a weekend", office, "2026-12-24T13:00:00Z", false, "2026-12-28T09:00:00Z"},
		{"past midnight", night, "2026-11-21T23:59:00Z", true, "2026-11-22T03:00:00Z"},
		{"the night with an hour less", night, "2026-03-28T22:00:00Z", true, "2026-03-29T02:00:00Z"},
		{"the night with an hour more", night, "2026-10-24T21:00:00Z", true, "2026-10-25T03:00:00Z"},
		{"an opening in the hour that is skipped", gap, "2026-03-29T00:00:00Z", false, "2026-03-29T01:00:00Z"},
		{"an opening in the hour that comes twice", twice, "2026-10-25T00:15:00Z", true, "2026-10-25T00:45:00Z"},
		{"its second coming", twice, "2026-10-25T00:45:00Z", false, "2026-10-25T01:15:00Z"},
		{"cut by the clock going back", Hours{TimeZone: "Europe/Lisbon", Weekly: []Opening{{0, "01:30", "02:00"}}}, "2026-10-25T00:30:00Z", true, "2026-10-25T01:00:00Z"},
		{"half an hour of summer time", howe, "2026-10-03T15:00:00Z", false, "2026-10-03T15:30:00Z"},
		{"always", always, "2026-11-23T09:00:00Z", true, ""},
		{"never", Hours{TimeZone: "UTC"}, "2026-11-23T09:00:00Z", false, ""},
	}
	for _, c := range cases {
		at := instant(t, c.at)
		if got := IsOpen(c.h, at); got != c.open {
			t.Errorf("%s: open %v", c.name, got)
		}
		got, ok := NextChange(c.h, at)
		if ok != (c.until != "") || ok && !got.Equal(instant(t, c.until)) {
			t.Errorf("%s: next change %v %v, want %s", c.name, got, ok, c.until)
		}
	}
}

// Property: between two changes nothing changes, and a change is one. Looked at
// minute by minute around both ends of summer time in several zones.
func TestNextChangeIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom([]string{"Europe/Lisbon", "America/Sao_Paulo", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca"}).Draw(t, "zone")
		h := Hours{TimeZone: zone}
		for range rapid.IntRange(1, 6).Draw(t, "n") {
			from := rapid.IntRange(0, 95).Draw(t, "from")
			to := rapid.IntRange(from+1, 96).Draw(t, "to")
			h.Weekly = append(h.Weekly, Opening{rapid.IntRange(0, 6).Draw(t, "day"), clockFace(from * 15), clockFace(to * 15)})
		}
		base := rapid.SampledFrom([]string{"2026-03-07", "2026-03-28", "2026-10-03", "2026-10-24", "2026-10-31", "2026-06-01"}).Draw(t, "base")
		start, _ := time.Parse(time.DateOnly, base)
		at := start.Add(time.Duration(rapid.IntRange(0, 3*24*60).Draw(t, "minute")) * time.Minute)
		change, ok := NextChange(h, at)
		now := IsOpen(h, at)
		for m := at; m.Before(at.Add(72 * time.Hour)); m = m.Add(5 * time.Minute) {
			if ok && !m.Before(change) {
				if IsOpen(h, change) == now {
					t.Fatalf("%v is no change of %+v", change, h)
				}
				return
			}
			if IsOpen(h, m) != now {
				t.Fatalf("changed at %v, told %v %v; %+v", m, change, ok, h)
			}
		}
	})
}

func clockFace(minutes int) string { return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60) }

func TestHoursFaults(t *testing.T) {
	week := func(o ...Opening) Hours { return Hours{Name: "H", TimeZone: "Europe/Lisbon", Weekly: o} }
	dates := func(d ...Exception) Hours { return Hours{Name: "H", TimeZone: "Europe/Lisbon", Dates: d} }
	for name, c := range map[string]struct {
		h        Hours
		at, says string
	}{
		"zone":             {Hours{Name: "H", TimeZone: "Lisbon"}, "time_zone", "Europe/Lisbon"},
		"this machine's":   {Hours{Name: "H", TimeZone: "Local"}, "time_zone", "Europe/Lisbon"},
		"no zone":          {Hours{Name: "H"}, "time_zone", "Europe/Lisbon"},
		"a path":           {Hours{Name: "H", TimeZone: "../etc/passwd"}, "time_zone", "Europe/Lisbon"},
		"day":              {week(Opening{7, "09:00", "10:00"}), "weekly[0].day", "0 to 6"},
		"time":             {week(Opening{1, "9:00", "10:00"}), "weekly[0].from", "HH:MM"},
		"past the day":     {week(Opening{1, "09:00", "24:01"}), "weekly[0].to", "24:00"},
		"backwards":        {week(Opening{1, "22:00", "03:00"}), "weekly[0].to", "two openings"},
		"overlap":          {week(Opening{1, "09:00", "12:00"}, Opening{1, "11:59", "13:00"}), "weekly[1].from", "09:00 to 12:00"},
		"from the end":     {week(Opening{1, "24:00", "24:00"}), "weekly[0].from", "23:59"},
		"no such date":     {dates(Exception{Date: "2026-02-29"}), "dates[0].date", "YYYY-MM-DD"},
		"date twice":       {dates(Exception{Date: "2026-02-28"}, Exception{Date: "2026-02-28"}), "dates[1].date", "twice"},
		"overlap on a day": {dates(Exception{Date: "2026-02-28", Open: []Span{{"09:00", "12:00"}, {"10:00", "11:00"}}}), "dates[0].open[1].from", "overlaps"},
	} {
		err := Clean(c.h).Validate(nil)
		if !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), "["+c.at+": ") || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: want %s: …%s…, got %v", name, c.at, c.says, err)
		}
	}
	touching := week(Opening{1, "13:00", "18:00"}, Opening{1, "09:00", "13:00"})
	if err := Clean(touching).Validate(nil); err != nil {
		t.Error("openings that touch:", err)
	}
}
