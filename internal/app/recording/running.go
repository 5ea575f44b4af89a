package recording

import (
	"context"
	"crypto/sha256"
	"errors"
	"hash"
	"math"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	form "nubitalk/internal/core/recording"
	"nubitalk/internal/store"
	"nubitalk/internal/vault"
)

// Running is a recording that is being made. Its methods are safe for use by
// several goroutines.
type Running struct {
	s      *Service
	tenant id.Tenant
	about  form.About
	object *vault.Object
	source Source
	done   chan struct{} // closed when it has ended

	mu      sync.Mutex
	row     store.RecordingRow
	entries []form.Entry
	held    []form.Piece // that could not be written yet
	pauses  []form.Entry // that are over, and not yet in the manifest
	missed  []form.Entry // gaps that are known to the piece, and not yet in the manifest
	seg     *open
	lost    time.Duration // of sound, not yet in the manifest
	losing  bool          // some was lost the last time
	reached time.Duration // of a screen: all before is in the manifest, or is being written
	ended   bool
	fault   error // the last one, so that it is logged once
	unroom  bool  // there was no room for a piece since the last that was written

	tell     func(bool)
	troubled atomic.Bool
	calm     int // how often in turn nothing was wrong
}

// open is the segment that is being written.
type open struct {
	spooled
	file        *os.File
	torn        bool // the last write failed, so the file may be longer than size
	closed      bool // it has its end; the manifest may lack it
	pieces      int
	sum         hash.Hash
	size        int64
	from, until time.Duration
}

// ID is the recording's.
func (r *Running) ID() string { return r.row.ID }

// State says whether it is paused, by whom and why.
type State struct {
	Paused     bool
	By, Reason string
	Ended      bool
}

// State is how it stands.
func (r *Running) State() State {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state()
}

func (r *Running) state() State {
	return State{Paused: r.row.PausedBy != "", By: r.row.PausedBy, Reason: r.row.PausedReason, Ended: r.ended}
}

// run takes what comes until the recording ends.
func (r *Running) run() {
	tick := time.NewTicker(takeEvery)
	defer tick.Stop()
	for {
		select {
		case <-r.done:
			return
		case <-tick.C:
			r.mu.Lock()
			if !r.ended {
				err := r.take(context.Background(), false)
				if errs.Is(err, errs.NotFound) { // the person was erased meanwhile
					r.leave()
				} else {
					r.note(err)
				}
			}
			r.mu.Unlock()
		}
	}
}

// note logs a fault, once.
func (r *Running) note(err error) {
	if err != nil && r.fault == nil {
		r.s.Log.Error("a recording cannot be written; what does not fit into memory is lost", "tenant", r.tenant, "recording", r.row.ID, "err", err)
	}
	if err == nil && r.fault != nil {
		r.s.Log.Info("a recording is written again", "tenant", r.tenant, "recording", r.row.ID)
	}
	r.fault = err
	if r.calm++; err != nil || r.losing {
		r.calm = 0
	}
	if r.troubled.Load() == (r.calm == 0) || r.calm > 0 && r.calm < calmAfter {
		return
	}
	r.troubled.Store(r.calm == 0)
	r.s.changed()
	if r.tell != nil {
		r.tell(r.calm == 0)
	}
}

// calmAfter is how often in turn nothing may be wrong before a recording's trouble is
// over, so that a disk that is now and then too slow is told of once.
const calmAfter = int(5 * time.Second / takeEvery)

// mostHeld is how many pieces wait in memory for a disk that does not take them.
// Of sound more is a gap; a screen's browser keeps what is not taken.
const mostHeld = 4

// take writes what has come; r.mu is held.
func (r *Running) take(ctx context.Context, end bool) (err error) {
	for {
		for len(r.held) > 0 {
			if err = r.write(ctx, r.held[0]); err != nil {
				break
			}
			r.held = r.held[1:]
		}
		if len(r.held) >= mostHeld && r.row.Kind == Screen && !end {
			break
		}
		p, ok := r.source.Take(end)
		if !ok {
			break
		}
		r.held = append(r.held, p)
		if len(r.held) > mostHeld {
			r.drop(r.held[0], err)
			r.held = r.held[1:]
		}
	}
	for end && err != nil && len(r.held) > 0 { // the end comes whatever the disk does
		r.drop(r.held[0], err)
		r.held = r.held[1:]
	}
	r.miss(r.source.Lost())
	return err
}

// miss notes that sound was lost; r.mu is held.
func (r *Running) miss(lost time.Duration) {
	r.losing = lost > 0
	if !r.losing {
		return
	}
	r.lost += lost
	r.s.mu.Lock()
	r.s.lost += lost
	r.s.mu.Unlock()
}

