package setup

import (
	"context"
	"slices"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/dialplan"
	core "nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// TryNumber is a number that is tried on the dial plan. Nothing of it is stored.
type TryNumber struct {
	Number    string      `json:"number" minLength:"1" maxLength:"64" doc:"As one would dial it."`
	ID        string      `json:"id,omitempty" maxLength:"64" doc:"With trunk: its id, if it is stored already."`
	Trunk     *core.Trunk `json:"trunk,omitempty" doc:"A trunk as edited, which takes part as if it were stored."`
	Caller    string      `json:"caller,omitempty" maxLength:"64" doc:"The number that the agent chose to show."`
	Queue     string      `json:"queue,omitempty" maxLength:"64" doc:"Id of the queue that calls."`
	Anonymous bool        `json:"anonymous,omitempty"`
	At        time.Time   `json:"at,omitzero" doc:"When; absent: now."`
}

// TriedNumber is what the dial plan would decide.
type TriedNumber struct {
	Number   string         `json:"number,omitempty" doc:"How the number is understood: with its country, or as dialled if it is an emergency number."`
	Class    dialplan.Class `json:"class,omitempty" enum:"emergency,own,international,premium"`
	Incoming *TriedIncoming `json:"incoming,omitempty" doc:"If it is a number of one of the trunks."`
	Outgoing []TriedWay     `json:"outgoing" doc:"The trunks by which a call to it would leave, in their order."`
	Why      dialplan.Why   `json:"why,omitempty" enum:"no_trunk,not_a_number,not_your_number,forbidden,premium,not_allowed,closed,too_many_calls,no_minutes,may_not_hide,no_number" doc:"Why none lets it out."`

	Refused *dialplan.Refusal `json:"-"`
}

// TriedIncoming is where a call to the number would arrive.
type TriedIncoming struct {
	Trunk      string `json:"trunk,omitempty" doc:"Id; absent for a new one."`
	Name       string `json:"name"`
	EntryPoint string `json:"entry_point,omitempty" doc:"Absent, with rings absent, too: calls to it are refused."`
	Rings      string `json:"rings,omitempty" doc:"The phone or ring group that a call to it rings."`
	Enabled    bool   `json:"enabled" doc:"The trunk is in use; otherwise calls to it are refused."`
}

// TriedWay is one trunk by which a call would leave.
type TriedWay struct {
	Trunk       string `json:"trunk,omitempty" doc:"Id; absent for a new one."`
	Name        string `json:"name"`
	Dials       string `json:"dials" doc:"The number in the trunk's form."`
	Shows       string `json:"shows,omitempty" doc:"The number that is shown, E.164."`
	From        string `json:"from,omitempty" doc:"The user part of From; absent with anonymous."`
	Asserted    string `json:"asserted,omitempty" doc:"The user part of P-Asserted-Identity."`
	Anonymous   bool   `json:"anonymous"`
	MostSeconds int    `json:"most_seconds,omitempty" doc:"When the call would be ended, because the day's minutes are used up then."`
	Plain       bool   `json:"plain" doc:"The voices may pass unencrypted."`
}

// TryNumber answers what the dial plan would decide about a number. A trunk that
// could not be saved is refused with the same faults, at "trunk.…".
func (s *Service) TryNumber(ctx context.Context, a access.Actor, in TryNumber) (TriedNumber, error) {
	if err := allowed(a, Reads(core.KindTrunk)); err != nil {
		return TriedNumber{}, err
	}
	var trunks []Trunk
	err := s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) error {
		st, err := s.load(tx)
		if err != nil {
			return err
		}
		if err := in.edited(st, s.lines()); err != nil {
			return err
		}
		trunks = st.trunks(a.Tenant, s.lines(), s.Encryption)
		return nil
	})
	if err != nil {
		return TriedNumber{}, err
	}
	if in.At.IsZero() {
		in.At = s.Clock.Now()
	}
	return in.decide(a, trunks), nil
}

// edited puts the trunk as edited among the others.
func (in *TryNumber) edited(st *state, lines core.Lines) error {
	if in.Trunk == nil {
		return nil
	}
	t := core.Clean(*in.Trunk)
	if t.Name == "" {
		t.Name = "…" // it may be tried before it has one
	}
	row, stored := st.rows[core.KindTrunk][in.ID]
	if in.ID != "" && !stored {
		return errs.Bad("id", "names a trunk that does not exist or is archived.")
	}
	var faults errs.Fields
	err := t.Validate(refs{st, core.KindTrunk, in.ID})
	if err == nil {
		err = t.CheckLine(lines, st.slug)
	}
	if err != nil {
		for _, f := range errs.As(err).Fields {
			faults.Add("trunk."+f.Path, "%s", f.Problem)
		}
	}
	if !stored {
		row.Position = st.last[core.KindTrunk] + 1
	}
	if st.rows[core.KindTrunk] == nil {
		st.rows[core.KindTrunk] = map[string]store.SetupRow{}
	}
	st.rows[core.KindTrunk][in.ID] = row
	st.put(in.ID, t)
	return faults.Err()
}

func (in *TryNumber) decide(a access.Actor, trunks []Trunk) TriedNumber {
	plans := make([]dialplan.Trunk, len(trunks))
	for i, t := range trunks {
		plans[i] = t.Plan
	}
	p := dialplan.New(plans)
	out := TriedNumber{Outgoing: []TriedWay{}}
	number := secret.New(in.Number)
	if l, ok := p.Owner(number); ok {
		out.Number = l.Number
		out.Incoming = &TriedIncoming{l.Trunk.ID, l.Trunk.Name, l.EntryPoint, l.Rings, l.Trunk.Enabled}
	}
	way, refused := p.Outgoing(dialplan.Wish{Tenant: a.Tenant, To: number, Caller: in.Caller, Queue: in.Queue, Anonymous: in.Anonymous}, dialplan.Usage{}, in.At)
	if refused != nil {
		out.Why, out.Refused = refused.Why, refused
		return out
	}
	out.Number, out.Class = way.To.Reveal(), way.Class
	for _, w := range way.Attempts {
		i := slices.IndexFunc(trunks, func(t Trunk) bool { return t.ID == w.Trunk.ID })
		out.Outgoing = append(out.Outgoing, TriedWay{Trunk: w.Trunk.ID, Name: w.Trunk.Name, Dials: w.To.Reveal(), Shows: w.Show.Number, From: w.Show.From, Asserted: w.Show.Asserted,
			Anonymous: w.Show.Anonymous, MostSeconds: int(w.Most / time.Second), Plain: trunks[i].Encryption == core.EncryptionPlain})
	}
	return out
}
