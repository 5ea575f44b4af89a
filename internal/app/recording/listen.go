package recording

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/binary"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	form "nubitalk/internal/core/recording"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/media/audio"
	"nubitalk/internal/media/tape"
	"nubitalk/internal/store"
)

// ActionListened is how the audit log names that somebody opened a recording.
const ActionListened = "recording.listened"

const (
	// listens is how long who opened a recording may ask for its sound.
	listens = 4 * time.Hour
	// MaxWindow is the most sound that is given at once.
	MaxWindow = 30 * time.Second
	// wholes is how many recordings a node reads whole at once.
	wholes = 2
)

// Auditor notes who listened, inside a transaction.
type Auditor interface {
	Record(tx *store.Tx, a access.Actor, action, objectKind, object string, detail map[string]string) error
}

// Rules are the tenants' own choices.
type Rules interface {
	Rules(ctx context.Context, t id.Tenant) (setup.Rules, error)
}

// Listeners lets people hear what was recorded, as far as they may. Make it with
// NewListeners. It is safe for use by several goroutines.
type Listeners struct {
	ListenDeps
	whole chan struct{} // a place for each recording that is read whole
}

// ListenDeps is what Listeners need.
type ListenDeps struct {
	Recordings *Service
	Rules      Rules
	Audit      Auditor
	// May answers errs.NotFound where an interaction is not the actor's business.
	May func(ctx context.Context, a access.Actor, p access.Permission, interaction string) error
	// Evaluated is the evaluation of the actor's own work by which it hears a
	// recording now; "" for none.
	Evaluated func(ctx context.Context, a access.Actor, interaction, recording string) (evaluation string, err error)
}

// NewListeners makes Listeners.
func NewListeners(d ListenDeps) *Listeners {
	return &Listeners{ListenDeps: d, whole: make(chan struct{}, wholes)}
}

// Item is a recording as a list shows it.
type Item struct {
	ID          string    `json:"id"`
	Interaction string    `json:"interaction"`
	Kind        string    `json:"kind" enum:"voice,screen,message" doc:"message: left by voice."`
	StartedAt   time.Time `json:"started_at"`
	EndedAt     time.Time `json:"ended_at,omitzero" doc:"Absent: it is being made."`
	LengthMS    int64     `json:"length_ms" doc:"As far as it can be heard."`
	Size        int64     `json:"size" doc:"Bytes, as it is kept."`
	KeepUntil   time.Time `json:"keep_until,omitzero" doc:"When its time is over, by the recording rules. Absent: as long as the conversation, as it may be anyway."`
	Held        bool      `json:"held" doc:"A legal hold is on it: nothing destroys it."`
}

// Listening is a recording that somebody opened.
type Listening struct {
	Item
	Ticket   string   `json:"ticket" doc:"Goes with every further call for this recording; it is this sign-in's own and lasts for four hours."`
	Tracks   []string `json:"tracks" doc:"Whose voice each channel is: person, agent, or a user's id."`
	Marks    []Mark   `json:"marks" doc:"What happened while it was made, in order."`
	Faults   []Damage `json:"faults" doc:"What the manifest says that it did not say when it was made; the sound itself is looked at by verify."`
	Waveform [][]int  `json:"waveform,omitempty" doc:"The largest sample of each part of each channel, 0 to 255. Absent: it has to be asked for."`
}

// Mark is a thing that happened while a recording was made.
type Mark struct {
	Kind     form.Kind `json:"kind" enum:"pause,gap,consent,stop,cut" doc:"pause: nothing was kept, as somebody wished; gap: nothing was kept, though it should have been; cut: the program ended without warning."`
	AtMS     int64     `json:"at_ms"`
	LengthMS int64     `json:"length_ms"`
	By       string    `json:"by" doc:"A user's or key's id, flow, or system."`
	Reason   string    `json:"reason" doc:"A word of the program."`
}

// cut is the kind of a mark where a crash ended a segment.
const cut form.Kind = "cut"

// Damage is a part of a recording that is not as it was made.
type Damage struct {
	AtMS     int64          `json:"at_ms"`
	LengthMS int64          `json:"length_ms" doc:"0: it is about the recording as a whole."`
	What     form.FaultKind `json:"what" enum:"manifest,missing,altered,short,pause" doc:"manifest: entries were altered or are missing; missing: the sound is not there; altered: it was altered or swapped; short: it ends too early; pause: there is something of a time that was not to be kept."`
}

// Span is a time of a recording.
type Span struct {
	AtMS     int64 `json:"at_ms"`
	LengthMS int64 `json:"length_ms"`
}

// Sound is a part of a recording as it is heard.
type Sound struct {
	WAV     []byte // PCM of 16 bits, a channel for each track
	Missing []Span // what should be in it, and is not there or does not open
}

