package setup

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/access"
	core "nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// MaxObjects is how many objects of one kind a tenant may have in use.
const MaxObjects = 2000

// MaxAlertRules is how many alert rules a tenant may have in use: each watches
// every queue or agent by itself.
const MaxAlertRules = 200

// MaxWebhooks is how many webhooks a tenant may have in use: each is told of every event
// that it asks for.
const MaxWebhooks = 20

func most(k core.Kind) int {
	switch k {
	case core.KindAlertRule:
		return MaxAlertRules
	case core.KindWebhook:
		return MaxWebhooks
	}
	return MaxObjects
}

// rulesID is the id of the one object of KindRules.
const rulesID = "rules"

// Auditor notes who changed what, inside the change's transaction. objectKind is
// like "queue" or "entry_point"; detail names fields, never values.
type Auditor interface {
	Record(tx *store.Tx, a access.Actor, action, objectKind, object string, detail map[string]string) error
}

// Actions as the audit log names them.
const (
	ActionCreated  = "setup.created"
	ActionChanged  = "setup.changed"
	ActionArchived = "setup.archived"
	ActionRestored = "setup.restored"
	ActionOrdered  = "setup.ordered"
	// A trunk lets voices pass unencrypted, or no longer.
	ActionPlain     = "trunk.plain_allowed"
	ActionEncrypted = "trunk.plain_ended"
	// The same of a phone.
	ActionPlainPhone     = "phone.plain_allowed"
	ActionEncryptedPhone = "phone.plain_ended"
	// A phone got a new password.
	ActionPhonePassword = "phone.password_made"
)

// Change says that an object is not what it was; ID is "" when several of the
// kind changed.
type Change struct {
	Tenant id.Tenant
	Kind   core.Kind
	ID     string
}

// Deps is what the service needs.
type Deps struct {
	DB    *store.DB
	Clock clock.Clock
	IDs   *id.Source
	Audit Auditor
	Vault Vault
	// Lines are the operator's as they are now; nil: there are none. It is called in
	// transactions and answers from memory.
	Lines func() core.Lines
	// Encryption is the operator's rule for all connections; "": everybody chooses.
	Encryption core.EncryptionRule
	// Changed is called after the commit of each change, on the caller's
	// goroutine; it must not wait for long. May be nil.
	Changed func(Change)
}

// Service is safe for use by several goroutines.
type Service struct{ Deps }

// New makes a Service.
func New(d Deps) *Service { return &Service{d} }

// Object is one set-up object; Body is its kind's type of core/setup.
type Object struct {
	ID         string
	Version    int64
	Position   int64 // order on screens, small first
	CreatedAt  time.Time
	UpdatedAt  time.Time
	ArchivedAt time.Time
	Body       json.RawMessage
	Secrets    []string // names of those that are set
}

// Version is an object as it once was.
type Version struct {
	Version   int64
	ChangedBy string
	ChangedAt time.Time
	Body      json.RawMessage
}

func objectOf(r store.SetupRow, secrets map[string][]string) Object {
	return Object{ID: r.ID, Version: r.Version, Position: r.Position, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt, ArchivedAt: r.ArchivedAt, Body: current(r),
		Secrets: secrets[r.ID]}
}

// current gives a stored body in the form of this program's version.
func current(r store.SetupRow) json.RawMessage {
	o, err := core.Stored(core.Kind(r.Kind), r.Body)
	if err != nil {
		return r.Body
	}
	return encode(o)
}

func encode(o core.Object) json.RawMessage {
	raw, err := json.Marshal(o)
	if err != nil {
		panic("setup: an object is plain data: " + err.Error())
	}
	return raw
}

// allowed checks the actor once more behind the door: set-up belongs to the
// whole tenant, so only Tenant reach counts.
func allowed(a access.Actor, p access.Permission) error {
	if access.Reach(a, p) != access.Tenant {
		return errs.New(errs.Forbidden, "Your roles do not allow this.")
	}
	return nil
}

// List answers all objects of a kind by position; archived ones only if asked.
func (s *Service) List(ctx context.Context, a access.Actor, k core.Kind, archived bool) ([]Object, error) {
	if err := readable(a, k); err != nil {
		return nil, err
	}
	var rows []store.SetupRow
	var secrets map[string][]string
	err := s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) (err error) {
		if rows, err = tx.SetupOf(string(k)); err != nil {
			return err
		}
		if rows, err = seenBy(tx, a, k, rows); err != nil {
			return err
		}
		secrets, err = secretNames(tx, k)
		return err
	})
	list := []Object{}
	for _, r := range rows {
		if archived || r.ArchivedAt.IsZero() {
			list = append(list, objectOf(r, secrets))
		}
	}
	return list, err
}

