package media

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"

	"nubitalk/internal/media/audio"
	"nubitalk/internal/media/dtmf"
	"nubitalk/internal/media/g711"
	"nubitalk/internal/media/jitter"
	"nubitalk/internal/media/quality"
)

// Leg is one party's sound, in and out: an RTPLeg or a BrowserLeg. All methods
// are safe for use by several goroutines; after Close they do nothing.
type Leg interface {
	// Play plays a prompt to the party in place of what it would hear, and ends
	// the prompt that plays at present. What it would hear goes on afterwards.
	Play(audio.Source) *Playing
	// Music is what the party hears while it hears nobody: alone in its bridge,
	// or held. nil is silence. It goes on where it was after a prompt.
	Music(audio.Source)
	// Press sends keys to the party, each for 100 ms with a pause of as long; it
	// says no for what is no key, too many at once, or when the party does not
	// take keys.
	Press(keys string) bool
	// TakesKeys says whether the party takes keys as events; Press sends none to others.
	TakesKeys() bool
	// PassKeys says whether keys that the party presses reach whom it talks with.
	// At first they do. Its owner is told of them either way.
	PassKeys(bool)
	// ReadTones says whether keys that the party sends as sound are told its owner
	// like others, until its first event comes: from then on they are the same keys. At
	// first they are not. They stay in its sound.
	ReadTones(bool)
	// Tap shows all sound of the leg to f, until the function returned is called.
	Tap(f func(TapFrame)) (end func())
	// Quality is how well the party is heard and hears.
	Quality() quality.Quality
	// Counts says what came and was dropped.
	Counts() Counts
	// Close ends the leg and takes it out of its bridge.
	Close()

	core() *line
}

// Direction says whose sound a tap shows.
type Direction uint8

const (
	In  Direction = iota // what the party said
	Out                  // what the party heard
)

// TapFrame is a piece of sound that came or went. Keys are not sound and are not
// shown.
type TapFrame struct {
	Direction Direction
	// At is the place of the first octet, in samples since the tap began. Both
	// directions have the same beginning.
	At int64
	// Gap is how many samples are missing since the end of the frame before; a
	// negative one is a late frame that fills an earlier gap.
	Gap int64
	Law g711.Law
	// Octets must be copied before returning.
	Octets []byte
}

// Counts says what came to a leg and was dropped, in packets.
type Counts struct {
	Received  uint64 // good ones
	Sent      uint64
	Strangers uint64 // from another address than the other end's
	Forged    uint64 // with another key, or changed on the way
	Replayed  uint64 // that had come before
	Useless   uint64 // malformed, or a payload that was not agreed
	Flooded   uint64 // the party's own, and more than a call has
}

// most keys that wait to be sent.
const maxKeys = 32

// line is what all legs have in common. Its fields are guarded by the lock of the
// bridge that it is in; it always is in one, at first alone in its own.
type line struct {
	host   *Host
	home   *Bridge
	bridge atomic.Pointer[Bridge]
	events events
	shut   func() // ends the transport; once
	closed bool

	carrier  carrier
	keeper   func(now time.Duration) error // reports to the other end
	reportAt time.Duration
	out      output
	begun    bool // media can flow, or could once
	sends    bool // the party wants to hear
	expects  bool // the party should send

	role Role
	// planned by Bridge.plan
	hears     []*line // whom it hears
	relayTo   []*line // who gets its packets as they are
	mode      mode
	mixed     *jitter.Buffer // of its sound, while somebody hears it mixed
	frame     audio.Frame    // of it in this tick
	frameGood bool

	prompt   *Playing
	music    audio.Source
	passKeys bool
	keys     dtmf.Sender
	waiting  []byte // keys
	pause    int    // frames before the next key
	pressed  dtmf.Receiver
	tones    *dtmf.Tones // nil: keys that come as sound are not read
	keyed    bool        // an event came
	toned    toned

	meter  quality.Meter
	counts Counts
	// what the party may send
	sounds, pictures, news allowance
	last                   time.Duration // when something good came; at first when it was agreed
	came                   bool
	// How often Silent was told since then, and when it was told last.
	silences int
	toldAt   time.Duration

	taps []*tap

	// of legs with video
	view     *view             // what is sent; nil cannot see
	sees     *line             // whom, planned by Bridge.planViews
	films    bool              // it sends video
	film     uint32            // its SSRC
	askVideo func(rtcp.Packet) // sends RTCP to the party
	filmed   bool              // it was asked for a whole picture at asked
	asked    time.Duration
}

