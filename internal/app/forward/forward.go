package forward

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/order"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/office"
	"nubitalk/internal/store"
)

// ActionChanged is how the audit log names a change.
const ActionChanged = "phone.forwarding_changed"

// Bounds of how long an extension is rung before its calls go on, in seconds.
const (
	LeastSeconds = 5
	MostSeconds  = 60
	// UsualSeconds holds where nothing was chosen.
	UsualSeconds = 20
)

// Vault seals what was chosen under the tenant's key.
type Vault interface {
	SealTenant(ctx context.Context, t id.Tenant, where string, plain []byte) (secret.Sealed, error)
	OpenTenant(ctx context.Context, t id.Tenant, where string, sealed secret.Sealed) (secret.Bytes, error)
}

// Auditor notes who changed what, inside the change's transaction.
type Auditor interface {
	Record(tx *store.Tx, a access.Actor, action, objectKind, object string, detail map[string]string) error
}

// Phone is a phone in use that has an extension.
type Phone struct{ ID, Name, Extension, User string }

// Lines are the extensions as they are set up, and what may be called outside.
type Lines interface {
	Forwarders(t id.Tenant) []Phone
	Extensions(t id.Tenant) *office.Directory
	// Named is what a phone or a ring group is called.
	Named(ctx context.Context, t id.Tenant, object string) string
	// Prompt is a recorded prompt in use; none without an id.
	Prompt(ctx context.Context, t id.Tenant, prompt string) office.Words
	// Outside gives a number as E.164 that a user's calls may leave to, at some hour;
	// else it says why they may not, in a person's words.
	Outside(ctx context.Context, t id.Tenant, user string, number secret.Text) (secret.Text, error)
}

// Deps is what the service needs.
type Deps struct {
	DB    *store.DB
	Vault Vault
	Clock clock.Clock
	Audit Auditor
	Lines Lines
	// Changed is called after the commit of each change.
	Changed func(t id.Tenant, phone string)
}

// Service is safe for use by several goroutines.
type Service struct{ Deps }

// New makes the service.
func New(d Deps) *Service { return &Service{d} }

// Target is where calls go on.
type Target struct {
	// To is the extension or the number, as one would dial it; empty: calls do not go
	// on.
	To string `json:"to" doc:"An extension, or an outside number in E.164; empty: calls do not go on."`
	// Name is whose extension it is.
	Name string `json:"name,omitempty" doc:"What the phone or the ring group is called whose extension it is."`
	// Lost: it was an extension that is not there any more.
	// Voicemail: a message is taken for the phone's user.
	Voicemail bool `json:"voicemail,omitempty" doc:"A message is taken for the phone's user."`
	Lost      bool `json:"lost,omitempty" doc:"It was an extension that is not there any more; the phone rings in its place."`
}

// Forwarding is where the calls of a phone's extension go on.
type Forwarding struct {
	Phone      string `json:"phone"`
	Name       string `json:"name" doc:"What the phone is called."`
	Extension  string `json:"extension"`
	Always     Target `json:"always" doc:"All calls, without ringing."`
	Busy       Target `json:"busy" doc:"Calls while the phone's user is in a call, or that are declined."`
	Unanswered Target `json:"unanswered" doc:"Calls that nobody picks up, also when no phone is registered."`
	Greeting   string `json:"greeting,omitempty" doc:"Id of the prompt that is heard before a message is taken; absent: the usual words are spoken."`
	Mailbox    bool   `json:"mailbox" doc:"The phone has a user, for whom messages can be taken."`
	Seconds    int    `json:"seconds" doc:"How long the phone rings before a call counts as unanswered."`
	Version    int64  `json:"version" doc:"Another one after each change."`
}

// Change is a new choice; each is an extension or a number as one would dial it, or
// empty.
type Change struct {
	Always, Busy, Unanswered secret.Text
	Greeting                 string // id of a prompt, or empty
	Seconds                  int
	Version                  int64 // of the choice that it takes the place of; 0: of any
}

// Voicemail is what is chosen in the place of an extension or a number to have a
// message taken.
const Voicemail = "voicemail"

// kept is what is sealed. The JSON names are part of what is stored.
type kept struct {
	Always     goal   `json:"always,omitzero"`
	Busy       goal   `json:"busy,omitzero"`
	Unanswered goal   `json:"unanswered,omitzero"`
	Seconds    int    `json:"seconds,omitzero"`
	Greeting   string `json:"greeting,omitempty"`

	version int64
}

// nothingChosen is the version where calls do not go on; a choice's is when it was made, in
// microseconds.
const nothingChosen = 1

func versionOf(r store.ForwardRow) int64 { return max(r.SetAt.UnixMicro(), nothingChosen+1) }

type goal struct {
	Mailbox bool   `json:"mailbox,omitempty"`
	Object  string `json:"object,omitempty"`
	Number  string `json:"number,omitempty"`
}

