package setup

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/flow"
	core "nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// FlowCheck is a graph as edited; ID is the flow's, if it is stored.
type FlowCheck struct {
	ID    string          `json:"id,omitempty" doc:"Of the flow, whose entry points say which languages are needed."`
	Graph json.RawMessage `json:"graph"`
}

// CheckFlow tells what saving the graph would find fault with, at "graph.…".
func (s *Service) CheckFlow(ctx context.Context, a access.Actor, in FlowCheck) (errs.Fields, error) {
	if err := allowed(a, access.SetupWrite); err != nil {
		return nil, err
	}
	var faults errs.Fields
	err := s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) error {
		st, err := s.load(tx)
		if err == nil {
			faults = core.GraphFaults(in.Graph, refs{st, core.KindFlow, in.ID})
		}
		return err
	})
	return faults, err
}

// FlowTry is one step of a run that nobody is in: the graph as edited, where
// the run stands, and what happens. Nothing of it is stored.
type FlowTry struct {
	FlowCheck
	State      *FlowState        `json:"state,omitempty" doc:"As the step before answered it; missing: the run begins."`
	Input      FlowInput         `json:"input,omitempty"`
	Channel    acd.Channel       `json:"channel" enum:"chat,voice,email,social"`
	Language   string            `json:"language" maxLength:"20" doc:"The person's, when the run begins."`
	Name       string            `json:"name,omitempty" maxLength:"200" doc:"What the person calls itself, when the run begins."`
	Attributes map[string]string `json:"attributes,omitempty" doc:"What is known of the person, when the run begins."`
	At         time.Time         `json:"at,omitzero" doc:"The time of the run; missing: now."`
	Place      int               `json:"place,omitempty" minimum:"0" maximum:"10000" doc:"The place in line that a wait step learns; 0: unknown."`
	Minutes    int               `json:"minutes,omitempty" minimum:"-1" maximum:"10000" doc:"The estimated wait that a wait step learns; -1: unknown."`
	Open       string            `json:"open,omitempty" enum:"hours,open,closed" doc:"Opening hours as they are at that time, or all open, or all closed."`
}

// FlowState is where a run stands, as core/flow keeps it.
type FlowState struct {
	Node       string            `json:"node"`
	Attributes map[string]string `json:"attributes,omitempty"`
	Secrets    map[string]string `json:"secrets,omitempty" doc:"Answers to sensitive questions of the run that is tried."`
	Language   string            `json:"language"`
	Priority   int               `json:"priority"`
	Skills     map[string]int    `json:"skills,omitempty"`
	Prefers    map[string]int    `json:"prefers,omitempty"`
	Deadline   time.Time         `json:"deadline,omitzero"`
	Waiting    bool              `json:"waiting" doc:"For the person."`
	Done       bool              `json:"done"`
	Shown      *flow.Shown       `json:"shown,omitempty" doc:"The consent text that waits for an answer, as it was shown."`
	Steps      int               `json:"steps"`
	Within     []flow.Frame      `json:"within,omitempty" doc:"The flows that the run is within, the innermost last; node is a step of that one."`
}

// FlowInput is what the person does, or that its time is over.
type FlowInput struct {
	Text    string      `json:"text,omitempty" maxLength:"4000"`
	Choice  string      `json:"choice,omitempty" maxLength:"200" doc:"An option's value."`
	Form    bool        `json:"form,omitempty" doc:"The form was sent."`
	Timeout bool        `json:"timeout,omitempty" doc:"The deadline has passed."`
	Answer  *FlowAnswer `json:"answer,omitempty" doc:"What the look-up that the run waits for came to."`
	Outcome string      `json:"outcome,omitempty" enum:"busy,none,failed,left,kept" doc:"Why the number that a call is handed over to was not reached; none: nobody answered. Of a message by voice: left or none (nothing was said). Of a callback: kept or failed (the number may not be called)."`
}

// FlowAnswer is what a system outside would have answered.
type FlowAnswer struct {
	Failed bool              `json:"failed,omitempty"`
	Values map[string]string `json:"values,omitempty" doc:"By attribute; what is missing is empty."`
}

