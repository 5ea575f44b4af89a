package floor

import (
	"context"
	"encoding/json"
	"sync"
	"sync/atomic"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/bus"
	"nubitalk/internal/channel"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/flow"
	"nubitalk/internal/core/measure"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/core/webhook"
	"nubitalk/internal/store"
)

const (
	mailbox  = 1024 // calls that may wait for one floor
	maxBatch = 256  // calls that share one commit
	maxAhead = 64   // batches that may be committed and not yet on the disk
)

// floor is one tenant's actor. Only its goroutine touches what is below `in`.
type floor struct {
	m      *Manager
	tenant id.Tenant
	fence  int64

	used  time.Duration // when it was needed last, by Manager.Passed; guarded by Manager.mu
	uses  int64         // how often; the same
	zone  atomic.Value  // string: the tenant's time zone, for readers outside
	in    chan *call
	ended chan struct{}
	once  sync.Once
	quit  chan struct{}
	ahead chan outcome  // what the disk is waited for, in order
	shown chan struct{} // closed when all of it was shown
	fault chan struct{} // what was decided did not reach the disk

	engine    *acd.Engine
	plan      Plan
	people    map[string]person
	agents    []setup.Agent              // who serve queues that take every agent, or agents by a rule
	served    map[string][]string        // queue id -> its members
	serves    map[string][]string        // user id -> the queues that it serves, by id
	items     map[string]*item           // open interactions
	helped    map[string]*item           // those in which colleagues are consulted
	kept      map[string]*item           // those whose person is not there: it left a message, or is to be called back
	parked    map[string]*item           // those that are parked
	returning map[string]*item           // those that go back to who parked them
	timed     map[string]*item           // those whose flow waits with a deadline
	asking    map[string]int             // the look-ups under way, by interaction: at which step
	offers    map[string]*Offer          // pending offers
	lapsed    map[string]endedOffer      // how the latest others ended, for who answers late
	online    map[string]int             // live desks a user
	told      map[string]access.RolePart // what an agent belonged to when it was told of last
	aside     map[string]int             // calls a user beside the floor's work
	today     map[string]*dayCount
	day       measure.Day                 // that today counts, in the tenant's time zone
	goals     map[string]goal             // of the queues
	tables    map[string]*setup.Timetable // of the hours that queues have
	recount   bool                        // a goal or the time zone changed: today is counted anew
	untold    map[string]bool             // queues that changed since their figures were told
	toldAt    map[string]time.Time        // when a queue's figures were told last
	waits     map[string]bool
	waited    time.Time       // when waiting people were last told their place
	hours     time.Time       // when a queue next opens or closes; zero: never
	shut      map[string]bool // queues out of their hours
	alerts    alerts
	trunks    map[string]TrunkStanding // as was told last; nil: not yet
	ways      map[string]*flowDay      // by flow
	opened    time.Time
	batch     batch
	coming    []acd.Subject // scratch of ready
	company   int           // up to lonely: how many more waits for others may be in vain
}

// item is an open interaction in memory.
type item struct {
	Interaction
	row                   store.InteractionRow
	stored                store.InteractionRow        // as it is in the database
	unstored              *arrival                    // it is not there yet
	graph                 *flow.Graph                 // of the flow that its entry point runs
	here                  *flow.Graph                 // that it stands in: graph, or one of a flow within it
	within                map[flowVersion]*flow.Graph // flows that it came into, as they were then
	run                   flow.State
	told                  access.RolePart // what it belonged to when it was told of last
	running               bool            // a flow holds it
	fed                   int64           // the last input that the flow took
	place                 time.Time
	entered               time.Time // when it came to its queue
	again                 bool      // it waits to be called once more: it was counted when it came
	wants                 []acd.SkillNeed
	segment               int64
	segFrom               time.Time
	segKind               string
	segOwner              string
	from                  string           // the queue that it last waited in
	was                   former           // the place that it had before a supervisor moved it
	reach                 secret.Text      // the number that its person keyed in to be called back at
	mail                  *flow.Mail       // what its flow may look at; nil once that is over, and after a restart
	greeting              channel.Greeting // of a mailbox, as it arrives
	later                 bool             // it leaves the engine to be called again, or is parked
	parking               *channel.Parking // of a call between phones, as it arrives
	parkedBy, parkedPhone string           // who parked it, by which phone, or put it aside
	parkedAt              time.Time
	late                  bool // it waits longer than its queue's goal, and was counted so
}

// flowVersion names a flow as it was published.
type flowVersion struct {
	flow    string
	version int64
}

// former is a place in a queue. It is kept in memory only: after a restart what is
// moved back gets a new place.
type former struct {
	queue          string
	place, entered time.Time
	front          bool
}

