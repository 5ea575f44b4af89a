package server

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"sync"
	"time"

	"nubitalk/internal/app/floor"
	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/bus"
	"nubitalk/internal/core/flow"
	"nubitalk/internal/store"
)

const (
	floorLease   = "floor"         // app/floor's lease
	believeLease = time.Second     // a lease is read again after
	tellDesks    = 5 * time.Second // live desks are told to the floor's node again after
	forgetDesks  = 16 * time.Second
)

// cluster lets every node of several answer for every tenant: what needs a
// tenant's floor is done by the node that holds it. A call about the floor goes
// there as a command over the bus (sealed under the tenant's key), a request of
// the API as a whole (forward.go). With one node there is no cluster.
//
// It runs one goroutine, which tells the holders again how many live desks this
// node has, so that a floor that moved knows them, and a node that is gone is
// forgotten.
type cluster struct {
	*floor.Manager // for calls on this node
	node           string
	db             *store.DB
	bus            *bus.Bus
	clock          clock.Clock
	log            *slog.Logger
	doors          doors

	mu      sync.Mutex // guards what follows
	holders map[id.Tenant]holder
	own     desksOf                                           // of this node
	others  map[id.Tenant]map[string]map[string]reportedDesks // by user and node, of floors held here
	told    desksOf                                           // sums as the floor knows them

	unserve func()
	cancel  context.CancelFunc
	ended   chan struct{}
}

type holder struct {
	node  string
	until time.Time
}

// desksOf counts live desks by tenant and user.
type desksOf map[id.Tenant]map[string]int

func (d desksOf) set(t id.Tenant, user string, n int) {
	if d[t] == nil {
		d[t] = map[string]int{}
	}
	d[t][user] = n
}

type reportedDesks struct {
	n  int
	at time.Time
}

// command is a call about a floor, for the node that holds it.
type command struct {
	Op          string         `json:"op"`
	Tenant      id.Tenant      `json:"tenant"`
	Interaction string         `json:"interaction,omitempty"`
	EntryPoint  string         `json:"entry_point,omitempty"`
	Seq         int64          `json:"seq,omitempty"`
	Input       flow.Input     `json:"input,omitzero"`
	Rating      int            `json:"rating,omitempty"`
	Wanted      bool           `json:"wanted,omitempty"`
	Node        string         `json:"node,omitempty"`
	Desks       map[string]int `json:"desks,omitempty"`
	Request     *wireRequest   `json:"request,omitempty"`
}

// outcome answers a command.
type outcome struct {
	Position int           `json:"position,omitempty"`
	Estimate int           `json:"estimate,omitempty"`
	Open     bool          `json:"open,omitempty"`
	Reply    *wireResponse `json:"reply,omitempty"`
}

func newCluster(m *floor.Manager, node string, k *keepers, now clock.Clock, log *slog.Logger) *cluster {
	return &cluster{Manager: m, node: node, db: k.db, bus: k.bus, clock: now, log: log, holders: map[id.Tenant]holder{},
		own: desksOf{}, others: map[id.Tenant]map[string]map[string]reportedDesks{}, told: desksOf{}}
}

// Start serves commands of other nodes.
func (c *cluster) Start(ctx context.Context) error {
	unserve, err := c.bus.Serve("node."+c.node+".*", c.serve)
	if err != nil {
		return err
	}
	c.unserve, c.ended = unserve, make(chan struct{})
	ctx, c.cancel = context.WithCancel(context.WithoutCancel(ctx))
	go c.keepTelling(ctx)
	return nil
}

// Stop serves no more.
func (c *cluster) Stop(context.Context) error {
	if c.cancel == nil {
		return nil
	}
	c.unserve()
	c.cancel()
	<-c.ended
	c.cancel = nil
	return nil
}

// elsewhere is the node that holds the tenant's floor, "" when it is this one or
// nobody: then the call is made here, and says so itself.
func (c *cluster) elsewhere(ctx context.Context, t id.Tenant) string {
	now := c.clock.Now()
	c.mu.Lock()
	h, ok := c.holders[t]
	c.mu.Unlock()
	if ok && now.Before(h.until) {
		return h.node
	}
	h = holder{until: now.Add(believeLease)}
	err := c.db.Read(ctx, t, func(tx *store.Tx) error {
		lease, err := tx.LeaseOf(floorLease)
		if err == nil && lease.Holder != c.node && !lease.ExpiresAt.IsZero() { // it was not given up
			h.node = lease.Holder
		}
		return err
	})
	if err != nil {
		return ""
	}
	c.mu.Lock()
	c.holders[t] = h
	c.mu.Unlock()
	return h.node
}