// FlowTried is what a step comes to.
type FlowTried struct {
	State   FlowState `json:"state"`
	Actions []FlowAct `json:"actions"`
	Ways    []FlowWay `json:"ways" doc:"The edges that were taken, in order."`
	Failed  bool      `json:"failed" doc:"The run cannot go on: a way leads to no step, or round and round."`
	At      time.Time `json:"at" doc:"The time at which it happened."`
}

// FlowAct is what the person would be told, or what would become of them.
type FlowAct struct {
	Say       string        `json:"say,omitempty"`
	Prompt    string        `json:"prompt,omitempty" doc:"Id of the recorded prompt whose words are said."`
	Buttons   []FlowButton  `json:"buttons,omitempty"`
	Collect   bool          `json:"collect,omitempty"`
	Digits    *FlowDigits   `json:"digits,omitempty" doc:"With collect: digits are waited for."`
	Masked    bool          `json:"masked,omitempty" doc:"With collect: nobody sees the answer."`
	Form      bool          `json:"form,omitempty"`
	Queue     string        `json:"queue,omitempty"`
	Close     bool          `json:"close,omitempty"`
	Consent   string        `json:"consent,omitempty" doc:"The person agreed to this consent text, which would be recorded."`
	Call      *FlowCall     `json:"transfer,omitempty" doc:"A number would be called and the call handed over, and the run waits."`
	Recording *FlowRecorded `json:"recording,omitempty" doc:"The recording would be paused, resumed or stopped."`
	Message   int           `json:"message,omitempty" doc:"A message by voice of at most so many seconds would be taken, and the run waits."`
	Back      *FlowBack     `json:"call_back,omitempty" doc:"It would be asked whether the person can be called back, and the run waits."`
	Returns   bool          `json:"returns,omitempty" doc:"Of a secure flow: it would be over, and the person with its agent again."`
	End       string        `json:"end,omitempty" doc:"With returns: the name of the end."`
	LookUp    *FlowLookUp   `json:"look_up,omitempty" doc:"A system outside would be asked, and the run waits for its answer."`
}

// FlowRecorded is what would be done about the recording.
type FlowRecorded struct {
	Action string `json:"action" enum:"pause,resume,stop"`
	Reason string `json:"reason,omitempty" doc:"A word for why."`
}

// FlowCall is a number that would be called for the caller.
type FlowCall struct {
	Number  string `json:"number"`
	Caller  string `json:"caller,omitempty" doc:"The own number that is shown; missing: the trunk decides."`
	Seconds int    `json:"seconds" doc:"That it rings."`
}

// FlowBack is where a person would be called back.
type FlowBack struct {
	Number string `json:"number,omitempty" doc:"Missing: the number that calls."`
}

// FlowLookUp is what would be asked of a system outside. No secret is in it.
type FlowLookUp struct {
	Connection string            `json:"connection"`
	Method     string            `json:"method"`
	Path       string            `json:"path"`
	Body       map[string]string `json:"body,omitempty" doc:"Secret answers are masked."`
	Results    []string          `json:"results" doc:"The attributes that the answer gives."`
	Seconds    int               `json:"seconds"`
}

// FlowDigits is what a question for digits accepts.
type FlowDigits flow.Digits

// FlowButton is an option in the person's language.
type FlowButton flow.Button

// FlowWay is one edge that a run took.
type FlowWay flow.Way