// person is a user as routing needs it.
type person struct {
	name     string
	since    time.Time // when the account was made
	watches  bool      // may watch the floor
	agent    bool
	serves   bool // queues that take every agent, or agents by a rule
	who      setup.Agent
	capacity map[acd.Channel]int
}

// call is one request to the floor.
type call struct {
	about   acd.Subject         // as far as it is known
	calm    func(f *floor) bool // it may wait for others; nil: it may not
	arrival *arrival            // is stored with what fn decides; nil: nothing arrives
	fn      func(f *floor, now time.Time) error
	err     error
	done    chan struct{}
}

// outcome is a batch that is committed. It is shown, and its calls are answered, once
// the disk has it; the floor goes on meanwhile.
type outcome struct {
	durable func() error // nil: there was nothing to write
	hush    []func()     // ends what rings already, if it is not stored
	calls   []*call
	carried []func() // what channels let be seen
	events  []bus.Event
	after   []func()
}

// batch is what one commit carries.
type batch struct {
	items    map[string]*item
	order    []*item
	acts     map[string][]channel.Act
	segments []store.SegmentRow
	offers   []store.OfferRow
	ended    []store.OfferRow
	offered  []*Offer // to be told
	agents   map[string]acd.AgentChanged
	queues   map[string]bool
	writes   []func(tx *store.Tx) error
	events   []bus.Event
	others   []webhook.Event // for other systems
	counted  []func()        // by the floor's goroutine, once it is committed
	after    []func()        // once the disk has it, beside the floor's goroutine
}

func newBatch() batch {
	return batch{items: map[string]*item{}, acts: map[string][]channel.Act{}, agents: map[string]acd.AgentChanged{}, queues: map[string]bool{}}
}

func (b *batch) empty() bool {
	return len(b.items) == 0 && len(b.offers) == 0 && len(b.ended) == 0 && len(b.agents) == 0 && len(b.writes) == 0 && len(b.segments) == 0
}

func newFloor(m *Manager, t id.Tenant, fence int64) *floor {
	f := &floor{m: m, tenant: t, fence: fence, in: make(chan *call, mailbox), ended: make(chan struct{}), quit: make(chan struct{}), ahead: make(chan outcome, maxAhead), shown: make(chan struct{}), fault: make(chan struct{}, 1),
		told: map[string]access.RolePart{}, online: map[string]int{}, aside: map[string]int{}, asking: map[string]int{}, untold: map[string]bool{}, toldAt: map[string]time.Time{}, waits: map[string]bool{}, shut: map[string]bool{}, ways: map[string]*flowDay{}, opened: m.Clock.Now()}
	f.used = m.Passed()
	return f
}

func moving() error {
	return &errs.Error{Code: errs.Unavailable, Text: "This organisation's floor is moving. Please try again in a moment.", RetryAfter: time.Second}
}

// do hands fn to the floor's goroutine and waits until its changes are durable.
func (f *floor) do(ctx context.Context, about acd.Subject, fn func(f *floor, now time.Time) error) error {
	return f.hand(ctx, &call{about: about, fn: fn, done: make(chan struct{})})
}

// hand is do for a call as it is.
func (f *floor) hand(ctx context.Context, c *call) error {
	gone := moving()
	select {
	case f.in <- c:
	case <-f.ended:
		return gone
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-c.done:
		return c.err
	case <-f.ended:
		select {
		case <-c.done: // it was answered while the floor ended
			return c.err
		default:
			return gone
		}
	}
}

func (f *floor) stop() {
	f.leave()
	<-f.ended
}

// leave tells the floor to end, and does not wait for that.
func (f *floor) leave() { f.once.Do(func() { close(f.quit) }) }

// run is the floor's goroutine. It sleeps until a call comes or a timer of the
// engine or of a flow is due; nothing polls.
func (f *floor) run(ctx context.Context) {
	defer close(f.ended)
	go f.show()
	defer func() { close(f.ahead); <-f.shown }()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		var calls []*call
		select {
		case <-f.quit:
			return
		case <-f.fault:
			if !f.recover(context.WithoutCancel(ctx), nil) {
				return
			}
		case c := <-f.in:
			calls = append(calls, c)
		case <-timer.C:
		}
		if !f.turn(context.WithoutCancel(ctx), f.gather(f.drain(calls))) {
			return
		}
		timer.Reset(f.sleep())
	}
}

// ready readies the engine for calls that came together.
func (f *floor) ready(calls []*call) {
	if len(calls) < 2 {
		return
	}
	f.coming = f.coming[:0]
	for _, c := range calls {
		f.coming = append(f.coming, c.about)
	}
	f.engine.Expect(f.coming)
}

