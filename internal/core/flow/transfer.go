package flow

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"nubitalk/internal/base/secret"
)

// Ringing times of a transfer_out, in seconds, and what the telephone network may
// take besides before the run goes on without having heard of it.
const (
	MinRing  = 5
	MaxRing  = 120
	ringMore = 90
)

// voiceChannel is the channel of calls.
const voiceChannel = "voice"

// Transfer is the number that a run wants its caller handed over to.
type Transfer struct {
	Step    int         // tells this transfer of the run from every other
	Number  secret.Text // as it is written
	Caller  string      // the own number to show; "" leaves it to the trunk
	Seconds int         // that it may ring
}

// Outcome is why nobody was reached: Way is "busy", "none" (no answer) or "failed".
// Of a message by voice it is "left" or "none", of a callback "kept" or "failed".
type Outcome struct {
	Step int
	Way  string
	// Number is where the person is to be called back, in E.164, if it keyed one in.
	Number secret.Text
}

// transferOut calls a number for the caller; where that cannot be, it has failed.
func (r *run) transferOut(n Node) (next way) {
	number := strings.TrimSpace(fill(n.Number, r.s.Attributes))
	if r.w.Channel != voiceChannel || number == "" {
		return way{"failed", n.Failed}
	}
	r.act(r.told(n, Action{}))
	r.actions = append(r.actions, Action{Transfer: &Transfer{Step: r.s.Steps, Number: secret.New(number), Caller: n.Caller, Seconds: n.Seconds}})
	r.s.Waiting = true
	r.s.Deadline = r.w.Now.UTC().Add(time.Duration(n.Seconds+ringMore) * time.Second)
	return way{}
}

// notReached takes why nobody was reached.
func (r *run) notReached(n Node, o *Outcome) (next way, moved bool) {
	switch {
	case o == nil || o.Step != r.s.Steps:
		return way{}, false
	case o.Way == "busy":
		return way{"busy", n.Busy}, true
	case o.Way == "none":
		return way{"none", n.None}, true
	}
	return way{"failed", n.Failed}, true
}

// Transferring says whether a run waits for a number to answer. g is the graph
// that it stands in (Here).
func Transferring(g *Graph, s State) bool {
	return g != nil && s.Waiting && g.Nodes[s.Node].Type == TransferOut
}

// OnlyCalls says whether a graph, or a flow that it runs, has a step that only
// calls can take.
func OnlyCalls(g *Graph, flows func(string) *Graph) bool {
	return hasStep(g, flows, TransferOut, Voicemail, Callback)
}

// Asks says whether a graph, or a flow that it runs, has a step that waits for the
// person.
func Asks(g *Graph, flows func(string) *Graph) bool {
	return hasStep(g, flows, Ask, Collect, Consent, Form)
}

func hasStep(g *Graph, flows func(string) *Graph, types ...NodeType) bool {
	seen := map[*Graph]bool{}
	var visit func(*Graph) bool
	visit = func(g *Graph) bool {
		if g == nil || seen[g] {
			return false
		}
		seen[g] = true
		for _, n := range g.Nodes {
			if slices.Contains(types, n.Type) || n.Type == SubFlow && visit(flows(n.Flow)) {
				return true
			}
		}
		return false
	}
	return visit(g)
}

var (
	telephone = regexp.MustCompile(`^\+?[0-9][0-9 ()./-]{2,29}$`)
	ownNumber = regexp.MustCompile(`^\+[0-9]{3,15}$`)
)

// notCalls is a channel other than calls whose entry points run the flow; "" if
// there is none.
func (c *checker) notCalls() string {
	for _, channel := range c.refs.Channels() {
		if channel != voiceChannel {
			return channel
		}
	}
	return ""
}

func (c *checker) transferOut(at string, n Node) {
	c.words(at, n, false)
	c.pointer(at+".busy", n.Busy, true)
	c.pointer(at+".none", n.None, true)
	c.pointer(at+".failed", n.Failed, true)
	if other := c.notCalls(); other != "" {
		c.faults.Add(at+".type", "hands a call to a telephone number, and this flow is used for %s, too; only calls can be handed over.", other)
	}
	if n.Seconds < MinRing || n.Seconds > MaxRing {
		c.faults.Add(at+".seconds", "is %d; %d to %d are accepted.", n.Seconds, MinRing, MaxRing)
	}
	c.placeholders(at+".number", n.Number)
	if !placeholder.MatchString(n.Number) && !telephone.MatchString(n.Number) || characters(n.Number) > MaxLabel {
		c.faults.Add(at+".number", "must be a telephone number such as +351 210 000 000, or {{an attribute}} that holds one.")
	}
	if n.Caller != "" && !ownNumber.MatchString(n.Caller) {
		c.faults.Add(at+".caller", "must be one of your numbers in full, such as +351210000000, or be left out.")
	}
}
