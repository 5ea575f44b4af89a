package quality

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"nubitalk/internal/base/order"
)

// Candidate is a recording that may be drawn.
type Candidate struct {
	Recording   string
	Interaction string
	Agent       string
}

// Draw says how recordings are drawn: so many of each agent. The same seed draws
// the same of the same; which are drawn depends on their ids alone, so nobody can
// tell before a call whether it will be evaluated.
type Draw struct {
	Seed string
	Each int // of an agent
}

// Pick draws from candidates. had is how many of an agent the same draw has
// already; taken are interactions that were drawn before, which are never drawn
// again, nor is one interaction twice.
func (d Draw) Pick(candidates []Candidate, had map[string]int, taken map[string]bool) []Candidate {
	left := slices.Clone(candidates)
	order.By(left, func(a, b Candidate) int {
		return cmp.Or(strings.Compare(a.Agent, b.Agent), cmp.Compare(d.rank(a.Interaction), d.rank(b.Interaction)), strings.Compare(a.Recording, b.Recording))
	})
	var picked []Candidate
	count, gone := map[string]int{}, map[string]bool{}
	for _, c := range left {
		if c.Agent == "" || taken[c.Interaction] || gone[c.Interaction] || had[c.Agent]+count[c.Agent] >= d.Each {
			continue
		}
		count[c.Agent]++
		gone[c.Interaction] = true
		picked = append(picked, c)
	}
	return picked
}

func (d Draw) rank(interaction string) uint64 {
	h := sha256.Sum256([]byte("nubitalk quality " + d.Seed + " " + interaction))
	return binary.BigEndian.Uint64(h[:8])
}

// Assign says who evaluates each of picked: whoever of the evaluators has the
// fewest to do, never the agent itself; "" if there is nobody else. open is how
// many each has to do already.
func Assign(picked []Candidate, evaluators []string, open map[string]int) []string {
	todo := map[string]int{}
	who := make([]string, len(picked))
	sorted := slices.Sorted(slices.Values(evaluators))
	for i, c := range picked {
		for _, e := range sorted {
			if e != c.Agent && (who[i] == "" || open[e]+todo[e] < open[who[i]]+todo[who[i]]) {
				who[i] = e
			}
		}
		todo[who[i]]++
	}
	return who
}

// Week is the one of ISO 8601 that a moment is in, by a zone's clock: its name
// (2026-W07) and when it begins and ends.
func Week(at time.Time, zone *time.Location) (name string, from, to time.Time) {
	at = at.In(zone)
	year, week := at.ISOWeek()
	back := (int(at.Weekday()) + 6) % 7 // Monday is the first
	from = time.Date(at.Year(), at.Month(), at.Day()-back, 0, 0, 0, 0, zone)
	return fmt.Sprintf("%04d-W%02d", year, week), from, from.AddDate(0, 0, 7)
}