// ask has the holder carry out a command.
func (c *cluster) ask(ctx context.Context, node string, cmd command) (outcome, error) {
	data, err := json.Marshal(cmd)
	if err != nil {
		return outcome{}, errs.Wrap(errs.Internal, err, "A command could not be written.")
	}
	answer, err := c.bus.Request(ctx, "node."+node+"."+string(cmd.Tenant), data)
	if err != nil {
		return outcome{}, err
	}
	var out outcome
	if err := json.Unmarshal(answer, &out); err != nil {
		return outcome{}, errs.New(errs.Internal, "The answer of another node could not be read.")
	}
	return out, nil
}

// serve carries out a command of another node. It never passes it on: when the
// floor has moved meanwhile, the asker is told to try again.
func (c *cluster) serve(ctx context.Context, data []byte) ([]byte, error) {
	var cmd command
	if err := json.Unmarshal(data, &cmd); err != nil {
		return nil, errs.New(errs.Invalid, "The command could not be read.")
	}
	var out outcome
	var err error
	switch cmd.Op {
	case "input":
		err = c.Manager.CustomerInput(ctx, cmd.Tenant, cmd.Interaction, cmd.Seq, cmd.Input)
	case "left":
		err = c.Manager.CustomerLeft(ctx, cmd.Tenant, cmd.Interaction)
	case "keep":
		err = c.Manager.KeepPlace(ctx, cmd.Tenant, cmd.Interaction)
	case "talk":
		err = c.Manager.Talk(ctx, cmd.Tenant, cmd.Interaction, cmd.Wanted)
	case "wait":
		out.Position, out.Estimate, err = c.Manager.Wait(ctx, cmd.Tenant, cmd.Interaction)
	case "open":
		out.Open, err = c.Manager.EntryOpen(ctx, cmd.Tenant, cmd.EntryPoint)
	case "rate":
		err = c.Manager.Rate(ctx, cmd.Tenant, cmd.Interaction, cmd.Rating)
	case "desks":
		err = c.hearDesks(ctx, cmd.Tenant, cmd.Node, cmd.Desks)
	case "request":
		out.Reply, err = c.doors.answer(ctx, cmd.Request)
	default:
		err = errs.New(errs.Unsupported, "This node does not know the command. It may be of an older version.")
	}
	if err != nil {
		return nil, err
	}
	return json.Marshal(out)
}

// What channel/chat asks of the floor, wherever it lives (chat.Floor). Arrive is
// always called on the floor's node, because the request that leads to it was
// forwarded.

// CustomerInput gives a person's words to the flow.
func (c *cluster) CustomerInput(ctx context.Context, t id.Tenant, interaction string, seq int64, in flow.Input) error {
	node := c.elsewhere(ctx, t)
	if node == "" {
		return c.Manager.CustomerInput(ctx, t, interaction, seq, in)
	}
	_, err := c.ask(ctx, node, command{Op: "input", Tenant: t, Interaction: interaction, Seq: seq, Input: in})
	return err
}

// CustomerLeft says that the person is gone.
func (c *cluster) CustomerLeft(ctx context.Context, t id.Tenant, interaction string) error {
	node := c.elsewhere(ctx, t)
	if node == "" {
		return c.Manager.CustomerLeft(ctx, t, interaction)
	}
	_, err := c.ask(ctx, node, command{Op: "left", Tenant: t, Interaction: interaction})
	return err
}

// KeepPlace says that the person is to be called back.
func (c *cluster) KeepPlace(ctx context.Context, t id.Tenant, interaction string) error {
	node := c.elsewhere(ctx, t)
	if node == "" {
		return c.Manager.KeepPlace(ctx, t, interaction)
	}
	_, err := c.ask(ctx, node, command{Op: "keep", Tenant: t, Interaction: interaction})
	return err
}

// Talk says whether the person wants its chat to be spoken, too.
func (c *cluster) Talk(ctx context.Context, t id.Tenant, interaction string, wanted bool) error {
	node := c.elsewhere(ctx, t)
	if node == "" {
		return c.Manager.Talk(ctx, t, interaction, wanted)
	}
	_, err := c.ask(ctx, node, command{Op: "talk", Tenant: t, Interaction: interaction, Wanted: wanted})
	return err
}

