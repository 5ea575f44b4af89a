package recording

import (
	"context"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	form "nubitalk/internal/core/recording"
	"nubitalk/internal/store"
	"nubitalk/internal/vault"
)

// Kinds of recordings.
const (
	Voice   = "voice"
	Screen  = "screen"
	Message = "message" // left by voice
)

// Reasons why something happened that nobody asked for.
const (
	ByCrash    = "crash"    // the program ended without warning
	ByStop     = "stop"     // the program was stopped
	ByTooSlow  = "too_slow" // sound came faster than it could be written
	ByFull     = "full"     // more waited for the file storage than there is room for
	ByAbsence  = "absent"   // the browser sent nothing of the screen
	ByPiece    = "piece"    // a piece of the screen into which a pause fell is not kept
	bySystem   = "system"   // Entry.By of those
	keyPlace   = "recordings.key/"
	takeEvery  = 250 * time.Millisecond
	mostPiece  = 4 * time.Second        // of a screen that a browser makes, and a little
	smallest   = 500 * time.Millisecond // gap of a screen that is told
	fullAfter  = 5 * time.Second        // of a segment
	tryAgain   = 5 * time.Second        // to upload
	uploadTime = time.Minute
	uploaders  = 8 // segments on their way at a time: a cloud answers slowly
)

// Source is where sound comes from: media/tape.
type Source interface {
	Take(end bool) (form.Piece, bool)
	Pause() (from time.Duration)
	Resume() (until time.Duration, ok bool)
	Lost() time.Duration
}

// Start says what is to be recorded.
type Start struct {
	Tenant      id.Tenant
	Interaction string
	Contact     string // whose key the recording is under
	Kind        string
	Parties     []string // of the source's tracks
	Source      Source
	At          time.Time // when it began; zero: now
	KeepDays    int       // after its end; 0: as long as the conversation
	// Troubled is told when what comes cannot be written, or is lost because that is
	// too slow, and when that is over; nil tells nobody. It hands on and returns.
	Troubled func(bool)
}

// Blobs keeps segments; *blob.Store is one.
type Blobs interface {
	Put(ctx context.Context, key string, sealed secret.Sealed) error
	Get(ctx context.Context, key string) (secret.Sealed, error)
	Delete(ctx context.Context, key string) error
}

// Service keeps recordings. It is a base/service part.
type Service struct {
	DB    *store.DB
	Vault *vault.Vault
	Blobs Blobs
	IDs   *id.Source
	Clock clock.Clock
	Log   *slog.Logger
	// Dir is the spool: a folder of this node's own, for the sealed segments that
	// are being written or wait for the blob store.
	Dir string
	// Room bounds what lies in Dir, in bytes; what comes while it is full is a gap.
	// Zero is no bound.
	Room int64
	// Changed is told when Standings may be others; nil tells nobody. It returns at once.
	Changed func()

	spool string       // its id
	bytes atomic.Int64 // in the spool

	mu      sync.Mutex
	running map[string]*Running // by recording
	waiting []spooled           // for the blob store
	lost    time.Duration       // of sound, of all recordings
	full    bool                // there is no room, and that was said
	failing bool                // the blob store does not answer
	stopped bool
	wake    chan struct{}
	stop    chan struct{}
	all     sync.WaitGroup
}

// Start opens the spool, takes up what an earlier process left there, and begins
// to upload.
func (s *Service) Start(ctx context.Context) error {
	if err := s.open(); err != nil {
		return errs.Wrap(errs.Unavailable, err, "The folder for recordings that are being made could not be opened.")
	}
	s.running, s.waiting, s.stopped = map[string]*Running{}, nil, false
	s.full, s.failing = false, false
	s.wake, s.stop = make(chan struct{}, 1), make(chan struct{})
	s.bytes.Store(0)
	if err := s.recover(ctx); err != nil {
		return err
	}
	s.all.Go(s.upload)
	return nil
}

// Stop ends all recordings, and leaves in the spool what is not uploaded yet.
func (s *Service) Stop(ctx context.Context) error {
	s.mu.Lock()
	if s.stopped || s.stop == nil {
		s.mu.Unlock()
		return nil
	}
	s.stopped = true
	all := slices.Collect(maps.Values(s.running))
	s.mu.Unlock()
	var first error
	for _, r := range all {
		if err := r.End(ctx, bySystem, ByStop); err != nil && first == nil {
			first = err
		}
	}
	close(s.stop)
	s.all.Wait()
	return first
}

