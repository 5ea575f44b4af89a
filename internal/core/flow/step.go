package flow

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"nubitalk/internal/base/errs"
)

// Start begins a run in the person's language. known holds attributes that are
// known before the first node (AttributeName); it is copied.
func Start(g *Graph, language string, known map[string]string, w World) (State, []Action, error) {
	return Step(g, State{Language: language, Attributes: known}, Input{}, w)
}

// Step takes a run from where it stands, with what the person did, to where it
// waits again or ends. It is a pure function: the same arguments give the same
// result, s is not changed, and it ends after at most one pass over the nodes.
//
// Input that does not concern the run where it stands (words while no question
// is open, a choice of a question that was answered before, a deadline that is
// not due, anything after the end) changes nothing and gives no action.
//
// An error means that the run cannot go on (it passed MaxSteps, or the graph
// was never checked); the State returned with it is Done, and the caller
// decides what becomes of the person.
func Step(g *Graph, s State, in Input, w World) (State, []Action, error) {
	s, actions, _, err := Trace(g, s, in, w)
	return s, actions, err
}

// Trace is Step that also tells which ways the run took, in order. A question
// that comes again takes no way.
func Trace(g *Graph, s State, in Input, w World) (State, []Action, []Way, error) {
	if s.Done {
		return s, nil, nil, nil
	}
	r := &run{root: g, graph: Here(g, s, w.Flow), s: s, w: w, left: len(g.Nodes) + 1}
	r.s.Attributes = maps.Clone(s.Attributes)
	r.s.Skills, r.s.Prefers, r.s.Secrets = maps.Clone(s.Skills), maps.Clone(s.Prefers), maps.Clone(s.Secrets)
	r.s.Within = slices.Clone(s.Within)
	if r.graph == nil {
		return r.failed(errs.New(errs.Internal, "The flow stands in one that is gone."))
	}
	for i := range s.Within {
		if g := Here(g, State{Within: s.Within[:i+1]}, w.Flow); g != nil {
			r.left += len(g.Nodes) + 1
		}
	}
	first, moved := r.begin(in)
	if !moved {
		return s, nil, nil, nil
	}
	if err := r.follow(first); err != nil {
		return r.failed(err)
	}
	return r.s, r.actions, r.ways, nil
}

// failed is what comes of a run that cannot go on.
func (r *run) failed(err error) (State, []Action, []Way, error) {
	r.s.Done, r.s.Waiting, r.s.Deadline = true, false, time.Time{}
	r.s.Forget()
	return r.s, nil, r.ways, err
}

// All ranges over the nodes by name.
func (g *Graph) All() iter.Seq2[string, Node] { return sorted(g.Nodes) }

// run is one call of Step at work.
type run struct {
	root    *Graph
	graph   *Graph // in which it stands
	s       State
	w       World
	left    int   // nodes that may be run before it must wait
	err     error // it cannot go on
	actions []Action
	ways    []Way
}

// way is where a node leads, and by which of its fields.
type way struct{ out, to string }

// begin finds where to go on from: the start, or the answer to the open
// question. moved is false when the input changes nothing.
func (r *run) begin(in Input) (next way, moved bool) {
	if r.s.Node == "" {
		return way{"", r.graph.Start}, true
	}
	if !r.s.Waiting {
		return way{}, false
	}
	n := r.graph.Nodes[r.s.Node]
	if in.Timeout {
		due := !r.s.Deadline.IsZero() && !r.w.Now.Before(r.s.Deadline)
		if n.Type == LookUp {
			return way{"failed", n.Failed}, due
		}
		if n.Type == Consent || n.Type == TransferOut {
			return way{"none", n.None}, due
		}
		switch {
		case !due:
		case n.Type == Voicemail:
			return r.noMessage(n), true
		case n.Type == Callback:
			return way{"failed", n.Failed}, true
		case n.Type == Pause:
			return way{"next", n.Next}, true
		}
		return way{"timeout", n.Timeout}, due && n.Timeout != ""
	}
	switch n.Type {
	case Ask:
		return r.answer(n, in)
	case Collect:
		return r.collected(n, in)
	case Consent:
		return r.consented(n, in)
	case LookUp:
		return r.lookedUp(n, in.Answer)
	case TransferOut:
		return r.notReached(n, in.Outcome)
	case Voicemail:
		return r.tookMessage(n, in.Outcome)
	case Callback:
		return r.willCallBack(n, in.Outcome)
	case Form:
		return way{"next", n.Next}, in.Form
	}
	return way{}, false
}

