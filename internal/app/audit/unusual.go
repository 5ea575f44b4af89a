package audit

import (
	"strconv"
	"strings"
	"time"

	"nubitalk/internal/core/unusual"
	"nubitalk/internal/store"
)

// Unusual is written beside an export that is unusual for whoever makes it, in the same
// transaction.
const Unusual = "export.unusual"

// usual is how many in a day are never unusual, of each action that takes data out.
var usual = map[string]int{
	"users.exported": 5, "contact.exported": 10, "call.exported": 10, "call.numbers_exported": 5, "recording.exported": 20, "quality.exported": 10, "recording.listened": 60,
	"organisation.export_fetched": 50, // a volume
}

// onlyMany are those of which everybody's first is nothing to look at.
var onlyMany = map[string]bool{"recording.listened": true}

// remembered bounds what is read of the past; who does more is compared with that.
const remembered = 1000

// lookAt says why what an actor does now is unusual, as the detail of an entry; nil if it
// is not, or was said within a day of this actor and action.
func lookAt(tx *store.Tx, actor, action string, now time.Time) (map[string]string, error) {
	enough, watched := usual[action]
	if !watched || actor == "" {
		return nil, nil
	}
	rows, err := tx.AuditHabit(actor, action, now.Add(-unusual.Habit), remembered)
	if err != nil {
		return nil, err
	}
	e := unusual.Exports{Now: now, Usual: enough}
	today := 1
	for _, r := range rows {
		e.Past = append(e.Past, r.At)
		if now.Sub(r.At) < unusual.Day {
			today++
		}
	}
	var words []string
	for _, why := range e.Reasons() {
		if why != unusual.First || !onlyMany[action] {
			words = append(words, string(why))
		}
	}
	if len(words) == 0 {
		return nil, nil
	}
	said, err := tx.AuditHabit(actor, Unusual, now.Add(-unusual.Day), remembered)
	if err != nil {
		return nil, err
	}
	about := `"action":"` + action + `"`
	for _, r := range said {
		if strings.Contains(r.Detail, about) && strings.Contains(r.Detail, words[len(words)-1]) {
			return nil, nil
		}
	}
	return map[string]string{"action": action, "why": strings.Join(words, ","), "count": strconv.Itoa(today)}, nil
}
