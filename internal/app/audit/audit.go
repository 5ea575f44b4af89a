package audit

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"regexp"
	"strconv"
	"time"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/bus"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/webhook"
	"nubitalk/internal/store"
)

// Kinds of actors.
const (
	ByUser    = "user"
	ByAPIKey  = "api_key"
	ByVisitor = "visitor" // a contact, by its own doing
	BySupport = "support" // a person of the reseller or operator, by the tenant's grant
	BySystem  = "system"  // retention, jobs
)

// Log is the audit log of all tenants.
type Log struct {
	db      *store.DB
	clock   clock.Clock
	ids     *id.Source
	publish func(bus.Event) // nil: nobody is told of alerts as they come
	others  Teller          // nil: no other system is told of alerts
}

// Teller tells other systems of an event, in the transaction of what happened.
type Teller interface {
	Tell(tx *store.Tx, events ...webhook.Event) error
}

// New makes a Log.
func New(db *store.DB, c clock.Clock) *Log {
	return &Log{db: db, clock: c, ids: id.NewSource(c.Now, nil)}
}

// Telling lets those know of security alerts who may read the log.
func (l *Log) Telling(publish func(bus.Event)) *Log {
	l.publish = publish
	return l
}

// TellingOthers lets other systems know of security alerts.
func (l *Log) TellingOthers(t Teller) { l.others = t }

// Entry is one line of the log.
type Entry struct {
	Seq        int64             `json:"seq"`
	At         time.Time         `json:"at"`
	ActorKind  string            `json:"actor_kind" enum:"user,api_key,visitor,support,system"`
	Actor      string            `json:"actor"`
	Action     Action            `json:"action"`
	ObjectKind string            `json:"object_kind"`
	Object     string            `json:"object"`
	Detail     map[string]string `json:"detail,omitempty"`
	Hash       string            `json:"hash" doc:"Chains this line to all before it; base64."`
}

// Record appends that an actor did something to an object. detail holds codes,
// counts and ids; a value that looks like anything else is masked. Call it last
// in the transaction: the chain's end is locked until the commit.
func (l *Log) Record(tx *store.Tx, a access.Actor, action, objectKind, object string, detail map[string]string) error {
	switch {
	case a.User == "":
		return l.append(tx, BySystem, "", action, objectKind, object, detail)
	case a.Support != nil: // on whose behalf: the tenant's own, by its grant
		with := map[string]string{"grant": a.Support.Grant, "of": string(a.Support.Home)}
		for k, v := range detail {
			with[k] = v
		}
		return l.append(tx, BySupport, a.User, action, objectKind, object, with)
	case id.Kind(a.User) == id.APIKey:
		return l.append(tx, ByAPIKey, a.User, action, objectKind, object, detail)
	}
	return l.append(tx, ByUser, a.User, action, objectKind, object, detail)
}

// Append is Record for who has only ids: the kinds of the actor ("" for the
// system) and of the object follow from them. detail may be "".
func (l *Log) Append(tx *store.Tx, actor, action, object, detail string) error {
	var d map[string]string
	if detail != "" {
		d = map[string]string{"detail": detail}
	}
	kind := ByUser
	switch id.Kind(actor) {
	case "":
		kind = BySystem
	case id.APIKey:
		kind = ByAPIKey
	case id.Contact:
		kind = ByVisitor
	}
	return l.append(tx, kind, actor, action, objectKinds[id.Kind(object)], object, d)
}

var objectKinds = map[string]string{
	id.Operator: "organisation", id.Reseller: "organisation", id.TenantKind: "organisation", id.User: "user", id.Session: "session", id.APIKey: "api_key",
	id.Contact: "contact", id.Interaction: "interaction", id.Queue: "queue", id.Consent: "consent", id.Attachment: "attachment", id.Offer: "offer",
	id.Alert: "alert", id.SupportGrant: "support_grant", id.Export: "export", id.SignUpLink: "sign_up_link",
}

