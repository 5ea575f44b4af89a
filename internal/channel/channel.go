package channel

import (
	"context"
	"time"

	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/flow"
	"nubitalk/internal/core/talk"
	"nubitalk/internal/store"
)

// Arrival is new work that a channel reports.
type Arrival struct {
	Tenant     id.Tenant
	Channel    acd.Channel
	EntryPoint string
	Language   string
	Name       secret.Text // display name of the person's choice; may be empty
	Addresses  []Address   // who the person is, as far as known; may be empty
	Prefers    string      // the agent whom it concerns, in the place of the person's last; may be empty
	Consent    *Consent
	Mail       *flow.Mail // what its flow may look at, in memory alone; nil of what is no message
	// LeftMessage: the person left a message out of hours and is not waiting.
	LeftMessage bool
	// Outgoing: an agent calls the person.
	Outgoing *Outgoing
	// Placed: it was taken out of other work, and runs no flow.
	Placed *Placed
	// Open stores what the channel needs beside the interaction, in the same
	// transaction; may be nil.
	Open func(tx *store.Tx, interaction, contact string) error
	// Sure: Open refuses nothing.
	Sure bool
	// Mailbox is the user for whom a message by voice is taken, in the place of an entry
	// point; Greeting is what it says.
	Mailbox  string
	Greeting Greeting
	// Parking: it is a call between phones that one of them parks.
	Parking *Parking
}

// Parking is how a phone parks a call.
type Parking struct {
	Slot  string // "" is the first that is free
	User  string // "" where the phone is nobody's
	Phone string
}

// ReachAt is the place of the number at which a person wants to be called back,
// sealed under its key.
func ReachAt(interaction string) string { return "interactions.reach/" + interaction }

// Greeting is what who calls is told before it leaves a message: words by language,
// or recorded prompts in their place. The id of the mailbox's user stands for its own
// greeting, whose words Words are.
type Greeting struct{ Words, Prompt map[string]string }

// Outgoing is work that an agent begins.
type Outgoing struct {
	Agent string
	Queue string // on whose behalf: its wrap-up and dispositions hold
	// Campaign is the one in which the agent calls; "" for none.
	Campaign string
}

// Placed is where work goes that was taken out of other work.
type Placed struct {
	Of    string // the interaction out of which it was taken
	By    string // who did that, and has it
	Agent string // who has it now, if that has a place for it; "": it waits
	Queue string
	Since time.Time // since when it waits; zero: from now on
}

// Spoken says whether sound belongs to the work: it is a call, or a chat that was
// made one, until both have left.
func (w Work) Spoken() bool { return w.Channel == acd.Voice || w.Talk == talk.Running }

// Address is one way to reach a person.
type Address struct {
	Kind  string // phone, email, social, visitor
	Value secret.Text
}

// Consent is a person's agreement to one text (notice C13, C14).
type Consent struct {
	Purpose  string
	Text     string // consent text id
	Version  int64
	Language string
}

// Sink is the floor as a channel sees it.
type Sink interface {
	// Arrive stores the interaction and starts its flow. It returns the new
	// interaction's and the contact's id.
	Arrive(ctx context.Context, a Arrival) (interaction, contact string, err error)
	// CustomerInput gives what the person wrote or chose to the running flow. It
	// does nothing when no flow runs. seq numbers a conversation's inputs: one
	// that was taken already is not taken again, so a channel may repeat the call
	// when it does not know whether the first arrived.
	CustomerInput(ctx context.Context, t id.Tenant, interaction string, seq int64, in flow.Input) error
	// CustomerLeft says that the person ended the contact or is gone.
	CustomerLeft(ctx context.Context, t id.Tenant, interaction string) error
	// KeepPlace says that the person waits no longer and wants to be called back:
	// the work keeps its place. Conflict when it does not wait. Repeats are harmless.
	KeepPlace(ctx context.Context, t id.Tenant, interaction string) error
	// Talk says whether the person wants its chat to be spoken, too, or no longer.
	// Conflict: not now; Forbidden: not at this entry point. Repeats are harmless.
	Talk(ctx context.Context, t id.Tenant, interaction string, wanted bool) error
}

// Driver is a channel as the floor drives it.
type Driver interface {
	// Carry stores what the acts need inside the floor's transaction. The
	// returned function runs after the commit and lets the outside see it; it
	// may be nil.
	Carry(tx *store.Tx, w Work, acts []Act) (after func(), err error)
	// Waits tells people who wait in a queue their places anew: the next first,
	// with the estimated wait in seconds (-1 if unknown) of who enters now.
	Waits(t id.Tenant, queue string, waiting []string, estimate int)
}

