package demo

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"nubitalk/internal/base/order"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel"
	"nubitalk/internal/channel/chat"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/flow"
	"nubitalk/internal/core/setup"
)

// Conversation is a closed chat of the past. Queues, agents, dispositions and
// labels are named, not by id: Made has the ids. Who inserts it gives it an
// interaction id, a contact (the same for the same Email) and sealed texts.
type Conversation struct {
	EntryPoint  string
	Flow        string
	Language    string
	Name        secret.Text // display name; may be empty
	Email       secret.Text // may be empty: then a contact of its own
	Queue       string      // the last one; "" if none was reached
	Agent       string      // user name of the last one; "" if none answered
	Disposition string
	Labels      []string
	CloseReason acd.CloseReason
	Priority    int
	LeftMessage bool
	Rating      int         // 1-5; 0 if none
	Comment     secret.Text // beside the rating; may be empty

	ArrivedAt  time.Time
	QueuedAt   time.Time // zero if no queue was reached
	OfferedAt  time.Time // of the last offer that was taken
	AnsweredAt time.Time // by the first agent
	LeftAt     time.Time // when the person left, if it did before the agent finished
	WrapFrom   time.Time
	ClosedAt   time.Time

	Segments []Segment
	Offers   []Offer
	Messages []Message
}

// Segment is the part of a conversation that one flow, queue or agent held.
type Segment struct {
	HolderKind string // flow, queue, agent
	Holder     string // its name
	StartedAt  time.Time
	EndedAt    time.Time
	Cause      string // why it ended
}

// Offer is one conversation shown to one agent.
type Offer struct {
	Queue, Agent string
	OfferedAt    time.Time
	Deadline     time.Time
	EndedAt      time.Time
	Outcome      acd.OfferOutcome
}

// Message is one line. Kinds and author kinds are those of channel/chat.
type Message struct {
	At         time.Time
	AuthorKind string
	Author     string // user name of an agent
	Kind       string
	Text       secret.Text
	Buttons    []chat.Button
	Event      channel.Event
}

// shift is when an agent works on weekdays; some also on Saturdays.
type shift struct {
	agent    string
	from, to int // hours
	saturday bool
}

var shifts = []shift{
	{"a7", 9, 17, false}, {"b2", 9, 17, true}, {"c9", 11, 19, false}, {"d4", 11, 19, true}, {"e5", 9, 14, false}, {"f1", 14, 19, true},
}

var serves = map[string][]string{
	"Billing": {"a7", "d4", "e5"}, "Returns": {"a7", "b2", "d4", "f1"}, "Sales": {"b2", "c9", "e5", "f1"},
}

// arrivals an hour, from nine on weekdays.
var busy = []float64{7, 11, 13, 9, 6, 9, 12, 10, 8, 5}

const (
	chatsAtOnce  = 2
	offerTime    = 20 * time.Second
	meanPatience = 4 * time.Minute
)

// History is the week before now in the demo tenant: closed conversations by
// arrival, English and Portuguese, answered, transferred, abandoned and left as
// messages, played against the agents' shifts. The same now and seed give the
// same history.
func History(now time.Time, seed uint64) []Conversation {
	zone, err := setup.Zone(Zone)
	if err != nil {
		panic("demo: " + err.Error()) // zones are built in
	}
	p := &player{Rand: rand.New(rand.NewPCG(seed, 0x6e756269)), now: now, slots: map[string][]time.Time{}, hours: shopHours(), nodes: shopFlow("").Nodes}
	for _, s := range shifts {
		p.slots[s.agent] = make([]time.Time, chatsAtOnce)
	}
	today := now.In(zone)
	for back := 7; back >= 0; back-- {
		p.day(time.Date(today.Year(), today.Month(), today.Day()-back, 0, 0, 0, 0, zone))
	}
	order.Stable(p.done, func(a, b Conversation) int { return a.ArrivedAt.Compare(b.ArrivedAt) })
	return p.done
}

// player plays conversations one after another by arrival.
type player struct {
	*rand.Rand
	now   time.Time
	hours setup.Hours
	nodes map[string]flow.Node   // of the shop's flow
	slots map[string][]time.Time // when each of an agent's places is free
	done  []Conversation
}

func (p *player) between(least, most float64) time.Duration {
	return time.Duration((least + p.Float64()*(most-least)) * float64(time.Second)).Round(time.Millisecond)
}