// TryFlow takes a run one step on with the interpreter that entry points use.
// The graph may be unfinished.
func (s *Service) TryFlow(ctx context.Context, a access.Actor, in FlowTry) (FlowTried, error) {
	if err := allowed(a, access.SetupWrite); err != nil {
		return FlowTried{}, err
	}
	g, err := flow.Parse(in.Graph)
	if err != nil {
		return FlowTried{}, err
	}
	var snap Snapshot
	var languages []string
	err = s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) (err error) {
		st, err := s.load(tx)
		if err != nil {
			return err
		}
		languages = refs{st, core.KindFlow, in.ID}.Languages()
		snap, err = st.snapshot()
		return err
	})
	if err != nil {
		return FlowTried{}, err
	}
	now := in.At
	if now.IsZero() {
		now = s.Clock.Now()
	}
	state := in.begin()
	if in.Input.Timeout && now.Before(state.Deadline) {
		now = state.Deadline
	}
	w := flow.World{Now: now.In(snap.TimeZone), Channel: string(in.Channel), Languages: languages, IsOpen: func(hours string) bool {
		if in.Open == "open" || in.Open == "closed" {
			return in.Open == "open"
		}
		h, known := snap.Hours[hours]
		return !known || core.IsOpen(h, now)
	}, Wait: func(string) (int, int) { return in.Place, in.Minutes * 60 },
		Consent: func(text string) (map[string]string, int64) { c := snap.ConsentTexts[text]; return c.Text, c.Version },
		Prompt:  snap.Words,
		Flow:    func(id string, _ int64) (*flow.Graph, int64) { f := snap.Flows[id]; return f.Graph, f.Version }}
	here := flow.Here(g, state, w.Flow)
	state, actions, ways, err := flow.Trace(g, state, in.Input.at(here, state), w)
	out := FlowTried{State: FlowState(state), Actions: []FlowAct{}, Ways: []FlowWay{}, Failed: err != nil, At: now}
	for _, one := range actions {
		act := FlowAct{Say: one.Say, Prompt: one.Prompt, Collect: one.Collect, Digits: (*FlowDigits)(one.Digits), Masked: one.Masked, Form: one.Form, Queue: one.Queue, Close: one.Close, Returns: one.Back, End: one.End}
		if one.Given != nil {
			act.Consent = one.Given.Text
		}
		if c := one.Transfer; c != nil {
			act.Call = &FlowCall{Number: c.Number.Reveal(), Caller: c.Caller, Seconds: c.Seconds}
		}
		if r := one.Recording; r != nil {
			act.Recording = &FlowRecorded{string(r.Action), r.Reason}
		}
		if m := one.Message; m != nil {
			act.Message = m.Seconds
		}
		if b := one.CallBack; b != nil {
			act.Back = &FlowBack{Number: b.Number.Reveal()}
		}
		for _, b := range one.Buttons {
			act.Buttons = append(act.Buttons, FlowButton(b))
		}
		out.Actions = append(out.Actions, act)
	}
	if r, asks := flow.Pending(flow.Here(g, state, w.Flow), masked(state)); asks && err == nil {
		out.Actions = append(out.Actions, FlowAct{LookUp: lookUpOf(r)})
	}
	for _, one := range ways {
		out.Ways = append(out.Ways, FlowWay(one))
	}
	return out, nil
}

// at is the input as it comes to the node that waits for it.
func (in FlowInput) at(g *flow.Graph, s flow.State) flow.Input {
	out := flow.Input{Text: in.Text, Choice: in.Choice, Form: in.Form, Timeout: in.Timeout, Masked: g != nil && g.Nodes[s.Node].Sensitive}
	if in.Outcome != "" {
		out.Outcome = &flow.Outcome{Step: s.Steps, Way: in.Outcome}
	}
	if in.Answer != nil {
		out.Answer = &flow.Answer{Step: s.Steps, Failed: in.Answer.Failed, Values: in.Answer.Values}
	}
	return out
}

// masked is a state whose secrets are not told.
func masked(s flow.State) flow.State {
	s.Secrets = maps.Clone(s.Secrets)
	for name := range s.Secrets {
		s.Secrets[name] = "••••"
	}
	return s
}

func lookUpOf(r flow.Request) *FlowLookUp {
	l := &FlowLookUp{Connection: r.Connection, Method: r.Method, Path: r.Path.Reveal(), Results: slices.Sorted(maps.Keys(r.Results)), Seconds: r.Seconds}
	if len(r.Body) > 0 {
		l.Body = map[string]string{}
	}
	for name, text := range r.Body {
		l.Body[name] = text.Reveal()
	}
	return l
}

// begin is where the run stands before the step.
func (in FlowTry) begin() flow.State {
	if in.State != nil {
		return flow.State(*in.State)
	}
	known := map[string]string{}
	for name, value := range in.Attributes {
		known[name] = value
	}
	if in.Name != "" {
		known[flow.AttributeName] = in.Name
	}
	return flow.State{Language: in.Language, Attributes: known}
}
