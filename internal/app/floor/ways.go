package floor

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/order"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/flow"
	"nubitalk/internal/core/measure"
)

// maxWays bounds how many ways of one flow are counted: more than one version
// of it has, few enough that editing all day costs nothing.
const maxWays = 10_000

// flowDay counts the ways that runs of one flow took today. It is kept in memory
// only: after a restart it begins anew, and says so.
type flowDay struct {
	day   measure.Day
	since time.Time
	ways  map[flow.Way]int
}

// FlowToday is how a flow is gone through.
type FlowToday struct {
	Since    time.Time       `json:"since" doc:"The ways are counted from here: midnight, or when the floor was last opened."`
	Ways     []FlowWayCount  `json:"ways" doc:"How often each way was taken, in whichever version of the flow."`
	Standing []FlowNodeCount `json:"standing" doc:"How many are at each step now."`
}

// FlowWayCount is one way with how often it was taken. The way into the first
// step has no from and no out.
type FlowWayCount struct {
	From  string `json:"from"`
	Out   string `json:"out" doc:"The field of the step that leads on, like options[0]."`
	To    string `json:"to"`
	Count int    `json:"count"`
}

// FlowNodeCount is one step with how many are there.
type FlowNodeCount struct {
	Node  string `json:"node"`
	Count int    `json:"count"`
}

// tookWays counts ways once they are durable, so that a commit that fails and is
// done again counts once.
func (f *floor) tookWays(flowID string, ways []flow.Way, now time.Time) {
	if len(ways) == 0 {
		return
	}
	f.batch.counted = append(f.batch.counted, func() {
		for _, w := range ways {
			d := f.flowDay(cmp.Or(w.Flow, flowID), now)
			w.Flow = ""
			if _, known := d.ways[w]; known || len(d.ways) < maxWays {
				d.ways[w]++
			}
		}
	})
}

// flowDay is today's count of a flow, a new one after midnight.
func (f *floor) flowDay(flowID string, now time.Time) *flowDay {
	today := measure.DayAt(now, f.plan.TimeZone)
	d := f.ways[flowID]
	if d == nil || d.day != today {
		since := today.From
		if f.opened.After(since) {
			since = f.opened
		}
		d = &flowDay{day: today, since: since, ways: map[flow.Way]int{}}
		f.ways[flowID] = d
	}
	return d
}

// standing lists the steps of a flow at which an interaction is: also the one
// that runs another flow, while that lasts.
func (it *item) standing(flowID string) (nodes []string) {
	if !it.running || it.run.Node == "" {
		return nil
	}
	in := it.row.FlowID
	for _, frame := range it.run.Within {
		if in == flowID {
			nodes = append(nodes, frame.Step)
		}
		in = frame.Flow
	}
	if in == flowID {
		nodes = append(nodes, it.run.Node)
	}
	return nodes
}

// FlowToday tells how often each way of a flow was taken today, and who stands
// where in it now.
func (m *Manager) FlowToday(ctx context.Context, a access.Actor, flowID string) (FlowToday, error) {
	out := FlowToday{Ways: []FlowWayCount{}, Standing: []FlowNodeCount{}}
	err := m.do(ctx, a.Tenant, func(f *floor, now time.Time) error {
		if _, known := f.plan.Flows[flowID]; !known {
			return errs.New(errs.NotFound, "There is no such flow.")
		}
		d := f.flowDay(flowID, now)
		out.Since = d.since
		for w, n := range d.ways {
			out.Ways = append(out.Ways, FlowWayCount{w.From, w.Out, w.To, n})
		}
		at := map[string]int{}
		for _, it := range f.items {
			for _, node := range it.standing(flowID) {
				at[node]++
			}
		}
		for _, node := range slices.Sorted(maps.Keys(at)) {
			out.Standing = append(out.Standing, FlowNodeCount{node, at[node]})
		}
		return nil
	})
	order.By(out.Ways, func(a, b FlowWayCount) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.Out, b.Out), cmp.Compare(a.To, b.To))
	})
	return out, err
}