func (p *player) chance(percent float64) bool { return p.Float64()*100 < percent }

func pick[T any](p *player, list []T) T { return list[p.IntN(len(list))] }

// day plays one day: arrivals as a Poisson process, more of them when busy.
func (p *player) day(midnight time.Time) {
	weekday := midnight.Weekday()
	for hour := range 24 {
		rate := 0.35 // at night and on Sundays: people who leave a message
		switch {
		case weekday == time.Saturday && hour >= 10 && hour < 14:
			rate = 5
		case weekday >= time.Monday && weekday <= time.Friday && hour >= 9 && hour < 19:
			rate = busy[hour-9]
		case hour < 7:
			rate = 0.08
		}
		for at := p.ExpFloat64() / rate; at < 1; at += p.ExpFloat64() / rate {
			began := time.Date(midnight.Year(), midnight.Month(), midnight.Day(), hour, 0, 0, 0, midnight.Location()).Add(time.Duration(at * float64(time.Hour))).Round(time.Millisecond)
			p.arrive(began)
		}
	}
}

// arrive plays one conversation and keeps it if it is over by now.
func (p *player) arrive(at time.Time) {
	t := &take{player: p, at: at}
	t.c = Conversation{EntryPoint: ShopEntry, Flow: "Shop welcome", Language: "en", ArrivedAt: at}
	if p.chance(45) {
		t.c.Language = "pt"
	}
	t.person()
	var held []hold
	if !setup.IsOpen(p.hours, at) {
		t.letter()
	} else {
		held = t.play()
	}
	if !t.c.ClosedAt.Before(p.now) {
		return
	}
	for _, h := range held {
		p.slots[h.agent][h.slot] = h.until
	}
	for i := range t.c.Messages {
		t.c.Messages[i].At = t.c.Messages[i].At.UTC()
	}
	p.done = append(p.done, t.c)
}

// hold is an agent's place taken until a time.
type hold struct {
	agent string
	slot  int
	until time.Time
}

// take is one conversation while it is played.
type take struct {
	*player
	c      Conversation
	at     time.Time // where the play stands
	holder Segment
	fill   *strings.Replacer
}

// person chooses who writes, and what the gaps of the scripts are filled with.
func (t *take) person() {
	name := pick(t.player, people[t.c.Language])
	filled := name
	switch {
	case t.chance(12):
		filled = ""
	default:
		t.c.Name = secret.New(name)
	}
	if t.chance(70) {
		t.c.Email = secret.New(fmt.Sprintf("%s.%d@example.com", fold.Replace(strings.ToLower(name)), t.IntN(9)+1))
	}
	s := shoes[t.IntN(len(shoes))]
	size := t.IntN(len(sizes) - 1)
	t.fill = strings.NewReplacer("{order}", "AT-"+strconv.Itoa(41000+t.IntN(900)), "{shoe}", s.Name, "{size}", sizes[size], "{other}", sizes[size+1],
		"{price}", strconv.Itoa(s.Price), "{town}", pick(t.player, towns), " {{name}}", strings.TrimRight(" "+filled, " "), " {name}", strings.TrimRight(" "+filled, " "), "{name}", filled)
}

var fold = strings.NewReplacer("ê", "e", "é", "e", "ã", "a", "í", "i", "ó", "o", "á", "a")

func (t *take) say(kind, author, messageKind, text string) {
	t.c.Messages = append(t.c.Messages, Message{At: t.at, AuthorKind: kind, Author: author, Kind: messageKind, Text: secret.New(t.fill.Replace(text))})
}

func (t *take) event(e channel.Event, agent string) {
	t.c.Messages = append(t.c.Messages, Message{At: t.at, AuthorKind: chat.BySystem, Author: agent, Kind: chat.KindEvent, Event: e})
}

// hand ends the running segment and begins another; with kind "" it only ends.
func (t *take) hand(kind, holder, cause string) {
	if t.holder.HolderKind != "" {
		t.holder.EndedAt, t.holder.Cause = t.at.UTC(), cause
		t.c.Segments = append(t.c.Segments, t.holder)
	}
	t.holder = Segment{HolderKind: kind, Holder: holder, StartedAt: t.at.UTC()}
}

func (t *take) wait(least, most float64) { t.at = t.at.Add(t.between(least, most)) }