// may says whether an actor may hear a recording. A message by voice is part of the
// work: who has that hears it, whatever the rules say of calls that were recorded.
func (l *Listeners) may(ctx context.Context, a access.Actor, r store.RecordingRow) error {
	err := l.May(ctx, a, access.RecListen, r.InteractionID)
	if err != nil || r.Kind == Message {
		return err
	}
	may, err := l.ruled(ctx, a, r.InteractionID)
	if err == nil && !may {
		err = errs.New(errs.Forbidden, "Agents do not listen to recordings in this organisation.")
	}
	return err
}

// ruled says whether the organisation's rules let an actor listen: they are about who
// hears only its own work.
func (l *Listeners) ruled(ctx context.Context, a access.Actor, interaction string) (bool, error) {
	switch access.Reach(a, access.RecListen) {
	case access.Tenant:
		return true, nil
	case access.SomeOf:
		if err := l.May(ctx, a.AsNobody(), access.RecListen, interaction); !errs.Is(err, errs.NotFound) {
			return err == nil, err
		}
	}
	r, err := l.Rules.Rules(ctx, a.Tenant)
	return r.Listening.Agents, err
}

// List are an interaction's recordings; only messages by voice for agents where the
// rules do not let them listen.
func (l *Listeners) List(ctx context.Context, a access.Actor, interaction string) ([]Item, error) {
	if err := l.May(ctx, a, access.RecListen, interaction); err != nil {
		return nil, err
	}
	may, err := l.ruled(ctx, a, interaction)
	if err != nil {
		return []Item{}, err
	}
	var rows []store.RecordingRow
	var held map[string]bool
	err = l.Recordings.DB.Read(ctx, a.Tenant, func(tx *store.Tx) (err error) {
		if rows, err = tx.Recordings(interaction); err == nil {
			held, err = heldOf(tx, interaction, rows)
		}
		return err
	})
	items := make([]Item, 0, len(rows))
	for _, r := range rows {
		if may || r.Kind == Message {
			items = append(items, item(r, held[r.ID]))
		}
	}
	return items, err
}

func item(r store.RecordingRow, held bool) Item {
	return Item{ID: r.ID, Interaction: r.InteractionID, Kind: r.Kind, StartedAt: r.StartedAt, EndedAt: r.EndedAt, LengthMS: r.LengthMS, Size: r.Size, KeepUntil: r.KeepUntil, Held: held}
}

// open opens a recording for who may hear it.
func (l *Listeners) open(ctx context.Context, a access.Actor, recording string, read func(*store.Tx) ([]store.RecordingEntryRow, error)) (*Opened, error) {
	none := errs.New(errs.NotFound, "This recording does not exist.")
	if !id.Valid(id.Recording, recording) {
		return nil, none
	}
	o, err := l.Recordings.opened(ctx, a.Tenant, recording, read)
	if errs.Is(err, errs.NotFound) || errs.Is(err, errs.Gone) {
		return nil, none
	}
	if err != nil {
		return nil, err
	}
	if err := l.may(ctx, a, o.Row); err != nil {
		failed := l.otherwise(ctx, a, o)
		switch {
		case failed != nil:
			return nil, failed
		case o.share.ID != "" || o.evaluation != "":
		case errs.Is(err, errs.NotFound):
			return nil, none
		default:
			return nil, err
		}
	}
	return o, nil
}

// otherwise finds why somebody hears a recording that is not its business: it is
// shared, or the actor's own work was evaluated by it.
func (l *Listeners) otherwise(ctx context.Context, a access.Actor, o *Opened) error {
	share, shared, err := l.shared(ctx, a, o.Row.ID)
	if err != nil || shared {
		o.share = share
		return err
	}
	o.evaluation, err = l.Evaluated(ctx, a, o.Row.InteractionID, o.Row.ID)
	return err
}

func everything(recording string) func(*store.Tx) ([]store.RecordingEntryRow, error) {
	return func(tx *store.Tx) ([]store.RecordingEntryRow, error) { return tx.RecordingEntries(recording) }
}

