package crash

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"nubitalk/internal/base/freeport"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/channel/voice/sip/auth"
	"nubitalk/internal/channel/voice/sip/dialog"
	"nubitalk/internal/channel/voice/sip/gateway"
	sipwire "nubitalk/internal/channel/voice/sip/wire"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/media/mediatest"
	"nubitalk/internal/media/negotiate"
	"nubitalk/internal/server/drive"
)

// shopNumber is where the callers of an exchange arrive.
const shopNumber = "210000001"

// exchange is the machine of a telephone operator, or of those who have telephones in
// the house.
type exchange struct {
	ep    *sip.Endpoint
	node  sip.Target
	rings func(account string, l *sip.Leg)
}

func (*exchange) Admit(sip.Arrival) sip.Admission           { return sip.Admit() }
func (*exchange) Secret(string, string) (auth.Secret, bool) { return auth.Secret{}, false }
func (*exchange) Reachable(secret.Text)                     {}
func (*exchange) Messages(secret.Text) (sip.Messages, bool) { return sip.Messages{}, false }
func (x *exchange) Incoming(l *sip.Leg) {
	if x.rings == nil {
		l.Reject(404, sip.Reason{})
		return
	}
	x.rings(l.Invite().URI.User.Reveal(), l)
}

// newExchange opens one at an address of loopback.
func newExchange(t *testing.T, node sip.Target, address string, rings func(string, *sip.Leg)) *exchange {
	t.Helper()
	x := &exchange{node: node, rings: rings}
	x.ep = sip.New(sip.Config{Listeners: []sip.Listener{{Transport: sip.UDP, Address: address}}, Timers: dialog.Usual}, x)
	if err := x.ep.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(x.die)
	return x
}

// die ends it at once, as a power cut does: nobody is told.
func (x *exchange) die() {
	_ = x.ep.Suspend(context.Background())
}

// end is a telephone in a call.
type end struct {
	*mediatest.Phone
	name string

	mu       sync.Mutex
	leg      *sip.Leg
	answered bool
	anew     int // how often its call was offered anew, and taken
	over     *sip.Ended
	fault    error
}