func (t *take) close(reason acd.CloseReason, cause string) {
	t.hand("", "", cause)
	t.c.CloseReason, t.c.ClosedAt = reason, t.at.UTC()
	t.c.ArrivedAt = t.c.ArrivedAt.UTC()
}

// letter is a message left out of hours.
func (t *take) letter() {
	t.hand("flow", t.c.Flow, "")
	nodes := t.nodes
	t.say(chat.ByBot, "", chat.KindForm, nodes["closed"].Text[t.c.Language])
	t.wait(20, 120)
	t.say(chat.ByVisitor, "", chat.KindText, pick(t.player, letters[t.c.Language]))
	t.say(chat.ByBot, "", chat.KindText, nodes["thanks"].Text[t.c.Language])
	t.c.LeftMessage = true
	t.event(channel.EventEnded, "")
	t.close(acd.Completed, "flow_end")
}

// play runs the flow, the wait and the conversation.
func (t *take) play() []hold {
	var fitting []script
	topic := pick(t.player, []string{"bill", "return", "return", "shoes", "shoes", "shoes"})
	for _, s := range scripts {
		if s.topic == topic && s.language == t.c.Language {
			fitting = append(fitting, s)
		}
	}
	s := pick(t.player, fitting)
	if !t.welcome(s) {
		return nil
	}
	t.c.Queue, t.c.QueuedAt = s.queue, t.at.UTC()
	t.hand("queue", s.queue, acd.CauseQueued)
	t.event(channel.EventQueued, "")
	patience := time.Duration(t.ExpFloat64() * float64(meanPatience))
	if t.chance(3) {
		patience = t.between(2, 9)
	}
	h, ok := t.answer(s.queue, t.at.Add(patience))
	if !ok {
		t.c.LeftAt = t.at.UTC()
		t.event(channel.EventEnded, "")
		t.close(acd.Abandoned, acd.CauseCustomerLeft)
		return nil
	}
	return t.talk(s, h)
}

// welcome plays the flow; false when the person goes away in it.
func (t *take) welcome(s script) bool {
	nodes, l := t.nodes, t.c.Language
	t.hand("flow", t.c.Flow, "")
	t.say(chat.ByBot, "", chat.KindText, nodes["greet"].Text[l])
	ask := func(node, value string) {
		n := nodes[node]
		t.say(chat.ByBot, "", chat.KindButtons, n.Text[l])
		last := &t.c.Messages[len(t.c.Messages)-1]
		for _, o := range n.Options {
			last.Buttons = append(last.Buttons, chat.Button{Value: o.Value, Label: o.Label[l]})
		}
		t.wait(3, 14)
		for _, o := range n.Options {
			if o.Value == value {
				t.say(chat.ByVisitor, "", chat.KindText, o.Label[l])
			}
		}
	}
	if t.chance(2) {
		t.wait(5, 40)
		t.c.LeftAt = t.at.UTC()
		t.event(channel.EventEnded, "")
		t.close(acd.Abandoned, acd.CauseCustomerLeft)
		return false
	}
	ask("topic", s.topic)
	switch s.topic {
	case "bill":
		t.say(chat.ByBot, "", chat.KindText, nodes["order"].Text[l])
		t.wait(5, 25)
		t.say(chat.ByVisitor, "", chat.KindText, "{order}")
	case "return":
		ask("when", "recent")
	}
	t.say(chat.ByBot, "", chat.KindText, nodes[strings.ToLower(s.queue)].Text[l])
	return true
}