func (l *Log) append(tx *store.Tx, kind, actor, action, objectKind, object string, detail map[string]string) error {
	text := ""
	if len(detail) > 0 {
		clean := make(map[string]string, len(detail))
		for k, v := range detail {
			clean[mask(k)] = mask(v)
		}
		b, err := json.Marshal(clean) // sorts the keys
		if err != nil {
			return errs.Wrap(errs.Internal, err, "An entry of the audit log could not be written.")
		}
		text = string(b)
	}
	now := l.clock.Now()
	why, err := lookAt(tx, actor, action, now) // before: it is beside what was done earlier
	if err != nil {
		return err
	}
	row, err := tx.AppendAudit(store.AuditRow{At: now, ActorKind: kind, ActorID: actor, Action: action, ObjectKind: objectKind, ObjectID: mask(object), Detail: text}, hash)
	if err != nil {
		return err
	}
	if err := l.watch(tx, row); err != nil || why == nil {
		return err
	}
	return l.append(tx, kind, actor, Unusual, objectKind, object, why)
}

// code is what details are made of: codes, ids, numbers, times, lists of them.
var code = regexp.MustCompile(`^[A-Za-z0-9_.:,/ -]{0,200}$`)

// mask keeps names and addresses out of the log even if a caller passes one: no
// letter beyond ASCII, no @, no + gets through.
func mask(v string) string {
	if code.MatchString(v) {
		return v
	}
	return secret.Mask
}

// hash is SHA-256 over the fields in this order, each led by its length.
func hash(r store.AuditRow) []byte {
	h := sha256.New()
	field := func(b []byte) {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(b)))
		h.Write(n[:])
		h.Write(b)
	}
	number := func(n int64) { field(binary.BigEndian.AppendUint64(nil, uint64(n))) }
	field([]byte("nubitalk audit 1"))
	field(r.PrevHash)
	number(r.Seq)
	number(clock.Micros(r.At))
	for _, s := range []string{r.ActorKind, r.ActorID, r.Action, r.ObjectKind, r.ObjectID, r.Detail} {
		field([]byte(s))
	}
	return h.Sum(nil)
}

// Query narrows Entries; zero values mean any.
type Query struct {
	Object string
	Actor  string
	Action string
	From   time.Time
	To     time.Time
	Cursor string
	Limit  int // 0 means 50; at most 200
}

// Entries lists the newest first; next is the cursor of the following page, ""
// at the end.
func (l *Log) Entries(ctx context.Context, a access.Actor, q Query) (items []Entry, next string, err error) {
	if err := mayRead(a); err != nil {
		return nil, "", err
	}
	f := store.AuditFilter{ActorID: q.Actor, Action: q.Action, ObjectID: q.Object, From: q.From, To: q.To, Limit: q.Limit}
	if q.Cursor != "" {
		if f.Before, err = strconv.ParseInt(q.Cursor, 10, 64); err != nil || f.Before < 1 {
			return nil, "", errs.Bad("cursor", "is not one that this list gave")
		}
	}
	if f.Limit <= 0 || f.Limit > 200 {
		f.Limit = min(max(f.Limit, 0), 200)
		if f.Limit == 0 {
			f.Limit = 50
		}
	}
	limit := f.Limit
	f.Limit++ // one more tells whether there is a next page
	var rows []store.AuditRow
	err = l.db.Read(ctx, a.Tenant, func(tx *store.Tx) (err error) {
		rows, err = tx.Audit(f)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	if len(rows) > limit {
		rows = rows[:limit]
		next = strconv.FormatInt(rows[limit-1].Seq, 10)
	}
	items = make([]Entry, len(rows))
	for i, r := range rows {
		items[i] = view(r)
	}
	return items, next, nil
}

func view(r store.AuditRow) Entry {
	e := Entry{Seq: r.Seq, At: r.At, ActorKind: r.ActorKind, Actor: r.ActorID, Action: Action(r.Action), ObjectKind: r.ObjectKind, Object: r.ObjectID,
		Hash: base64.StdEncoding.EncodeToString(r.Hash)}
	if r.Detail != "" {
		if err := json.Unmarshal([]byte(r.Detail), &e.Detail); err != nil {
			e.Detail = map[string]string{"unreadable": secret.Mask}
		}
	}
	return e
}