// collected takes words or keys; what is no answer brings the question again.
func (r *run) collected(n Node, in Input) (next way, moved bool) {
	words := clip(strings.TrimSpace(in.Text), MaxValue)
	if words == "" {
		return way{}, false
	}
	if n.Digits != nil {
		words = n.Digits.keys(words)
	}
	if words == "" || in.Masked != n.Sensitive {
		return way{again, r.s.Node}, true
	}
	if !n.Sensitive {
		r.remember(n.Into, words)
		return way{"next", n.Next}, true
	}
	if r.s.Secrets == nil {
		r.s.Secrets = map[string]string{}
	}
	r.s.Secrets[n.Into] = words
	return way{"next", n.Next}, true
}

// keys are the digits of an answer, which may be written in groups and end with
// the terminator; "" if it is none.
func (d Digits) keys(words string) string {
	if d.Terminator != "" {
		words = strings.TrimSuffix(words, d.Terminator)
	}
	words = strings.NewReplacer(" ", "", "-", "", ".", "", "\u00a0", "").Replace(words)
	if len(words) < d.Min || len(words) > d.Max || strings.Trim(words, "0123456789") != "" {
		return ""
	}
	return words
}

// answer matches a choice, or words that are the same as one.
func (r *run) answer(n Node, in Input) (next way, moved bool) {
	if in.Choice != "" {
		i := slices.IndexFunc(n.Options, func(o Option) bool { return o.Value == in.Choice })
		if i < 0 {
			return way{}, false
		}
		r.remember(n.Into, n.Options[i].Value)
		return option(n, i), true
	}
	words := strings.TrimSpace(in.Text)
	if words == "" {
		return way{}, false
	}
	if in.Masked { // given to a question before
		return way{again, r.s.Node}, true
	}
	for i, o := range n.Options {
		if strings.EqualFold(words, o.Value) || strings.EqualFold(words, r.say(o.Label)) {
			r.remember(n.Into, o.Value)
			return option(n, i), true
		}
	}
	if n.Next != "" {
		return way{"next", n.Next}, true
	}
	return way{again, r.s.Node}, true
}

// again is the way of a question that comes again.
const again = "again"

func option(n Node, i int) way { return way{fmt.Sprintf("options[%d]", i), n.Options[i].Next} }

// follow runs nodes until one waits or ends the flow.
func (r *run) follow(next way) error {
	r.s.Waiting, r.s.Deadline = false, time.Time{}
	if r.s.Done { // what was waited for ended it
		return nil
	}
	for ; r.left > 0; r.left-- {
		if next.to == "" && r.graph.Nodes[r.s.Node].Type == Form { // one that names no next
			r.end(Action{Close: true})
			return nil
		}
		n, ok := r.graph.Nodes[next.to]
		if !ok {
			return errs.New(errs.Internal, "The flow goes on to a step that does not exist.")
		}
		if r.s.Steps >= MaxSteps {
			return errs.New(errs.Internal, "The flow ran for too many steps.")
		}
		if next.out != again {
			r.ways = append(r.ways, Way{r.flow(), r.s.Node, next.out, next.to})
		}
		r.s.Steps++
		r.s.Node = next.to
		if next = r.visit(n); r.err != nil || r.s.Waiting || r.s.Done {
			return r.err
		}
	}
	return errs.New(errs.Internal, "The flow goes round without waiting for the person.")
}