// Get answers one object, archived or not; for KindRules the id is "". Rules
// that were never chosen are the default ones, at version 0.
func (s *Service) Get(ctx context.Context, a access.Actor, k core.Kind, object string) (Object, error) {
	if err := readable(a, k); err != nil {
		return Object{}, err
	}
	var row store.SetupRow
	var secrets map[string][]string
	err := s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) (err error) {
		if row, err = find(tx, k, object); err != nil {
			return err
		}
		if some, err := seenBy(tx, a, k, []store.SetupRow{row}); err != nil || len(some) == 0 {
			return cmp.Or(err, error(errs.New(errs.NotFound, "There is no %s with this id.", k.Word())))
		}
		secrets, err = secretNames(tx, k)
		return err
	})
	if err != nil {
		return Object{}, err
	}
	return objectOf(row, secrets), nil
}

func readable(a access.Actor, k core.Kind) error {
	if !k.Known() {
		return errs.New(errs.NotFound, "There is no set-up of this kind.")
	}
	if access.Reach(a, Reads(k)) == access.Tenant {
		return nil
	}
	if k == core.KindTrunk || k == core.KindPhone || k == core.KindRingGroup || k == core.KindConnection || k == core.KindWebhook || k == core.KindMailbox {
		return allowed(a, Reads(k))
	}
	return allowed(a, access.SetupRead)
}

// Reads is the permission to see objects of a kind. Canned replies are read
// where they are used; how telephone lines, phones and outside systems
// are connected is the administrators'.
func Reads(k core.Kind) access.Permission {
	switch k {
	case core.KindCanned:
		return access.CannedRead
	case core.KindTrunk, core.KindPhone, core.KindRingGroup, core.KindConnection, core.KindWebhook, core.KindMailbox:
		return access.SetupWrite
	case core.KindQualitySample:
		return access.QualityManage
	}
	return access.SetupRead
}

// find reads one row, with the defaults for rules that are not stored.
func find(tx *store.Tx, k core.Kind, object string) (store.SetupRow, error) {
	if k == core.KindRules {
		object = rulesID
	}
	row, err := tx.Setup(string(k), object)
	switch {
	case k == core.KindRules && errs.Is(err, errs.NotFound):
		return store.SetupRow{Kind: string(k), ID: rulesID, Body: encode(core.DefaultRules())}, nil
	case errs.Is(err, errs.NotFound):
		return row, errs.Wrap(errs.NotFound, err, "There is no %s with this id.", k.Word())
	}
	return row, err
}

// Create is CreateWith without more than the body.
func (s *Service) Create(ctx context.Context, a access.Actor, k core.Kind, body json.RawMessage) (Object, error) {
	return s.CreateWith(ctx, a, k, body, Extra{})
}

// CreateWith checks and adds an object at the end of its kind's order.
func (s *Service) CreateWith(ctx context.Context, a access.Actor, k core.Kind, body json.RawMessage, x Extra) (Object, error) {
	if err := allowed(a, Writes(k)); err != nil {
		return Object{}, err
	}
	if k == core.KindRules {
		return Object{}, errs.New(errs.Conflict, "A tenant has exactly one set of rules; change that.")
	}
	o, err := core.Decode(k, body)
	if err != nil {
		return Object{}, err
	}
	object := s.IDs.New(k.Prefix())
	add, err := s.seal(ctx, a.Tenant, k, object, x)
	if err != nil {
		return Object{}, err
	}
	var row store.SetupRow
	var secrets map[string][]string
	if err := mayTell(a, o); err != nil {
		return Object{}, err
	}
	err = s.change(ctx, a.Tenant, func(tx *store.Tx, st *state) error {
		if row, err = s.insert(tx, st, a, object, st.settled(o)); err != nil {
			return err
		}
		if err := s.beside(tx, a, object, nil, o, add); err != nil {
			return err
		}
		secrets, err = secretNames(tx, k)
		return err
	})
	if err != nil {
		return Object{}, err
	}
	s.tell(a.Tenant, k, row.ID)
	return objectOf(row, secrets), nil
}