func (g goal) goal() office.Goal {
	return office.Goal{Mailbox: g.Mailbox, Object: g.Object, Number: secret.New(g.Number)}
}

func (k kept) forwards(greeting office.Words) office.Forwards {
	return office.Forwards{Greeting: greeting, Always: k.Always.goal(), Busy: k.Busy.goal(), Unanswered: k.Unanswered.goal(), After: time.Duration(k.Seconds) * time.Second}
}

func where(phone string) string { return "forwards.rules/" + phone }

// Own are the extensions of the actor's phones.
func (s *Service) Own(ctx context.Context, a access.Actor) ([]Forwarding, error) {
	return s.told(ctx, a.Tenant, func(p Phone) bool { return p.User == a.User && a.User != "" })
}

// Of is a phone's, for who may set phones up.
func (s *Service) Of(ctx context.Context, t id.Tenant, phone string) (Forwarding, error) {
	list, err := s.told(ctx, t, func(p Phone) bool { return p.ID == phone })
	if err != nil {
		return Forwarding{}, err
	}
	if len(list) == 0 {
		return Forwarding{}, errs.New(errs.NotFound, "This phone has no extension, or is not in use.")
	}
	return list[0], nil
}

func (s *Service) told(ctx context.Context, t id.Tenant, which func(Phone) bool) ([]Forwarding, error) {
	phones := slices.DeleteFunc(s.Lines.Forwarders(t), func(p Phone) bool { return !which(p) })
	order.By(phones, func(x, y Phone) int { return strings.Compare(x.Extension, y.Extension) })
	all, err := s.kept(ctx, t)
	if err != nil {
		return nil, err
	}
	d := s.Lines.Extensions(t)
	target := func(g goal) Target {
		switch {
		case g.Mailbox:
			return Target{To: Voicemail, Voicemail: true}
		case g.Object == "":
			return Target{To: g.Number}
		}
		extension := d.Of(g.Object)
		if extension == "" {
			return Target{Lost: true}
		}
		return Target{To: extension, Name: s.Lines.Named(ctx, t, g.Object)}
	}
	list := []Forwarding{}
	for _, p := range phones {
		k := all[p.ID]
		if k.Seconds == 0 {
			k.Seconds = UsualSeconds
		}
		if k.version == 0 {
			k.version = nothingChosen
		}
		list = append(list, Forwarding{Phone: p.ID, Name: p.Name, Extension: p.Extension, Always: target(k.Always), Busy: target(k.Busy), Unanswered: target(k.Unanswered), Greeting: k.Greeting, Mailbox: p.User != "", Seconds: k.Seconds, Version: k.version})
	}
	return list, nil
}

// SetOwn chooses for one of the actor's phones.
func (s *Service) SetOwn(ctx context.Context, a access.Actor, phone string, c Change) (Forwarding, error) {
	return s.set(ctx, a, phone, c, func(p Phone) bool { return p.User == a.User && a.User != "" })
}

// Set chooses for a phone, for who may set phones up.
func (s *Service) Set(ctx context.Context, a access.Actor, phone string, c Change) (Forwarding, error) {
	return s.set(ctx, a, phone, c, func(Phone) bool { return true })
}

func (s *Service) set(ctx context.Context, a access.Actor, phone string, c Change, mine func(Phone) bool) (Forwarding, error) {
	phones := s.Lines.Forwarders(a.Tenant)
	at := slices.IndexFunc(phones, func(p Phone) bool { return p.ID == phone && mine(p) })
	if at < 0 {
		return Forwarding{}, errs.New(errs.NotFound, "This phone has no extension, or is not in use.")
	}
	p := phones[at]
	k, err := s.judge(ctx, a.Tenant, p, c)
	if err != nil {
		return Forwarding{}, err
	}
	if err := s.put(ctx, a, p, k, c.Version); err != nil {
		return Forwarding{}, err
	}
	s.Changed(a.Tenant, phone)
	return s.Of(ctx, a.Tenant, phone)
}

