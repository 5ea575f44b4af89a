package recording

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"regexp"
	"slices"
	"time"

	"nubitalk/internal/base/errs"
)

// Consent is what must have happened before a person is recorded.
type Consent string

const (
	NoConsent    Consent = "none"         // the law asks for nobody's but the organisation's own
	Announcement Consent = "announcement" // the person was told, and stayed
	Key          Consent = "key"          // the person was asked, and agreed
	Both         Consent = "both"         // it agreed, and was told as the recording began
)

// Consents are all of them, the laxest first.
var Consents = []Consent{NoConsent, Announcement, Key, Both}

// asks says whether the person must agree, and tells whether it must be told as
// the recording begins.
func (c Consent) asks() bool  { return c == Key || c == Both }
func (c Consent) tells() bool { return c == Announcement || c == Both }

// What says what of a call a rule has recorded.
type What string

const (
	OnlyVoice      What = "voice"
	OnlyScreen     What = "screen" // of the agent who has the call
	VoiceAndScreen What = "both"
)

// Whats are all of them.
var Whats = []What{OnlyVoice, OnlyScreen, VoiceAndScreen}

// Sides is what of a call is recorded.
type Sides struct{ Voice, Screen bool }

// sides are those of a rule; one that does not say is about voice.
func (w What) sides() Sides {
	return Sides{Voice: w != OnlyScreen, Screen: w == OnlyScreen || w == VoiceAndScreen}
}

func (s Sides) and(o Sides) Sides { return Sides{s.Voice || o.Voice, s.Screen || o.Screen} }

// Rule is one that fits a call.
type Rule struct {
	Percent      int  // of the calls that it fits; 0 with OnDemand false forbids recording
	OnDemand     bool // the agent may begin
	What         What
	Consent      Consent
	Text         string // id of the consent text; "" without consent
	AllParties   bool   // who joins later is told before it is recorded
	Hold         bool   // what the person says while it is held
	Consultation bool   // what the agent and a colleague say while the person is held
	PauseLimit   time.Duration
	KeepDays     int // after its end; 0: as long as the conversation
}

// Plan is what the rules that fit a call say together: the strictest of each.
type Plan struct {
	Record       bool // without anybody's asking
	OnDemand     bool
	Forbidden    bool
	Fits         bool  // some rule does
	Alone        Sides // what is recorded without anybody's asking
	Demand       Sides // what the agent may begin
	Consent      Consent
	Texts        []string // to be agreed to, or told
	AllParties   bool
	Hold         bool
	Consultation bool
	PauseLimit   time.Duration // a pause that nobody ends is ended; 0 is never
	KeepDays     int           // the shortest that any says; 0: as long as the conversation
}

// Decide makes one plan of the rules that fit an interaction. It is the same
// whenever it is asked: whether a call is of a share depends on its id alone.
func Decide(interaction string, rules []Rule) Plan {
	p := Plan{Fits: len(rules) > 0, Consent: NoConsent, Hold: len(rules) > 0, Consultation: len(rules) > 0}
	asks, tells, never := false, false, false
	for _, r := range rules {
		p.Forbidden = p.Forbidden || r.Percent == 0 && !r.OnDemand
		if drawn(interaction, r.Percent) {
			p.Record, p.Alone = true, p.Alone.and(r.What.sides())
		}
		if r.OnDemand {
			p.OnDemand, p.Demand = true, p.Demand.and(r.What.sides())
		}
		asks, tells = asks || r.Consent.asks(), tells || r.Consent.tells()
		if r.Text != "" && !slices.Contains(p.Texts, r.Text) {
			p.Texts = append(p.Texts, r.Text)
		}
		p.AllParties = p.AllParties || r.AllParties
		p.Hold, p.Consultation = p.Hold && r.Hold, p.Consultation && r.Consultation
		never = never || r.PauseLimit == 0
		p.PauseLimit = max(p.PauseLimit, r.PauseLimit)
		p.KeepDays = Shorter(p.KeepDays, r.KeepDays)
	}
	slices.Sort(p.Texts)
	if never {
		p.PauseLimit = 0
	}
	switch {
	case asks && tells:
		p.Consent = Both
	case asks:
		p.Consent = Key
	case tells:
		p.Consent = Announcement
	}
	if p.Forbidden {
		p.Record, p.OnDemand, p.Alone, p.Demand = false, false, Sides{}, Sides{}
	}
	return p
}

// drawn says whether an interaction is of a share.
func drawn(interaction string, percent int) bool {
	h := sha256.Sum256([]byte("nubitalk recorded share " + interaction))
	return binary.BigEndian.Uint64(h[:8])%100 < uint64(max(percent, 0))
}

// Action is what somebody wants of a recording.
type Action string