// answer finds the agent who takes it, before the person loses patience.
func (t *take) answer(queue string, patience time.Time) (hold, bool) {
	var passed string
	for {
		h, free := t.nextFree(queue, passed)
		shown := latest(t.at, free).Add(50 * time.Millisecond)
		if h.agent == "" || shown.After(patience) {
			t.at = patience.Round(time.Millisecond)
			return h, false
		}
		o := Offer{Queue: queue, Agent: h.agent, OfferedAt: shown.UTC(), Deadline: shown.Add(offerTime).UTC()}
		t.at = shown
		if passed == "" && t.chance(4) { // the agent is away from the screen
			o.EndedAt, o.Outcome, passed = o.Deadline, acd.Expired, h.agent
			t.at = shown.Add(offerTime)
			if t.at.After(patience) {
				t.at = patience.Round(time.Millisecond)
				o.EndedAt, o.Outcome = t.at.UTC(), acd.Revoked
				t.c.Offers = append(t.c.Offers, o)
				return h, false
			}
			t.c.Offers = append(t.c.Offers, o)
			continue
		}
		t.wait(2, 9)
		o.EndedAt, o.Outcome = t.at.UTC(), acd.Accepted
		t.c.Offers = append(t.c.Offers, o)
		t.c.OfferedAt = o.OfferedAt
		return h, true
	}
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// nextFree is the place that is free first among those who serve a queue now;
// among free ones the longest idle.
func (t *take) nextFree(queue, but string) (hold, time.Time) {
	best, free := hold{}, time.Time{}
	for _, s := range shifts {
		if s.agent == but || !slices.Contains(serves[queue], s.agent) || !s.works(t.at) {
			continue
		}
		for i, until := range t.slots[s.agent] {
			if best.agent == "" || until.Before(free) {
				best, free = hold{agent: s.agent, slot: i}, until
			}
		}
	}
	return best, free
}

func (s shift) works(at time.Time) bool {
	if at.Weekday() == time.Saturday {
		return s.saturday
	}
	return at.Hour() >= s.from && at.Hour() < s.to
}

// talk plays the script from the first agent to the end of the wrap-up.
func (t *take) talk(s script, h hold) []hold {
	t.c.AnsweredAt, t.c.Agent = t.at.UTC(), h.agent
	t.hand("agent", h.agent, acd.CauseAccepted)
	t.event(channel.EventAgentJoined, h.agent)
	var held []hold
	for _, line := range s.lines {
		who, text, _ := strings.Cut(line, " ")
		switch who {
		case "v":
			t.wait(12, 75)
			t.say(chat.ByVisitor, "", chat.KindText, text)
		case "a":
			t.wait(15, 30+float64(len(text))/2)
			t.say(chat.ByAgent, h.agent, chat.KindText, text)
		case "n":
			t.wait(4, 15)
			t.say(chat.ByAgent, h.agent, chat.KindNote, text)
		case "t":
			h.until = t.at
			held = append(held, h)
			next, ok := t.transfer(h, text)
			if !ok {
				return held
			}
			h = next
		}
	}
	t.wait(3, 20)
	if t.chance(35) {
		t.c.LeftAt = t.at.UTC()
	}
	t.event(channel.EventEnded, "")
	t.c.WrapFrom = t.at.UTC()
	t.rate()
	cause := acd.CauseCompleted
	if wrap := t.between(6, 38); wrap > 30*time.Second {
		t.at, cause = t.at.Add(30*time.Second), acd.CauseWrapUpEnded
	} else {
		t.at = t.at.Add(wrap)
		t.c.Disposition = s.disposition
		if s.label != "" && t.chance(80) {
			t.c.Labels = []string{s.label}
		}
	}
	t.close(acd.Completed, cause)
	h.until = t.at
	return append(held, h)
}

// transfer hands over to another queue; false when the person leaves meanwhile.
func (t *take) transfer(from hold, queue string) (hold, bool) {
	t.event(channel.EventTransferred, from.agent)
	t.event(channel.EventAgentLeft, from.agent)
	t.hand("queue", queue, acd.CauseTransfer)
	t.c.Queue = queue
	h, ok := t.answer(queue, t.at.Add(4*time.Minute+time.Duration(t.ExpFloat64()*float64(meanPatience))))
	if !ok {
		t.c.LeftAt, t.c.Agent = t.at.UTC(), from.agent
		t.event(channel.EventEnded, "")
		t.close(acd.Abandoned, acd.CauseCustomerLeft)
		return h, false
	}
	t.c.Agent = h.agent
	t.hand("agent", h.agent, acd.CauseAccepted)
	t.event(channel.EventAgentJoined, h.agent)
	return h, true
}

// rate is the person's satisfaction: good as a rule, worse after a long wait.
func (t *take) rate() {
	if !t.chance(55) {
		return
	}
	waited := t.c.AnsweredAt.Sub(t.c.QueuedAt).Minutes()
	score := 5.3 - math.Abs(t.NormFloat64())*1.1 - waited*0.5
	t.c.Rating = int(max(1, min(5, math.Round(score))))
	if t.chance(35) && t.c.Rating != 3 {
		t.c.Comment = secret.New(pick(t.player, remarks[t.c.Language][t.c.Rating > 3]))
	}
}
