package media

import (
	"slices"
	"sync"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/media/audio"
	"nubitalk/internal/media/dtmf"
	"nubitalk/internal/media/jitter"
)

// Role is what a party does in a bridge.
type Role struct {
	kind  roleKind
	whoTo *line
}

type roleKind uint8

const (
	talks roleKind = iota
	listens
	whispers
	waits
)

var (
	// Talk hears and is heard by everybody.
	Talk = Role{kind: talks}
	// Listen hears everybody who talks and is heard by nobody: a supervisor who
	// listens along, or a party that is muted.
	Listen = Role{kind: listens}
	// Hold hears its music and is heard by nobody.
	Hold = Role{kind: waits}
)

// Whisper hears everybody who talks and is heard by one party only.
func Whisper(to Leg) Role { return Role{whispers, to.core()} }

// mode is what a line's own sound comes from.
type mode uint8

const (
	mute   mode = iota // nothing is sent
	relays             // the packets of the one whom it hears, when they come
	makes              // a frame every 20 ms: keys, prompt, mix, music, silence
)

// Bridge connects legs. Who hears exactly one other gets that one's packets as
// they are, at once; everybody else gets frames of 20 ms that are made for it.
// Its lock guards itself and the legs in it.
type Bridge struct {
	host *Host
	id   uint64
	pace *pace

	mu    sync.Mutex
	lines []*line
	paced bool
}

// lockTwo locks two bridges in the order of their ids.
func lockTwo(a, b *Bridge) {
	if a.id > b.id {
		a, b = b, a
	}
	a.mu.Lock()
	if a != b {
		b.mu.Lock()
	}
}

func unlockTwo(a, b *Bridge) {
	a.mu.Unlock()
	if a != b {
		b.mu.Unlock()
	}
}

// Join takes a leg into the bridge, out of the one that it is in. It fails with
// errs.Gone when the leg is closed.
func (b *Bridge) Join(leg Leg, r Role) error {
	l := leg.core()
	for {
		from := l.bridge.Load()
		lockTwo(from, b)
		if l.bridge.Load() != from {
			unlockTwo(from, b)
			continue
		}
		if l.closed {
			unlockTwo(from, b)
			return errs.New(errs.Gone, "This call has ended.")
		}
		l.role = r
		l.move(from, b)
		unlockTwo(from, b)
		return nil
	}
}

// move changes the bridge of a line; both locks are held.
func (l *line) move(from, to *Bridge) {
	if from != to {
		if i := slices.Index(from.lines, l); i >= 0 {
			from.lines = slices.Delete(from.lines, i, i+1)
		}
		to.lines = append(to.lines, l)
		l.bridge.Store(to)
		from.plan()
	}
	to.plan()
}

// SetRole changes what a leg does in this bridge; it does nothing when the leg is
// not in it.
func (b *Bridge) SetRole(leg Leg, r Role) {
	l := leg.core()
	b.mu.Lock()
	defer b.mu.Unlock()
	if l.bridge.Load() == b {
		l.role = r
		b.plan()
	}
}

// Leave takes a leg out; it is alone then, and hears its music. It does nothing
// when the leg is not in this bridge.
func (b *Bridge) Leave(leg Leg) { b.leave(leg.core()) }

func (b *Bridge) leave(l *line) {
	if b == l.home {
		return
	}
	lockTwo(b, l.home)
	defer unlockTwo(b, l.home)
	if l.bridge.Load() == b {
		l.role = Talk
		l.move(b, l.home)
	}
}

// Close takes all legs out.
func (b *Bridge) Close() {
	b.mu.Lock()
	all := slices.Clone(b.lines)
	b.mu.Unlock()
	for _, l := range all {
		b.leave(l)
	}
}

// Size is how many legs are in it.
func (b *Bridge) Size() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.lines)
}

// hears says whether p hears q.
func (p *line) hearsLine(q *line) bool {
	if p == q || p.role.kind == waits || !q.expects {
		return false
	}
	switch q.role.kind {
	case talks:
		return true
	case whispers:
		return q.role.whoTo == p
	default:
		return false
	}
}

