package sip

import (
	"testing"
	"time"

	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/voice/sip/auth"
	"nubitalk/internal/channel/voice/sip/dialog"
	"nubitalk/internal/channel/voice/sip/gateway"
	"nubitalk/internal/channel/voice/sip/wire"
)

const realm = "nubitalk"

// phoneOwner lets phones in by password, of two tenants' accounts.
func phoneOwner(o *owner) *owner {
	o.secrets = map[string]auth.Secret{
		"t1-ana": auth.NewSecret("t1-ana", realm, secret.New("right"), true), "t2-ana": auth.NewSecret("t2-ana", realm, secret.New("other"), true),
	}
	o.admit = func(a Arrival) Admission {
		if a.User.Empty() && a.Method != wire.Options {
			return Challenge(o.offer...)
		}
		return Admit()
	}
	return o
}

func credentials(user, password string) auth.Credentials {
	return auth.Credentials{Realms: []string{realm}, Username: secret.New(user), Password: secret.New(password)}
}

func registerAs(user, password string, to Target) RegisterRequest {
	return RegisterRequest{
		Registrar: wire.NewURI("sip", "", to.Host, to.Port, to.Transport), AOR: uriAt(user, to), ContactUser: user, Hop: to,
		Credentials: credentials(user, password), Expires: 10 * time.Minute,
	}
}

func await[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("no %T came", *new(T))
	}
	panic("unreachable")
}

// A phone over UDP is written to, by the way that it registered, until it is not
// registered any more; one over a connection is not.
func TestTheWayToAPhoneIsKeptOpen(t *testing.T) {
	for transport, kept := range map[string]bool{UDP: true, TCP: false} {
		t.Run(transport, func(t *testing.T) {
			server := start(t, Config{Realm: realm, KeepOpen: time.Millisecond}, phoneOwner(&owner{}))
			asked := make(chan Arrival, 1)
			phone := start(t, Config{}, &owner{admit: func(a Arrival) Admission {
				if a.Method == wire.Options {
					select {
					case asked <- a:
					default:
					}
				}
				return Admit()
			}})
			states := make(chan gateway.RegState, 8)
			reg := phone.Register(registerAs("t1-ana", "right", target(server, transport)), func(s gateway.RegState) { states <- s })
			await(t, states)
			pings := func() int {
				server.phones.mu.Lock()
				defer server.phones.mu.Unlock()
				return len(server.phones.open)
			}
			if kept {
				for range 2 {
					if a := await(t, asked); a.Transport != UDP || a.URI.User.Reveal() != "t1-ana" {
						t.Errorf("the phone is asked over %s", a.Transport)
					}
				}
			}
			reg.Stop()
			await(t, states)
			for deadline := time.Now().Add(patience); pings() > 0; {
				if time.Now().After(deadline) {
					t.Fatal("a phone that is not registered is written to")
				}
			}
			if !kept && len(asked) > 0 {
				t.Error("a phone over a connection is written to")
			}
		})
	}
}

