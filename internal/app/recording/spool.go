package recording

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/blob"
	form "nubitalk/internal/core/recording"
	"nubitalk/internal/store"
	"nubitalk/internal/vault"
)

// spooled is a segment's file in the spool: ten_…/rec_….3.rcf_…
type spooled struct {
	tenant    id.Tenant
	recording string
	serial    int
	id        string
}

func (s *Service) folder(t id.Tenant) string { return filepath.Join(s.Dir, string(t)) }

func (s *Service) path(f spooled) string {
	return filepath.Join(s.folder(f.tenant), fmt.Sprintf("%s.%d.%s", f.recording, f.serial, f.id))
}

// readName is the reverse of path; ok is false for what is no segment.
func readName(t id.Tenant, name string) (f spooled, ok bool) {
	parts := strings.Split(name, ".")
	if len(parts) != 3 || !id.Valid(id.Recording, parts[0]) || !id.Valid(id.RecordFile, parts[2]) {
		return f, false
	}
	n, err := strconv.Atoi(parts[1])
	return spooled{t, parts[0], n, parts[2]}, err == nil && n > 0
}

// recover takes up what an earlier process left: segments that were being written
// are mended and kept, recordings that ran have ended.
func (s *Service) recover(ctx context.Context) error {
	tenants, err := s.Vault.Organisations(ctx)
	if err != nil {
		return err
	}
	for _, t := range tenants {
		if err := s.recoverTenant(ctx, t); err != nil {
			return err
		}
	}
	return s.sweep(tenants)
}