// plan works out who gets what from whom, after anything changed. The lock is
// held.
func (b *Bridge) plan() {
	for _, l := range b.lines {
		clear(l.relayTo)
		l.relayTo = l.relayTo[:0]
		clear(l.hears)
		l.hears = l.hears[:0]
	}
	mixed := false
	paced := false
	for _, l := range b.lines {
		for _, q := range b.lines {
			if l.hearsLine(q) {
				l.hears = append(l.hears, q)
			}
		}
		switch {
		case l.closed || !l.out.ready || !l.sends:
			l.mode = mute
		case len(l.hears) == 1 && l.prompt == nil && !l.keying():
			l.mode = relays
			l.hears[0].relayTo = append(l.hears[0].relayTo, l)
		default:
			l.mode = makes
			paced = true
			mixed = mixed || len(l.hears) > 1
		}
	}
	b.planViews()
	// A prompt over a conversation of two needs no mix; but sound that is about
	// to be mixed must have been gathered before.
	for _, q := range b.lines {
		wanted := false
		for _, l := range b.lines {
			wanted = wanted || mixed && l.mode == makes && len(l.hears) > 1 && slices.Contains(l.hears, q)
		}
		switch {
		case wanted && q.mixed == nil:
			q.mixed = jitter.New()
		case !wanted:
			q.mixed = nil
		}
	}
	// A prompt that has nobody to be sent to ends all the same.
	for _, l := range b.lines {
		paced = paced || l.prompt != nil
	}
	if paced != b.paced {
		b.paced = paced
		if paced {
			b.pace.add(b)
		} else {
			b.pace.remove(b)
		}
	}
}

// keying says whether keys are being sent or wait.
func (l *line) keying() bool { return l.keys.Busy() || len(l.waiting) > 0 || l.pause > 0 }

// arrived takes a good packet of a line to whom it concerns. The lock is held.
func (b *Bridge) arrived(l *line, p *packet, now time.Duration) {
	l.counts.Received++
	l.meter.Received(p.ssrc, p.sequence, p.timestamp, now)
	l.last = now
	if !l.came {
		l.came = true
		l.events.note(Connected{})
	}
	if l.silences > 0 {
		l.silences = 0
		l.events.note(Heard{})
	}
	if !l.expects {
		return
	}
	if p.event {
		key, pressed, known := l.hearEvent(p, now)
		p.pressed = pressed
		passed := pressed && l.passKeys && b.passKey(l, key)
		if pressed && !known {
			l.events.note(Key{Digit: Digit(key), Passed: passed})
		}
		if !l.passKeys {
			return
		}
	} else {
		if l.taps != nil {
			l.showTaps(In, p.law, p.payload, p.timestamp, now)
		}
		if l.tones != nil && !l.keyed {
			l.hearTones(p)
		}
		if l.mixed != nil {
			l.mixed.Put(p.timestamp, p.payload, p.law, now)
		}
	}
	for _, to := range l.relayTo {
		to.relay(l, p, now)
	}
}

// passKey has those who hear the line mixed get the key made anew, and says whether
// anybody gets it: they, or to whom the line's packets are relayed.
func (b *Bridge) passKey(from *line, key byte) (passed bool) {
	for _, l := range from.relayTo {
		passed = passed || l.out.ready && l.out.events
	}
	if from.mixed == nil {
		return passed
	}
	for _, l := range b.lines {
		if l.mode == makes && l.out.events && len(l.waiting) < maxKeys && slices.Contains(l.hears, from) {
			l.waiting = append(l.waiting, key)
			passed = true
		}
	}
	return passed
}

func (l *line) relay(from *line, p *packet, now time.Duration) {
	before := l.out.packets
	l.out.relay(l.carrier, from, p, now)
	if l.out.packets == before {
		return
	}
	l.meter.Sent(l.out.ssrc, len(p.payload))
}