// drop notes that a piece is not kept, because of a fault; r.mu is held.
func (r *Running) drop(p form.Piece, why error) {
	e := form.Entry{Kind: form.Missed, At: p.At, Length: p.Length, By: bySystem, Reason: ByTooSlow}
	if errors.Is(why, errFull) {
		e.Reason = ByFull
	}
	r.s.mu.Lock()
	r.s.lost += p.Length
	r.s.mu.Unlock()
	if n := len(r.missed); n > 0 {
		if last := &r.missed[n-1]; last.At+last.Length == e.At && last.Reason == e.Reason {
			last.Length += e.Length
			return
		}
	}
	r.missed = append(r.missed, e)
}

// enterPast enters the pauses and gaps that are over before a moment, in their
// order; r.mu is held.
func (r *Running) enterPast(ctx context.Context, before time.Duration) error {
	for {
		pause := len(r.pauses) > 0 && r.pauses[0].At+r.pauses[0].Length <= before
		missed := len(r.missed) > 0 && r.missed[0].At+r.missed[0].Length <= before
		switch {
		case missed && (!pause || r.missed[0].At <= r.pauses[0].At):
			if err := r.enter(ctx, r.missed[0]); err != nil {
				return err
			}
			r.reached = max(r.reached, r.missed[0].At+r.missed[0].Length)
			r.missed = r.missed[1:]
		case pause:
			if err := r.enterPause(ctx); err != nil {
				return err
			}
		default:
			return nil
		}
	}
}

// write puts a piece into the segment it belongs to; r.mu is held.
func (r *Running) write(ctx context.Context, p form.Piece) error {
	// What is missing before it ends the segment: a pause, or lost sound.
	if g := r.seg; g != nil && (p.At != g.until || g.until-g.from >= fullAfter || r.lost > 0 || g.pieces == form.MaxPieces || g.closed) {
		if err := r.close(ctx); err != nil {
			return err
		}
	}
	if err := r.s.room(p); err != nil {
		r.unroom = true
		if r.seg == nil {
			return err
		}
		// What is open waits for nothing but this piece; uploaded, it makes room.
		return errors.Join(err, r.close(ctx))
	}
	if err := r.enterPast(ctx, p.At); err != nil {
		return err
	}
	if err := r.absent(ctx, p.At, ByAbsence); err != nil {
		return err
	}
	if err := r.gap(ctx, p.At); err != nil {
		return err
	}
	if r.seg == nil {
		if err := r.begin(p.At); err != nil {
			return err
		}
	}
	g := r.seg
	more, err := form.Continue(r.object, r.row.ID, g.serial, g.pieces).Piece(p)
	if err == nil {
		err = r.append(g, more)
	}
	if err != nil {
		return err
	}
	r.unroom = false
	g.pieces++
	g.until = p.At + p.Length
	r.reached = g.until
	return nil
}

// enterPause enters the oldest pause that is over; r.mu is held.
func (r *Running) enterPause(ctx context.Context) error {
	p := r.pauses[0]
	if err := r.absent(ctx, p.At, ByPiece); err != nil {
		return err
	}
	if err := r.enter(ctx, p); err != nil {
		return err
	}
	r.reached = max(r.reached, p.At+p.Length)
	r.pauses = r.pauses[1:]
	return nil
}

// absent says in the manifest that nothing came of a screen before a moment; r.mu
// is held.
func (r *Running) absent(ctx context.Context, before time.Duration, why string) error {
	if r.row.Kind != Screen || before-r.reached < smallest {
		return nil
	}
	if why == ByPiece && before-r.reached > mostPiece {
		why = ByAbsence
	}
	if why == ByAbsence && r.unroom {
		why = ByFull
	}
	err := r.enter(ctx, form.Entry{Kind: form.Missed, At: r.reached, Length: before - r.reached, By: bySystem, Reason: why})
	if err == nil {
		r.reached = before
	}
	return err
}

// Flush writes what has come, and says whether that could be done.
func (r *Running) Flush(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return errs.New(errs.Gone, "The recording has ended.")
	}
	err := r.take(ctx, false)
	if err != nil && !errs.Is(err, errs.NotFound) {
		err = errs.Wrap(errs.Unavailable, err, "The screen cannot be kept at this moment. Please send it again.")
	}
	return err
}

// gap says in the manifest that sound was lost before a moment; r.mu is held.
func (r *Running) gap(ctx context.Context, before time.Duration) error {
	if r.lost == 0 {
		return nil
	}
	length := r.lost.Truncate(time.Millisecond)
	err := r.enter(ctx, form.Entry{Kind: form.Missed, At: max(before-length, 0), Length: length, By: bySystem, Reason: ByTooSlow})
	if err == nil {
		r.lost = 0
	}
	return err
}

