package voice

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"sync"
	"time"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/bus"
	"nubitalk/internal/channel"
	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/flow"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/media"
	"nubitalk/internal/media/speech"
	"nubitalk/internal/store"
	"nubitalk/internal/vault"
)

// DefaultAbsence is how long a call goes on without its caller's sound: the time for a
// reload, a change of network, a restart of the server.
const DefaultAbsence = 20 * time.Second

// partingTime is how long a stop waits for the other ends of calls that were being
// set up: a gateway that is gone confirms nothing.
const partingTime = 2 * time.Second

// Caller is a call's own person.
type Caller struct {
	Tenant      id.Tenant
	Interaction string
	Contact     string
	Language    string
}

// Floor is the floor as voice sees it.
type Floor interface {
	// CustomerLeft says that the person hung up or is gone.
	CustomerLeft(ctx context.Context, t id.Tenant, interaction string) error
	// HandedOver says that a call goes on with an outside number: its agent's work
	// wraps up, and nothing else ends it.
	HandedOver(ctx context.Context, t id.Tenant, interaction string) error
	// NotReached tells the flow that hands a call over why nobody was reached.
	NotReached(ctx context.Context, t id.Tenant, interaction string, o flow.Outcome) error
	// WantsBack says that a caller who waits in a queue rather is called back.
	WantsBack(ctx context.Context, t id.Tenant, interaction string) error
	// Took tells the flow what became of a message, or of a wish to be called back.
	Took(ctx context.Context, t id.Tenant, interaction string, o flow.Outcome) error
	// CallsBack says that a person who is not there is being called; NotBack that it was
	// not reached.
	CallsBack(ctx context.Context, t id.Tenant, interaction string) error
	NotBack(ctx context.Context, t id.Tenant, interaction string) error
	// Talk with wanted false says that the person of a chat that is spoken no longer
	// talks, but may go on writing.
	Talk(ctx context.Context, t id.Tenant, interaction string, wanted bool) error
	// Apart says that the person is in a secure flow, by whose wish and in which;
	// Together that it is with its agent again, and what that came to.
	Apart(ctx context.Context, t id.Tenant, interaction, by, flow string) error
	Together(ctx context.Context, t id.Tenant, interaction, by, outcome string) error
}

// Written is a call's conversation.
type Written interface {
	channel.Driver
	// Begin begins the conversation of a call that arrived by telephone.
	Begin(ctx context.Context, b Beginning) (Caller, error)
	// Choose and Say write what the caller chose or keyed in, and give it to the
	// flow.
	Choose(ctx context.Context, c Caller, clientID, value string) error
	Say(ctx context.Context, c Caller, clientID string, text secret.Text) error
	// Asked gives what a flow that waits has said since the caller's last answer.
	Asked(ctx context.Context, c Caller) ([]channel.Act, error)
}

// Deps is what the channel needs.
type Deps struct {
	Bus    *bus.Bus
	Media  *media.Host
	Speech speech.Speaker
	// Prompts are the recorded ones; nil: there are none, and words are spoken.
	Prompts Prompts
	// Queues are asked what they offer to who waits; nil: nothing.
	Queues  Queues
	Floor   Floor
	Written Written
	// Network is the telephone network; nil: calls come from pages only.
	Network Network
	// Phones are those that may register; nil: none may.
	Phones Phones
	// Messages are those that wait for users; nil: phones are told of none.
	Messages Messages
	// Agents is the floor as agents use it by phone; nil: none does.
	Agents Agents
	SIP    sip.Config
	// DB and Vault keep who took part in calls, and what a call by telephone needs
	// to go on after a restart.
	DB    *store.DB
	Vault *vault.Vault
	Clock clock.Clock
	IDs   *id.Source
	Audit Auditor // nil in tests
	Rules Rules
	// Supervisors are asked again when something changed; nil: who began goes on.
	Supervisors Supervisors
	// Recorder keeps what is recorded; nil: nothing is.
	Recorder Recorder
	// Secure are the flows into which agents send a person; nil: there are none.
	Secure SecureFlows
	// Absence is how long a call goes on without its caller's sound; 0 is
	// DefaultAbsence.
	Absence time.Duration
	Log     *slog.Logger
}