// Wait is a waiting person's place and estimate.
func (c *cluster) Wait(ctx context.Context, t id.Tenant, interaction string) (position, estimate int, err error) {
	node := c.elsewhere(ctx, t)
	if node == "" {
		return c.Manager.Wait(ctx, t, interaction)
	}
	out, err := c.ask(ctx, node, command{Op: "wait", Tenant: t, Interaction: interaction})
	return out.Position, out.Estimate, err
}

// EntryOpen says whether somebody who arrives now would be served.
func (c *cluster) EntryOpen(ctx context.Context, t id.Tenant, entryPoint string) (bool, error) {
	node := c.elsewhere(ctx, t)
	if node == "" {
		return c.Manager.EntryOpen(ctx, t, entryPoint)
	}
	out, err := c.ask(ctx, node, command{Op: "open", Tenant: t, EntryPoint: entryPoint})
	return out.Open, err
}

// Rate keeps a person's satisfaction.
func (c *cluster) Rate(ctx context.Context, t id.Tenant, interaction string, rating int) error {
	node := c.elsewhere(ctx, t)
	if node == "" {
		return c.Manager.Rate(ctx, t, interaction, rating)
	}
	_, err := c.ask(ctx, node, command{Op: "rate", Tenant: t, Interaction: interaction, Rating: rating})
	return err
}

// Connected is told by app/live how many live desks a user has on this node; the
// floor needs the sum of all nodes.
func (c *cluster) Connected(ctx context.Context, t id.Tenant, user string, n int) error {
	c.mu.Lock()
	c.own.set(t, user, n)
	c.mu.Unlock()
	return c.report(ctx, t, map[string]int{user: n})
}

func (c *cluster) report(ctx context.Context, t id.Tenant, desks map[string]int) error {
	node := c.elsewhere(ctx, t)
	if node == "" {
		return c.hearDesks(ctx, t, c.node, desks)
	}
	_, err := c.ask(ctx, node, command{Op: "desks", Tenant: t, Node: c.node, Desks: desks})
	return err
}

// hearDesks notes a node's live desks and tells the floor the sums that changed.
func (c *cluster) hearDesks(ctx context.Context, t id.Tenant, node string, desks map[string]int) error {
	now := c.clock.Now()
	c.mu.Lock()
	if c.others[t] == nil {
		c.others[t] = map[string]map[string]reportedDesks{}
	}
	for user, n := range desks {
		if c.others[t][user] == nil {
			c.others[t][user] = map[string]reportedDesks{}
		}
		c.others[t][user][node] = reportedDesks{n, now}
	}
	changed := c.changedSums(t, now)
	c.mu.Unlock()
	for user, n := range changed {
		if err := c.Manager.Connected(ctx, t, user, n); err != nil {
			return err
		}
		c.mu.Lock()
		c.told.set(t, user, n)
		c.mu.Unlock()
	}
	return nil
}

// changedSums adds up a tenant's live desks, without nodes that fell silent.
func (c *cluster) changedSums(t id.Tenant, now time.Time) map[string]int {
	changed := map[string]int{}
	for user, nodes := range c.others[t] {
		sum := 0
		for node, r := range nodes {
			if node != c.node && now.Sub(r.at) > forgetDesks {
				delete(nodes, node)
				continue
			}
			sum += r.n
		}
		if told, ok := c.told[t][user]; !ok || told != sum {
			changed[user] = sum
		}
	}
	return changed
}

// keepTelling repeats this node's live desks, and lets the floors that live here
// forget nodes that fell silent.
func (c *cluster) keepTelling(ctx context.Context) {
	defer close(c.ended)
	tick := time.NewTicker(tellDesks)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		c.mu.Lock()
		own := map[id.Tenant]map[string]int{}
		for t := range c.others {
			own[t] = nil
		}
		for t, users := range c.own {
			own[t] = maps.Clone(users)
			maps.DeleteFunc(users, func(_ string, n int) bool { return n == 0 }) // told once more now, then not again
		}
		c.mu.Unlock()
		for t, users := range own {
			if err := c.report(ctx, t, users); err != nil && !errs.Is(err, errs.Unavailable) && ctx.Err() == nil {
				c.log.Warn("live desks could not be told to the floor", "tenant", t, "error", err)
			}
		}
	}
}
