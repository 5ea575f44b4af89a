package setup

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestTimetableDue(t *testing.T) {
	office := DefaultHours("Office", "Europe/Lisbon") // Monday to Friday, 9 to 18
	office.Dates = []Exception{{Date: "2026-12-25", Name: "Christmas"}, {Date: "2026-12-24", Open: []Span{{"09:00", "13:00"}}}}
	always := Hours{TimeZone: "UTC"}
	for d := range 7 {
		always.Weekly = append(always.Weekly, Opening{d, "00:00", "24:00"})
	}
	night := Hours{TimeZone: "Europe/Lisbon", Weekly: []Opening{{Day: 6, From: "22:00", To: "24:00"}, {Day: 0, From: "00:00", To: "03:00"}}}
	once := Hours{TimeZone: "UTC", Dates: []Exception{{Date: "2026-11-23", Open: []Span{{"09:00", "10:00"}}}}}
	for _, c := range []struct {
		name   string
		h      Hours
		from   string
		within time.Duration
		want   string
	}{
		{"the same day", office, "2026-11-23T10:00:00Z", 4 * time.Hour, "2026-11-23T14:00:00Z"},
		{"until it closes", office, "2026-11-23T14:00:00Z", 4 * time.Hour, "2026-11-23T18:00:00Z"},
		{"the next morning", office, "2026-11-23T17:00:00Z", 4 * time.Hour, "2026-11-24T12:00:00Z"},
		{"at night", office, "2026-11-23T23:00:00Z", 4 * time.Hour, "2026-11-24T13:00:00Z"},
		{"as it closes", office, "2026-11-23T18:00:00Z", time.Second, "2026-11-24T09:00:01Z"},
		{"over the weekend into winter time", office, "2026-10-23T16:00:00Z", 4 * time.Hour, "2026-10-26T12:00:00Z"},
		{"over the weekend into summer time", office, "2026-03-27T17:00:00Z", 4 * time.Hour, "2026-03-30T11:00:00Z"},
		{"a short day, a holiday and a weekend", office, "2026-12-24T12:00:00Z", 4 * time.Hour, "2026-12-28T12:00:00Z"},
		{"some days", office, "2026-11-27T17:30:00Z", 24 * time.Hour, "2026-12-02T14:30:00Z"},
		{"always open", always, "2026-11-23T10:00:00.5Z", 24 * time.Hour, "2026-11-24T10:00:00.5Z"},
		{"the night with an hour less", night, "2026-03-28T23:00:00Z", 3 * time.Hour, "2026-03-29T02:00:00Z"},
		{"the night with an hour more", night, "2026-10-24T22:00:00Z", 4 * time.Hour, "2026-10-25T02:00:00Z"},
		{"it does not open any more", once, "2026-11-23T09:45:00Z", 20 * time.Minute, "2026-11-23T10:05:00Z"},
		{"it never opens", Hours{TimeZone: "Europe/Lisbon"}, "2026-11-23T09:45:00Z", 20 * time.Minute, "2026-11-23T10:05:00Z"},
	} {
		if got := NewTimetable(c.h).Due(instant(t, c.from), c.within); !got.Equal(instant(t, c.want)) {
			t.Errorf("%s: %s", c.name, got.Format(time.RFC3339))
		}
	}
}

// What is due is what one finds who counts what is open five minutes by five, whatever was
// asked before, around both ends of summer time in several zones; and what comes later is
// due no sooner.
func TestDueIsCounted(t *testing.T) {
	const step = 5 * time.Minute
	rapid.Check(t, func(t *rapid.T) {
		h := Hours{TimeZone: rapid.SampledFrom([]string{"Europe/Lisbon", "America/Sao_Paulo", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca"}).Draw(t, "zone")}
		span := func() (from, to string) {
			f := rapid.IntRange(0, 95).Draw(t, "from")
			return clockFace(f * 15), clockFace(rapid.IntRange(f+1, 96).Draw(t, "to") * 15)
		}
		for range rapid.IntRange(1, 6).Draw(t, "openings") {
			from, to := span()
			h.Weekly = append(h.Weekly, Opening{rapid.IntRange(0, 6).Draw(t, "day"), from, to})
		}
		start := instantOf(rapid.SampledFrom([]string{"2026-03-07", "2026-03-28", "2026-10-03", "2026-10-24", "2026-10-31", "2026-06-01"}).Draw(t, "base"))
		for range rapid.IntRange(0, 3).Draw(t, "holidays") {
			e := Exception{Date: start.AddDate(0, 0, rapid.IntRange(-1, 8).Draw(t, "date")).Format(time.DateOnly)}
			if rapid.Bool().Draw(t, "short") {
				from, to := span()
				e.Open = []Span{{from, to}}
			}
			h.Dates = append(h.Dates, e)
		}
		table := NewTimetable(h)
		zone, err := Zone(h.TimeZone)
		if err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(1, 4).Draw(t, "asked") {
			at := start.Add(time.Duration(rapid.IntRange(-20*24*12, 9*24*12).Draw(t, "at")) * step).In(zone)
			within := time.Duration(rapid.IntRange(1, 120).Draw(t, "within")) * step
			got := table.Due(at, within)
			left := within
			m := at
			for ; left > 0 && m.Before(at.AddDate(0, 0, 60)); m = m.Add(step) {
				if IsOpen(h, m) {
					left -= step
				}
			}
			if left == 0 && !got.Equal(m) {
				t.Fatalf("%s within %s is due at %s, counted %s; %+v", at, within, got, m, h)
			}
			if next := table.Due(at.Add(step), within); next.Before(got) {
				t.Fatalf("what comes after %s is due at %s, before %s", at, next, got)
			}
		}
	})
}

func instantOf(date string) time.Time {
	at, err := time.Parse(time.DateOnly, date)
	if err != nil {
		panic(err)
	}
	return at
}

func BenchmarkTimetable(b *testing.B) {
	h := DefaultHours("Office", "Europe/Lisbon")
	table := NewTimetable(h)
	at := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	for i := 0; b.Loop(); i++ {
		table.Due(at.Add(time.Duration(i%10000)*time.Minute), 24*time.Hour)
	}
}
