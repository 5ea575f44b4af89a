package audit

import (
	"strconv"
	"strings"
	"time"

	"nubitalk/internal/core/setup"
	"nubitalk/internal/core/unusual"
	"nubitalk/internal/store"
)

// Unusual is written beside an export that is unusual for whoever makes it, in the same
// transaction.
const Unusual = "export.unusual"

// usual is how many in a day are never unusual, of each action that takes data out, by the
// organisation's rule.
var usual = map[string]func(setup.UsualExports) int{
	"users.exported":        func(u setup.UsualExports) int { return u.Users },
	"contact.exported":      func(u setup.UsualExports) int { return u.Contacts },
	"call.exported":         func(u setup.UsualExports) int { return u.Calls },
	"call.numbers_exported": func(u setup.UsualExports) int { return u.Numbers },
	"recording.exported":    func(u setup.UsualExports) int { return u.Recordings },
	"recording.listened":    func(u setup.UsualExports) int { return u.Listened },
	"quality.exported":      func(u setup.UsualExports) int { return u.Scores },

	"organisation.export_fetched": func(u setup.UsualExports) int { return u.Volumes },
}

// onlyMany are those of which everybody's first is nothing to look at.
var onlyMany = map[string]bool{"recording.listened": true}

// remembered bounds what is read of the past; who does more is compared with that.
const remembered = 1000

// ruleIn is the organisation's rule on what is unusual. Where it cannot be read what is
// usual elsewhere holds: nobody is kept from work by it.
func ruleIn(tx *store.Tx) (setup.UnusualRule, error) {
	rows, err := tx.SetupOf(string(setup.KindRules))
	if err != nil || len(rows) == 0 {
		return setup.DefaultUnusual(), err
	}
	if o, err := setup.Stored(setup.KindRules, rows[0].Body); err == nil {
		return o.(setup.Rules).Unusual.OrUsual(), nil
	}
	return setup.DefaultUnusual(), nil
}

// lookAt says why what an actor does now is unusual, as the detail of an entry; nil if it
// is not, or was said within a day of this actor and action.
func lookAt(tx *store.Tx, actor, action string, now time.Time) (map[string]string, error) {
	enough, watched := usual[action]
	if !watched || actor == "" {
		return nil, nil
	}
	rule, err := ruleIn(tx)
	if err != nil {
		return nil, err
	}
	rows, err := tx.AuditHabit(actor, action, now.Add(-unusual.Habit), remembered)
	if err != nil {
		return nil, err
	}
	e := unusual.Exports{Now: now, Usual: enough(rule.Usual)}
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
