package dialplan

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// A simulated call, and the world's truth about it.
type pays struct {
	Talk
	begins, wants time.Time // its answer, and when its people hang up
	next          time.Time // when it pays next
	over          time.Time // zero while they talk
	noted         time.Time // when its record says that it was answered
	lost          bool      // its node was killed: nobody pays, and its record ends later
}

// However many calls there are at the same time, whatever their people do and whenever
// their records are written, they talk no longer together than the day's minutes, by
// every bound; and where somebody wanted to talk on, no minute is kept from it.
func TestCallsTogetherUseNoMoreThanTheMinutes(t *testing.T) {
	const early = 15 * time.Second
	for seed := range uint64(300) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 88))
			rules := Rules{MaxMinutes: 1 + rng.IntN(40), Limits: []Limit{{"+34", 1 + rng.IntN(20)}, {"+349", 1 + rng.IntN(20)}}}
			start := monday
			var calls []*pays
			for i := range 1 + rng.IntN(40) {
				counts := [][]string{{""}, {"", "+34"}, {"", "+34", "+349"}}[rng.IntN(3)]
				begins := start.Add(time.Duration(rng.IntN(30*60)) * time.Second)
				calls = append(calls, &pays{Talk: Talk{ID: fmt.Sprint("leg_", i), Trunk: "trk", Counts: counts, Answered: begins}, begins: begins,
					wants: begins.Add(time.Duration(1+rng.IntN(40*60)) * time.Second), noted: begins.Add(time.Duration(rng.IntN(3)) * time.Second), next: begins})
			}
			stored := func(now time.Time) (all []Talk) {
				for _, c := range calls {
					if !c.Paid.IsZero() && !now.Before(c.begins) || !c.over.IsZero() {
						all = append(all, c.Talk)
					}
				}
				return all
			}
			cut := map[string]bool{}
			for now := start; now.Before(start.Add(2 * time.Hour)); now = now.Add(time.Second) {
				rng.Shuffle(len(calls), func(i, j int) { calls[i], calls[j] = calls[j], calls[i] })
				for _, c := range calls {
					switch {
					case now.Before(c.begins) || !c.Ended.IsZero():
						continue
					case c.lost: // the peers hang up when nothing comes any more, which the record says after the restart
						if !now.Before(c.Paid) {
							c.Ended = c.over
						}
						continue
					case !now.Before(c.wants):
						c.over, c.Ended = now, now
						continue
					}
					if !now.Before(c.next) {
						until, _, bounded, more := rules.Extend(c.Talk, stored(now), now)
						if !bounded {
							t.Fatal("nothing bounds the minutes")
						}
						if more {
							c.Paid = until
						}
						if c.next = c.Paid.Add(-early); !c.next.After(now) {
							c.next = now.Add(time.Second)
						}
					}
					if c.Paid.IsZero() || !now.Before(c.Paid) {
						c.over, c.Ended = now, now
						for _, key := range c.Counts {
							cut[key] = true
						}
						continue
					}
					if rng.IntN(2000) == 0 {
						c.lost, c.over = true, now
					}
				}
			}
			for key, most := range rules.Bounds() {
				var talked time.Duration
				for _, c := range calls {
					if c.over.IsZero() {
						t.Fatalf("%s never ended", c.ID)
					}
					if slices.Contains(c.Counts, key) {
						talked += c.over.Sub(c.begins)
					}
				}
				if talked > most {
					t.Errorf("calls under %q talked %v of %v", key, talked, most)
				}
			}
			spent, used := Spent(stored(start.Add(2*time.Hour)), start.Add(2*time.Hour))["trk"], false
			for key, most := range rules.Bounds() {
				used = used || spent[key] >= most
			}
			if len(cut) > 0 && !used {
				t.Errorf("calls were ended, but no bound is used up: %v", spent)
			}
		})
	}
}

// What a call has got counts for all others, and what it did not talk comes back.
func TestASliceIsHeldAndGivenBack(t *testing.T) {
	rules := Rules{MaxMinutes: 2}
	now := monday
	first := Talk{ID: "a", Trunk: "trk", Counts: []string{""}, Answered: now}
	until, most, _, more := rules.Extend(first, nil, now)
	if !more || until != now.Add(Slice) || most != now.Add(2*time.Minute) {
		t.Fatalf("the first slice is until %v, and it may last until %v", until, most)
	}
	first.Paid = until
	second := Talk{ID: "b", Trunk: "trk", Counts: []string{""}, Answered: now}
	until, most, _, more = rules.Extend(second, []Talk{first}, now)
	if !more || until != now.Add(Slice) || most != until {
		t.Fatalf("the second's is until %v, and it may last until %v", until, most)
	}
	second.Paid = until
	if _, _, bounded, more := rules.Extend(Talk{ID: "c", Trunk: "trk", Counts: []string{""}, Answered: now}, []Talk{first, second}, now); more || !bounded {
		t.Error("there is a third")
	}
	now = now.Add(20 * time.Second)
	first.Ended = now // 40 seconds come back
	if until, _, _, more := rules.Extend(second, []Talk{first, second}, now); !more || until != second.Paid.Add(40*time.Second) {
		t.Errorf("what came back is not given: until %v", until)
	}
	if _, _, bounded, _ := (Rules{}).Extend(second, []Talk{first, second}, now); bounded {
		t.Error("nothing bounds them, and yet they are")
	}
}