// turn handles one batch of calls; false means that the floor is not ours any
// more.
func (f *floor) turn(ctx context.Context, calls []*call) bool {
	now := f.m.Clock.Now()
	f.batch = newBatch()
	f.newDay(now)
	f.step(acd.Tick{}, now)
	f.openAndClose(now)
	f.flowTimers(now)
	f.ready(calls)
	out, err := f.decide(ctx, calls, now)
	if err != nil {
		f.unsaved(calls, err)
		return f.recover(ctx, err)
	}
	out.calls = calls
	f.ahead <- out
	if f.recount {
		if err := f.countAnew(ctx); err != nil {
			return f.recover(ctx, err)
		}
	}
	return true
}

// recover rebuilds the engine from what is stored, because memory ran ahead of
// it. It waits for the store as long as the floor is ours.
func (f *floor) recover(ctx context.Context, cause error) bool {
	if errs.Is(cause, errs.Fenced) {
		go f.m.lost(f) // lost waits for this goroutine to end
		return false
	}
	f.awaitShown()
	pause := 50 * time.Millisecond
	for {
		err := f.rebuild(ctx)
		if err == nil {
			f.publish(bus.Event{Tenant: f.tenant, Kind: "floor.rebuilt", Watch: access.SignedIn, Hint: true, Data: json.RawMessage(`{}`)})
			return true
		}
		refused := errs.Wrap(errs.Unavailable, err, "The store is not available. Please try again in a moment.")
		wait := time.NewTimer(pause)
	pause:
		for {
			select {
			case <-f.quit:
				wait.Stop()
				return false
			case c := <-f.in:
				c.err = refused
				close(c.done)
			case <-wait.C:
				break pause
			}
		}
		pause = min(2*pause, 2*time.Second)
	}
}

// sleep is how long nothing will be due.
func (f *floor) sleep() time.Duration {
	now := f.m.Clock.Now()
	d := time.Hour
	if at, ok := f.engine.NextWake(); ok {
		d = min(d, at.Sub(now))
	}
	for _, it := range f.timed {
		d = min(d, it.run.Deadline.Sub(now))
	}
	if !f.hours.IsZero() {
		d = min(d, f.hours.Sub(now))
	}
	if len(f.alerts.due) > 0 {
		d = min(d, f.alerts.due[0].at.Sub(now))
	}
	for q := range f.untold {
		d = min(d, f.toldAt[q].Add(tellQueueEvery).Sub(now))
	}
	if len(f.waits) > 0 {
		d = min(d, f.waited.Add(tellEvery).Sub(now))
	}
	return max(d, 0)
}

// commit writes the batch in one transaction and returns what may be shown once the
// disk has it.
func (f *floor) commit(ctx context.Context) (outcome, error) {
	if f.batch.empty() {
		return f.committed(nil, nil), nil
	}
	return f.store(ctx, nil)
}

// store is commit with what is stored, or decided, first in that transaction.
func (f *floor) store(ctx context.Context, first func(tx *store.Tx) error) (outcome, error) {
	var rows []store.InteractionRow
	if first == nil {
		var err error
		if rows, err = f.rows(ctx); err != nil {
			return outcome{}, err
		}
	}
	var after []func()
	durable, err := f.m.DB.Ahead(ctx, f.tenant, func(tx *store.Tx) error {
		after = after[:0]
		err := tx.CheckFence(leaseName, f.fence)
		if err == nil && first != nil {
			if err = first(tx); err == nil {
				rows, err = f.rows(ctx)
			}
		}
		if err != nil {
			return err
		}
		return f.write(tx, rows, &after)
	})
	if err != nil {
		return outcome{}, err
	}
	hush := f.ring()
	for i, it := range f.batch.order {
		if it.row = rows[i]; it.unstored == nil {
			it.row.Version++
		}
		it.stored, it.unstored = it.row, nil
		if it.State == string(acd.Closed) {
			delete(f.items, it.ID)
			delete(f.helped, it.ID)
			delete(f.kept, it.ID)
			delete(f.parked, it.ID)
			delete(f.returning, it.ID)
		}
	}
	out := f.committed(durable, after)
	out.hush = hush
	return out, nil
}

// committed ends a batch, of which only showing it is left.
func (f *floor) committed(durable func() error, carried []func()) outcome {
	for _, run := range f.batch.counted {
		run()
	}
	out := outcome{durable: durable, carried: carried, events: f.batch.events, after: f.batch.after}
	f.batch = newBatch()
	return out
}