// insert adds one checked object with that id, inside a change.
func (s *Service) insert(tx *store.Tx, st *state, a access.Actor, object string, o core.Object) (store.SetupRow, error) {
	k := o.Kind()
	if len(st.objects[k]) >= most(k) {
		return store.SetupRow{}, errs.New(errs.Conflict, "There are %d of these already, which is the most that is accepted. Archive some first.", most(k))
	}
	now := s.Clock.Now()
	row := store.SetupRow{Kind: string(k), ID: object, Body: encode(o), Position: st.last[k] + 1, CreatedAt: now, UpdatedAt: now, Version: 1}
	if err := st.check(row.ID, o); err != nil {
		return row, err
	}
	if err := tx.InsertSetup(row); err != nil {
		return row, err
	}
	if err := wakes(tx, k); err != nil {
		return row, err
	}
	st.put(row.ID, o)
	st.last[k] = row.Position
	if err := s.keep(tx, row, a.User); err != nil {
		return row, err
	}
	return row, s.Audit.Record(tx, a, ActionCreated, thing(k), row.ID, nil)
}

// wakes has a floor that rests opened for what it is to follow, though this process may
// end before it tells anybody of the change.
func wakes(tx *store.Tx, k core.Kind) error {
	if !slices.Contains(core.Followed, k) {
		return nil
	}
	return tx.WakeLease(store.FloorLease)
}

// keep stores a version of what is versioned.
func (s *Service) keep(tx *store.Tx, row store.SetupRow, by string) error {
	if !core.Kind(row.Kind).Versioned() {
		return nil
	}
	return tx.InsertSetupVersion(store.SetupVersionRow{Kind: row.Kind, ID: row.ID, Version: row.Version, Body: row.Body, ChangedBy: by, ChangedAt: row.UpdatedAt})
}

// Put is PutWith without more than the body: secrets stay as they are.
func (s *Service) Put(ctx context.Context, a access.Actor, k core.Kind, object string, version int64, body json.RawMessage) (Object, error) {
	return s.PutWith(ctx, a, k, object, version, body, Extra{})
}

// PutWith replaces an object's body. version is the one that the caller saw:
// Conflict if someone was faster. The same body again changes nothing. For
// KindRules the id is "".
func (s *Service) PutWith(ctx context.Context, a access.Actor, k core.Kind, object string, version int64, body json.RawMessage, x Extra) (Object, error) {
	if err := writable(a, k); err != nil {
		return Object{}, err
	}
	o, err := core.Decode(k, body)
	if err != nil {
		return Object{}, err
	}
	add, err := s.seal(ctx, a.Tenant, k, object, x)
	if err != nil {
		return Object{}, err
	}
	var row store.SetupRow
	var secrets map[string][]string
	var changed bool
	err = s.change(ctx, a.Tenant, func(tx *store.Tx, st *state) error {
		changed = false
		if err := changesIn(st, a, k, object); err != nil {
			return err
		}
		if row, err = seen(tx, k, object, version); err != nil {
			return err
		}
		if secrets, err = secretNames(tx, k); err != nil {
			return err
		}
		if !row.ArchivedAt.IsZero() {
			return errs.New(errs.Conflict, "This %s is archived. Restore it before you change it.", k.Word())
		}
		o := st.settled(keepGuards(o, row, body))
		fields := append(differing(current(row), encode(o)), add.names(secrets[row.ID])...)
		if len(fields) == 0 && row.Version > 0 {
			return nil
		}
		if err := ownFields(a, k, fields); err != nil {
			return err
		}
		if row.Version == 0 { // rules that were never chosen
			changed = true
			row, err = s.insert(tx, st, a, rulesID, o)
			return err
		}
		before := st.objects[k][row.ID]
		if err := reachesNoFurther(st, a, before, o); err != nil {
			return err
		}
		if err := mayTell(a, before, o); err != nil {
			return err
		}
		if err := st.replace(row.ID, o); err != nil {
			return err
		}
		if err := s.beside(tx, a, row.ID, before, o, add); err != nil {
			return err
		}
		if secrets, err = secretNames(tx, k); err != nil {
			return err
		}
		row.Body, row.UpdatedAt, changed = encode(o), s.Clock.Now(), true
		if err := tx.UpdateSetup(row); err != nil {
			return err
		}
		row.Version++
		if err := s.keep(tx, row, a.User); err != nil {
			return err
		}
		return s.Audit.Record(tx, a, ActionChanged, thing(k), row.ID, detail(fields))
	})
	if err != nil {
		return Object{}, err
	}
	if changed {
		s.tell(a.Tenant, k, row.ID)
	}
	return objectOf(row, secrets), nil
}

// keepGuards lets the rules of sign-in and of alerts stay as they are where new rules
// leave them out: who does not know of them does not open what was closed.
func keepGuards(o core.Object, row store.SetupRow, body json.RawMessage) core.Object {
	rules, ok := o.(core.Rules)
	var sent map[string]json.RawMessage
	if !ok || json.Unmarshal(body, &sent) != nil || sent["sign_in"] != nil && sent["unusual"] != nil {
		return o
	}
	if now, err := core.Stored(core.KindRules, row.Body); err == nil {
		if sent["sign_in"] == nil {
			rules.SignIn = now.(core.Rules).SignIn
		}
		if sent["unusual"] == nil {
			rules.Unusual = now.(core.Rules).Unusual.OrUsual()
		}
	}
	return rules
}