// Prompts are sounds that a tenant uploaded, as callers hear them: 8,000 samples a
// second, which are shared and never changed. NotFound: there is no sound.
type Prompts interface {
	Heard(ctx context.Context, t id.Tenant, prompt string) ([]int16, error)
	// Music is what is heard by who waits in a queue, or was in it and is held.
	Music(ctx context.Context, t id.Tenant, queue string) ([]int16, error)
}

// Queues are the queues as they are set up.
type Queues interface {
	// OffersBack is how often callers who wait are offered to be called back, and by which
	// key they accept; 0: they are not.
	OffersBack(ctx context.Context, t id.Tenant, queue string) (every time.Duration, key byte, err error)
}

// Rules gives a tenant's own choices; answers come from memory.
type Rules interface {
	Rules(ctx context.Context, t id.Tenant) (setup.Rules, error)
}

// Auditor notes who listened to whose calls.
type Auditor interface {
	Append(tx *store.Tx, actor, action, object, detail string) error
}

// Service is the voice channel of this node. It is safe for use by several
// goroutines.
type Service struct {
	Deps
	sip        *sip.Endpoint // nil without Network
	guard      *guard
	begun      chan struct{} // closed by Begin
	halting    chan struct{} // closed by Halt
	mu         sync.Mutex
	calls      map[string]*call  // by interaction
	handed     map[string]Handed // those of them that go on with an outside number
	office     map[*officeCall]bool
	phoneLines map[*sip.Leg]*line // of calls between phones
	aside      elsewhere
	halted     bool
	running    sync.WaitGroup
	scribe     scribe
}

var (
	_ channel.Driver   = (*Service)(nil)
	_ channel.Follower = (*Service)(nil)
)

// New makes the channel.
func New(d Deps) *Service {
	if d.Absence == 0 {
		d.Absence = DefaultAbsence
	}
	s := &Service{Deps: d, calls: map[string]*call{}, handed: map[string]Handed{}, office: map[*officeCall]bool{}, phoneLines: map[*sip.Leg]*line{}, guard: newGuard(), begun: make(chan struct{}), halting: make(chan struct{})}
	s.scribe = scribe{put: s.putLegs, lose: s.notNoted, stop: s.halting, run: s.running.Go, most: notedMost}
	if d.Network != nil {
		s.sip = sip.New(d.SIP, (*door)(s))
	}
	return s
}

// Phone is the telephone's endpoint; nil without Network.
func (s *Service) Phone() *sip.Endpoint { return s.sip }

// Begin opens the telephone's listeners.
func (s *Service) Begin(ctx context.Context) error {
	defer close(s.begun)
	if s.sip == nil {
		return nil
	}
	return s.sip.Start(ctx)
}

// Opened takes up the calls of a tenant whose floor came here: after a restart,
// or from another node. Their callers have Absence to connect again.
func (s *Service) Opened(t id.Tenant, open []channel.Work) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.halted {
		return
	}
	if s.Network != nil {
		s.Network.Here(t, true)
	}
	s.running.Go(func() { s.revive(t) })
	for _, w := range open {
		if s.calls[w.ID] != nil || w.Kept {
			if w.Kept && w.Callback && w.State == active { // it was about to be called
				s.callNow(w)
			}
			continue
		}
		c := s.open(Caller{Tenant: t, Interaction: w.ID, Contact: w.Contact, Language: w.Language})
		c.post(func() { c.resume(w) })
	}
}

