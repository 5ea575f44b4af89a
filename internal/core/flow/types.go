package flow

import (
	"time"

	"nubitalk/internal/core/recording"
)

// Graph is a flow as stored. Start names the first node. A Graph made by Parse
// holds its expressions compiled; it is never changed and may be shared by any
// number of runs and goroutines.
type Graph struct {
	Start string          `json:"start"`
	Nodes map[string]Node `json:"nodes"`
	// Takes are the attributes that a flow which runs this one gives it.
	Takes []string `json:"takes,omitempty"`
	// Secure marks a flow into which an agent sends the person of a running call, and
	// out of which the person comes back to the agent: no entry point runs it.
	Secure bool `json:"secure,omitempty"`
	// Transfer marks a flow into which agents may transfer a person, for good.
	Transfer bool `json:"transfer,omitempty"`

	conditions map[string]condition // by expression text
	lines      map[string]line      // of scripts, by their text
}

// NodeType is what a node does.
type NodeType string

const (
	Say     NodeType = "say"     // say Text, go on at Next
	Ask     NodeType = "ask"     // say Text, show Options as buttons, wait; store the choice in Into. Other words: Next, or ask again
	Collect NodeType = "collect" // say Text, wait for words or Digits; store them in Into
	Hours   NodeType = "hours"   // branch on opening hours: Open, Closed
	Branch  NodeType = "branch"  // first Case whose If is true, else Next
	Set     NodeType = "set"     // set Priority, Skills, Prefers, Language, Attributes
	WaitFor NodeType = "wait"    // learn the place and the wait that Queue has for who enters now; say Text (may be empty), go on at Next
	LookUp  NodeType = "look_up" // ask Connection for Path, store Results; go on at Next, or at Failed
	Consent NodeType = "consent" // show the consent text Consent, wait; Yes (recorded), No, or None in Seconds
	// Recording pauses, resumes or stops the recording of the call (Action); go on at
	// Next.
	Recording NodeType = "recording"
	Enqueue   NodeType = "queue" // say Text (may be empty) and put into Queue; ends the flow
	// TransferOut says Text, calls Number for the caller for Seconds and hands the
	// call over to who answers, which ends the flow; else Busy, None (no answer) or
	// Failed. It is for calls.
	TransferOut NodeType = "transfer_out"
	// Voicemail says Text, takes a message of at most Seconds after a tone and puts the
	// interaction into Queue, whose agents hear it; None where nothing was said. It is
	// for calls.
	Voicemail NodeType = "voicemail"
	// Callback says Text and puts the interaction into Queue, where it keeps its place
	// though the person hangs up; when its turn comes, Number (else the number that
	// called) is called. Failed: it may not be. It is for calls.
	Callback NodeType = "callback"
	// Pause waits for Seconds; then Next. No tenant's flow has it.
	Pause NodeType = "pause"

	Script  NodeType = "script"   // set attributes as its lines say; go on at Next, or at Failed
	SubFlow NodeType = "sub_flow" // run Flow; go on where Ends says by the end that it came to, else at Next
	Return  NodeType = "return"   // go back to the flow that runs this one, by the end's name End; the first flow: close
	Form    NodeType = "form"     // say Text (may be empty), show the leave-a-message form, wait; when sent: Next, or close
	Close   NodeType = "close"    // say Text (may be empty) and close
)

// Sizes that Parse, Check and Step hold to.
const (
	MaxBytes      = 256 << 10 // of a graph's JSON
	MaxNodes      = 500
	MaxOptions    = 12
	MaxCases      = 20
	MaxText       = 2000 // characters of one text, before placeholders are filled
	MaxSaid       = 4000 // characters of one text as said
	MaxLabel      = 80   // characters of a button
	MaxValue      = 2000 // characters of an attribute; longer input is cut
	MaxAttributes = 50   // names set by one flow
	MaxSeconds    = 86400
	MaxSteps      = 2000 // nodes of one run, re-asked questions included
	MaxDigits     = 32   // keys of one answer
	MaxLookUp     = 10   // seconds that a look_up may take
	MaxPath       = 500  // characters of a look_up's path
	MaxFields     = 30   // of a look_up's body, and of its results
	MaxPointer    = 200  // characters of a result's place
	MaxPlace      = 100_000
)

// Attributes that a wait step sets: the place in line of who enters the queue
// now (1 is next) and the estimated wait in minutes, rounded up. Both are "" if
// that is not known.
const (
	AttributePlace   = "place"
	AttributeMinutes = "minutes"
)