func (h *Host) newLine(listener Listener, shut func()) (*line, error) {
	l := &line{host: h, events: events{listener: listener}, shut: shut, passKeys: true}
	l.out.ssrc = random32()
	l.home = h.NewBridge()
	l.home.lines = []*line{l}
	l.bridge.Store(l.home)
	if err := h.add(l); err != nil {
		return nil, err
	}
	return l, nil
}

func (l *line) core() *line { return l }

// lock locks the bridge that the line is in and gives it.
func (l *line) lock() *Bridge {
	for {
		b := l.bridge.Load()
		b.mu.Lock()
		if l.bridge.Load() == b {
			return b
		}
		b.mu.Unlock()
	}
}

// Close implements Leg.
func (l *line) Close() {
	b := l.lock()
	if l.closed {
		b.mu.Unlock()
		return
	}
	if b != l.home {
		b.mu.Unlock()
		b.leave(l)
		b = l.lock()
	}
	already := l.closed
	l.closed = true
	l.endPrompt(false)
	l.music, l.out.ready, l.out.show, l.taps, l.waiting = nil, false, nil, nil, nil
	b.plan()
	b.mu.Unlock()
	if !already {
		l.shut()
		l.host.remove(l)
	}
	l.events.flush()
}

// Music implements Leg.
func (l *line) Music(s audio.Source) {
	b := l.lock()
	defer b.mu.Unlock()
	if !l.closed {
		l.music = s
	}
}

// TakesKeys implements Leg.
func (l *line) TakesKeys() bool {
	b := l.lock()
	defer b.mu.Unlock()
	return l.out.ready && l.out.events
}

// PassKeys implements Leg.
func (l *line) PassKeys(pass bool) {
	b := l.lock()
	defer b.mu.Unlock()
	l.passKeys = pass
}

// ReadTones implements Leg.
func (l *line) ReadTones(read bool) {
	b := l.lock()
	defer b.mu.Unlock()
	switch {
	case !read:
		l.tones = nil
	case l.tones == nil:
		l.tones = new(dtmf.Tones)
	}
}

// toned is the key that was read from the sound last, and its place there.
type toned struct {
	key byte
	at  uint32
}

// sameKey is how far, in samples, an event may begin from the same key in the sound and
// be the same press: who sends events may leave the tone, or its beginning, there.
const sameKey = 2 * audio.Rate

// hearEvent takes a packet of an event, and says whether it begins a press that is not
// known yet.
func (l *line) hearEvent(p *packet, now time.Duration) (key byte, pressed, known bool) {
	key, pressed = l.pressed.Push(p.payload, p.timestamp, p.marker, now)
	apart := int32(p.timestamp - l.toned.at)
	known = pressed && !l.keyed && l.toned.key == key && -sameKey < apart && apart < sameKey
	l.keyed = l.keyed || pressed
	return key, pressed, known
}

// hearTones tells the keys that a packet of sound has in it.
func (l *line) hearTones(p *packet) {
	var pcm [audio.Samples]int16
	stamp := p.timestamp
	for octets := p.payload; len(octets) > 0; {
		n := p.law.DecodeTo(pcm[:], octets)
		if key, pressed := l.tones.Receive(stamp, pcm[:n]); pressed {
			l.toned = toned{key, stamp}
			l.events.note(Key{Digit: Digit(key)})
		}
		octets, stamp = octets[n:], stamp+uint32(n)
	}
}

// Press implements Leg.
func (l *line) Press(keys string) bool {
	for i := range len(keys) {
		if !dtmf.Valid(keys[i]) {
			return false
		}
	}
	b := l.lock()
	defer b.mu.Unlock()
	if l.closed || !l.out.ready || !l.out.events || len(l.waiting)+len(keys) > maxKeys {
		return false
	}
	l.waiting = append(l.waiting, keys...)
	b.plan()
	return true
}