// visit runs one node and names the next.
func (r *run) visit(n Node) (next way) {
	switch n.Type {
	case Say:
		r.act(r.told(n, Action{}))
	case Ask:
		r.act(r.told(n, Action{Buttons: r.buttons(n.Options)}))
		r.wait(n)
	case Collect:
		r.act(r.told(n, Action{Collect: true, Digits: n.Digits, Masked: n.Sensitive}))
		r.wait(n)
	case Form:
		r.actions = append(r.actions, r.told(n, Action{Form: true}))
		r.wait(n)
	case Hours:
		if r.w.IsOpen == nil || r.w.IsOpen(n.Hours) {
			return way{"open", n.Open}
		}
		return way{"closed", n.Closed}
	case Branch:
		for i, c := range n.Cases {
			if r.graph.condition(c.If).holds(r.s, r.w) {
				return way{fmt.Sprintf("cases[%d]", i), c.Next}
			}
		}
	case Set:
		r.set(n)
	case Consent:
		return r.askConsent(n)
	case LookUp:
		r.waitForAnswer(n)
	case TransferOut:
		return r.transferOut(n)
	case Voicemail:
		return r.voicemail(n)
	case Callback:
		return r.callBack(n)
	case Pause:
		return r.pause(n)
	case Script:
		if !r.script(n) {
			return way{"failed", n.Failed}
		}
	case SubFlow:
		return r.enter(n)
	case Return:
		return r.leave(n.End)
	case WaitFor:
		r.learnWait(n.Queue)
		r.act(r.told(n, Action{}))
	case Recording:
		r.actions = append(r.actions, Action{Recording: &Recorded{n.Action, n.Reason}})
	case Enqueue:
		r.act(r.told(n, Action{}))
		r.end(Action{Queue: n.Queue})
	case Close:
		r.act(r.told(n, Action{}))
		r.end(Action{Close: true, Reject: n.Reject})
	}
	return way{"next", n.Next}
}

// learnWait remembers how long a queue would let the person wait.
func (r *run) learnWait(queue string) {
	place, seconds := 0, -1
	if r.w.Wait != nil {
		place, seconds = r.w.Wait(queue)
	}
	r.remember(AttributePlace, "")
	r.remember(AttributeMinutes, "")
	if place > 0 {
		r.remember(AttributePlace, strconv.Itoa(place))
	}
	if seconds >= 0 {
		r.remember(AttributeMinutes, strconv.Itoa((seconds+59)/60))
	}
}

func (r *run) set(n Node) {
	if n.Priority != nil {
		r.s.Priority = *n.Priority
	}
	if n.Language != "" {
		r.s.Language = n.Language
	}
	r.s.Skills, r.s.Prefers = merged(r.s.Skills, n.Skills), merged(r.s.Prefers, n.Prefers)
	for name, v := range n.Attributes {
		r.remember(name, clip(v, MaxValue))
	}
}

// merged puts levels over those that are there.
func merged(into, levels map[string]int) map[string]int {
	if into == nil && len(levels) > 0 {
		into = map[string]int{}
	}
	maps.Copy(into, levels)
	return into
}

func (r *run) remember(name, value string) {
	if name == "" {
		return
	}
	if r.s.Attributes == nil {
		r.s.Attributes = map[string]string{}
	}
	r.s.Attributes[name] = value
}

func (r *run) wait(n Node) {
	r.s.Waiting = true
	if n.Seconds > 0 && n.Timeout != "" {
		r.s.Deadline = r.w.Now.UTC().Add(time.Duration(n.Seconds) * time.Second)
	}
}

func (r *run) end(a Action) {
	r.s.Done = true
	r.s.Forget()
	r.actions = append(r.actions, a)
}

// act notes an action unless there is nothing to say.
func (r *run) act(a Action) {
	if a.Say != "" || a.Buttons != nil || a.Collect {
		r.actions = append(r.actions, a)
	}
}

func (r *run) say(texts map[string]string) string {
	return fill(inLanguage(texts, r.s.Language, r.w.Languages), r.s.Attributes)
}

func (r *run) buttons(options []Option) []Button {
	out := make([]Button, 0, len(options))
	for _, o := range options {
		out = append(out, Button{Value: o.Value, Label: r.say(o.Label)})
	}
	return out
}