func TestPhonesRegisterAndAreCalled(t *testing.T) {
	for _, transport := range []string{UDP, TCP, TLS} {
		t.Run(transport, func(t *testing.T) {
			reachable := make(chan string, 8)
			arrived := make(chan *Leg, 1)
			server := start(t, Config{Realm: realm}, phoneOwner(&owner{reachable: func(u secret.Text) { reachable <- u.Reveal() }}))
			phone := start(t, Config{}, &owner{incoming: func(l *Leg) {
				l.Events(func(Event) {})
				l.Answer(sdp("v=0 phone"))
				arrived <- l
			}})
			states := make(chan gateway.RegState, 8)
			reg := phone.Register(registerAs("t1-ana", "right", target(server, transport)), func(s gateway.RegState) { states <- s })
			if got := await(t, states); got != gateway.Registered {
				t.Fatalf("the phone is %v", got)
			}
			if got := await(t, reachable); got != "t1-ana" {
				t.Fatalf("%s is reachable", got)
			}
			if n := len(server.Bindings(secret.New("t2-ana"))); n != 0 {
				t.Errorf("the other tenant's account has %d bindings", n)
			}
			bindings := server.Bindings(secret.New("t1-ana"))
			if len(bindings) != 1 {
				t.Fatalf("%d bindings", len(bindings))
			}
			events := make(chan Event, 8)
			call, err := server.Call(CallRequest{
				Outgoing: dialog.Outgoing{To: bindings[0].Contact, From: wire.NewAddress("", wire.NewURI("sip", "queue", "nubitalk", 0, ""), ""), Hop: HopTo(bindings[0]), Body: sdp("v=0")},
				Events:   func(e Event) { events <- e },
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := await(t, arrived); got.Invite().URI.User.Reveal() != "t1-ana" {
				t.Error("another contact was called")
			}
			expect[Answered](t, events)
			call.Hangup(Reason{})
			expect[Ended](t, events)

			reg.Stop()
			if got := await(t, states); got != gateway.Removed {
				t.Errorf("the phone is %v", got)
			}
			await(t, reachable)
			if n := len(server.Bindings(secret.New("t1-ana"))); n != 0 {
				t.Errorf("%d bindings are left", n)
			}
		})
	}
}

func TestPhonesWithAWrongPassword(t *testing.T) {
	server := start(t, Config{Realm: realm}, phoneOwner(&owner{}))
	phone := start(t, Config{}, &owner{})
	for _, c := range []struct{ user, password string }{{"t1-ana", "other"}, {"nobody", "right"}} {
		states := make(chan gateway.RegState, 8)
		phone.Register(registerAs(c.user, c.password, target(server, UDP)), func(s gateway.RegState) { states <- s })
		if got := await(t, states); got != gateway.Denied {
			t.Errorf("%s is %v", c.user, got)
		}
	}
	// An account registers itself and no other.
	r := registerAs("t1-ana", "right", target(server, UDP))
	r.AOR = uriAt("t2-ana", target(server, UDP))
	states := make(chan gateway.RegState, 8)
	phone.Register(r, func(s gateway.RegState) { states <- s })
	if got := await(t, states); got != gateway.Denied {
		t.Errorf("another's address: %v", got)
	}
	if server.Stats().Mailboxes > 1 {
		t.Errorf("%d mailboxes are kept of phones that were refused", server.Stats().Mailboxes)
	}
}

func TestCallsNeedAPassword(t *testing.T) {
	ended := make(chan Event, 8)
	server := start(t, Config{Realm: realm}, phoneOwner(&owner{incoming: func(l *Leg) {
		l.Events(func(e Event) { ended <- e })
		if l.User().Reveal() != "t2-ana" {
			t.Error("another account calls")
		}
		l.Reject(486, Reason{})
	}}))
	phone := start(t, Config{}, &owner{})
	for password, code := range map[string]int{"other": 486, "right": 401} {
		events := make(chan Event, 8)
		r := request(target(server, UDP), events)
		r.Credentials = credentials("t2-ana", password)
		if _, err := phone.Call(r); err != nil {
			t.Fatal(err)
		}
		if got := expect[Failed](t, events); got.Code != code {
			t.Errorf("with the password %q: %d", password, got.Code)
		}
	}
	expect[Ended](t, ended)
}

func TestGatewaysAreWatched(t *testing.T) {
	gw := start(t, Config{}, &owner{})
	us := start(t, Config{}, &owner{})
	w := us.Watch(WatchRequest{Hop: target(gw, TCP), From: uriAt("us", target(us, TCP)), Every: 20 * time.Millisecond}, nil)
	defer w.Stop()
	until(t, "the gateway answers", func() bool {
		up, rtt := w.Up()
		return up && rtt > 0
	})
	changes := make(chan bool, 4)
	dead := us.Watch(WatchRequest{Hop: Target{Transport: TCP, Host: "127.0.0.1", Port: freePort(t)}, From: uriAt("us", target(us, TCP)), Every: 20 * time.Millisecond}, func(up bool) { changes <- up })
	defer dead.Stop()
	if await(t, changes) {
		t.Error("a gateway that is not there comes up")
	}
	if up, _ := dead.Up(); up {
		t.Error("a gateway that is not there is up")
	}
}