// Quality implements Leg.
func (l *line) Quality() quality.Quality {
	b := l.lock()
	defer b.mu.Unlock()
	return l.meter.Quality()
}

// Counts implements Leg.
func (l *line) Counts() Counts {
	b := l.lock()
	defer b.mu.Unlock()
	c := l.counts
	c.Sent = l.out.packets
	return c
}

// Playing is a prompt that was given to a leg.
type Playing struct {
	line   *line
	source audio.Source
}

// Play implements Leg.
func (l *line) Play(s audio.Source) *Playing {
	p := &Playing{line: l, source: s}
	b := l.lock()
	l.endPrompt(false)
	if l.closed {
		l.events.note(Played{p, false})
	} else {
		l.prompt = p
		b.plan()
	}
	b.mu.Unlock()
	l.events.flush()
	return p
}

// Stop ends the prompt, if it still plays.
func (p *Playing) Stop() {
	l := p.line
	b := l.lock()
	if l.prompt == p {
		l.endPrompt(false)
		b.plan()
	}
	b.mu.Unlock()
	l.events.flush()
}

// endPrompt takes the prompt off; the lock is held, plan follows.
func (l *line) endPrompt(whole bool) {
	if l.prompt != nil {
		l.events.note(Played{l.prompt, whole})
		l.prompt = nil
	}
}

// tap shows sound to somebody.
type tap struct {
	show  func(TapFrame)
	began time.Duration
	ways  [2]tapWay
}

// tapWay follows one direction's time line.
type tapWay struct {
	started bool
	stamp   uint32 // of the frame at place
	place   int64
	end     int64
	frames  int   // of which least is
	least   int64 // how far the frame that is the least behind is behind its moment
}

// A time line that lags is set right: of one that never comes closer to its moment than
// this, in so many frames, the sound would come too late for whoever keeps it by the time
// (media/tape). A telephone's lags when its clock is slow, or stood still while it was
// silent.
const (
	mostLag   = audio.Rate / 10
	lagFrames = 50
)

// lag is by how much a time line is to be set forward, as of a frame that is so far
// behind its moment.
func (w *tapWay) lag(behind int64) int64 {
	if w.frames == 0 || behind < w.least {
		w.least = behind
	}
	if w.frames++; w.frames < lagFrames {
		return 0
	}
	w.frames = 0
	if w.least < mostLag {
		return 0
	}
	return w.least
}

// Tap implements Leg.
func (l *line) Tap(show func(TapFrame)) (end func()) {
	t := &tap{show: show, began: l.host.now()}
	b := l.lock()
	defer b.mu.Unlock()
	if l.closed {
		return func() {}
	}
	l.taps = append(l.taps, t)
	l.out.show = func(octets []byte, timestamp uint32, now time.Duration) {
		l.showTaps(Out, l.out.law, octets, timestamp, now)
	}
	return func() {
		b := l.lock()
		defer b.mu.Unlock()
		l.taps = slices.DeleteFunc(l.taps, func(o *tap) bool { return o == t })
		if len(l.taps) == 0 {
			l.taps, l.out.show = nil, nil
		}
	}
}

// showTaps gives a frame to all taps; stamp is its RTP timestamp.
func (l *line) showTaps(d Direction, law g711.Law, octets []byte, stamp uint32, now time.Duration) {
	for _, t := range l.taps {
		w := &t.ways[d]
		moment := audio.SamplesIn(now - t.began)
		place := w.place + int64(int32(stamp-w.stamp))
		// A new time line, or one that has run away from ours by half a second,
		// is placed by the moment.
		if off := place - moment; !w.started || off > audio.Rate/2 || off < -audio.Rate/2 {
			place = max(moment, w.end)
			if !w.started {
				w.end = place
			}
			w.frames = 0
		} else {
			place += w.lag(-off)
		}
		f := TapFrame{Direction: d, At: place, Gap: place - w.end, Law: law, Octets: octets}
		w.started, w.stamp, w.place = true, stamp, place
		w.end = max(w.end, place+int64(len(octets)))
		t.show(f)
	}
}