// Closed ends the calls of a tenant whose floor is another node's now: it takes
// them up there.
func (s *Service) Closed(t id.Tenant) {
	if s.Network != nil {
		s.Network.Here(t, false)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.calls {
		if c.who.Tenant == t {
			c.post(c.stop)
		}
	}
	for o := range s.office {
		if o.from.Tenant == t {
			o.post(func() { o.stop(sip.Reason{}) })
		}
	}
}

// Halt ends all calls' sound. Those in pages come back to the next start by
// themselves, those on telephones are taken up by it.
func (s *Service) Halt(ctx context.Context) error {
	s.mu.Lock()
	s.halted = true
	close(s.halting)
	for _, c := range s.calls {
		c.post(c.stop)
	}
	for o := range s.office {
		o.post(func() { o.stop(sip.Reason{}) })
	}
	s.mu.Unlock()
	s.running.Wait()
	if s.sip == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, partingTime)
	defer cancel()
	return s.sip.Suspend(ctx)
}

// open starts a call's actor; the lock is held.
func (s *Service) open(c Caller) *call {
	k := newCall(s, c)
	s.calls[c.Interaction] = k
	s.running.Go(k.run)
	return k
}

func (s *Service) find(t id.Tenant, interaction string) *call {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.calls[interaction]; c != nil && c.who.Tenant == t {
		return c
	}
	return nil
}

func (s *Service) forget(c *call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calls[c.who.Interaction] == c {
		delete(s.calls, c.who.Interaction)
		delete(s.handed, c.who.Interaction)
	}
}

// Carry writes what the floor's acts say into the conversation and, after the
// commit, lets the call act on it.
func (s *Service) Carry(tx *store.Tx, w channel.Work, acts []channel.Act) (func(), error) {
	written, err := s.Written.Carry(tx, w, acts)
	if err != nil {
		return nil, err
	}
	return func() {
		if written != nil {
			written()
		}
		s.mu.Lock()
		c := s.calls[w.ID]
		if c == nil && w.Spoken() && w.State != closed && w.State != wrapping && !w.Kept && !s.halted {
			c = s.open(Caller{Tenant: w.Tenant, Interaction: w.ID, Contact: w.Contact, Language: w.Language})
			if w.Channel != acd.Voice { // the chat's flow may have said something of its recording
				c.post(func() { c.rec.unread, c.rec.another = true, true })
			}
		}
		if c != nil && !w.Spoken() { // it ends by itself; should both talk again, that is a call of its own
			delete(s.calls, w.ID)
		}
		s.mu.Unlock()
		if c != nil {
			c.post(func() { c.carried(w, acts) })
		}
		if c == nil && w.Callback && slices.ContainsFunc(acts, joined) {
			s.callNow(w)
		}
	}, nil
}

// Waits tells callers their places.
func (s *Service) Waits(t id.Tenant, queue string, waiting []string, estimate int) {
	s.Written.Waits(t, queue, waiting, estimate)
	for i, w := range waiting {
		if c := s.find(t, w); c != nil {
			c.post(func() { c.place(i+1, estimate) })
		}
	}
}

// Runs is errs.Gone where no call goes on.
func (s *Service) Runs(_ context.Context, t id.Tenant, interaction string) error {
	if s.find(t, interaction) == nil {
		return gone()
	}
	return nil
}

// CallerSound connects the caller's browser: offer and answer are session
// descriptions (RFC 8829). The same call again is a new connection in place of
// the old one.
func (s *Service) CallerSound(ctx context.Context, t id.Tenant, interaction string, offer secret.Text) (secret.Text, error) {
	c := s.find(t, interaction)
	if c == nil {
		return secret.Text{}, gone()
	}
	return c.connect(ctx, "", offer)
}

// AgentSound connects a user's browser. Whoever calls has asked whether the user
// handles the interaction; it hears the caller once it holds the call.
func (s *Service) AgentSound(ctx context.Context, t id.Tenant, interaction, user string, offer secret.Text) (secret.Text, error) {
	c := s.find(t, interaction)
	if c == nil {
		return secret.Text{}, gone()
	}
	return c.connect(ctx, user, offer)
}