// begin begins a segment.
func (r *Running) begin(at time.Duration) error {
	g := &open{spooled: spooled{tenant: r.tenant, recording: r.row.ID, serial: r.row.Serial + 1, id: r.s.IDs.New(id.RecordFile)}, sum: sha256.New(), from: at, until: at}
	path := r.s.path(g.spooled)
	if err := os.MkdirAll(r.s.folder(r.tenant), 0o700); err != nil {
		return err
	}
	var err error
	if g.file, err = os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o600); err != nil {
		return err
	}
	if err := r.append(g, form.NewSegment(r.object, r.row.ID, g.serial).Head()); err != nil {
		_ = g.file.Close()
		_ = os.Remove(path)
		r.s.bytes.Add(-g.size)
		return err
	}
	r.row.Serial = g.serial
	r.seg = g
	return nil
}

// append writes to a segment and counts that.
func (r *Running) append(g *open, b []byte) error {
	err := g.append(b)
	if err == nil {
		r.s.bytes.Add(int64(len(b)))
	}
	return err
}

// append writes, durably and whole, or not at all: what a failed write left in
// the file is cut off before the next.
func (g *open) append(b []byte) (err error) {
	if g.torn {
		if err := g.file.Truncate(g.size); err != nil {
			return err
		}
	}
	g.torn = true
	if _, err := g.file.Write(b); err != nil {
		return err
	}
	if err := g.file.Sync(); err != nil {
		return err
	}
	g.torn = false
	g.sum.Write(b)
	g.size += int64(len(b))
	return nil
}

// close ends the segment, notes it in the manifest, and lets it be uploaded; r.mu
// is held.
func (r *Running) close(ctx context.Context) error {
	g := r.seg
	if !g.closed {
		end, err := form.Continue(r.object, r.row.ID, g.serial, g.pieces).End()
		if err == nil {
			err = r.append(g, end)
		}
		if err != nil {
			return err
		}
		g.closed = true
		_ = g.file.Close() // synced
	}
	e := form.Entry{Kind: form.Recorded, At: g.from, Length: g.until - g.from, Segment: g.id, Serial: g.serial, Size: g.size, By: bySystem}
	g.sum.Sum(e.Hash[:0])
	if err := r.enter(ctx, e); err != nil {
		return err
	}
	r.seg = nil
	r.s.queue(g.spooled)
	return nil
}

// enter puts an entry into the manifest; r.mu is held.
func (r *Running) enter(ctx context.Context, e form.Entry) error {
	entries := r.about.Append(r.entries, e)
	row := r.row
	row.Entries = len(entries)
	row.Size += e.Size
	row.LengthMS = max(row.LengthMS, (e.At + e.Length).Milliseconds())
	stored := row
	if len(r.pauses) > 0 && e.Kind != form.Paused && row.PausedBy == "" {
		p := r.pauses[0] // over, and not in the manifest yet
		stored.PausedMS, stored.PausedBy, stored.PausedReason = p.At.Milliseconds(), p.By, p.Reason
	}
	if err := r.s.put(ctx, r.tenant, r.object, r.about, &stored, entries); err != nil {
		return err
	}
	row.HeadSealed, row.Signature = stored.HeadSealed, stored.Signature
	r.row, r.entries = row, entries
	return nil
}

// put stores the newest entry and the recording as it stands.
func (s *Service) put(ctx context.Context, t id.Tenant, object *vault.Object, about form.About, row *store.RecordingRow, entries []form.Entry) (err error) {
	if err = s.seal(ctx, t, object, about, row, entries); err != nil {
		return err
	}
	return s.DB.Write(ctx, t, func(tx *store.Tx) error {
		if err := tx.InsertRecordingEntry(entryRow(row.InteractionID, row.ID, entries[len(entries)-1])); err != nil {
			return err
		}
		return tx.UpdateRecording(*row)
	})
}

// seal seals the end of the manifest, and signs all of it: with each entry, so that
// what a crash leaves is signed, too.
func (s *Service) seal(ctx context.Context, t id.Tenant, object *vault.Object, about form.About, row *store.RecordingRow, entries []form.Entry) (err error) {
	if row.HeadSealed, err = form.SealHead(object, about, entries); err != nil {
		return err
	}
	row.Signature, err = s.Vault.Sign(ctx, t, form.Signed(about, entries))
	return err
}