func (f *floor) write(tx *store.Tx, rows []store.InteractionRow, after *[]func()) error {
	for i, r := range rows {
		if err := f.batch.order[i].put(tx, r); err != nil {
			return err
		}
		if r.CampaignID != "" && !r.ClosedAt.IsZero() && f.m.Campaigns != nil {
			if err := f.m.Campaigns.Ended(tx, r.ID); err != nil {
				return err
			}
		}
	}
	for _, o := range f.batch.ended { // before the new ones: one pending offer per interaction
		if err := tx.EndOffer(o.ID, o.Outcome, o.EndedAt); err != nil {
			return err
		}
	}
	for _, o := range f.batch.offers {
		if err := tx.InsertOffer(o); err != nil {
			return err
		}
	}
	if err := tx.PutSegments(f.batch.segments); err != nil {
		return err
	}
	for _, a := range f.batch.agents {
		if err := tx.PutAgent(f.agentRow(a)); err != nil {
			return err
		}
	}
	for _, w := range f.batch.writes {
		if err := w(tx); err != nil {
			return err
		}
	}
	if len(f.batch.others) > 0 {
		if err := f.m.Webhooks.Tell(tx, f.batch.others...); err != nil {
			return err
		}
	}
	for _, it := range f.batch.order {
		acts, driver := f.batch.acts[it.ID], f.m.drivers[it.drivenBy()]
		if driver == nil {
			continue
		}
		done, err := driver.Carry(tx, f.work(it), acts)
		if err != nil {
			return err
		}
		if done != nil {
			*after = append(*after, done)
		}
	}
	return nil
}

func (f *floor) work(it *item) channel.Work {
	position, estimate := f.waitOf(it, f.m.Clock.Now())
	return channel.Work{Others: it.Consulted, Position: position, Estimate: estimate, ID: it.ID, Tenant: it.Tenant, Contact: it.Contact, Entry: it.EntryPoint, State: it.State, Queue: it.Queue, Agent: it.Agent, Language: it.Language, Outgoing: it.Outgoing, Campaign: it.Campaign, Channel: it.Channel, Talk: it.Talk, Video: it.Video, Outside: it.Outside, Apart: it.Apart, Kept: it.LeftMessage, Parked: it.running && it.row.FlowID == parkFlow, Shelved: it.onShelf(), Merged: it.MergedInto, Callback: it.Callback && it.Attempts < f.plan.Rules.CallBack.OrUsual().Attempts, Mailbox: it.Mailbox, Closed: it.ClosedAt}
}

// touch puts an interaction into the batch.
func (f *floor) touch(it *item) {
	f.noteHelp(it)
	f.noteKept(it)
	if f.batch.items[it.ID] == nil {
		f.batch.items[it.ID] = it
		f.batch.order = append(f.batch.order, it)
	}
}

// noteHelp remembers in which interactions colleagues are consulted.
func (f *floor) noteHelp(it *item) {
	if len(it.Consulted) > 0 {
		f.helped[it.ID] = it
	} else {
		delete(f.helped, it.ID)
	}
}

// noteKept remembers whose person is not there.
func (f *floor) noteKept(it *item) {
	if it.LeftMessage {
		f.kept[it.ID] = it
	} else {
		delete(f.kept, it.ID)
	}
}

func (f *floor) act(it *item, a channel.Act) {
	f.touch(it)
	f.batch.acts[it.ID] = append(f.batch.acts[it.ID], a)
}

// show lets the outside see what is durable, one batch after the other, on a
// goroutine of its own.
func (f *floor) show() {
	defer close(f.shown)
	for o := range f.ahead {
		if o.durable != nil {
			if err := o.durable(); err != nil {
				o.lost()
				f.unsaved(o.calls, err)
				select {
				case f.fault <- struct{}{}:
				default: // it is known
				}
				continue
			}
		}
		f.tell(o)
		for _, c := range o.calls {
			close(c.done)
		}
	}
}

// tell lets the outside see a batch that is durable.
func (f *floor) tell(o outcome) {
	for _, run := range o.carried {
		run()
	}
	for _, e := range o.events {
		f.publish(e)
	}
	for _, run := range o.after {
		run()
	}
}

// awaitShown waits until everything that was committed is shown.
func (f *floor) awaitShown() {
	settled := make(chan struct{})
	f.ahead <- outcome{after: []func(){func() { close(settled) }}}
	<-settled
}

// unsaved answers the calls of a batch that was not stored.
func (f *floor) unsaved(calls []*call, err error) {
	f.m.Log.Error("floor could not commit", "tenant", f.tenant, "code", errs.As(err).Code, "err", err)
	for _, c := range calls {
		if c.err == nil {
			c.err = errs.Wrap(errs.Unavailable, err, "This could not be saved. Nothing was changed. Please try again.")
		}
		close(c.done)
	}
}

func (f *floor) publish(e bus.Event) {
	if err := f.m.Bus.Publish(e); err != nil {
		f.m.Log.Warn("a live event was not published", "tenant", f.tenant, "kind", e.Kind, "code", errs.As(err).Code)
	}
}
