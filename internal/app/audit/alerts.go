package audit

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/bus"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/unusual"
	"nubitalk/internal/core/webhook"
	"nubitalk/internal/store"
)

// AlertChanged is the live event of a security alert that was raised, counts more, or was
// acknowledged; its data is the SecurityAlert.
const AlertChanged = "security_alert.changed"

// Kinds of security alerts.
const (
	ofExports      = "export"
	ofSignIns      = "sign_in"
	ofManyUsers    = "many_users"
	ofManyNetworks = "many_networks"
	ofRefused      = "refused"
	ofOutside      = "refused_outside"
)

// What strangers can do to these alerts is bounded: of failed sign-ins one alert lasts for
// the organisation and one for each of a few users, each is told once a minute at most, and
// after it was seen it is not raised again for a while. Of refused requests there are as
// few alerts.
const (
	tellEach     = time.Minute
	quiet        = time.Hour
	singleUsers  = 10
	failuresRead = 500
)

// SecurityAlert says that exports or sign-ins were unusual, that sign-ins failed together,
// or that requests were refused again and again.
type SecurityAlert struct {
	ID             string           `json:"id"`
	Kind           string           `json:"kind" enum:"export,sign_in,many_users,many_networks,refused,refused_outside" doc:"export: an export that is unusual for who made it. sign_in: an unusual sign-in. many_users: sign-ins of many users failed from one network. many_networks: sign-ins of one user failed from many networks. refused: requests of one user, or API key, were refused again and again because of what it may not. refused_outside: such requests of visitors, and for the operator of whom nobody knows."`
	User           string           `json:"user,omitempty" doc:"Whose they were: a user, an API key, or who was let in to help. Missing where they were several users'."`
	Action         Action           `json:"action,omitempty" doc:"What was exported, as the audit log calls it."`
	Why            []unusual.Reason `json:"why" nullable:"false" enum:"failures,place,hour,first,many"`
	Times          int              `json:"times" doc:"How many unusual ones there were since nobody looked; of failures, how many within an hour, at most 500; of refused requests, the most of one caller within ten minutes that were noted."`
	RaisedAt       time.Time        `json:"raised_at"`
	LastAt         time.Time        `json:"last_at" doc:"Of the last that is counted."`
	AcknowledgedBy string           `json:"acknowledged_by,omitempty"`
	AcknowledgedAt time.Time        `json:"acknowledged_at,omitzero"`
}

func alertOf(r store.SecurityAlertRow) SecurityAlert {
	a := SecurityAlert{ID: r.ID, Kind: r.Kind, User: r.UserID, Action: Action(r.Action), Why: []unusual.Reason{}, Times: r.Times, RaisedAt: r.RaisedAt, LastAt: r.LastAt,
		AcknowledgedBy: r.AcknowledgedBy, AcknowledgedAt: r.AcknowledgedAt}
	for _, w := range words(r.Why) {
		a.Why = append(a.Why, unusual.Reason(w))
	}
	return a
}

// words are those of a list with commas; none of "".
func words(list string) []string {
	return slices.DeleteFunc(strings.Split(list, ","), func(w string) bool { return w == "" })
}