// writable says whether the actor may change the kind at all.
func writable(a access.Actor, k core.Kind) error {
	if !k.Known() {
		return errs.New(errs.NotFound, "There is no set-up of this kind.")
	}
	if k == core.KindRules && access.Reach(a, access.Retention) == access.Tenant || partly(a, k) {
		return nil
	}
	return allowed(a, Writes(k))
}

// Writes is the permission to change objects of a kind: thresholds and what
// belongs to quality are their supervisors' own, the rest is the administrators'.
func Writes(k core.Kind) access.Permission {
	switch k {
	case core.KindAlertRule:
		return access.AlertManage
	case core.KindQualityForm, core.KindQualitySample:
		return access.QualityManage
	case core.KindCampaign, core.KindContactList:
		return access.CampaignManage
	}
	return access.SetupWrite
}

var retentionFields = []string{"conversation_days", "message_days", "record_days", "audit_days"}

// ownFields keeps the two parts of the rules apart: how long things are kept
// belongs to Retention, the rest to SetupWrite.
func ownFields(a access.Actor, k core.Kind, fields []string) error {
	if k != core.KindRules {
		return nil
	}
	var faults errs.Fields
	for _, f := range fields {
		p := access.SetupWrite
		if slices.Contains(retentionFields, f) {
			p = access.Retention
		}
		if access.Reach(a, p) != access.Tenant {
			faults.Add(f, "cannot be changed with your roles; leave it as it is.")
		}
	}
	return faults.Err()
}

// seen reads the row that an author saw at a version.
func seen(tx *store.Tx, k core.Kind, object string, version int64) (store.SetupRow, error) {
	row, err := find(tx, k, object)
	if err == nil && row.Version != version {
		err = errs.New(errs.Conflict, "This %s was changed by someone else in the meantime. Look at it again before you change it.", k.Word())
	}
	return row, err
}

// Versions are the kept versions of a flow or a consent text, newest first.
func (s *Service) Versions(ctx context.Context, a access.Actor, k core.Kind, object string) ([]Version, error) {
	if err := readable(a, k); err != nil {
		return nil, err
	}
	if !k.Versioned() {
		return nil, errs.New(errs.NotFound, "Only flows and consent texts keep their versions.")
	}
	list := []Version{}
	err := s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) error {
		if _, err := find(tx, k, object); err != nil {
			return err
		}
		rows, err := tx.SetupVersions(string(k), object, 0, 1000)
		list = list[:0]
		for _, r := range rows {
			list = append(list, Version{Version: r.Version, ChangedBy: r.ChangedBy, ChangedAt: r.ChangedAt, Body: r.Body})
		}
		return err
	})
	return list, err
}

// change runs fn alone among all changes of the tenant's set-up, with the state
// that it changes.
func (s *Service) change(ctx context.Context, t id.Tenant, fn func(*store.Tx, *state) error) error {
	return s.DB.Write(ctx, t, func(tx *store.Tx) error {
		st, err := s.begin(tx)
		if err != nil {
			return err
		}
		return fn(tx, st)
	})
}

// begin takes the lock and reads the state. The lease is always granted, its
// holder being the same for all; what counts is the row lock until the commit.
func (s *Service) begin(tx *store.Tx) (*state, error) {
	if err := s.turn(tx); err != nil {
		return nil, err
	}
	return s.load(tx)
}

// turn makes changes of the set-up wait for one another.
func (s *Service) turn(tx *store.Tx) error {
	_, _, err := tx.Lease("setup", "setup", time.Second, s.Clock.Now())
	return err
}

func (s *Service) tell(t id.Tenant, k core.Kind, object string) {
	if s.Changed != nil {
		s.Changed(Change{t, k, object})
	}
}

// differing names the top-level fields in which two bodies differ.
func differing(a, b json.RawMessage) []string {
	var x, y map[string]json.RawMessage
	_, _ = json.Unmarshal(a, &x), json.Unmarshal(b, &y)
	var fields []string
	for name, v := range y {
		if !bytes.Equal(x[name], v) {
			fields = append(fields, name)
		}
	}
	slices.Sort(fields)
	return fields
}

func detail(fields []string) map[string]string {
	return map[string]string{"fields": strings.Join(fields, " ")}
}

// thing names a kind in the audit log: "queue", "entry_point".
func thing(k core.Kind) string { return strings.ReplaceAll(k.Word(), " ", "_") }