// Listen opens a recording, which the audit log notes before anything is heard.
// reason may be empty where the tenant asks for none.
func (l *Listeners) Listen(ctx context.Context, a access.Actor, recording, reason string) (Listening, error) {
	o, err := l.open(ctx, a, recording, everything(recording))
	if err != nil {
		return Listening{}, err
	}
	r, err := l.Rules.Rules(ctx, a.Tenant)
	if err != nil {
		return Listening{}, err
	}
	if o.share.ID != "" { // whoever shared it said why
		reason = cmp.Or(reason, o.share.Reason)
	}
	if o.evaluation != "" {
		reason = cmp.Or(reason, "quality")
	}
	if r.Listening.Reason && reason == "" && o.Row.Kind != Message {
		return Listening{}, errs.Bad("reason", "is missing; this organisation asks why recordings are listened to")
	}
	detail := map[string]string{"interaction": o.Row.InteractionID}
	if reason != "" {
		detail["reason"] = reason
	}
	if o.share.ID != "" {
		detail["share"] = o.share.ID
	}
	if o.evaluation != "" {
		detail["evaluation"] = o.evaluation
	}
	held := false
	err = l.Recordings.DB.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		on, err := heldOf(tx, o.Row.InteractionID, []store.RecordingRow{o.Row})
		if err != nil {
			return err
		}
		held = on[recording]
		return l.Audit.Record(tx, a, ActionListened, "recording", recording, detail)
	})
	if err != nil {
		return Listening{}, err
	}
	out := Listening{Item: item(o.Row, held), Tracks: o.Row.Parties, Marks: marks(o, l.Recordings.Clock.Now()), Faults: damages(o, form.CheckManifest(o.object, o.About, o.Entries, o.Row.HeadSealed))}
	if out.Ticket, err = l.ticket(ctx, a, recording); err != nil {
		return Listening{}, err
	}
	out.Waveform, _ = drawn(o) // what is kept and does not open is drawn anew
	return out, nil
}

// marks are what a screen shows beside the sound.
func marks(o *Opened, now time.Time) []Mark {
	all := []Mark{}
	for _, e := range o.Entries {
		m := Mark{Kind: e.Kind, AtMS: e.At.Milliseconds(), LengthMS: e.Length.Milliseconds(), By: e.By, Reason: e.Reason}
		if e.Kind == form.Recorded {
			if !e.Cut {
				continue
			}
			m = Mark{Kind: cut, AtMS: (e.At + e.Length).Milliseconds(), By: e.By, Reason: ByCrash}
		}
		all = append(all, m)
	}
	if o.Row.PausedBy != "" {
		since := max(now.Sub(o.Row.StartedAt).Milliseconds()-o.Row.PausedMS, 0)
		all = append(all, Mark{Kind: form.Paused, AtMS: o.Row.PausedMS, LengthMS: since, By: o.Row.PausedBy, Reason: o.Row.PausedReason})
	}
	return all
}

// damages are faults with the time that each concerns.
func damages(o *Opened, faults []form.Fault) []Damage {
	all := []Damage{}
	for _, f := range faults {
		d := Damage{What: f.Kind}
		for _, e := range o.Entries {
			if e.Number == f.Entry {
				d.AtMS, d.LengthMS = e.At.Milliseconds(), e.Length.Milliseconds()
			}
		}
		if n := len(all); n == 0 || all[n-1] != d {
			all = append(all, d)
		}
	}
	return all
}

