package floor_test

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"nubitalk/internal/app/floor"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/flow"
	"nubitalk/internal/store"
)

// sight is what the store and the floor said when all was last looked at.
type sight struct {
	rows   []store.InteractionRow // open ones, by id
	offers []store.OfferRow       // pending, by id
	live   acd.Restored
	now    time.Time
}

func (w *world) look(t id.Tenant) (*sight, error) {
	s := &sight{}
	var err error
	if s.live, s.now, _, err = floor.Live(w.ctx, w.node.floor, t); err != nil {
		return nil, fmt.Errorf("the floor is gone: %w", err)
	}
	err = w.db.Read(w.ctx, t, func(tx *store.Tx) (err error) {
		if s.rows, err = tx.OpenInteractions(); err != nil {
			return err
		}
		s.offers, err = tx.PendingOffers()
		return err
	})
	slices.SortFunc(s.rows, func(a, b store.InteractionRow) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(s.offers, func(a, b store.OfferRow) int { return cmp.Compare(a.ID, b.ID) })
	return s, err
}

// check holds what is stored, what the engine says and what the screens show
// against each other, for both tenants.
func (w *world) check() error {
	for _, t := range simTenants {
		s, err := w.look(t)
		if err != nil {
			return err
		}
		last := w.seen[t]
		w.seen[t] = s
		for _, check := range []func(id.Tenant, *sight, *sight) error{w.checkStored, w.checkViews, w.checkOffers, w.checkWaiting, w.checkAlerts} {
			if err := check(t, s, last); err != nil {
				return fmt.Errorf("%s: %w", t, err)
			}
		}
		w.remember(t, s, last)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.early) > 0 {
		return errors.New(w.early[0])
	}
	return nil
}

// checkStored: a start would find what the engine has.
func (w *world) checkStored(t id.Tenant, s, _ *sight) error {
	stored, err := floor.Stored(w.ctx, w.node.floor, t)
	if err != nil {
		return err
	}
	if w.timeless {
		forgetTimes(&stored)
		live := s.live
		forgetTimes(&live)
		s = &sight{rows: s.rows, live: live}
	}
	if d := diff(works(stored, w.left[t]), works(s.live, w.left[t])); d != "" {
		return fmt.Errorf("work (-stored +live):\n%s", d)
	}
	if d := diff(agents(stored), agents(s.live)); d != "" {
		return fmt.Errorf("agents (-stored +live):\n%s", d)
	}
	known := map[string]bool{}
	for _, x := range s.live.Works {
		known[x.Work.ID] = true
	}
	for _, r := range s.rows {
		if held := r.State == "arriving" || r.State == "in_flow"; held == known[r.ID] {
			return fmt.Errorf("%s is %s; the engine knows it: %t", r.ID, r.State, known[r.ID])
		}
		if r.State == "arriving" && !w.faulty {
			return fmt.Errorf("%s never began", r.ID)
		}
	}
	return nil
}

// checkAlerts: a start would find the alerts that the floor has, and the floor has
// overlooked none.
func (w *world) checkAlerts(t id.Tenant, _, _ *sight) error {
	live, overlooked, err := floor.Alerts(w.ctx, w.node.floor, t)
	if err != nil {
		return err
	}
	if len(overlooked) > 0 {
		return fmt.Errorf("alerts were overlooked: %v", overlooked)
	}
	var stored []store.AlertRow
	if err := w.db.Read(w.ctx, t, func(tx *store.Tx) (err error) { stored, err = tx.OpenAlerts(); return err }); err != nil {
		return err
	}
	byID := func(a, b store.AlertRow) int { return cmp.Compare(a.ID, b.ID) }
	slices.SortFunc(live, byID)
	slices.SortFunc(stored, byID)
	if d := diff(stored, live, cmpopts.EquateEmpty()); d != "" {
		return fmt.Errorf("alerts (-stored +live):\n%s", d)
	}
	return nil
}

// diff is how two differ. That they mostly do not is seen without the care that
// telling them apart takes.
func diff(a, b any, opts ...gocmp.Option) string {
	if reflect.DeepEqual(a, b) {
		return ""
	}
	return gocmp.Diff(a, b, opts...)
}

func forgetTimes(r *acd.Restored) {
	r.Works, r.Agents = slices.Clone(r.Works), slices.Clone(r.Agents)
	for i := range r.Works {
		x, none := &r.Works[i], time.Time{}
		x.Work.Arrived, x.Work.Queued, x.Work.Entered, x.OfferedAt, x.Deadline, x.WrapUntil, x.Refused = none, none, none, none, none, none, nil
	}
	for i := range r.Agents {
		x := &r.Agents[i]
		x.Since, x.IdleSince, x.LastOffer = time.Time{}, time.Time{}, time.Time{}
	}
}

// works and agents are what must be the same over a restart. What is not the
// state's own is left out, and what agents refused who were taken away: that
// is forgotten with them, and from the row when it is next written.
func works(r acd.Restored, left map[string]bool) map[string]acd.RestoredWork {
	out := map[string]acd.RestoredWork{}
	for _, x := range r.Works {
		x.Work.Preferred, x.Work.Wants, x.AnsweredAt = "", nil, time.Time{}
		if x.Work.Needs != nil && len(x.Work.Needs) == 0 {
			x.Work.Needs = nil
		}
		if x.State != acd.Wrapping {
			x.WrapUntil, x.Extended = time.Time{}, false
		}
		if x.State == acd.Active || x.State == acd.Wrapping {
			x.Work.Only, x.Front, x.Refused = false, false, nil
		}
		x.Refused = slices.DeleteFunc(slices.Clone(x.Refused), func(f acd.RestoredRefusal) bool { return left[f.Agent] })
		if len(x.Refused) == 0 {
			x.Refused = nil
		}
		out[x.Work.ID] = x
	}
	return out
}

func agents(r acd.Restored) map[string]acd.RestoredAgent {
	out := map[string]acd.RestoredAgent{}
	for _, x := range r.Agents {
		out[x.Agent.ID] = acd.RestoredAgent{Presence: x.Presence, Reason: x.Reason, Since: x.Since, IdleSince: x.IdleSince, LastOffer: x.LastOffer, Missed: x.Missed}
	}
	return out
}

// checkViews: screens show what is stored.
func (w *world) checkViews(t id.Tenant, s, _ *sight) error {
	room, err := w.node.floor.Snapshot(w.ctx, supervisor(t))
	if err != nil {
		return err
	}
	count := func(is func(store.InteractionRow) bool) (n int) {
		for _, r := range s.rows {
			if is(r) {
				n++
			}
		}
		return n
	}
	for _, q := range room.Queues {
		if n := count(func(r store.InteractionRow) bool { return r.State == "queued" && r.QueueID == q.ID }); n != q.Waiting {
			return fmt.Errorf("%s shows %d waiting, %d are stored", q.ID, q.Waiting, n)
		}
	}
	for _, v := range room.Agents {
		holds := func(state string) int {
			return count(func(r store.InteractionRow) bool { return r.State == state && r.AgentID == v.User })
		}
		if o, a, x := holds("offered"), holds("active"), holds("wrapping"); o != v.Offered || a != v.Active || x != v.Wrapping {
			return fmt.Errorf("%s shows %d offered, %d active, %d in wrap-up; %d, %d, %d are stored", v.User, v.Offered, v.Active, v.Wrapping, o, a, x)
		}
		if err := w.checkDesk(t, s, v.User); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) checkDesk(t id.Tenant, s *sight, user string) error {
	d, err := w.node.floor.Desk(w.ctx, simActor(t, user))
	if err != nil {
		return err
	}
	var shown, stored []string
	for _, o := range d.Offers {
		shown = append(shown, "offer "+o.ID+" "+o.Interaction.ID)
	}
	for _, it := range d.Work {
		shown = append(shown, it.State+" "+it.ID)
	}
	for _, o := range s.offers {
		if o.UserID == user {
			stored = append(stored, "offer "+o.ID+" "+o.InteractionID)
		}
	}
	for _, r := range s.rows {
		if r.AgentID == user && (r.State == "active" || r.State == "wrapping") {
			stored = append(stored, r.State+" "+r.ID)
		}
	}
	slices.Sort(shown)
	slices.Sort(stored)
	if !slices.Equal(shown, stored) {
		return fmt.Errorf("%s's desk shows %v; stored are %v", user, shown, stored)
	}
	return nil
}

// checkOffers: nothing is with two agents, nobody is offered more than there is
// room for, and who came first is offered first.
func (w *world) checkOffers(_ id.Tenant, s, last *sight) error {
	of := map[string]string{}
	for _, o := range s.offers {
		if of[o.InteractionID] != "" {
			return fmt.Errorf("%s is offered to %s and to %s", o.InteractionID, of[o.InteractionID], o.UserID)
		}
		of[o.InteractionID] = o.UserID
	}
	for _, r := range s.rows {
		if (r.State == "offered") != (of[r.ID] != "") || r.State == "offered" && of[r.ID] != r.AgentID {
			return fmt.Errorf("%s is %s with %q, and offered to %q", r.ID, r.State, r.AgentID, of[r.ID])
		}
	}
	for _, x := range s.live.Works {
		if x.State != acd.Offered || last == nil || last.offer(x.Offer) {
			continue
		}
		if err := w.checkNew(x, s, last); err != nil {
			return err
		}
	}
	return nil
}

func (s *sight) offer(id string) bool {
	return slices.ContainsFunc(s.offers, func(o store.OfferRow) bool { return o.ID == id })
}

func (s *sight) work(id string) (acd.RestoredWork, bool) {
	i := slices.IndexFunc(s.live.Works, func(x acd.RestoredWork) bool { return x.Work.ID == id })
	if i < 0 {
		return acd.RestoredWork{}, false
	}
	return s.live.Works[i], true
}

func (s *sight) queue(id string) (acd.Queue, bool) {
	i := slices.IndexFunc(s.live.Queues, func(q acd.Queue) bool { return q.ID == id })
	if i < 0 {
		return acd.Queue{}, false
	}
	return s.live.Queues[i], true
}

// heldSince says whether the agent who has a work now had it at the last look, and
// did not lose it and get it again since.
func heldSince(before, now acd.RestoredWork) bool {
	wraps := before.State == acd.Active && now.State == acd.Wrapping
	return before.Agent == now.Agent && before.Offer == now.Offer && before.AnsweredAt.Equal(now.AnsweredAt) && (before.State == now.State || wraps)
}

// checkNew looks at an offer that was made since the last look.
func (w *world) checkNew(x acd.RestoredWork, s, last *sight) error {
	i := slices.IndexFunc(s.live.Agents, func(a acd.RestoredAgent) bool { return a.Agent.ID == x.Agent })
	if i < 0 {
		return fmt.Errorf("%s is offered to %s, who is no agent", x.Work.ID, x.Agent)
	}
	a, held := s.live.Agents[i], 0
	for _, y := range s.live.Works {
		if y.Agent != x.Agent || y.State == acd.Queued {
			continue
		}
		if y.Work.Channel == x.Work.Channel {
			held++
		}
		before, was := last.work(y.Work.ID)
		if was && heldSince(before, y) && s.live.Blend[y.Work.Channel][x.Work.Channel] {
			return fmt.Errorf("%s was offered %s beside %s", x.Agent, x.Work.Channel, y.Work.Channel)
		}
	}
	if most := a.Agent.Capacity[x.Work.Channel]; held > most {
		return fmt.Errorf("%s has %d %s works and room for %d", x.Agent, held, x.Work.Channel, most)
	}
	for _, y := range s.live.Works {
		before, was := last.work(y.Work.ID)
		if !was || y.State != acd.Queued || before.State != acd.Queued || len(y.Refused) > 0 || x.Front || x.Work.Only {
			continue
		}
		same := y.Work.Queue == x.Work.Queue && before.Work.Queue == x.Work.Queue && y.Work.Channel == x.Work.Channel && y.Work.Priority == x.Work.Priority
		if same && y.Work.Queued.Before(x.Work.Queued) && able(a.Agent, y, s) {
			return fmt.Errorf("%s got %s, although %s came before it", x.Agent, x.Work.ID, y.Work.ID)
		}
	}
	return nil
}

// able says whether an agent surely may have a work, room apart.
func able(a acd.Agent, x acd.RestoredWork, s *sight) bool {
	q, ok := s.queue(x.Work.Queue)
	if !ok || a.Capacity[x.Work.Channel] == 0 {
		return false
	}
	if x.Work.Only {
		return x.Work.Preferred == a.ID
	}
	kept := x.Work.Preferred != "" && q.Affinity > 0 && !s.now.After(x.Work.Entered.Add(q.Affinity+time.Second))
	if kept || !q.Members[a.ID] {
		return false
	}
	for _, n := range slices.Concat(q.Needs, x.Work.Needs) {
		if a.Skills[n.Skill] < n.Level {
			return false
		}
	}
	return true
}

// checkWaiting: what waits could not be with anybody.
func (w *world) checkWaiting(t id.Tenant, s, _ *sight) error {
	room, err := w.node.floor.Snapshot(w.ctx, supervisor(t))
	if err != nil {
		return err
	}
	online := map[string]bool{}
	for _, v := range room.Agents {
		online[v.User] = v.Online
	}
	for _, x := range s.live.Works {
		if x.State != acd.Queued {
			continue
		}
		for _, a := range s.live.Agents {
			refused := slices.ContainsFunc(x.Refused, func(r acd.RestoredRefusal) bool { return r.Agent == a.Agent.ID })
			if a.Presence == acd.Ready && online[a.Agent.ID] && !refused && able(a.Agent, x, s) && room1(a.Agent, x, s) {
				return fmt.Errorf("%s waits although %s could have it", x.Work.ID, a.Agent.ID)
			}
		}
	}
	return nil
}

// room1 says whether an agent has room for one more.
func room1(a acd.Agent, x acd.RestoredWork, s *sight) bool {
	held := 0
	for _, y := range s.live.Works {
		if y.Agent != a.ID || y.State == acd.Queued {
			continue
		}
		if s.live.Blend[y.Work.Channel][x.Work.Channel] {
			return false
		}
		if y.Work.Channel == x.Work.Channel {
			held++
		}
	}
	return held < a.Capacity[x.Work.Channel]
}

// remember keeps what late answers need, and notes what changed.
func (w *world) remember(t id.Tenant, s, last *sight) {
	if last != nil {
		for _, o := range last.offers {
			if !s.offer(o.ID) {
				w.ended[t] = append(w.ended[t], o)
			}
		}
	}
	line := string(t)[len(t)-1:]
	for _, r := range s.rows {
		line += fmt.Sprintf(" %s:%s:%s:%s:%d", r.ID[len(r.ID)-6:], r.State, r.QueueID, r.AgentID, r.Version)
	}
	if last == nil || line != w.shown[t] {
		w.shown[t] = line
		w.note("   %s", line)
	}
}

// dump is all that is stored of a tenant's open work.
func (w *world) dump(t id.Tenant) (out string, err error) {
	err = w.db.Read(w.ctx, t, func(tx *store.Tx) error {
		rows, err := tx.OpenInteractions()
		slices.SortFunc(rows, func(a, b store.InteractionRow) int { return cmp.Compare(a.ID, b.ID) })
		for _, r := range rows {
			out += fmt.Sprintf("%s %s %s %d\n", r.ID, r.State, r.AgentID, r.Version)
		}
		return err
	})
	return out, err
}

// drain brings everybody in and handles all work. What then still waits must be
// impossible to serve, every agent must be free, and nothing may be lost.
func (w *world) drain() error {
	w.note("drain")
	w.diligent = true
	for quiet := 0; quiet < 5; quiet++ {
		w.handled = false
		for _, t := range simTenants {
			for _, v := range w.seen[t].live.Agents {
				if err := w.ready(t, v.Agent.ID); err != nil {
					return err
				}
			}
		}
		synctest.Wait()
		if err := errors.Join(w.check(), w.handleAll()); err != nil {
			return err
		}
		if err := w.pass(37 * time.Second); err != nil { // past any back-off
			return err
		}
		if w.handled {
			quiet = 0
		}
	}
	for _, t := range simTenants {
		if err := w.checkEnd(t); err != nil {
			return fmt.Errorf("%s at the end: %w", t, err)
		}
	}
	return nil
}

// handleAll answers, finishes and completes until nothing is in hand.
func (w *world) handleAll() error {
	for range 200 {
		handled := false
		for _, t := range simTenants {
			for _, r := range w.seen[t].rows {
				did, err := w.handleOne(t, r)
				if err != nil {
					return fmt.Errorf("%s, which is %s, cannot be handled: %w", r.ID, r.State, err)
				}
				handled = handled || did
			}
		}
		if !handled {
			return nil
		}
		w.handled = true
		synctest.Wait()
		if err := w.check(); err != nil {
			return err
		}
	}
	return errors.New("there is no end of work")
}

func (w *world) handleOne(t id.Tenant, r store.InteractionRow) (did bool, err error) {
	by := simActor(t, r.AgentID)
	switch r.State {
	case "in_flow":
		w.seq++
		err = w.node.floor.CustomerInput(w.ctx, t, r.ID, w.seq, flow.Input{Choice: "bill"})
	case "active":
		_, err = w.node.floor.Finish(w.ctx, by, r.ID)
	case "wrapping":
		_, err = w.node.floor.Complete(w.ctx, by, r.ID, "", nil)
	case "offered":
		i := slices.IndexFunc(w.seen[t].offers, func(o store.OfferRow) bool { return o.InteractionID == r.ID })
		_, err = w.node.floor.Accept(w.ctx, by, w.seen[t].offers[i].ID)
	default:
		return false, nil
	}
	return true, err
}

func (w *world) checkEnd(t id.Tenant) error {
	s := w.seen[t]
	for _, a := range s.live.Agents {
		if a.Presence != acd.Ready {
			return fmt.Errorf("%s is %s and cannot become ready", a.Agent.ID, a.Presence)
		}
		for _, x := range s.live.Works {
			if x.State != acd.Queued {
				return fmt.Errorf("%s is still %s", x.Work.ID, x.State)
			}
			if able(a.Agent, x, s) {
				return fmt.Errorf("%s still waits although %s could have had it", x.Work.ID, a.Agent.ID)
			}
		}
	}
	return w.db.Read(w.ctx, t, func(tx *store.Tx) error {
		for _, it := range w.arrived[t] {
			if err := checkHistory(tx, it); err != nil {
				return fmt.Errorf("%s: %w", it, err)
			}
		}
		return nil
	})
}

// checkHistory: an acknowledged interaction is stored, its parts follow each
// other, and each agent that held it had accepted it.
func checkHistory(tx *store.Tx, interaction string) error {
	r, err := tx.Interaction(interaction)
	if err != nil {
		return err
	}
	parts, err := tx.Segments(interaction)
	if err != nil {
		return err
	}
	held := 0
	for i, p := range parts {
		if p.Number != int64(i+1) || p.EndedAt.IsZero() != (i == len(parts)-1 && r.State != "closed") {
			return fmt.Errorf("%s, and part %d of %d, number %d, ended %s", r.State, i+1, len(parts), p.Number, p.EndedAt)
		}
		if p.HolderKind == "agent" {
			held++
		}
	}
	if r.State == "closed" && (r.CloseReason == "" || r.ClosedAt.IsZero()) {
		return errors.New("closed without a reason")
	}
	offers, err := tx.OffersOf(interaction)
	accepted := 0
	for _, o := range offers {
		if o.Outcome == "accepted" {
			accepted++
		}
		if o.Outcome == "" && r.State != "offered" {
			return fmt.Errorf("an offer to %s never ended", o.UserID)
		}
	}
	if accepted != held {
		return fmt.Errorf("%d agents accepted it and %d held it", accepted, held)
	}
	return err
}