// AttributeName is the attribute that holds the person's display name; a run
// that knows it gets it in the attributes of Start.
const AttributeName = "name"

// Node is one step. Texts are by language; the interaction's language is used,
// else the entry point's first. Texts may hold {{attribute}}.
type Node struct {
	Type NodeType          `json:"type"`
	Text map[string]string `json:"text,omitempty"`
	// Prompt names recorded prompts by language, in the place of a text: calls hear
	// their sound, chats read their words.
	Prompt  map[string]string `json:"prompt,omitempty"`
	Options []Option          `json:"options,omitempty"`
	Into    string            `json:"into,omitempty"`
	// Digits asks a collect for keys: other answers bring the question again.
	Digits *Digits `json:"digits,omitempty"`
	// Sensitive keeps the answer of a collect from everybody: it goes to
	// State.Secrets, and into no text, attribute, condition or record.
	Sensitive  bool              `json:"sensitive,omitempty"`
	Hours      string            `json:"hours,omitempty"`
	Open       string            `json:"open,omitempty"`
	Closed     string            `json:"closed,omitempty"`
	Cases      []Case            `json:"cases,omitempty"`
	Queue      string            `json:"queue,omitempty"`
	Priority   *int              `json:"priority,omitempty"`
	Skills     map[string]int    `json:"skills,omitempty"`
	Prefers    map[string]int    `json:"prefers,omitempty"` // preferred skills
	Language   string            `json:"language,omitempty"`
	Attributes map[string]string `json:"attributes,omitempty"`
	// What a look_up asks: Method GET or POST, Path below the connection's address,
	// Body the fields of the JSON object that a POST sends. Texts in both may hold
	// {{attribute}}, those of Body also secrets. Results says which attribute gets
	// what stands where in the answer (a JSON pointer).
	Connection string            `json:"connection,omitempty"`
	Method     string            `json:"method,omitempty"`
	Path       string            `json:"path,omitempty"`
	Body       map[string]string `json:"body,omitempty"`
	Results    map[string]string `json:"results,omitempty"`
	Failed     string            `json:"failed,omitempty"`
	Consent    string            `json:"consent,omitempty"`
	Number     string            `json:"number,omitempty"`
	Caller     string            `json:"caller,omitempty"` // the own number to show; "" leaves it to the trunk
	Busy       string            `json:"busy,omitempty"`
	Lines      []string          `json:"lines,omitempty"` // of a script
	Flow       string            `json:"flow,omitempty"`
	Ends       []End             `json:"ends,omitempty"`
	End        string            `json:"end,omitempty"`
	// What a recording step does, and a word for why.
	Action recording.Action `json:"action,omitempty"`
	Reason string           `json:"reason,omitempty"`
	// Reject closes an email as rejected, for a reason of the set-up.
	Reject string `json:"reject,omitempty"`
	Yes    string `json:"yes,omitempty"`
	No     string `json:"no,omitempty"`
	None   string `json:"none,omitempty"`
	Next   string `json:"next,omitempty"`
	// Seconds bounds the wait of ask and collect; then Timeout is next. 0 means
	// as long as the person stays. It bounds a look_up, too; then Failed is next; and a
	// consent; then None is. A transfer_out rings for so long; a voicemail may be so long.
	Seconds int    `json:"seconds,omitempty"`
	Timeout string `json:"timeout,omitempty"`
	// At is where the node stands in the drawing; a node without it is laid out
	// by whoever draws. It has no meaning for a run.
	At *Place `json:"at,omitempty"`
}

// Place is a point of the drawing, in CSS pixels from its origin; y grows down.
type Place struct {
	X int `json:"x"`
	Y int `json:"y"`
}

// Digits is what a collect for keys accepts.
type Digits struct {
	Min int `json:"min"` // digits without which it is no answer, 1 to Max
	Max int `json:"max"` // digits that complete it, up to MaxDigits
	// Terminator is the key that ends an answer before Max, "#" or "*"; "" is none.
	Terminator string `json:"terminator,omitempty"`
}

// Option is one button of an ask.
type Option struct {
	Value string            `json:"value"`
	Label map[string]string `json:"label"`
	Next  string            `json:"next"`
}

// Case is one branch: an expression (expr-lang) over attr, language, channel,
// hour, weekday.
type Case struct {
	If   string `json:"if"`
	Next string `json:"next"`
}