// sweep removes what organisations left that do not exist any more.
func (s *Service) sweep(tenants []id.Tenant) error {
	list, err := os.ReadDir(s.Dir)
	if err != nil {
		return err
	}
	for _, e := range list {
		if t := id.Tenant(e.Name()); e.IsDir() && id.Valid(id.TenantKind, e.Name()) && !slices.Contains(tenants, t) {
			if err := os.RemoveAll(s.folder(t)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Service) recoverTenant(ctx context.Context, t id.Tenant) error {
	list, err := os.ReadDir(s.folder(t))
	if err != nil && !os.IsNotExist(err) {
		return errs.Wrap(errs.Unavailable, err, "The folder for recordings that are being made could not be read.")
	}
	var left []spooled
	for _, e := range list {
		if f, ok := readName(t, e.Name()); ok { // others are not ours
			left = append(left, f)
		}
	}
	slices.SortFunc(left, func(a, b spooled) int { return cmp.Or(strings.Compare(a.recording, b.recording), a.serial-b.serial) })
	for _, f := range left {
		if err := s.takeUp(ctx, f); err != nil {
			return err
		}
	}
	var running []store.RecordingRow
	err = s.DB.Read(ctx, t, func(tx *store.Tx) (err error) {
		running, err = tx.RunningRecordings()
		return err
	})
	if err != nil {
		return err
	}
	for _, row := range running {
		if row.Spool != s.spool {
			continue // another node makes it
		}
		if err := s.finish(ctx, t, row); err != nil && !errs.Is(err, errs.NotFound) && !errs.Is(err, errs.Gone) {
			return err
		}
	}
	return nil
}

// takeUp keeps a segment that is in the spool, unless its recording was erased.
func (s *Service) takeUp(ctx context.Context, f spooled) (err error) {
	defer func() {
		if info, gone := os.Stat(s.path(f)); gone == nil {
			s.bytes.Add(info.Size())
		}
	}()
	var named bool
	err = s.DB.Read(ctx, f.tenant, func(tx *store.Tx) (err error) {
		named, err = tx.HasRecordingFile(f.id)
		return err
	})
	if err != nil {
		return err
	}
	if named { // it is whole, and waits
		s.queue(f)
		return nil
	}
	o, err := s.Open(ctx, f.tenant, f.recording)
	if errs.Is(err, errs.NotFound) || errs.Is(err, errs.Gone) {
		return os.Remove(s.path(f))
	}
	if err != nil {
		return err
	}
	file, err := os.ReadFile(s.path(f))
	if err != nil {
		return err
	}
	c, end, err := form.Mend(o.object, f.recording, f.serial, file)
	if err != nil || len(c.Pieces) == 0 {
		return os.Remove(s.path(f)) // nothing of it can be heard
	}
	file = append(file[:c.Good], end...)
	if end != nil {
		if err := replace(s.path(f), file); err != nil {
			return err
		}
	}
	first, last := c.Pieces[0], c.Pieces[len(c.Pieces)-1]
	e := form.Entry{Kind: form.Recorded, At: first.At, Length: last.At + last.Length - first.At, Segment: f.id, Serial: f.serial, Size: int64(len(file)),
		Hash: sha256.Sum256(file), Cut: end != nil, By: bySystem}
	row := o.Row
	row.Serial = max(row.Serial, f.serial)
	row.Size += e.Size
	if err := s.add(ctx, f.tenant, o.object, row, o.Entries, e); err != nil {
		return err
	}
	s.queue(f)
	return nil
}

// add puts one entry into the manifest of a recording that nobody makes.
func (s *Service) add(ctx context.Context, t id.Tenant, object *vault.Object, row store.RecordingRow, entries []form.Entry, e form.Entry) error {
	a := about(t, row)
	entries = a.Append(entries, e)
	row.Entries = len(entries)
	row.LengthMS = max(row.LengthMS, (e.At + e.Length).Milliseconds())
	return s.put(ctx, t, object, a, &row, entries)
}

// finish ends a recording that a crash interrupted.
func (s *Service) finish(ctx context.Context, t id.Tenant, row store.RecordingRow) error {
	o, err := s.Open(ctx, t, row.ID)
	if err != nil {
		return err
	}
	if row.PausedBy != "" { // it was paused until the crash, whenever that was
		p := form.Entry{Kind: form.Paused, At: time.Duration(row.PausedMS) * time.Millisecond, By: row.PausedBy, Reason: row.PausedReason}
		if err := s.add(ctx, t, o.object, o.Row, o.Entries, p); err != nil {
			return err
		}
		if o, err = s.Open(ctx, t, row.ID); err != nil {
			return err
		}
	}
	row = o.Row
	row.PausedMS, row.PausedBy, row.PausedReason = 0, "", ""
	row.EndedAt = row.StartedAt.Add(time.Duration(row.LengthMS) * time.Millisecond)
	row.KeepUntil = form.KeepUntil(row.EndedAt, row.KeepDays)
	return s.add(ctx, t, o.object, row, o.Entries, form.Entry{Kind: form.Stopped, At: time.Duration(row.LengthMS) * time.Millisecond, By: bySystem, Reason: ByCrash})
}

// replace puts content into a file's place, durably.
func replace(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	return err
}

// queue lets a whole segment be uploaded.
func (s *Service) queue(f spooled) {
	s.mu.Lock()
	s.waiting = append(s.waiting, f)
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// errFull is why a piece is not kept although the disk would take it.
var errFull = errors.New("more recordings wait for the file storage than there is room for")

// room says whether there is room for a piece.
func (s *Service) room(p form.Piece) error {
	size := int64(0)
	for _, t := range p.Tracks {
		size += int64(len(t.Data))
	}
	full := s.Room > 0 && s.bytes.Load()+size > s.Room
	s.mu.Lock()
	changed := s.full != full
	s.full = full
	s.mu.Unlock()
	if changed {
		s.changed()
	}
	switch {
	case full && changed:
		s.Log.Error("the spool of recordings is full: what is recorded now is lost, and marked as a gap", "bytes", s.bytes.Load(), "room", s.Room)
	case changed:
		s.Log.Info("the spool of recordings has room again", "bytes", s.bytes.Load(), "room", s.Room)
	}
	if full {
		return errFull
	}
	return nil
}

// errSpool is why a segment is not uploaded although the file storage may answer.
var errSpool = errors.New("the spool of recordings cannot be used")

// upload gives segments to the blob store in the order in which they ended, some
// at a time, and while it does not answer tries again with one.
func (s *Service) upload() {
	failing := false
	for {
		batch := s.next(failing)
		if len(batch) == 0 {
			select {
			case <-s.stop:
				return
			case <-s.wake:
			}
			continue
		}
		away, faults := s.sendAll(batch)
		if faults == nil {
			if failing {
				s.Log.Info("recordings are uploaded again", "waiting", s.Stats().Waiting)
			}
			failing = false
			s.fails(false)
			select {
			case <-s.stop:
				return
			default:
			}
			continue
		}
		if !failing {
			s.Log.Error("recordings cannot be uploaded; they stay in the spool, sealed, until they can", "err", faults)
		}
		failing = true
		s.fails(away)
		s.prune()
		select {
		case <-s.stop:
			return
		case <-time.After(tryAgain):
		}
	}
}

// fails notes whether the blob store answers.
func (s *Service) fails(yes bool) {
	s.mu.Lock()
	s.failing = yes
	s.mu.Unlock()
	s.changed()
}

// next are those that have waited longest.
func (s *Service) next(failing bool) []spooled {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := min(len(s.waiting), uploaders)
	if failing {
		n = min(n, 1)
	}
	return slices.Clone(s.waiting[:n])
}

// sendAll uploads the first that wait. Those that could not be stay first; one that
// has a fault of its own goes last, so that it holds up nobody. away says that it is not
// the spool alone that is at fault.
func (s *Service) sendAll(batch []spooled) (away bool, err error) {
	faults := make([]error, len(batch))
	ctx, cancel := context.WithTimeout(context.Background(), uploadTime)
	defer cancel()
	var all sync.WaitGroup
	for i, f := range batch {
		all.Go(func() { faults[i] = s.send(ctx, f) })
	}
	all.Wait()
	var first, last []spooled
	for i, f := range batch {
		away = away || faults[i] != nil && !errors.Is(faults[i], errSpool)
		switch err := faults[i]; {
		case err == nil:
		case errs.Is(err, errs.Unavailable):
			first = append(first, f)
		default:
			last = append(last, f)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = slices.Concat(first, s.waiting[len(batch):], last)
	return away, errors.Join(faults...)
}

// send uploads a segment, unless it was erased meanwhile, and takes it from the
// spool.
func (s *Service) send(ctx context.Context, f spooled) error {
	var named bool
	err := s.DB.Read(ctx, f.tenant, func(tx *store.Tx) (err error) {
		named, err = tx.HasRecordingFile(f.id)
		return err
	})
	if err != nil {
		return err
	}
	if named {
		file, err := os.ReadFile(s.path(f))
		if errors.Is(err, fs.ErrNotExist) {
			s.Log.Error("a segment of a recording is gone from the spool before it was uploaded", "tenant", f.tenant, "recording", f.recording, "segment", f.id)
			return nil
		}
		if err != nil {
			return errors.Join(errSpool, err)
		}
		if err := s.Blobs.Put(ctx, blob.Key(blob.Recordings, f.tenant, f.id), secret.Sealed(file)); err != nil {
			return err
		}
	}
	return s.discard(f)
}

// discard takes a segment from the spool.
func (s *Service) discard(f spooled) error {
	info, err := os.Stat(s.path(f))
	if err == nil {
		err = os.Remove(s.path(f))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return errors.Join(errSpool, err)
	}
	s.bytes.Add(-info.Size())
	return nil
}

// prune takes what was erased from the spool while nothing can be uploaded.
func (s *Service) prune() {
	s.mu.Lock()
	waiting := slices.Clone(s.waiting)
	s.mu.Unlock()
	of := map[id.Tenant][]spooled{}
	for _, f := range waiting {
		of[f.tenant] = append(of[f.tenant], f)
	}
	erased := map[string]bool{}
	for t, files := range of {
		for some := range slices.Chunk(files, 500) {
			var unnamed []spooled
			err := s.DB.Read(context.Background(), t, func(tx *store.Tx) error {
				unnamed = unnamed[:0]
				for _, f := range some {
					named, err := tx.HasRecordingFile(f.id)
					if err != nil {
						return err
					}
					if !named {
						unnamed = append(unnamed, f)
					}
				}
				return nil
			})
			if err != nil {
				return // the next round may do it
			}
			for _, f := range unnamed {
				erased[f.id] = s.discard(f) == nil
			}
		}
	}
	s.mu.Lock()
	s.waiting = slices.DeleteFunc(s.waiting, func(f spooled) bool { return erased[f.id] })
	s.mu.Unlock()
}
