package floor

import (
	"time"

	"nubitalk/internal/base/id"
	"nubitalk/internal/channel"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/measure"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/core/talk"
	"nubitalk/internal/store"
)

// Contacts finds or makes the contact of an arrival, inside the transaction,
// and records the consent.
type Contacts interface {
	Resolve(tx *store.Tx, a channel.Arrival, interaction string) (contact string, err error)
	// Consented records a person's agreement.
	Consented(tx *store.Tx, contact, interaction string, c channel.Consent) error
}

// Interaction is an interaction as the floor holds it in memory and as screens
// see it. Name is revealed: the value goes to signed-in users and visitors'
// doors only, never to a log.
type Interaction struct {
	ID           string          `json:"id"`
	Tenant       id.Tenant       `json:"-"`
	Channel      acd.Channel     `json:"channel"`
	EntryPoint   string          `json:"entry_point"`
	Contact      string          `json:"contact"`
	Name         string          `json:"name" doc:"Display name of the person's choice; may be empty."`
	State        string          `json:"state" enum:"arriving,in_flow,queued,offered,active,held,wrapping,closed"`
	CloseReason  string          `json:"close_reason,omitempty"`
	Queue        string          `json:"queue,omitempty"`
	Agent        string          `json:"agent,omitempty" doc:"Who holds it, or is offered it."`
	Priority     int             `json:"priority"`
	Needs        []acd.SkillNeed `json:"needs,omitempty"`
	Language     string          `json:"language"`
	Disposition  string          `json:"disposition,omitempty"`
	Labels       []string        `json:"labels,omitempty"`
	Rating       int             `json:"rating,omitempty" doc:"1-5; 0 if none."`
	LeftMessage  bool            `json:"left_message,omitempty" doc:"The person left a message, or is to be called back: it is not there."`
	Callback     bool            `json:"callback,omitempty" doc:"The person wants to be called back."`
	Attempts     int             `json:"attempts,omitempty" doc:"Calls back that reached nobody."`
	Mailbox      string          `json:"mailbox,omitempty" doc:"The user for whom a message by voice was taken."`
	Slot         string          `json:"slot,omitempty" doc:"Where its call is parked; dialled at a phone, it takes the call back."`
	Shelved      time.Time       `json:"shelved_until,omitzero" doc:"Of an email: it is put aside until then, and nobody's."`
	RejectedFor  string          `json:"rejected_for,omitempty" doc:"The reason for which an email was rejected."`
	MergedInto   string          `json:"merged_into,omitempty" doc:"The interaction in which an email goes on that was merged into it."`
	Recorded     bool            `json:"recorded,omitempty" doc:"It has a recording; in lists that were searched for only."`
	Outgoing     bool            `json:"outgoing,omitempty" doc:"Its agent began it: it called the person, or wrote to it."`
	Campaign     string          `json:"campaign,omitempty" doc:"The campaign in which its agent called."`
	Outside      bool            `json:"outside,omitempty" doc:"Its call was handed over to an outside number."`
	Apart        bool            `json:"apart,omitempty" doc:"Its person is in a secure flow, apart from its agent: it cannot be transferred, and nobody can be consulted about it."`
	Talk         talk.Stage      `json:"talk,omitempty" enum:",asked_by_agent,asked_by_visitor,running" doc:"Of a chat: whether it is spoken, too."`
	Calls        setup.Calls     `json:"calls,omitempty" enum:"agent,both" doc:"Of an open chat: who may ask for it to be spoken; absent: nobody."`
	Video        bool            `json:"video,omitempty" doc:"… and cameras may be shown then."`
	CustomerGone bool            `json:"customer_gone,omitempty" doc:"The person ended the contact."`
	Consulted    []string        `json:"consulted,omitempty" doc:"Colleagues asked for help; they may read and write notes."`
	ArrivedAt    time.Time       `json:"arrived_at"`
	QueuedAt     time.Time       `json:"queued_at,omitzero"`
	DueAt        time.Time       `json:"due_at,omitzero" doc:"While it waits: when the goal of its queue's service level runs out, which counts opening hours for what the queue says."`
	AnsweredAt   time.Time       `json:"answered_at,omitzero"`
	WrapFrom     time.Time       `json:"wrap_from,omitzero"`
	WrapUntil    time.Time       `json:"wrap_until,omitzero"`
	ClosedAt     time.Time       `json:"closed_at,omitzero"`
	Version      int64           `json:"version"`
}

