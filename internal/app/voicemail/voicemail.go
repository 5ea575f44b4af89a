package voicemail

import (
	"context"
	"encoding/json"
	"time"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/bus"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

// Changed is the live event of a user's mailbox.
const Changed = "voicemail.changed"

// most is how many messages a list has.
const most = 200

// Vault opens what is sealed under a contact's key.
type Vault interface {
	OpenContact(ctx context.Context, t id.Tenant, contact, where string, sealed secret.Sealed) (secret.Bytes, error)
}

// Deps is what the service needs.
type Deps struct {
	DB    *store.DB
	Vault Vault
	Bus   *bus.Bus
	Clock clock.Clock
}

// Service is safe for use by several goroutines.
type Service struct{ Deps }

// New makes the service.
func New(d Deps) *Service { return &Service{d} }

// LeftMessage is a message that was left for a user.
type LeftMessage struct {
	ID        string    `json:"id" doc:"Of the interaction that left it."`
	Recording string    `json:"recording,omitempty" doc:"Id of its recording, to be opened and heard as any other; absent while it is being made."`
	Name      string    `json:"name" doc:"Who called, as the call said itself; else its number. May be empty."`
	Number    string    `json:"number,omitempty" doc:"From which it was left; absent: it was withheld, or a colleague's phone."`
	LeftAt    time.Time `json:"left_at"`
	LengthMS  int64     `json:"length_ms"`
	HeardAt   time.Time `json:"heard_at,omitzero" doc:"Absent: it was not heard."`
	Deleted   bool      `json:"deleted,omitempty" doc:"It can be taken back for a day."`
}

// Mailbox is a user's messages.
type Mailbox struct {
	Items []LeftMessage `json:"items" doc:"The newest first."`
	Fresh int           `json:"fresh" doc:"How many were not heard."`
}

// Mark is what a user does about a message.
type Mark struct{ Heard, Deleted *bool }

// Own is the actor's mailbox.
func (s *Service) Own(ctx context.Context, a access.Actor) (Mailbox, error) {
	box := Mailbox{Items: []LeftMessage{}}
	var list []message
	var fresh int64
	err := s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) error {
		rows, err := tx.Voicemails(a.User, most)
		if err != nil {
			return err
		}
		if _, fresh, err = tx.CountVoicemails(a.User); err != nil {
			return err
		}
		list = list[:0]
		for _, r := range rows {
			m, err := read(tx, r)
			if err != nil {
				return err
			}
			list = append(list, m)
		}
		return nil
	})
	if err != nil {
		return box, err
	}
	box.Fresh = int(fresh)
	for _, m := range list {
		one, err := s.open(ctx, a.Tenant, m)
		if errs.Is(err, errs.Gone) { // its person is being erased
			continue
		}
		if err != nil {
			return box, err
		}
		box.Items = append(box.Items, one)
	}
	return box, nil
}

// Waiting says how many messages of a user were not heard, and how many were.
func (s *Service) Waiting(ctx context.Context, t id.Tenant, user string) (fresh, heard int, err error) {
	err = s.DB.Read(ctx, t, func(tx *store.Tx) error {
		all, unheard, err := tx.CountVoicemails(user)
		fresh, heard = int(unheard), int(all-unheard)
		return err
	})
	return fresh, heard, err
}

// message is what is stored of one.
type message struct {
	row  store.VoicemailRow
	work store.InteractionRow
	rec  store.RecordingRow
	leg  store.LegRow
}

func read(tx *store.Tx, r store.VoicemailRow) (m message, err error) {
	m.row = r
	if m.work, err = tx.Interaction(r.InteractionID); err != nil {
		return m, err
	}
	recordings, err := tx.Recordings(r.InteractionID)
	if err != nil {
		return m, err
	}
	for _, rec := range recordings {
		if rec.Kind == "message" {
			m.rec = rec
		}
	}
	legs, err := tx.Legs(r.InteractionID)
	for _, l := range legs {
		if l.Part == "caller" && len(l.AddressSealed) > 0 {
			m.leg = l
		}
	}
	return m, err
}

func (s *Service) open(ctx context.Context, t id.Tenant, m message) (LeftMessage, error) {
	out := LeftMessage{ID: m.row.InteractionID, Recording: m.rec.ID, LeftAt: m.row.LeftAt, LengthMS: m.rec.LengthMS, HeardAt: m.row.HeardAt, Deleted: !m.row.DeletedAt.IsZero()}
	name, err := s.opened(ctx, t, m.work.ContactID, "interactions.name/"+m.work.ID, m.work.NameSealed)
	if err != nil {
		return out, err
	}
	number, err := s.opened(ctx, t, m.work.ContactID, "call_legs.address/"+m.leg.ID, m.leg.AddressSealed)
	out.Name, out.Number = name, number
	return out, err
}

func (s *Service) opened(ctx context.Context, t id.Tenant, contact, where string, sealed secret.Sealed) (string, error) {
	if len(sealed) == 0 {
		return "", nil
	}
	plain, err := s.Vault.OpenContact(ctx, t, contact, where, sealed)
	return string(plain.Reveal()), err
}

// Mark notes what the actor does about one of its messages, and how it stands then.
// Repeats are harmless. NotFound where there is none, or it was erased.
func (s *Service) Mark(ctx context.Context, a access.Actor, interaction string, k Mark) (LeftMessage, error) {
	none := errs.New(errs.NotFound, "This message does not exist.")
	if !id.Valid(id.Interaction, interaction) {
		return LeftMessage{}, none
	}
	var m message
	now := s.Clock.Now()
	err := s.DB.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		row, err := tx.Voicemail(interaction)
		if err != nil {
			return err
		}
		if row.UserID != a.User {
			return none
		}
		row.HeardAt = marked(row.HeardAt, k.Heard, now)
		row.DeletedAt = marked(row.DeletedAt, k.Deleted, now)
		if err := tx.MarkVoicemail(row); err != nil {
			return err
		}
		m, err = read(tx, row)
		return err
	})
	if errs.Is(err, errs.NotFound) {
		return LeftMessage{}, none
	}
	if err != nil {
		return LeftMessage{}, err
	}
	s.Tell(a.Tenant, a.User)
	return s.open(ctx, a.Tenant, m)
}

// Tell tells a user's screens and phones that its messages changed: a hint, which may be
// lost.
func (s *Service) Tell(t id.Tenant, user string) {
	_ = s.Bus.Publish(bus.Event{Tenant: t, Kind: Changed, Users: []string{user}, Data: json.RawMessage(`{}`)})
}

// marked is a time that says that something was done, or that it is not.
func marked(at time.Time, done *bool, now time.Time) time.Time {
	switch {
	case done == nil || *done && !at.IsZero():
		return at
	case *done:
		return now
	}
	return time.Time{}
}
