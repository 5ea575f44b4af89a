package flow

import (
	"strings"
	"time"

	"nubitalk/internal/base/secret"
)

// Lengths of a message left by voice, in seconds, and what its greeting may take
// besides before the run goes on without having heard of it.
const (
	MinMessage  = 10
	MaxMessage  = 600
	messageMore = 600
)

// Message is a message by voice that a run wants taken.
type Message struct {
	Step    int // tells it from every other of the run
	Seconds int // that it may have
}

// CallBack is a number at which a run wants its caller to be called back.
type CallBack struct {
	Step   int
	Number secret.Text // as it is written; empty: that from which the person calls
}

// afterTone is said where a step has no greeting of its own.
var afterTone = map[string]string{"en": "Please leave a message after the tone, and press hash when you are done.", "pt": "Deixe a sua mensagem depois do sinal e prima cardinal quando terminar."}

// voicemail has a message taken, where the person can leave one.
func (r *run) voicemail(n Node) (next way) {
	if r.w.Channel != voiceChannel {
		return r.noMessage(n)
	}
	greeting := r.told(n, Action{})
	if greeting.Say == "" && len(n.worded()) == 0 {
		greeting.Say = r.say(afterTone)
	}
	r.act(greeting)
	r.actions = append(r.actions, Action{Message: &Message{Step: r.s.Steps, Seconds: n.Seconds}})
	r.s.Waiting = true
	r.s.Deadline = r.w.Now.UTC().Add(time.Duration(n.Seconds+messageMore) * time.Second)
	return way{}
}

// tookMessage takes what became of a message. One that was left ends the run: it
// waits in the step's queue, or is for whoever has the run's mailbox.
func (r *run) tookMessage(n Node, o *Outcome) (next way, moved bool) {
	switch {
	case o == nil || o.Step != r.s.Steps:
		return way{}, false
	case o.Way == "left":
		r.end(Action{Left: true, Queue: n.Queue, Close: n.Queue == ""})
		return way{}, true
	}
	return r.noMessage(n), true
}

// noMessage goes on where nobody left one, or ends.
func (r *run) noMessage(n Node) (next way) {
	if n.None == "" {
		r.end(Action{Close: true})
		return way{}
	}
	return way{"none", n.None}
}

// callBack asks whether the person can be called back at a number.
func (r *run) callBack(n Node) (next way) {
	if r.w.Channel != voiceChannel {
		return way{"failed", n.Failed}
	}
	number := strings.TrimSpace(fill(n.Number, r.s.Attributes))
	if n.Number != "" && number == "" {
		return way{"failed", n.Failed}
	}
	r.actions = append(r.actions, Action{CallBack: &CallBack{Step: r.s.Steps, Number: secret.New(number)}})
	r.s.Waiting = true
	r.s.Deadline = r.w.Now.UTC().Add(callBackWithin)
	return way{}
}

// callBackWithin bounds how long it is asked whether a number may be called.
const callBackWithin = 30 * time.Second

// willCallBack takes whether the person can be called back: then it waits in the
// step's queue, and need not hold the line.
func (r *run) willCallBack(n Node, o *Outcome) (next way, moved bool) {
	switch {
	case o == nil || o.Step != r.s.Steps:
		return way{}, false
	case o.Way == "kept":
		r.act(r.told(n, Action{}))
		r.end(Action{Kept: true, Queue: n.Queue})
		return way{}, true
	}
	return way{"failed", n.Failed}, true
}

// pause waits, and goes on by itself. No tenant's flow has it.
func (r *run) pause(n Node) (next way) {
	r.s.Waiting = true
	r.s.Deadline = r.w.Now.UTC().Add(time.Duration(n.Seconds) * time.Second)
	return way{}
}

// TakesMessage says whether a run waits for a message to be left. g is the graph
// that it stands in (Here).
func TakesMessage(g *Graph, s State) bool {
	return g != nil && s.Waiting && g.Nodes[s.Node].Type == Voicemail
}

// AsksCallBack says whether a run waits to know whether a number may be called.
func AsksCallBack(g *Graph, s State) bool {
	return g != nil && s.Waiting && g.Nodes[s.Node].Type == Callback
}

// Retake is the message that a run waits for, to be taken anew.
func Retake(g *Graph, s State) Message {
	return Message{Step: s.Steps, Seconds: g.Nodes[s.Node].Seconds}
}

// Mailbox is the flow of a call that a user's phone did not take: it says the
// greeting, by language, or plays the prompt, and takes a message.
func Mailbox(greeting map[string]string, prompt map[string]string, seconds int) *Graph {
	g := &Graph{Start: "message", Nodes: map[string]Node{"message": {Type: Voicemail, Text: greeting, Prompt: prompt, Seconds: seconds}}}
	g.compile()
	return g
}

// Back is the flow of a caller who waits in a queue and rather is called back: where
// that cannot be, it waits on there.
func Back(queue string) *Graph {
	g := &Graph{Start: "back", Nodes: map[string]Node{
		"back": {Type: Callback, Queue: queue, Failed: "queue", Text: map[string]string{
			"en": "You keep your place. We call you back when it is your turn. You can hang up.",
			"pt": "O seu lugar fica guardado. Ligamos-lhe quando for a sua vez. Pode desligar."}},
		"queue": {Type: Enqueue, Queue: queue, Text: map[string]string{
			"en": "This number cannot be called back. Please stay on the line; you keep your place.",
			"pt": "Não é possível ligar para este número. Aguarde em linha; o seu lugar fica guardado."}}}}
	g.compile()
	return g
}

// Later is the flow of a person who was not reached and is called again after some
// seconds.
func Later(queue string, seconds int) *Graph {
	g := &Graph{Start: "pause", Nodes: map[string]Node{"pause": {Type: Pause, Seconds: seconds, Next: "queue"}, "queue": {Type: Enqueue, Queue: queue}}}
	g.compile()
	return g
}

func (c *checker) voicemail(at string, n Node) {
	c.words(at, n, false)
	c.pointer(at+".none", n.None, false)
	if other := c.notCalls(); other != "" {
		c.faults.Add(at+".type", "takes a message by voice, and this flow is used for %s, too; only who calls can leave one.", other)
	}
	if !c.refs.HasQueue(n.Queue) {
		c.faults.Add(at+".queue", "must name an existing queue.")
	}
	if n.Seconds < MinMessage || n.Seconds > MaxMessage {
		c.faults.Add(at+".seconds", "is %d; %d to %d are accepted.", n.Seconds, MinMessage, MaxMessage)
	}
}

func (c *checker) callBack(at string, n Node) {
	c.words(at, n, false)
	c.pointer(at+".failed", n.Failed, true)
	if other := c.notCalls(); other != "" {
		c.faults.Add(at+".type", "calls the person back, and this flow is used for %s, too; only who calls can be called back.", other)
	}
	if !c.refs.HasQueue(n.Queue) {
		c.faults.Add(at+".queue", "must name an existing queue.")
	}
	if n.Number == "" {
		return
	}
	c.placeholders(at+".number", n.Number)
	if !placeholder.MatchString(n.Number) || characters(n.Number) > MaxLabel {
		c.faults.Add(at+".number", "must be {{an attribute}} that holds the number, or be left out: then the number that calls is called back.")
	}
}