// Offer is an interaction shown to one agent for acceptance.
type Offer struct {
	ID          string      `json:"id"`
	Interaction Interaction `json:"interaction"`
	User        string      `json:"user"`
	OfferedAt   time.Time   `json:"offered_at"`
	Deadline    time.Time   `json:"deadline"`
}

// AgentView is an agent as supervisors and the agent itself see it.
type AgentView struct {
	User     string       `json:"user"`
	UserName string       `json:"user_name"`
	Presence acd.Presence `json:"presence"`
	Reason   string       `json:"reason,omitempty"`
	Since    time.Time    `json:"since"`
	Online   bool         `json:"online" doc:"At least one live desk."`
	Offered  int          `json:"offered"`
	Active   int          `json:"active"`
	Wrapping int          `json:"wrapping"`
	Capacity int          `json:"capacity"`
	Aside    int          `json:"aside" doc:"Calls that it has by its phone, with colleagues or outside, beside its work here. It is offered no call meanwhile."`
	Teams    []string     `json:"teams,omitempty" doc:"Ids of its teams."`
}

// QueueView is a queue as supervisors see it live.
type QueueView struct {
	ID             string        `json:"id"`
	Name           string        `json:"name"`
	Waiting        int           `json:"waiting"`
	Callbacks      int           `json:"callbacks" doc:"Of those who wait: who hung up and is to be called back, or left a message."`
	LongestSince   time.Time     `json:"longest_since,omitzero"`
	DueAt          time.Time     `json:"due_at,omitzero" doc:"When the goal of the first of those who wait runs out, or ran out."`
	AgentsReady    int           `json:"agents_ready" doc:"Members that could take one more now."`
	AgentsAtWork   int           `json:"agents_at_work" doc:"Members who are ready at an open desk, with room or without."`
	AgentsOnline   int           `json:"agents_online"`
	Offered        int64         `json:"offered" doc:"Today, in the tenant's time zone, as are those that follow. A contact counts where it came into the queue."`
	Answered       int64         `json:"answered"`
	AnsweredInGoal int64         `json:"answered_in_goal"`
	Abandoned      int64         `json:"abandoned" doc:"Without short abandons."`
	ShortAbandoned int64         `json:"short_abandoned"`
	Level          measure.Ratio `json:"service_level" doc:"Measure service_level_ignored."`
	AbandonRate    measure.Ratio `json:"abandon_rate"`
	AnswerWait     int64         `json:"answer_wait_ms" doc:"Sum of the waits of answered contacts."`
	LongestWait    int64         `json:"longest_wait_ms" doc:"Of those whose wait has ended; longest_since has who waits."`
	Handled        int64         `json:"handled"`
	Handle         int64         `json:"handle_ms" doc:"Talk, hold and wrap-up of handled contacts."`
	ServicePercent int           `json:"service_percent" doc:"Goal."`
	ServiceSeconds int           `json:"service_seconds" doc:"Goal."`
	EstimateSecs   int           `json:"estimate_seconds" doc:"Estimated wait of who enters now; -1 if unknown."`
	EstimateError  int           `json:"estimate_error_seconds" doc:"How far past estimates were off, on average; -1 if none ended since the floor was opened."`
}

// Snapshot is everything a supervisor's room starts from.
type Snapshot struct {
	At      time.Time     `json:"at"`
	Queues  []QueueView   `json:"queues"`
	Agents  []AgentView   `json:"agents"`
	Waiting []Interaction `json:"waiting"`
	Alerts  []Alert       `json:"alerts" doc:"Those that last, the worst first."`
}

// Desk is everything an agent's desk starts from.
type Desk struct {
	Me     AgentView     `json:"me"`
	Offers []Offer       `json:"offers"`
	Work   []Interaction `json:"work"`
	Queues []QueueView   `json:"queues"`
}