// watch raises an alert if an entry is a matter for one. It is called after the entry was
// appended: the chain's end is locked, so that of all nodes one looks at a time.
func (l *Log) watch(tx *store.Tx, r store.AuditRow) error {
	switch r.Action {
	case Unusual, "sign_in.unusual", "sign_in.refused", "sign_in.locked", Refused:
	default:
		return nil
	}
	rule, err := ruleIn(tx)
	if err != nil {
		return err
	}
	var noted struct{ Action, Why, Network, Count string }
	_ = json.Unmarshal([]byte(r.Detail), &noted) // without a detail there is nothing to say
	switch {
	case r.Action == Unusual:
		if !rule.Exports {
			return nil
		}
		return l.raise(tx, store.SecurityAlertRow{Kind: ofExports, UserID: r.ActorID, Action: noted.Action, Why: noted.Why, Times: 1, LastAt: r.At})
	case r.Action == "sign_in.unusual":
		if !rule.SignIns {
			return nil
		}
		return l.raise(tx, store.SecurityAlertRow{Kind: ofSignIns, UserID: r.ActorID, Why: noted.Why, Times: 1, LastAt: r.At})
	case r.Action == Refused:
		times, _ := strconv.Atoi(noted.Count)
		if !rule.Refusals || times < rule.RefusedOften {
			return nil
		}
		about := store.SecurityAlertRow{Kind: ofRefused, UserID: r.ActorID, Times: times, LastAt: r.At}
		if r.ActorKind == ByVisitor {
			about.Kind, about.UserID = ofOutside, ""
		}
		return l.raiseFew(tx, about)
	case !rule.Failures || noted.Network == "":
		return nil
	}
	rows, err := tx.RefusedSignIns(r.At.Add(-unusual.Together), failuresRead)
	if err != nil {
		return err
	}
	failed := make(unusual.Failed, 0, len(rows))
	for _, row := range rows {
		var of struct{ Network string }
		_ = json.Unmarshal([]byte(row.Detail), &of) // from a browser that is known
		failed = append(failed, unusual.Failure{User: row.ActorID, Network: of.Network})
	}
	if users, times := failed.From(noted.Network); users >= rule.FailedUsers {
		if err := l.raise(tx, store.SecurityAlertRow{Kind: ofManyUsers, Times: times, LastAt: r.At}); err != nil {
			return err
		}
	}
	networks, times := failed.Of(r.ActorID)
	if networks < rule.FailedNetworks {
		return nil
	}
	return l.raiseFew(tx, store.SecurityAlertRow{Kind: ofManyNetworks, UserID: r.ActorID, Times: times, LastAt: r.At})
}

// raiseFew raises an alert of a user; of all together where a few users have one already.
func (l *Log) raiseFew(tx *store.Tx, about store.SecurityAlertRow) error {
	if last, err := tx.LastSecurityAlert(about.Kind, about.UserID, ""); err != nil && !errs.Is(err, errs.NotFound) {
		return err
	} else if err != nil || !last.AcknowledgedAt.IsZero() { // it would be one more
		open, err := tx.OpenSecurityAlerts(about.Kind)
		if err != nil {
			return err
		}
		if open >= singleUsers {
			about.UserID = ""
		}
	}
	return l.raise(tx, about)
}

// raise stores an alert, or counts it in one that is alike and that nobody has seen, and
// tells who may read the log once that is committed.
func (l *Log) raise(tx *store.Tx, a store.SecurityAlertRow) error {
	failures := a.Kind == ofManyUsers || a.Kind == ofManyNetworks
	most := failures || a.Kind == ofRefused || a.Kind == ofOutside // how many there were together, not since when
	event := webhook.SecurityAlertChanged
	last, err := tx.LastSecurityAlert(a.Kind, a.UserID, a.Action)
	switch {
	case err != nil && !errs.Is(err, errs.NotFound):
		return err
	case err == nil && last.AcknowledgedAt.IsZero():
		if failures && a.LastAt.Sub(last.LastAt) < tellEach {
			return nil
		}
		if most {
			a.Times = max(a.Times, last.Times)
		} else {
			a.Times += last.Times
		}
		why := words(last.Why)
		for _, w := range words(a.Why) {
			if !slices.Contains(why, w) {
				why = append(why, w)
			}
		}
		last.Why, last.Times, last.LastAt = strings.Join(why, ","), a.Times, a.LastAt
		a = last
	case err == nil && most && a.LastAt.Sub(last.AcknowledgedAt) < quiet:
		return nil
	default:
		a.ID, a.RaisedAt, event = l.ids.New(id.Alert), a.LastAt, webhook.SecurityAlertRaised
	}
	if err := tx.PutSecurityAlert(a); err != nil {
		return err
	}
	l.tell(tx, a)
	return l.tellOthers(tx, a, event, a.LastAt)
}

