package chat

import (
	"context"
	"math"

	"nubitalk/internal/base/id"
	"nubitalk/internal/bus"
	"nubitalk/internal/channel"
	"nubitalk/internal/core/flow"
	"nubitalk/internal/store"
)

// Carry stores what the floor's acts say in the conversation and, after the
// commit, tells the visitor and the users whom it concerns.
func (s *Service) Carry(tx *store.Tx, w channel.Work, acts []channel.Act) (func(), error) {
	var out []Message
	for _, a := range acts {
		d, ok := s.asDraft(tx.Context(), w, a)
		if !ok {
			continue
		}
		m, err := s.writeAnyway(tx, d)
		if err != nil {
			return nil, err
		}
		out = append(out, m.Message)
	}
	t := tx.Tenant()
	return func() { s.carried(t, w, out) }, nil
}

// asDraft is the line that an act leaves in the conversation.
func (s *Service) asDraft(ctx context.Context, w channel.Work, a channel.Act) (draft, bool) {
	d := draft{interaction: w.ID, author: ByBot, kind: KindText, body: body{Text: a.Text}}
	switch a.Kind {
	case channel.ActSay:
		if a.Text == "" && len(a.Buttons) == 0 {
			return d, false // only its placeholders had been there
		}
		d.body.Digits, d.body.Masked, d.body.Prompt = a.Digits, a.Masked, a.Prompt
		if len(a.Buttons) > 0 {
			d.kind = KindButtons
			for _, b := range a.Buttons {
				d.body.Buttons = append(d.body.Buttons, Button{Value: b.Value, Label: b.Label})
			}
		}
	case channel.ActForm:
		d.kind = KindForm
	case channel.ActEvent:
		d.author, d.kind, d.user = BySystem, KindEvent, a.Agent
		d.body = body{Event: string(a.Event)}
		if a.Agent != "" {
			d.body.Name = s.People.PublicName(ctx, w.Tenant, a.Agent)
		}
	default:
		return d, false
	}
	return d, true
}

func (s *Service) carried(t id.Tenant, w channel.Work, out []Message) {
	p := store.Party{State: w.State, AgentID: w.Agent, ContactID: w.Contact, Consulted: w.Others}
	for _, m := range out {
		s.tell(t, p, m)
	}
	ctx := context.Background()
	kind := "state"
	st := s.stateOf(ctx, w, w.Entry)
	if st.Ended {
		kind = "ended"
	}
	s.publish(bus.Event{Tenant: t, Kind: "visitor.state", Interaction: w.ID, Visitor: frame(kind, st)})
	if w.State == "closed" {
		s.gone.forget(w.ID)
	}
}

// Waits tells people who wait their places anew.
func (s *Service) Waits(t id.Tenant, queue string, waiting []string, estimate int) {
	name := s.Setup.QueueName(context.Background(), t, queue)
	for i, w := range waiting {
		s.publish(bus.Event{Tenant: t, Kind: "visitor.state", Interaction: w,
			Visitor: frame("wait", Place{QueueName: name, Position: i + 1, EstimateSeconds: estimate})})
	}
}

// Place is what a waiting visitor is told in between.
type Place struct {
	QueueName       string `json:"queue_name"`
	Position        int    `json:"position"`
	EstimateSeconds int    `json:"estimate_seconds"`
}

// Asked is what a flow that waits has said since the person's last answer, so
// that a channel can say it again.
func (s *Service) Asked(ctx context.Context, t id.Tenant, interaction string) ([]channel.Act, error) {
	recent, err := s.Messages(ctx, t, interaction, 0, math.MaxInt64, MaxHistory)
	if err != nil {
		return nil, err
	}
	last := len(recent)
	for last > 0 && recent[last-1].AuthorKind == ByBot {
		last--
	}
	var acts []channel.Act
	for _, m := range recent[last:] {
		a := channel.Act{Kind: channel.ActSay, Text: m.Text, Prompt: m.prompt, Digits: (*flow.Digits)(m.Digits), Masked: m.Masked}
		for _, b := range m.Buttons {
			a.Buttons = append(a.Buttons, flow.Button{Value: b.Value, Label: b.Label})
		}
		acts = append(acts, a)
	}
	if n := len(acts); n > 0 && len(acts[n-1].Buttons) == 0 {
		acts[n-1].Collect = true // a flow that waits after words without choices waits for words
	}
	return acts, nil
}
