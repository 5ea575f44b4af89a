package unusual

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

var monday = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

func TestSignIns(t *testing.T) {
	var office []SignIn // twelve days, from nine to ten
	for i := range 12 {
		office = append(office, SignIn{At: monday.AddDate(0, 0, i).Add(time.Duration(i%2) * time.Hour), Network: "office"})
	}
	later := monday.AddDate(0, 0, 20)
	for _, tt := range []struct {
		name string
		s    SignIn
		past []SignIn
		want []Reason
	}{
		{"as ever", SignIn{At: later, Network: "office", Known: true}, office, nil},
		{"a new browser at the office", SignIn{At: later, Network: "office"}, office, nil},
		{"a known browser on a journey", SignIn{At: later.Add(12 * time.Hour), Network: "hotel", Known: true, Failures: 9}, office, nil},
		{"a new browser elsewhere", SignIn{At: later, Network: "hotel"}, office, []Reason{Place}},
		{"the first sign-ins", SignIn{At: later, Network: "home"}, office[:2], nil},
		{"the fourth", SignIn{At: later, Network: "home"}, office[:3], []Reason{Place}},
		{"after wrong passwords", SignIn{At: later, Network: "office", Failures: 3}, office, []Reason{Failures}},
		{"after two", SignIn{At: later, Network: "office", Failures: 2}, office, nil},
		{"of a user who never came", SignIn{At: later, Network: "home", Failures: 4}, nil, []Reason{Failures}},
		{"at night", SignIn{At: later.Add(18 * time.Hour), Network: "office"}, office, []Reason{Hour}},
		{"before the day", SignIn{At: later.Add(-4 * time.Hour), Network: "office"}, office, []Reason{Hour}},
		{"a little early", SignIn{At: later.Add(-3 * time.Hour), Network: "office"}, office, nil},
		{"at night, of whom little is known", SignIn{At: later.Add(18 * time.Hour), Network: "office"}, office[:9], nil},
		{"from nowhere", SignIn{At: later}, office, nil},
		{"where places were not noted", SignIn{At: later, Network: "home"}, []SignIn{{At: monday}, {At: monday}, {At: monday}, {At: monday}}, nil},
		{"all at once", SignIn{At: later.Add(18 * time.Hour), Network: "hotel", Failures: 5}, office, []Reason{Failures, Place, Hour}},
	} {
		if got := tt.s.Reasons(tt.past); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
	if d := hoursApart(23, 2); d != 3 {
		t.Errorf("from 23 to 2 it is %d hours", d)
	}
}

func TestExports(t *testing.T) {
	now := monday.AddDate(0, 0, 30)
	times := func(n int, ago time.Duration) (out []time.Time) {
		for i := range n {
			out = append(out, now.Add(-ago-time.Duration(i)*time.Minute))
		}
		return out
	}
	for _, tt := range []struct {
		name string
		past []time.Time
		want []Reason
	}{
		{"the first", nil, []Reason{First}},
		{"the second", times(1, time.Hour), nil},
		{"the tenth today", times(9, time.Hour), nil},
		{"the eleventh", times(10, time.Hour), []Reason{Many}},
		{"ten today, and ten the day before", slices.Concat(times(9, time.Hour), times(10, 25*time.Hour)), nil},
		{"thirty today, where ten are usual", slices.Concat(times(29, time.Hour), times(10, 49*time.Hour)), nil},
		{"one more", slices.Concat(times(30, time.Hour), times(10, 49*time.Hour)), []Reason{Many}},
	} {
		if got := (Exports{Now: now, Past: tt.past, Usual: 10}).Reasons(); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// A year of people who come from an office, from home and by their phone's network,
// which changes; who take a new browser, or lose what it keeps, a few times a year; who
// forget their password now and then. And of thieves who know a password.
func TestHowOftenItIsWrong(t *testing.T) {
	const people, days = 300, 365
	for seed := range uint64(5) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 71))
			signIns, alarms, thefts, seen := 0, 0, 0, 0
			for p := range people {
				var past []SignIn
				begins := 6 + r.IntN(9)
				mobile := 0
				for day := range days {
					if r.Float64() < 0.3 { // no work today
						continue
					}
					if r.Float64() < 0.05 {
						mobile++
					}
					s := SignIn{At: monday.AddDate(0, 0, day).Truncate(Day).Add(time.Duration(begins)*time.Hour + time.Duration(r.IntN(120))*time.Minute), Known: r.Float64() > 0.015}
					switch x := r.Float64(); {
					case x < 0.7:
						s.Network = "office"
					case x < 0.95:
						s.Network = fmt.Sprint("home ", p)
					default:
						s.Network = fmt.Sprint("mobile ", p, " ", mobile)
					}
					for r.Float64() < 0.05 {
						s.Failures++
					}
					recent := past[max(0, len(past)-40):]
					signIns++
					if len(s.Reasons(recent)) > 0 {
						alarms++
					}
					if len(recent) >= somePlaces && r.Float64() < 0.002 {
						thefts++
						thief := SignIn{At: s.At.Add(time.Duration(r.IntN(24)) * time.Hour), Network: "thief", Failures: r.IntN(5)}
						if len(thief.Reasons(recent)) > 0 {
							seen++
						}
					}
					past = append(past, s)
				}
			}
			t.Logf("%d sign-ins, %d false alarms, %d of %d thefts seen", signIns, alarms, seen, thefts)
			if alarms*10 > people*3 { // three in ten years
				t.Errorf("%d false alarms in a year of %d people", alarms, people)
			}
			if thefts == 0 || seen < thefts {
				t.Errorf("%d of %d thefts were seen", seen, thefts)
			}
		})
	}
}
