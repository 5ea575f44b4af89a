package acd

// outbox holds the commands of one step. Their memory serves again in the next
// one, so that steps allocate nothing.
type outbox struct {
	all    []Command
	works  []WorkChanged
	made   []OfferMade
	ended  []OfferEnded
	agents []AgentChanged
}

// mostKept is how many commands of a kind keep their memory: a rare step that
// concerns everybody does not hold its own for ever.
const mostKept = 1024

func (o *outbox) empty() {
	o.all = emptied(o.all)
	o.works = emptied(o.works)
	o.made = emptied(o.made)
	o.ended = emptied(o.ended)
	o.agents = emptied(o.agents)
}

func emptied[T any](of []T) []T {
	if cap(of) > mostKept {
		return nil
	}
	return of[:0]
}

// The functions below add a command, which the caller fills in before it adds
// the next. When an array grows, commands already given out stay in the old one.

func (e *Engine) workChanged() *WorkChanged   { return add(&e.out.all, &e.out.works) }
func (e *Engine) offerMade() *OfferMade       { return add(&e.out.all, &e.out.made) }
func (e *Engine) offerEnded() *OfferEnded     { return add(&e.out.all, &e.out.ended) }
func (e *Engine) agentChanged() *AgentChanged { return add(&e.out.all, &e.out.agents) }

func add[T any, C interface {
	*T
	Command
}](all *[]Command, of *[]T) *T {
	var zero T
	*of = append(*of, zero)
	c := &(*of)[len(*of)-1]
	*all = append(*all, C(c))
	return c
}