// judge turns what was typed into what is kept, or says what is wrong with it.
func (s *Service) judge(ctx context.Context, t id.Tenant, p Phone, c Change) (kept, error) {
	var k kept
	var faults errs.Fields
	d := s.Lines.Extensions(t)
	for _, one := range []struct {
		field string
		to    secret.Text
		into  *goal
	}{{"always", c.Always, &k.Always}, {"busy", c.Busy, &k.Busy}, {"unanswered", c.Unanswered, &k.Unanswered}} {
		dialled := strings.TrimSpace(one.to.Reveal())
		object := d.Object(dialled)
		switch {
		case dialled == "":
		case dialled == Voicemail && p.User == "":
			faults.Add(one.field, "takes a message for the phone's user, and this phone is nobody's.")
		case dialled == Voicemail:
			one.into.Mailbox = true
		case object == p.ID:
			faults.Add(one.field, "is this phone's own extension.")
		case object != "":
			one.into.Object = object
		default:
			number, err := s.Lines.Outside(ctx, t, p.User, secret.New(dialled))
			switch {
			case err == nil:
				one.into.Number = number.Reveal()
			case errs.Is(err, errs.Invalid), errs.Is(err, errs.Forbidden), errs.Is(err, errs.Conflict):
				faults.Add(one.field, "%s", errs.As(err).Text)
			default:
				return k, err
			}
		}
	}
	if way := d.Circle(p.Extension, k.Always.goal()); way != nil && len(faults) == 0 {
		faults.Add("always", "leads back here: %s.", strings.Join(way, " → "))
	}
	if c.Seconds < LeastSeconds || c.Seconds > MostSeconds {
		faults.Add("seconds", "must be from %d to %d.", LeastSeconds, MostSeconds)
	}
	if c.Greeting != "" && s.Lines.Prompt(ctx, t, c.Greeting).Prompt == "" {
		faults.Add("greeting", "is not one of the prompts in use.")
	}
	k.Seconds, k.Greeting = c.Seconds, c.Greeting
	return k, faults.Err()
}

// put stores a choice over the one of a version, 0 for any; the log says what kinds of calls go on, and not to where.
func (s *Service) put(ctx context.Context, a access.Actor, p Phone, k kept, over int64) error {
	detail := map[string]string{}
	for name, g := range map[string]goal{"always": k.Always, "busy": k.Busy, "unanswered": k.Unanswered} {
		switch {
		case g.Mailbox:
			detail[name] = Voicemail
		case g.Number != "":
			detail[name] = "outside"
		case g.Object != "":
			detail[name] = "inside"
		}
	}
	plain, err := json.Marshal(k)
	if err != nil {
		return errs.Wrap(errs.Internal, err, "The forwarding could not be written.")
	}
	sealed, err := s.Vault.SealTenant(ctx, a.Tenant, where(p.ID), plain)
	if err != nil {
		return err
	}
	return s.DB.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		row, err := tx.Forward(p.ID)
		was := int64(nothingChosen)
		switch {
		case err == nil && row.UserID == p.User:
			was = versionOf(row)
		case err != nil && !errs.Is(err, errs.NotFound):
			return err
		}
		if over != 0 && over != was {
			return errs.New(errs.Conflict, "Where these calls go on was changed by someone else in the meantime.")
		}
		if k.forwards(office.Words{}).Empty() && k.Greeting == "" {
			err = tx.DeleteForward(p.ID)
		} else {
			err = tx.PutForward(store.ForwardRow{PhoneID: p.ID, UserID: p.User, Sealed: sealed, SetBy: a.User, SetAt: later(s.Clock.Now(), row.SetAt)})
		}
		if err != nil {
			return err
		}
		return s.Audit.Record(tx, a, ActionChanged, "phone", p.ID, detail)
	})
}

// later is now, or just after what was, where the clock was set back or is coarse: no two
// choices have one version.
func later(now, was time.Time) time.Time {
	if now.UnixMicro() > was.UnixMicro() {
		return now
	}
	return was.Add(time.Microsecond)
}

// kept is what was chosen, by phone. What another user chose for a phone is void.
func (s *Service) kept(ctx context.Context, t id.Tenant) (map[string]kept, error) {
	return s.read(ctx, t, s.Lines.Forwarders(t))
}

// read opens what was chosen for phones.
func (s *Service) read(ctx context.Context, t id.Tenant, phones []Phone) (map[string]kept, error) {
	var rows []store.ForwardRow
	err := s.DB.Read(ctx, t, func(tx *store.Tx) (err error) {
		rows, err = tx.Forwards()
		return err
	})
	if err != nil {
		return nil, err
	}
	out := make(map[string]kept, len(rows))
	for _, r := range rows {
		if !slices.ContainsFunc(phones, func(p Phone) bool { return p.ID == r.PhoneID && p.User == r.UserID }) {
			continue
		}
		plain, err := s.Vault.OpenTenant(ctx, t, where(r.PhoneID), r.Sealed)
		if err != nil {
			return nil, err
		}
		var k kept
		if json.Unmarshal(plain.Reveal(), &k) != nil {
			return nil, errs.New(errs.Internal, "A forwarding could not be read.") // the cause may quote it
		}
		k.version = versionOf(r)
		out[r.PhoneID] = k
	}
	return out, nil
}

// All are where calls go on, by phone, for those who run calls; phones are those
// in use.
func (s *Service) All(ctx context.Context, t id.Tenant, phones []Phone) (map[string]office.Forwards, error) {
	all, err := s.read(ctx, t, phones)
	out := make(map[string]office.Forwards, len(all))
	for phone, k := range all {
		var greeting office.Words
		if k.Greeting != "" {
			greeting = s.Lines.Prompt(ctx, t, k.Greeting)
		}
		out[phone] = k.forwards(greeting)
	}
	return out, err
}
