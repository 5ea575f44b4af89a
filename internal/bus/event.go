package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/access"
)

// Event is something that happened and that people may want to see at once.
type Event struct {
	Tenant id.Tenant `json:"t"`
	// Kind is the type that browsers see, e.g. "message.added" (docs/api.md).
	Kind string `json:"k"`
	// Users see it because it concerns them.
	Users []string `json:"u,omitempty"`
	// Watch lets those see it too who hold this permission for the tenant; ""
	// nobody else.
	Watch access.Permission `json:"w,omitempty"`
	// Only says that the event is for those of Users who hold Watch, and for
	// nobody else.
	Only bool `json:"o,omitempty"`
	// In are the teams, queues and campaigns that it belongs to: who holds Watch for a part of
	// the tenant sees it if it is in that.
	In access.RolePart `json:"n,omitzero"`
	// Left is set when what it is about belonged elsewhere before.
	Left *Left `json:"l,omitempty"`
	// Hint says that it tells nothing but to ask again: who holds Watch for a part
	// sees it, too.
	Hint bool `json:"h,omitempty"`
	// Interaction is what the event is about, if anything.
	Interaction string `json:"i,omitempty"`
	// Data is for users, a JSON value.
	Data json.RawMessage `json:"d,omitempty"`
	// Visitor is for the interaction's visitor, a JSON value; nil if it is none
	// of their business.
	Visitor json.RawMessage `json:"v,omitempty"`
}

// Left says of a thing where it was before. Who knows of it by that alone gets, in
// place of the event, one that says that it is gone.
type Left struct {
	ID string          `json:"i"`
	In access.RolePart `json:"n"`
}

// Overflow is the Kind of the event that a subscriber gets when it missed
// events of Event.Tenant, or of every tenant if that is empty. Who serves
// readers from events tells them to fetch again.
const Overflow = "overflow"

// MaxEvent is the most bytes that an event or a command may take on the wire.
const MaxEvent = 6 << 20

// size is what an event is counted as in a queue, in bytes.
func (e *Event) size() int {
	n := 256 + len(e.Data) + len(e.Visitor)
	for _, u := range e.Users {
		n += len(u) + 16
	}
	return n
}

func (e *Event) check() error {
	if err := checkToken("tenant", string(e.Tenant)); err != nil {
		return err
	}
	if e.Kind == "" || e.Kind == Overflow || strings.ContainsAny(e.Kind, "\"\\ \n") {
		return errs.Bad("kind", "must name the event in a word, and %q is the bus's own", Overflow)
	}
	return nil
}

// checkToken refuses what would change the meaning of a NATS subject.
func checkToken(field, s string) error {
	if s == "" {
		return errs.Bad(field, "must not be empty")
	}
	if strings.ContainsAny(s, ".*> \t\r\n\x00") {
		return errs.Bad(field, "must not contain spaces, dots or wildcards")
	}
	return nil
}

// Frames: the first byte says how the rest is carried.
const (
	framePlain  = 'p'
	frameSealed = 's'
)

// encode makes the frame of a payload that belongs to a tenant. It works while
// the bus closes too, so that the last answers leave.
func (b *Bus) encode(t id.Tenant, where string, plain []byte) ([]byte, error) {
	frame, body := byte(framePlain), plain
	if b.conf.Seal != nil {
		sealed, err := b.conf.Seal(context.WithoutCancel(b.ctx), t, where, plain)
		if err != nil {
			return nil, fmt.Errorf("sealing for the bus: %w", err)
		}
		frame, body = frameSealed, sealed
	}
	if len(body) >= MaxEvent {
		return nil, errs.New(errs.TooLarge, "This is too large to be passed on.")
	}
	out := make([]byte, 1+len(body))
	out[0] = frame
	copy(out[1:], body)
	return out, nil
}

var errUnsealed = errors.New("a payload came unsealed where all are sealed")

// decode is the reverse of encode.
func (b *Bus) decode(t id.Tenant, where string, frame []byte) ([]byte, error) {
	if len(frame) == 0 {
		return nil, errors.New("an empty payload")
	}
	switch {
	case frame[0] == framePlain && b.conf.Open == nil:
		return frame[1:], nil
	case frame[0] == framePlain:
		return nil, errUnsealed
	case frame[0] == frameSealed && b.conf.Open != nil:
		plain, err := b.conf.Open(context.WithoutCancel(b.ctx), t, where, frame[1:])
		if err != nil {
			return nil, fmt.Errorf("opening a payload of the bus: %w", err)
		}
		return plain.Reveal(), nil
	}
	return nil, fmt.Errorf("a payload of unknown form %q", frame[0])
}