// State is what screens show of a call's sound.
type State struct {
	Interaction string         `json:"interaction"`
	Caller      Sound          `json:"caller" enum:"none,connecting,connected,lost"`
	Agent       Sound          `json:"agent" enum:"none,connecting,connected,lost" doc:"The sound of who holds the call."`
	Held        bool           `json:"held"`
	Telephone   bool           `json:"telephone" doc:"The caller is on a telephone: there is no page that shows words."`
	Phone       Handset        `json:"phone,omitempty" enum:"ringing,connected,busy,declined,unregistered,unanswered,lost" doc:"How the phone stands by which the agent talks; absent: it talks by its browser."`
	Plain       bool           `json:"plain" doc:"The caller's sound is not encrypted on the way to the operator, because its trunk allows that."`
	Ringing     bool           `json:"ringing" doc:"The person who is called is being rung."`
	Failure     Failure        `json:"failure,omitempty" enum:"busy,no_answer,declined,not_a_number,unreachable,own_phone" doc:"Why a call that the agent made was not answered."`
	With        With           `json:"with" enum:"caller,colleague,all" doc:"Whom the agent talks with: the caller, the colleagues who are consulted while the caller hears music, or all."`
	Outside     Outside        `json:"outside" doc:"The outside number that the agent called for the caller."`
	Recording   RecordingState `json:"recording"`
	Secure      *SecureState   `json:"secure,omitempty" doc:"The secure flow that the person is in, apart from its agent, or was in last."`
	Parties     []Party        `json:"parties" doc:"Colleagues and supervisors in the call, beside who holds it."`
	Ended       bool           `json:"ended"`
	Seq         int64          `json:"seq" doc:"Grows with each change: what has a lower one is older, whichever way it came."`
}

// Party is a colleague or a supervisor in a call.
type Party struct {
	User    string  `json:"user"`
	Sound   Sound   `json:"sound" enum:"connecting,connected,lost"`
	Monitor Monitor `json:"monitor,omitempty" enum:"listen,whisper,barge" doc:"Of a supervisor."`
	silent  bool    // only the supervisor is told
}

func (s State) equal(o State) bool {
	same := slices.Equal(s.Parties, o.Parties)
	s.Parties, o.Parties = nil, nil
	s.Seq, o.Seq = 0, 0
	return same && reflect.DeepEqual(s, o)
}

// shownTo is the state as somebody may see it: who listens silently is told to
// nobody else.
func (s State) shownTo(user string) State {
	s.Parties = slices.DeleteFunc(slices.Clone(s.Parties), func(p Party) bool { return p.silent && p.User != user })
	return s
}

// Sound is how a party's connection stands.
type Sound string

const (
	SoundNone       Sound = "none"
	SoundConnecting Sound = "connecting"
	SoundConnected  Sound = "connected"
	SoundLost       Sound = "lost"
)

func gone() error { return errs.New(errs.Gone, "This call has ended.") }

// tell shows a call's state to those whom it concerns.
func (s *Service) tell(w channel.Work, st State, monitors map[string]Monitor) {
	users := slices.Clone(w.Others)
	if w.Agent != "" {
		users = append(users, w.Agent)
	}
	s.publish(w, st.shownTo(""), users)
	for _, user := range slices.Sorted(maps.Keys(monitors)) {
		s.publish(w, st.shownTo(user), []string{user})
	}
}

func (s *Service) publish(w channel.Work, st State, users []string) {
	data, err := json.Marshal(st)
	if err != nil {
		return
	}
	e := bus.Event{Tenant: w.Tenant, Kind: "call.changed", Users: users, Interaction: w.ID, Data: data}
	if err := s.Bus.Publish(e); err != nil {
		s.Log.Warn("a live event was not published", "tenant", w.Tenant, "kind", e.Kind, "code", errs.As(err).Code)
	}
}