const (
	Start  Action = "start"
	Pause  Action = "pause"
	Resume Action = "resume"
	Stop   Action = "stop"
)

// Actions are all of them.
var Actions = []Action{Start, Pause, Resume, Stop}

// IsReason says whether something may stand as the reason for an action: a word
// without digits, so that no card's number is kept.
func IsReason(word string) bool { return reasonWord.MatchString(word) }

var reasonWord = regexp.MustCompile(`^[a-z_]{1,32}$`)

// Standing is what was decided about the recording of an interaction, and by
// whom. It outlives the program.
type Standing struct {
	Started bool // somebody asked for it
	Paused  bool
	Stopped bool // for good, unless it is started again
	// The last change of these, and a word for why.
	By     string
	Reason string
	At     time.Time
	// Texts that the person agreed to, and that it was told as the recording began.
	Agreed  []string
	Told    []string
	Refused bool // it was asked, and did not agree
}

// After is how things stand once somebody did something; changed is false for
// what was so already. A plan that does not allow it is a conflict.
func (s Standing) After(a Action, p Plan, by, reason string, now time.Time) (next Standing, changed bool, err error) {
	next = s
	switch a {
	case Start:
		next.Started, next.Stopped = true, false
		if s.Stopped || !s.Started && !p.Record {
			if !p.OnDemand {
				return s, false, errs.New(errs.Conflict, "The rules for recordings do not let this call be recorded on demand.")
			}
			if s.Refused {
				return s, false, errs.New(errs.Conflict, "The person did not agree to be recorded.")
			}
		}
	case Pause:
		next.Paused = true
	case Resume:
		next.Paused = false
	case Stop:
		next.Stopped = true
	}
	changed = next.Started != s.Started || next.Paused != s.Paused || next.Stopped != s.Stopped
	if changed {
		next.By, next.Reason, next.At = by, reason, now
	}
	return next, changed, nil
}

// ByFlow is Standing.By of what a flow did.
const ByFlow = "flow"

// NextCall is what holds for another call of the same conversation: what the person
// agreed to or was told, and what the flow said. What somebody began, paused or stopped
// was of the call in which it was done; a pause in which it was stopped may be the
// flow's, and stays.
func (s Standing) NextCall() Standing {
	if s.By == ByFlow || !s.Started && !s.Paused && !s.Stopped {
		return s
	}
	s.Started, s.Paused, s.Stopped = false, s.Paused && s.Stopped, false
	return s
}

// Wanted says whether a call is to be recorded, whatever the person says.
func (s Standing) Wanted(p Plan) bool {
	return !s.Stopped && !p.Forbidden && (p.Record || s.Started && p.OnDemand)
}

// Kept is what of the call is to be recorded now, whatever the person says.
func (s Standing) Kept(p Plan) (k Sides) {
	if !s.Wanted(p) {
		return k
	}
	k = p.Alone
	if s.Started {
		k = k.and(p.Demand)
	}
	return k
}

// Next is what must be said before a recording may begin: a text of which the
// person must be told, or to which it must agree. ok says that nothing must.
func (s Standing) Next(p Plan) (text string, ask, ok bool) {
	for _, t := range p.Texts {
		if p.Consent.asks() && !slices.Contains(s.Agreed, t) {
			return t, true, false
		}
	}
	for _, t := range p.Texts {
		agreed := slices.Contains(s.Agreed, t) && p.Consent != Both
		if p.Consent.tells() && !agreed && !slices.Contains(s.Told, t) {
			return t, false, false
		}
	}
	return "", false, p.Consent == NoConsent || len(p.Texts) > 0
}

// Agree notes that the person agreed to a text, or did not.
func (s Standing) Agree(text string, agreed bool) Standing {
	if !agreed {
		s.Refused = true
		return s
	}
	s.Agreed = with(s.Agreed, text)
	return s
}

// Tell notes that the person was told a text.
func (s Standing) Tell(text string) Standing {
	s.Told = with(s.Told, text)
	return s
}

func with(all []string, one string) []string {
	if slices.Contains(all, one) {
		return all
	}
	return append(slices.Clone(all), one)
}

// PauseEnds is when a pause is ended that nobody ends; zero is never. answered is
// since when an agent has the call: one that began before counts from there, and has
// no end while nobody has it (zero).
func (s Standing) PauseEnds(p Plan, answered time.Time) time.Time {
	if !s.Paused || p.PauseLimit == 0 || answered.IsZero() {
		return time.Time{}
	}
	if s.At.After(answered) {
		answered = s.At
	}
	return answered.Add(p.PauseLimit)
}

// Stricter compares consents: 1 when a asks for more than b.
func Stricter(a, b Consent) int {
	return cmp.Compare(slices.Index(Consents, a), slices.Index(Consents, b))
}