// tick makes the frames that are due for all who need them. frames is how many
// have passed since the last tick; more than one only after a stall.
func (b *Bridge) tick(now time.Duration, frames int) {
	b.mu.Lock()
	if !b.paced {
		b.mu.Unlock()
		return
	}
	var all audio.Mix
	for _, l := range b.lines {
		l.frameGood = false
		if l.mixed != nil {
			for range frames {
				l.frameGood = l.mixed.Get(&l.frame)
			}
			if l.frameGood && l.role.kind == talks {
				all.Add(&l.frame)
			}
		}
	}
	again := false
	for _, l := range b.lines {
		if l.make(&all, frames, now) {
			again = true
		}
	}
	if again {
		b.plan()
	}
	quiet := b.quietLines()
	b.mu.Unlock()
	for _, l := range quiet {
		l.events.flush()
	}
}

// quietLines are those with events to hand over.
func (b *Bridge) quietLines() (due []*line) {
	for _, l := range b.lines {
		if l.events.pending() {
			due = append(due, l)
		}
	}
	return due
}

// make sends what a line should hear in this frame, and says whether the plan
// has to be made again.
func (l *line) make(all *audio.Mix, frames int, now time.Duration) (replan bool) {
	if l.mode != makes {
		if l.prompt == nil || !l.begun {
			return false
		}
		var f audio.Frame // a prompt to nobody runs on, so that its end comes
		if l.prompt.source.Next(&f) {
			return false
		}
		l.endPrompt(true)
		return true
	}
	if l.keying() {
		return l.sendKey(frames, now)
	}
	var f audio.Frame
	if l.prompt != nil && !l.prompt.source.Next(&f) {
		l.endPrompt(true)
		replan = true
		clear(f[:])
		if len(l.hears) == 1 {
			return true // its packets follow at once
		}
	} else if l.prompt != nil {
		l.sendFrame(&f, frames, now)
		return false
	}
	switch {
	case len(l.hears) > 1:
		l.mix(all, &f)
	case l.music != nil && len(l.hears) == 0:
		if !l.music.Next(&f) {
			l.music = nil
			clear(f[:])
		}
	}
	l.sendFrame(&f, frames, now)
	return replan
}

// mix gives the line what it hears: the sum of all talkers without itself, and
// who whispers to it.
func (l *line) mix(all *audio.Mix, f *audio.Frame) {
	whispered := false
	for _, q := range l.hears {
		whispered = whispered || q.role.kind == whispers && q.frameGood
	}
	own := (*audio.Frame)(nil)
	if l.role.kind == talks && l.frameGood {
		own = &l.frame
	}
	if !whispered {
		all.Write(f, own)
		return
	}
	sum := *all
	for _, q := range l.hears {
		if q.role.kind == whispers && q.frameGood {
			sum.Add(&q.frame)
		}
	}
	sum.Write(f, own)
}

func (l *line) sendFrame(f *audio.Frame, frames int, now time.Duration) {
	l.out.sound(l.carrier, f, frames, now)
	l.meter.Sent(l.out.ssrc, audio.Samples)
}

// sendKey sends the next packet of a key, or a frame of the pause after it.
func (l *line) sendKey(frames int, now time.Duration) (replan bool) {
	var f audio.Frame
	if l.pause > 0 {
		l.pause--
		l.sendFrame(&f, frames, now)
		return !l.keying()
	}
	if !l.keys.Busy() {
		key := l.waiting[0]
		l.waiting = l.waiting[1:]
		l.keys.Press(key, keyLength)
	}
	var event [dtmf.Size]byte
	if p, ok := l.keys.Next(&event); ok {
		l.out.key(l.carrier, event, p.Offset, p.Marker, frames, now)
		l.meter.Sent(l.out.ssrc, len(event))
	}
	if !l.keys.Busy() {
		l.pause = int(keyLength / audio.FrameTime)
	}
	return false
}

// keyLength is how long a key is pressed, and the pause after it.
const keyLength = 100 * time.Millisecond