// Pause keeps nothing of what comes from now on. Paused already, it answers how
// it stands.
func (r *Running) Pause(ctx context.Context, by, reason string) (State, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return r.state(), errs.New(errs.Conflict, "The recording has ended.")
	}
	if r.row.PausedBy != "" {
		return r.state(), nil
	}
	from := r.source.Pause() // first of all
	row := r.row
	row.PausedMS, row.PausedBy, row.PausedReason = from.Milliseconds(), by, reason
	r.row = row
	return r.state(), r.s.DB.Write(ctx, r.tenant, func(tx *store.Tx) error { return tx.UpdateRecording(row) })
}

// Resume goes on. Not paused, it answers how it stands.
func (r *Running) Resume() (State, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return r.state(), errs.New(errs.Conflict, "The recording has ended.")
	}
	if r.row.PausedBy == "" {
		return r.state(), nil
	}
	// What came before the pause is taken while its place is still known.
	until, _ := r.source.Resume()
	r.pauses = append(r.pauses, r.paused(until))
	// The stored row keeps the pause until the manifest has it (enter): a crash
	// before that must not leave a hole without its reason.
	r.row.PausedMS, r.row.PausedBy, r.row.PausedReason = 0, "", ""
	return r.state(), nil
}

// paused is the entry of the pause in force, until a moment.
func (r *Running) paused(until time.Duration) form.Entry {
	from := time.Duration(r.row.PausedMS) * time.Millisecond
	return form.Entry{Kind: form.Paused, At: from, Length: max(until-from, 0).Truncate(time.Millisecond), By: r.row.PausedBy, Reason: r.row.PausedReason}
}

// Agreed notes that somebody agreed to be recorded.
func (r *Running) Agreed(ctx context.Context, by, reason string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return errs.New(errs.Conflict, "The recording has ended.")
	}
	at := time.Duration(r.row.LengthMS) * time.Millisecond
	return r.enter(ctx, form.Entry{Kind: form.Agreed, At: at, By: by, Reason: reason})
}

// Keep has the recording kept for so many days after its end, unless that is
// shorter already.
func (r *Running) Keep(ctx context.Context, days int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	shorter := form.Shorter(r.row.KeepDays, days)
	if r.ended || shorter == r.row.KeepDays {
		return nil
	}
	r.row.KeepDays = shorter
	return r.s.DB.Write(ctx, r.tenant, func(tx *store.Tx) error { return tx.UpdateRecording(r.row) })
}

// forever is after all that is recorded.
const forever = time.Duration(math.MaxInt64)

// End ends the recording with all that has come. It may be called again.
func (r *Running) End(ctx context.Context, by, reason string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return nil
	}
	until, paused := time.Duration(0), r.row.PausedBy != ""
	if paused {
		until, _ = r.source.Resume()
		r.pauses = append(r.pauses, r.paused(until))
	}
	err := r.take(ctx, true)
	if errors.Is(err, errFull) {
		err = nil // what there was no room for is a gap
	}
	if r.seg != nil && err == nil {
		err = r.close(ctx)
	}
	if err == nil {
		err = r.enterPast(ctx, forever)
	}
	if err == nil {
		err = r.gap(ctx, time.Duration(r.row.LengthMS)*time.Millisecond)
	}
	if err == nil {
		r.row.PausedMS, r.row.PausedBy, r.row.PausedReason = 0, "", ""
		r.row.EndedAt = r.row.StartedAt.Add(time.Duration(r.row.LengthMS) * time.Millisecond) // whatever was done to the clock meanwhile
		r.row.KeepUntil = form.KeepUntil(r.row.EndedAt, r.row.KeepDays)
		err = r.enter(ctx, form.Entry{Kind: form.Stopped, At: time.Duration(r.row.LengthMS) * time.Millisecond, By: by, Reason: reason})
	}
	if errs.Is(err, errs.NotFound) { // erased meanwhile
		err = nil
	}
	r.leave() // what failed is taken up at the next start, as after a crash
	return err
}

// Discard ends the recording and erases it: nothing of it is worth keeping. A
// segment that is being uploaded meanwhile is named by nothing any more.
func (r *Running) Discard(ctx context.Context) error {
	if err := r.End(ctx, bySystem, ByStop); err != nil {
		return err
	}
	return r.s.Erase(ctx, r.tenant, r.row.ID)
}

// leave ends the work on a recording; r.mu is held.
func (r *Running) leave() {
	r.ended = true
	if r.seg != nil && !r.seg.closed {
		_ = r.seg.file.Close()
	}
	close(r.done)
	r.s.mu.Lock()
	delete(r.s.running, r.row.ID)
	r.s.mu.Unlock()
	r.s.changed()
}