// tellOthers makes an alert known to the systems that asked for it.
func (l *Log) tellOthers(tx *store.Tx, a store.SecurityAlertRow, event string, at time.Time) error {
	if l.others == nil {
		return nil
	}
	return l.others.Tell(tx, webhook.Event{Type: event, At: at, Data: webhook.SecurityAlert{ID: a.ID, Kind: a.Kind, User: a.UserID, Action: a.Action,
		Why: append([]string{}, words(a.Why)...), Times: a.Times, RaisedAt: a.RaisedAt, LastAt: a.LastAt, Acknowledged: a.AcknowledgedAt}})
}

// tell makes an alert known to who may read the log, after the commit.
func (l *Log) tell(tx *store.Tx, a store.SecurityAlertRow) {
	if l.publish == nil {
		return
	}
	data, _ := json.Marshal(alertOf(a)) // words, numbers and times only
	e := bus.Event{Tenant: tx.Tenant(), Kind: AlertChanged, Watch: access.AuditRead, Data: data}
	tx.Then(func() { l.publish(e) })
}

// SecurityAlerts lists security alerts, the last raised first: those that nobody has seen
// ("open"), those that somebody has ("acknowledged"), or all ("").
func (l *Log) SecurityAlerts(ctx context.Context, a access.Actor, state, cursor string, limit int) (items []SecurityAlert, next string, err error) {
	if err := mayRead(a); err != nil {
		return nil, "", err
	}
	f := store.SecurityAlertFilter{Open: state == "open", Seen: state == "acknowledged", Limit: limit}
	if f.Limit <= 0 {
		f.Limit = 50
	}
	f.Limit = min(f.Limit, 200) + 1 // one more tells whether there is a next page
	if f.Before, err = store.ReadCursor(cursor, id.Alert); err != nil {
		return nil, "", err
	}
	var rows []store.SecurityAlertRow
	err = l.db.Read(ctx, a.Tenant, func(tx *store.Tx) (err error) {
		rows, err = tx.SecurityAlerts(f)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	if n := f.Limit - 1; len(rows) > n {
		rows = rows[:n]
		next = store.Cursor{At: rows[n-1].RaisedAt, ID: rows[n-1].ID}.String()
	}
	items = make([]SecurityAlert, len(rows))
	for i, r := range rows {
		items[i] = alertOf(r)
	}
	return items, next, nil
}

// AcknowledgeSecurityAlert notes that the actor saw an alert, which ends it. Who was first stays; a
// repeat changes nothing.
func (l *Log) AcknowledgeSecurityAlert(ctx context.Context, a access.Actor, alert string) (SecurityAlert, error) {
	if err := mayRead(a); err != nil {
		return SecurityAlert{}, err
	}
	if !id.Valid(id.Alert, alert) {
		return SecurityAlert{}, errs.New(errs.NotFound, "This alert does not exist.")
	}
	var row store.SecurityAlertRow
	read := func(tx *store.Tx) (err error) {
		row, err = tx.SecurityAlert(alert)
		return err
	}
	err := l.db.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		if err := read(tx); err != nil || !row.AcknowledgedAt.IsZero() {
			return err
		}
		// The entry first: it locks the chain's end, as whoever raises alerts does.
		if err := l.Record(tx, a, "alert.acknowledged", "alert", alert, map[string]string{"kind": row.Kind}); err != nil {
			return err
		}
		if err := read(tx); err != nil { // what was counted meanwhile
			return err
		}
		row.AcknowledgedBy, row.AcknowledgedAt = a.User, l.clock.Now().UTC().Truncate(time.Microsecond)
		if err := tx.AcknowledgeSecurityAlert(alert, row.AcknowledgedBy, row.AcknowledgedAt); err != nil {
			return err
		}
		l.tell(tx, row)
		return l.tellOthers(tx, row, webhook.SecurityAlertEnded, row.AcknowledgedAt)
	})
	if errs.Is(err, errs.Conflict) { // somebody was faster
		err = l.db.Read(ctx, a.Tenant, read)
	}
	if err != nil {
		return SecurityAlert{}, err
	}
	return alertOf(row), nil
}

// mayRead refuses who may not read the log of the organisation.
func mayRead(a access.Actor) error {
	if !access.May(a, access.AuditRead, access.Thing{Tenant: a.Tenant}) {
		return errs.New(errs.Forbidden, "You may not read the audit log.")
	}
	return nil
}