// State is where a run stands. Attributes may hold what the person wrote, so
// whoever stores a State seals it.
type State struct {
	Node       string            `json:"node"`
	Attributes map[string]string `json:"attributes,omitempty"`
	// Secrets are the answers to sensitive questions. They are gone when the run
	// is over, and are for nobody's eyes while it is not.
	Secrets  map[string]string `json:"secrets,omitempty"`
	Language string            `json:"language"`
	Priority int               `json:"priority"`
	Skills   map[string]int    `json:"skills,omitempty"`
	Prefers  map[string]int    `json:"prefers,omitempty"`
	Deadline time.Time         `json:"deadline,omitzero"`
	Waiting  bool              `json:"waiting"` // for the person's input, or for an answer to a look_up
	Done     bool              `json:"done"`
	Shown    *Shown            `json:"shown,omitempty"` // by a consent that waits
	Steps    int               `json:"steps"`           // nodes run; a run is bounded
	// Within are the flows that run within the first, the innermost last; Node is
	// a step of that one.
	Within []Frame `json:"within,omitempty"`
}

// Input is what happened since the last step. The zero value starts a run.
type Input struct {
	Text    string // the person's words
	Choice  string // an Option's value
	Form    bool   // the leave-a-message form was sent
	Timeout bool   // Deadline passed
	// Masked says that Text was given to a sensitive question and is kept nowhere
	// else. Only such a question takes it, and it takes no other.
	Masked bool
	// Answer is what a look_up came to.
	Answer *Answer
	// Outcome is why a transfer_out reached nobody, or what became of a voicemail or a
	// callback.
	Outcome *Outcome
}

// World is what a run may ask about.
type World struct {
	// Now is in the tenant's time zone: hour and weekday of conditions are its
	// local ones.
	Now     time.Time
	Channel string
	// Languages are the entry point's, the first is used where a text lacks the
	// person's language.
	Languages []string
	// IsOpen answers whether the opening hours with this id are open now; nil
	// means always open.
	IsOpen func(hours string) bool
	// Wait tells the place (1 is next) and the estimated wait in seconds (below 0:
	// unknown) of who would enter a queue now; nil: neither is known.
	Wait func(queue string) (place, seconds int)
	// Consent gives a consent text by language, and its version; nil or no words:
	// it is not in use.
	Consent func(text string) (words map[string]string, version int64)
	// Flow finds the flows that sub_flow runs; nil: there are none.
	Flow Flows
	// Mail is the message that the run is about; nil if it is about none.
	Mail *Mail
	// Prompt gives the words of a recorded prompt; nil or false: it is not in use.
	Prompt func(prompt string) (words string, known bool)
}

// Action is what the channel or the floor must do, in order.
type Action struct {
	Say     string   // text to say, "" if none
	Prompt  string   // id of the recorded prompt whose words Say is; "" if none
	Buttons []Button // with Say, for an ask
	Collect bool     // with Say: words are waited for
	Digits  *Digits  // with Collect: keys are
	Masked  bool     // with Collect: the answer is kept from everybody
	Form    bool     // show the leave-a-message form
	Queue   string   // enqueue here
	Close   bool
	Reject  string // with Close: the reason for which an email is rejected
	Given   *Given // the person agreed: record it
	Refused string // id of the consent text to which the person did not agree
	// Recording changes how the recording of the interaction stands.
	Recording *Recorded
	// Transfer calls a number and hands the call over; the run waits meanwhile.
	Transfer *Transfer
	// Message has a message by voice taken, and CallBack asks whether the person can be
	// called back; the run waits meanwhile. With Queue: Left says that the person left
	// one, and Kept that it is to be called back.
	Message    *Message
	CallBack   *CallBack
	Left, Kept bool
	// Back: a secure flow is over, and the person is with its agent again. End is the
	// name of the return step where it ended; "" of one without.
	Back bool
	End  string
}

// Way is one edge that a run took. Out names the way as its field in the node
// does: "next", "open", "closed", "timeout", "options[1]", "cases[0]", "ends[0]".
// The first way into a flow has neither From nor Out.
type Way struct {
	Flow string `json:"flow,omitempty"` // in which both steps are; "" is the first
	From string `json:"from,omitempty"`
	Out  string `json:"out,omitempty"`
	To   string `json:"to"`
}

// Button is an option in the person's language.
type Button struct {
	Value string `json:"value"`
	Label string `json:"label"`
}