// open makes the spool's folder, and gives it an id that stays.
func (s *Service) open() error {
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return err
	}
	file := filepath.Join(s.Dir, "id")
	b, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		b = []byte(s.IDs.New(id.Node))
		err = os.WriteFile(file, b, 0o600)
	}
	s.spool = string(b)
	return err
}

// Begin begins a recording. It answers errs.Gone when the person was erased and
// errs.NotFound when there is no such interaction.
func (s *Service) Begin(ctx context.Context, in Start) (*Running, error) {
	r := &Running{s: s, tenant: in.Tenant, source: in.Source, tell: in.Troubled, done: make(chan struct{}), row: store.RecordingRow{
		ID: s.IDs.New(id.Recording), InteractionID: in.Interaction, Kind: in.Kind, Parties: in.Parties, KeepDays: in.KeepDays, Spool: s.spool, StartedAt: s.Clock.Now()}}
	if !in.At.IsZero() {
		r.row.StartedAt = in.At
	}
	r.about = about(in.Tenant, r.row)
	var err error
	if r.object, r.row.KeySealed, err = s.Vault.NewObject(ctx, in.Tenant, in.Contact, keyPlace+r.row.ID); err != nil {
		return nil, err
	}
	if err = s.seal(ctx, in.Tenant, r.object, r.about, &r.row, nil); err != nil {
		return nil, err
	}
	if err := s.DB.Write(ctx, in.Tenant, func(tx *store.Tx) error {
		if err := tx.RoomInStorage(); err != nil {
			return err
		}
		return tx.InsertRecording(r.row)
	}); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return nil, errs.New(errs.Unavailable, "The server is stopping.")
	}
	s.running[r.row.ID] = r
	s.all.Go(r.run)
	return r, nil
}

// Erase removes a recording that has ended, with its files.
func (s *Service) Erase(ctx context.Context, t id.Tenant, recording string) error {
	var files []string
	err := s.DB.Write(ctx, t, func(tx *store.Tx) (err error) {
		if files, err = tx.RecordingBlobs(recording); err != nil {
			return err
		}
		return tx.DeleteRecording(recording)
	})
	for _, f := range files {
		if err == nil {
			err = s.Blobs.Delete(ctx, f)
		}
	}
	return err
}

func about(t id.Tenant, row store.RecordingRow) form.About {
	return form.About{Tenant: string(t), Recording: row.ID, Interaction: row.InteractionID, Parties: row.Parties}
}

// Stats says how the node's recordings fare.
type Stats struct {
	Running  int
	Troubled int           // of these: cannot be written, or lose sound
	Waiting  int           // whole segments that are not in the blob store yet
	Bytes    int64         // in the spool
	Lost     time.Duration // of sound since the start; the manifests say where
}

// Stats is how they fare now.
func (s *Service) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := Stats{Running: len(s.running), Waiting: len(s.waiting), Bytes: s.bytes.Load(), Lost: s.lost}
	for _, r := range s.running {
		if r.troubled.Load() {
			st.Troubled++
		}
	}
	return st
}

// Standing is how a tenant's recordings fare on this node, as far as that is a matter
// for alarm; its zero value is well.
type Standing struct {
	Lost    int  // of those that are being made: cannot be written, or lose sound
	Full    bool // there is no room for what is recorded
	Waiting int  // segments, while the blob store does not answer
}

// Standings are those of all tenants whose recordings do not fare well.
func (s *Service) Standings() map[id.Tenant]Standing {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[id.Tenant]Standing{}
	change := func(t id.Tenant, fn func(*Standing)) {
		st := all[t]
		fn(&st)
		all[t] = st
	}
	for _, r := range s.running {
		if r.troubled.Load() {
			change(r.tenant, func(st *Standing) { st.Lost++ })
		}
		if s.full {
			change(r.tenant, func(st *Standing) { st.Full = true })
		}
	}
	if s.failing {
		for _, f := range s.waiting {
			change(f.tenant, func(st *Standing) { st.Waiting++ })
		}
	}
	return all
}

func (s *Service) changed() {
	if s.Changed != nil {
		s.Changed()
	}
}

// Running finds a recording that this node makes.
func (s *Service) Running(t id.Tenant, recording string) (*Running, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.running[recording]
	return r, ok && r.tenant == t
}