func newEnd(t *testing.T, name string) *end {
	t.Helper()
	phone, err := mediatest.NewPhone(negotiate.Policy{}, netip.MustParseAddr("127.0.0.1"), netip.Addr{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(phone.Close)
	return &end{Phone: phone, name: name}
}

// told takes what happens to its call, one event after another.
func (e *end) told(v sip.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch v := v.(type) {
	case sip.Answered:
		e.answered, e.fault = true, e.Accept(v.Body.Data)
	case sip.Acknowledged:
		e.answered = true
	case sip.Failed:
		e.fault = fmt.Errorf("%s got %d", e.name, v.Code)
	case sip.Offered:
		body, err := e.Answer(v.Body.Data)
		if err != nil {
			e.fault = err
			e.leg.RefuseOffer(488)
			return
		}
		e.anew++
		e.leg.AnswerOffer(sip.SDP(body))
	case sip.Ended:
		e.over = &v
	}
}

// stands says how often the call was offered anew, and whether it goes on.
func (e *end) stands() (anew int, on bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.anew, e.answered && e.over == nil && e.fault == nil
}

// dial has a person call the shop's number and waits for the answer.
func (x *exchange) dial(ctx context.Context, e *end, from string) error {
	offer, err := e.Offer()
	if err != nil {
		return err
	}
	e.mu.Lock()
	e.leg, err = x.ep.Call(sip.CallRequest{Outgoing: dialog.Outgoing{
		To: sipwire.NewURI("sip", shopNumber, x.node.Host, x.node.Port, ""), From: sipwire.NewAddress(e.name, sipwire.NewURI("sip", from, "operator.example", 0, ""), ""),
		Hop: x.node, Body: sip.SDP(offer),
	}, Events: e.told})
	e.mu.Unlock()
	if err != nil {
		return err
	}
	return wait(ctx, e.name+" is not answered", func() (bool, error) {
		e.mu.Lock()
		defer e.mu.Unlock()
		return e.answered, e.fault
	})
}

// pickUp answers a telephone that rings.
func (e *end) pickUp(l *sip.Leg) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.leg = l
	l.Events(e.told)
	body, err := e.Answer(l.Offer().Data)
	if err != nil {
		l.Reject(488, sip.Reason{})
		return err
	}
	l.Answer(sip.SDP(body))
	return nil
}

// wait looks until something is so.
func wait(ctx context.Context, not string, so func() (bool, error)) error {
	for {
		ok, err := so()
		if ok || err != nil {
			return err
		}
		if pause(ctx, 20*time.Millisecond); ctx.Err() != nil {
			return errors.New(not)
		}
	}
}

// shop is an installation that is called by telephone, and whose agents talk by
// telephone.
type shop struct {
	*node
	sip    sip.Target
	admin  *drive.User
	watch  *drive.User // a supervisor
	agents []*clerk
	queue  string
}

// clerk is an agent with a telephone.
type clerk struct {
	*drive.User
	id, account string
}

type m = map[string]any

// newShop makes it, with agents who are at their desks until the test ends; house is
// where their telephones are.
func newShop(ctx context.Context, t *testing.T, agents int, house func(*shop) *exchange) (*shop, *drive.Program) {
	t.Helper()
	s := &shop{node: newNode(t, "")}
	users, err := drive.Hire(ctx, s.dir, agents)
	if err != nil {
		t.Fatal(err)
	}
	port, err := freeport.Port()
	if err != nil {
		t.Fatal(err)
	}
	s.sip = sip.Target{Transport: sip.UDP, Host: "127.0.0.1", Port: port}
	s.args = append(s.args, "--sip-listen", fmt.Sprintf("udp://127.0.0.1:%d", port))
	p := s.start(t)
	if s.admin, err = drive.SignIn(ctx, drive.Client(), p.BaseURL, s.node.admin); err != nil {
		t.Fatal(err)
	}
	if s.watch, err = drive.SignIn(ctx, drive.Client(), p.BaseURL, s.supervisor); err != nil {
		t.Fatal(err)
	}
	x := house(s)
	members := []string{}
	for i, u := range users {
		u.HTTP, u.Base = drive.Client(), p.BaseURL
		a, err := s.hire(ctx, x, u, i)
		if err != nil {
			t.Fatal(err)
		}
		s.agents, members = append(s.agents, a), append(members, a.id)
	}
	if err := s.furnish(ctx, members); err != nil {
		t.Fatal(err)
	}
	return s, p
}

// hire gives an agent a telephone, which is registered and by which it talks, and a
// desk that is opened again whenever it breaks.
func (s *shop) hire(ctx context.Context, x *exchange, u *drive.User, i int) (*clerk, error) {
	var me struct{ User struct{ ID string } }
	var phone struct{ ID string }
	var made struct{ Account, Password string }
	in := m{"name": fmt.Sprintf("Desk %d", i), "enabled": true, "encryption": "plain", "confirm_plain": true}
	if err := u.Do(ctx, "GET", "me", nil, &me); err != nil {
		return nil, err
	}
	in["user"] = me.User.ID
	if err := s.admin.Do(ctx, "POST", "phones", in, &phone); err != nil {
		return nil, err
	}
	if err := s.admin.Do(ctx, "POST", "phones/"+phone.ID+"/password", nil, &made); err != nil {
		return nil, err
	}
	err := wait(ctx, "the telephone cannot be chosen", func() (bool, error) { // until the set-up is in force
		err := u.Do(ctx, "PUT", "desk/phone", m{"phone": phone.ID}, nil)
		var early *drive.Problem
		if errors.As(err, &early) && early.Status == 422 {
			return false, nil
		}
		return err == nil, err
	})
	if err != nil {
		return nil, err
	}
	registering := x.ep.Register(sip.RegisterRequest{Registrar: sipwire.NewURI("sip", "", s.sip.Host, s.sip.Port, ""),
		AOR: sipwire.NewURI("sip", made.Account, "house.example", 0, ""), ContactUser: made.Account, Hop: s.sip,
		Credentials: auth.Credentials{Realms: []string{"nubitalk"}, Username: secret.New(made.Account), Password: secret.New(made.Password)}}, nil)
	if err := wait(ctx, "a telephone is not registered", func() (bool, error) { return registering.State() == gateway.Registered, nil }); err != nil {
		return nil, err
	}
	go func() {
		for ; ctx.Err() == nil; pause(ctx, 50*time.Millisecond) {
			live, err := u.Live(ctx, "")
			for err == nil {
				_, err = live.Raw(ctx)
			}
			if live != nil {
				live.Close()
			}
		}
	}()
	return &clerk{User: u, id: me.User.ID, account: made.Account}, nil
}

// furnish sets up the queue of those who wait, and the number that leads to it.
func (s *shop) furnish(ctx context.Context, members []string) error {
	var queue, flow, entry, trunk struct{ ID string }
	for _, o := range []struct {
		kind string
		in   func() any
		out  any
	}{
		{"queues", func() any {
			return m{"name": "Telephones", "channels": []string{"voice"}, "members": members, "wrap_up_seconds": 0}
		}, &queue},
		{"flows", func() any {
			return m{"name": "Telephones", "graph": m{"start": "queue", "nodes": m{"queue": m{"type": "queue", "queue": queue.ID}}}}
		}, &flow},
		{"entry-points", func() any {
			point := setup.DefaultEntryPoint("Telephones", flow.ID, "")
			point.Channel = acd.Voice
			return point
		}, &entry},
		{"trunks", func() any {
			return m{"name": "Exchange", "enabled": true, "country": "PT", "sources": []string{"127.0.0.1"}, "numbers": []m{{"number": shopNumber, "entry_point": entry.ID}}}
		}, &trunk},
	} {
		if err := s.admin.Do(ctx, "POST", o.kind, o.in(), o.out); err != nil {
			return fmt.Errorf("%s: %w", o.kind, err)
		}
	}
	s.queue = queue.ID
	return wait(ctx, "the trunk is not at work", func() (bool, error) {
		var now struct{ Running bool }
		err := s.admin.Do(ctx, "GET", "trunks/"+trunk.ID+"/status", nil, &now)
		return now.Running, err
	})
}

// line is the queue's callers in the order in which they are served, by name.
func (s *shop) line(ctx context.Context) (names []string, err error) {
	var q struct{ Waiting []struct{ Name string } }
	err = s.watch.Do(ctx, "GET", "floor/queues/"+s.queue, nil, &q)
	for _, w := range q.Waiting {
		names = append(names, w.Name)
	}
	return names, err
}

// noted is an end of a call as its record has it.
type noted struct {
	Interaction, Agent, Part, Way string
	EndedBy                       string    `json:"ended_by"`
	AnsweredAt                    time.Time `json:"answered_at"`
	EndedAt                       time.Time `json:"ended_at"`
	SIPCode                       int       `json:"sip_code"`
}

// legs are all ends of calls.
func (s *shop) legs(ctx context.Context) (all []noted, err error) {
	for cursor := ""; ; {
		var page struct {
			Items []noted
			Next  string
		}
		if err := s.admin.Do(ctx, "GET", "call-legs?limit=200&cursor="+cursor, nil, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if cursor = page.Next; cursor == "" {
			return all, nil
		}
	}
}