// Verify reads all of a recording and says what of it is not as it was made.
func (l *Listeners) Verify(ctx context.Context, a access.Actor, recording, ticket string) ([]Damage, error) {
	o, err := l.hear(ctx, a, recording, ticket, everything(recording))
	if err != nil {
		return nil, err
	}
	done, err := l.reads(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	faults, err := l.Recordings.Examine(ctx, o)
	return damages(o, faults), err
}

// reads waits until a recording may be read whole.
func (l *Listeners) reads(ctx context.Context) (done func(), err error) {
	select {
	case l.whole <- struct{}{}:
		return func() { <-l.whole }, nil
	case <-ctx.Done():
		return nil, errs.Wrap(errs.Unavailable, ctx.Err(), "Several recordings are being read. Please try again.")
	}
}

// Draw is what a recording looks like: the largest sample of each part of each
// track, 0 to 255. It reads all of it once; of a recording that has ended, that
// is kept, sealed.
func (l *Listeners) Draw(ctx context.Context, a access.Actor, recording, ticket string) ([][]int, error) {
	o, err := l.hear(ctx, a, recording, ticket, everything(recording))
	if err != nil {
		return nil, err
	}
	if err := noSound(o); err != nil {
		return nil, err
	}
	if wave, ok := drawn(o); ok {
		return wave, nil
	}
	done, err := l.reads(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	w := tape.NewWaveform(time.Duration(o.Row.LengthMS)*time.Millisecond, len(o.Row.Parties))
	missing := false
	for _, e := range o.Entries {
		if e.Kind != form.Recorded {
			continue
		}
		pieces, whole, err := l.Recordings.segment(ctx, o, e)
		if err != nil {
			return nil, err
		}
		missing = missing || !whole
		for _, p := range pieces {
			w.Add(p)
		}
	}
	if !o.Row.EndedAt.IsZero() && !missing {
		if err := l.keep(ctx, a.Tenant, o, w.Peaks()); err != nil {
			return nil, err
		}
	}
	return numbers(w.Peaks()), nil
}

func wavePlace(recording string) string { return recording + "/wave" }

// keep stores what a recording looks like: all tracks are equally long.
func (l *Listeners) keep(ctx context.Context, t id.Tenant, o *Opened, peaks [][]byte) error {
	plain := []byte{byte(len(peaks))}
	for _, p := range peaks {
		plain = append(plain, p...)
	}
	sealed, err := o.object.Seal(wavePlace(o.Row.ID), plain)
	if err != nil {
		return err
	}
	return l.Recordings.DB.Write(ctx, t, func(tx *store.Tx) error { return tx.SetRecordingWave(o.Row.ID, sealed) })
}

// drawn is the waveform that is kept; false where there is none.
func drawn(o *Opened) ([][]int, bool) {
	if len(o.Row.WaveSealed) == 0 {
		return nil, false
	}
	plain, err := o.object.Open(wavePlace(o.Row.ID), o.Row.WaveSealed)
	b := plain.Reveal()
	if err != nil || len(b) < 1 || b[0] == 0 || (len(b)-1)%int(b[0]) != 0 {
		return nil, false
	}
	n := (len(b) - 1) / int(b[0])
	peaks := make([][]byte, b[0])
	for i := range peaks {
		peaks[i] = b[1+i*n : 1+(i+1)*n]
	}
	return numbers(peaks), true
}

func numbers(peaks [][]byte) [][]int {
	out := make([][]int, len(peaks))
	for i, track := range peaks {
		out[i] = make([]int, len(track))
		for n, v := range track {
			out[i][n] = int(v)
		}
	}
	return out
}

// Sound is a part of a recording: of at most MaxWindow, and no longer than the
// recording. What is not there is silent, and named.
func (l *Listeners) Sound(ctx context.Context, a access.Actor, recording, ticket string, from, until time.Duration) (Sound, error) {
	o, err := l.hear(ctx, a, recording, ticket, func(tx *store.Tx) ([]store.RecordingEntryRow, error) {
		return tx.RecordingSegments(recording, from.Milliseconds(), until.Milliseconds())
	})
	if err != nil {
		return Sound{}, err
	}
	if err := noSound(o); err != nil {
		return Sound{}, err
	}
	if until <= from || from < 0 {
		return Sound{}, errs.Bad("until_ms", "is not after from_ms")
	}
	if until-from > MaxWindow {
		return Sound{}, errs.Bad("until_ms", "is more than 30 seconds after from_ms")
	}
	until = min(until, time.Duration(o.Row.LengthMS)*time.Millisecond)
	pieces, missing, err := l.Recordings.hear(ctx, o, from, until)
	if err != nil {
		return Sound{}, err
	}
	n := len(o.Row.Parties)
	return Sound{audio.WriteWAVs(tape.Samples(pieces, from, until, n), tape.Rate, n), missing}, nil
}

// hear opens a recording for who opened it with Listen.
func (l *Listeners) hear(ctx context.Context, a access.Actor, recording, ticket string, read func(*store.Tx) ([]store.RecordingEntryRow, error)) (*Opened, error) {
	o, err := l.open(ctx, a, recording, read)
	if err != nil {
		return nil, err
	}
	return o, l.admit(ctx, a, recording, ticket)
}

func ticketPlace(a access.Actor, recording string) string {
	return "recordings.ticket/" + recording + "/" + a.User + "/" + a.Session
}

// ticket lets an actor hear a recording for a while. It is a time that only this
// program could seal in that place, so any node can tell.
func (l *Listeners) ticket(ctx context.Context, a access.Actor, recording string) (string, error) {
	until := binary.BigEndian.AppendUint64(nil, uint64(l.Recordings.Clock.Now().Add(listens).Unix()))
	sealed, err := l.Recordings.Vault.SealTenant(ctx, a.Tenant, ticketPlace(a, recording), until)
	return base64.RawURLEncoding.EncodeToString(sealed), err
}

func (l *Listeners) admit(ctx context.Context, a access.Actor, recording, ticket string) error {
	refused := errs.New(errs.Conflict, "Open the recording first; what was opened is closed after four hours.")
	sealed, err := base64.RawURLEncoding.DecodeString(ticket)
	if err != nil || len(sealed) == 0 {
		return refused
	}
	until, err := l.Recordings.Vault.OpenTenant(ctx, a.Tenant, ticketPlace(a, recording), secret.Sealed(sealed))
	if errs.Is(err, errs.Unavailable) {
		return err
	}
	if b := until.Reveal(); err != nil || len(b) != 8 || l.Recordings.Clock.Now().Unix() > int64(binary.BigEndian.Uint64(b)) {
		return refused
	}
	return nil
}