// Ringer is a driver that begins to ring an agent as soon as an offer is committed: what
// Carry's function does comes when the disk has it.
type Ringer interface {
	// Rings says that the work is about to be offered to w.Agent. Nothing may be told to
	// anybody as done by that, and nothing that the agent does is taken up, before
	// Carry's function runs, or Hushes says that the offer was not stored. Neither may
	// wait for the floor.
	Rings(w Work)
	Hushes(w Work)
}

// Follower is a driver whose running state is where a tenant's floor is.
type Follower interface {
	// Opened says that the tenant's floor runs on this node from now on, and what
	// of the channel's is open in it. Neither it nor Closed may wait for the floor.
	Opened(t id.Tenant, open []Work)
	// Closed says that the floor is another node's now, or nobody's.
	Closed(t id.Tenant)
}

// Work is what a channel needs to know of an interaction.
type Work struct {
	ID       string
	Tenant   id.Tenant
	Contact  string
	Entry    string // id of the entry point where it arrived
	State    string
	Queue    string
	Agent    string   // who holds it; "" if nobody
	Others   []string // users who may read along: consulted colleagues
	Position int      // place in the queue, 1 is next; 0 if not waiting
	Estimate int      // seconds; -1 if unknown
	Language string
	Outgoing bool      // its agent began it
	Campaign string    // … in this campaign; "" for none
	Outside  bool      // its call was handed over to an outside number, and goes on
	Apart    bool      // the person is in a secure flow, apart from its agent
	Kept     bool      // the person left a message, or is to be called back: it is not there
	Callback bool      // it is to be called back, as soon as somebody has it
	Parked   bool      // it is parked, or who parked it is rung
	Shelved  bool      // an email that is put aside
	Merged   string    // the interaction in which it goes on; it is closed
	Mailbox  string    // the user for whom a message by voice is taken
	Closed   time.Time // zero while open
	Channel  acd.Channel
	Talk     talk.Stage // of a chat: whether it is spoken, too
	Video    bool       // … and may be seen
}

// ActKind is the kind of an Act.
type ActKind string

const (
	ActSay     ActKind = "say"     // Text, with Buttons if any
	ActForm    ActKind = "form"    // show the leave-a-message form
	ActCall    ActKind = "call"    // once the words before are said: hand the call over to Transfer
	ActConsent ActKind = "consent" // the person answered a flow's consent step: Consent, Agreed
	// ActRecording: the flow paused, resumed or stopped the recording: Recording. It
	// is stored already.
	ActRecording ActKind = "recording"
	ActMessage   ActKind = "message" // once the words before are said: take Message
	ActBack      ActKind = "back"    // say whether CallBack can be called
	ActRing      ActKind = "ring"    // ring Phone, which parked the call, for Seconds
	ActEvent     ActKind = "event"   // Event happened; Agent is concerned
)

// Act is what a channel must carry out for an interaction.
type Act struct {
	Kind    ActKind
	Text    string
	Prompt  string // id of the recorded prompt whose words Text is; "" if none
	Buttons []flow.Button
	Collect bool         // with ActSay: words are waited for
	Digits  *flow.Digits // with Collect: keys are
	Masked  bool         // with Collect: the answer is kept from everybody
	Event   Event
	Agent   string
	Unasked bool // with EventAgentJoined: the queue accepts for its agents
	// With ActConsent: the id of the consent text, and whether the person agreed.
	Consent string
	Agreed  bool
	// Recording is what the flow wants of the recording, with ActRecording.
	Recording flow.Recorded
	// Transfer is the number that the call is handed over to, with ActCall.
	Transfer *flow.Transfer
	// Message is a message by voice to be taken, with ActMessage; CallBack a number to
	// be called later, with ActBack.
	Message  *flow.Message
	CallBack *flow.CallBack
	// Phone is what is rung for Seconds, with ActRing.
	Phone   string
	Seconds int
}

// Event is a turn in an interaction's life that its person may be told of.
type Event string

const (
	EventQueued      Event = "queued"
	EventAgentJoined Event = "agent_joined"
	EventAgentLeft   Event = "agent_left"
	EventTransferred Event = "transferred"
	EventEnded       Event = "ended"
	EventHandedOver  Event = "handed_over" // to an outside number; the call goes on
	EventCallback    Event = "callback"    // the person left and is to be called back
	EventCallsBack   Event = "call_back"   // a caller hung up and is to be called back
	EventMessage     Event = "message"     // the person left a message by voice
	EventNotBack     Event = "not_back"    // it was called back, and not reached
	EventUnanswered  Event = "unanswered"  // it ended because nobody could take it
	// Whether a chat is spoken, too.
	EventCallAsked     Event = Event(talk.Asked)
	EventCallWithdrawn Event = Event(talk.Withdrawn)
	EventCallDeclined  Event = Event(talk.Declined)
	EventCallBegun     Event = Event(talk.Begun)
	EventCallEnded     Event = Event(talk.Ended)
)
