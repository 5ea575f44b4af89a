package recording_test

import (
	"bytes"
	"context"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"nubitalk/internal/app/recording"
	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/blob"
	form "nubitalk/internal/core/recording"
	"nubitalk/internal/media/tape"
	"nubitalk/internal/store"
	"nubitalk/internal/store/storetest"
	"nubitalk/internal/vault"
	"nubitalk/internal/vault/vaulttest"
)

const (
	tenA = storetest.TenantA
	tenB = storetest.TenantB
	boss = "usr_00000000000000000000000001"
)

var start = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

var _ recording.Source = (*tape.Tape)(nil)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fixture is the service over real keepers, and two tenants with an interaction
// each.
type fixture struct {
	*recording.Service
	blobs     *blob.Store
	t         testing.TB
	contacts  map[id.Tenant]string
	works     map[id.Tenant]string
	evaluated map[string]string // by "user recording"
	troubled  chan bool         // what the maker of the recordings is told
}

func setup(t testing.TB, db *store.DB) *fixture {
	t.Helper()
	storetest.Organisations(t, db, tenA, tenB)
	root, err := vault.FileRoot(filepath.Join(t.TempDir(), "root.key"))
	must(t, err)
	clk := clock.NewVirtual(start)
	v, err := vault.Open(vault.Config{Root: root, Store: vaulttest.NewStore(), Clock: clk})
	must(t, err)
	ids := id.NewSource(clk.Now, nil)
	blobs, err := blob.OpenDir(t.TempDir())
	must(t, err)
	f := &fixture{blobs: blobs, t: t, troubled: make(chan bool, 64), contacts: map[id.Tenant]string{}, works: map[id.Tenant]string{}, Service: &recording.Service{DB: db, Vault: v, Blobs: blobs,
		IDs: ids, Clock: clk, Log: slog.New(slog.DiscardHandler), Dir: filepath.Join(t.TempDir(), "spool")}}
	for _, tenant := range []id.Tenant{tenA, tenB} {
		must(t, v.CreateTenant(t.Context(), tenant))
		f.contacts[tenant], f.works[tenant] = ids.New(id.Contact), ids.New(id.Interaction)
		must(t, v.CreateContact(t.Context(), tenant, f.contacts[tenant]))
		must(t, db.Write(t.Context(), tenant, func(tx *store.Tx) error {
			if err := tx.InsertContact(store.ContactRow{ID: f.contacts[tenant], CreatedAt: start, SeenAt: start}); err != nil {
				return err
			}
			return tx.InsertInteraction(store.InteractionRow{ID: f.works[tenant], Channel: "voice", ContactID: f.contacts[tenant], State: "active", ArrivedAt: start})
		}))
	}
	must(t, f.Start(t.Context()))
	t.Cleanup(func() { _ = f.Stop(context.Background()) })
	return f
}

// another is a process that comes after: the same keepers and spool.
func (f *fixture) another() *fixture {
	f.t.Helper()
	g := *f
	g.Service = &recording.Service{DB: f.DB, Vault: f.Vault, Blobs: f.Blobs, IDs: f.IDs, Clock: f.Clock, Log: f.Log, Dir: f.Dir, Room: f.Room}
	must(f.t, g.Start(f.t.Context()))
	f.t.Cleanup(func() { _ = g.Stop(context.Background()) })
	return &g
}

func (f *fixture) begin(src recording.Source) *recording.Running {
	f.t.Helper()
	r, err := f.Begin(f.t.Context(), recording.Start{Tenant: tenA, Interaction: f.works[tenA], Contact: f.contacts[tenA], Kind: recording.Voice, Parties: []string{"person", "agent"}, Source: src, Troubled: func(yes bool) { f.troubled <- yes }})
	must(f.t, err)
	return r
}

// told is a recording as it reads: its entries, and its sound by the second.
func (f *fixture) told(rec string) (entries, sound string) {
	f.t.Helper()
	o, err := f.Open(f.t.Context(), tenA, rec)
	must(f.t, err)
	var all []string
	for _, e := range o.Entries {
		s := string(e.Kind) + " " + e.At.String() + "+" + e.Length.String()
		if e.Cut {
			s += " cut"
		}
		if e.Reason != "" {
			s += " " + e.Reason
		}
		all = append(all, s)
	}
	for _, fault := range f.Check(f.t.Context(), o) {
		f.t.Errorf("it is not as it was made: %s", fault)
	}
	pieces, err := f.Pieces(f.t.Context(), o, 0, time.Hour)
	must(f.t, err)
	for _, p := range pieces {
		sound += string(p.Tracks[0].Data[:1])
	}
	return strings.Join(all, ", "), sound
}

// player is a source whose sound the test gives: each second is a letter.
type player struct {
	mu     sync.Mutex
	ready  []form.Piece
	at     time.Duration
	paused bool
	lost   time.Duration
	asked  func() // runs before a piece is taken
}

func (p *player) say(seconds string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range seconds {
		if !p.paused {
			p.ready = append(p.ready, form.Piece{At: p.at, Length: time.Second, Tracks: []form.Track{{Codec: form.PCMA, Data: bytes.Repeat([]byte(string(c)), 8000)}, {Codec: form.PCMA}}})
		}
		p.at += time.Second
	}
}

// waits says whether all that was said has been taken.
func (p *player) waits() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.ready) == 0
}

func (p *player) Take(bool) (form.Piece, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.asked != nil {
		p.asked()
	}
	if len(p.ready) == 0 {
		return form.Piece{}, false
	}
	next := p.ready[0]
	p.ready = p.ready[1:]
	return next, true
}

func (p *player) Pause() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.paused = true
	return p.at
}

func (p *player) Resume() (time.Duration, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	was := p.paused
	p.paused = false
	return p.at, was
}

func (p *player) Lost() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := p.lost
	p.lost = 0
	return n
}

func until(t testing.TB, what string, fn func() bool) {
	t.Helper()
	for deadline := time.Now().Add(3 * time.Minute); !fn(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(what)
		}
	}
}

// spooled are the segments in the spool.
func (f *fixture) spooled() (files []string) {
	f.t.Helper()
	must(f.t, filepath.WalkDir(f.Dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.Contains(path, id.RecordFile+"_") {
			files = append(files, path)
		}
		return err
	}))
	return files
}

func each(t *testing.T, test func(t *testing.T, f *fixture)) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) { test(t, setup(t, open())) })
}

func TestARecordingWithPauses(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		src := &player{}
		r := f.begin(src)
		must(t, r.Agreed(t.Context(), "flow", "key"))
		src.say("abcdefg")
		until(t, "it is not taken", src.waits)
		st, err := r.Pause(t.Context(), boss, "payment")
		if err != nil || !st.Paused || st.By != boss || st.Reason != "payment" {
			t.Fatalf("%+v, %v", st, err)
		}
		src.say("4242")
		if st, err := r.Pause(t.Context(), "usr_other", "again"); err != nil || st.By != boss {
			t.Errorf("a second pause: %+v, %v", st, err)
		}
		st, err = r.Resume()
		if err != nil || st.Paused {
			t.Fatalf("%+v, %v", st, err)
		}
		if st, err := r.Resume(); err != nil || st.Paused {
			t.Errorf("going on twice: %+v, %v", st, err)
		}
		src.say("hi")
		until(t, "it is not taken", src.waits)
		if _, ok := f.Running(tenB, r.ID()); ok {
			t.Error("another tenant has the recording")
		}
		if mine, ok := f.Running(tenA, r.ID()); !ok || mine != r {
			t.Error("it does not run")
		}
		_, err = r.Pause(t.Context(), boss, "again")
		must(t, err)
		src.say("99")
		must(t, r.End(t.Context(), boss, "ended"))
		must(t, r.End(t.Context(), boss, "ended"))
		entries, sound := f.told(r.ID())
		if want := "consent 0s+0s key, segment 0s+5s, segment 5s+2s, pause 7s+4s payment, segment 11s+2s, pause 13s+2s again, stop 15s+0s ended"; entries != want {
			t.Errorf("got  %s\nwant %s", entries, want)
		}
		if sound != "abcdefghi" {
			t.Errorf("it sounds %q", sound)
		}
		until(t, "not all is uploaded", func() bool { return len(f.spooled()) == 0 })
		if _, again := f.told(r.ID()); again != sound {
			t.Errorf("uploaded it sounds %q", again)
		}
		o, err := f.Open(t.Context(), tenA, r.ID())
		must(t, err)
		part, err := f.Pieces(t.Context(), o, 5*time.Second, 6*time.Second)
		if err != nil || len(part) != 1 || part[0].At != 5*time.Second {
			t.Errorf("a part of it: %v, %v", part, err)
		}
		if o.Row.LengthMS != 15_000 || o.Row.EndedAt.IsZero() || o.Row.PausedBy != "" || o.Row.Serial != 3 || o.Row.Size < 9*8000 {
			t.Errorf("%+v", o.Row)
		}
		for what, err := range map[string]error{
			"pause after the end":   func() error { _, err := r.Pause(t.Context(), boss, "x"); return err }(),
			"resume after the end":  func() error { _, err := r.Resume(); return err }(),
			"consent after the end": r.Agreed(t.Context(), "flow", "key"),
		} {
			if !errs.Is(err, errs.Conflict) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if _, err := f.Open(t.Context(), tenB, r.ID()); !errs.Is(err, errs.NotFound) {
			t.Errorf("another tenant opens it: %v", err)
		}
		if all, err := f.Of(t.Context(), tenA, f.works[tenA]); err != nil || len(all) != 1 {
			t.Errorf("%v, %v", all, err)
		}
		if all, err := f.Of(t.Context(), tenB, f.works[tenA]); err != nil || len(all) != 0 {
			t.Errorf("%v, %v", all, err)
		}
	})
}

// Nothing plain is on the disk at any time, in the database or in the blob store:
// the sound is looked for in all of them while it is made and afterwards. That
// what is looked for would be found shows a file that has it.
func TestNothingPlainIsWritten(t *testing.T) {
	f := setup(t, storetest.Open(t, store.SQLite))
	src := &player{}
	r := f.begin(src)
	canary := bytes.Repeat([]byte("Q"), 40)
	found := func() (where []string) {
		must(t, filepath.WalkDir(filepath.Dir(f.Dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := os.ReadFile(path)
			if bytes.Contains(b, canary) {
				where = append(where, path)
			}
			return err
		}))
		return where
	}
	for range 8 {
		src.say("Q")
		until(t, "it is not taken", src.waits)
		if where := found(); where != nil {
			t.Fatalf("while it is made, it stands in %v", where)
		}
	}
	if len(f.spooled()) == 0 {
		t.Fatal("nothing is in the spool, so this proves nothing")
	}
	must(t, r.End(t.Context(), boss, "ended"))
	for object, err := range f.blobs.List(t.Context(), "") {
		must(t, err)
		b, err := f.Blobs.Get(t.Context(), object.Key)
		if err != nil || bytes.Contains(b, canary) {
			t.Errorf("%s: %v", object.Key, err)
		}
	}
	must(t, os.WriteFile(filepath.Join(f.Dir, "control"), append([]byte("x"), canary...), 0o600))
	if where := found(); len(where) != 1 {
		t.Errorf("the control is found in %v", where)
	}
}

// After a crash all that was written is there, and the manifest says what is cut;
// a pause that was in force does not become sound.
func TestACrash(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		src := &player{}
		r := f.begin(src)
		src.say("abcdefgh")
		until(t, "it is not taken", src.waits)
		_, err := r.Pause(t.Context(), boss, "payment")
		must(t, err)
		src.say("4242")
		until(t, "the second segment is not begun", func() bool {
			return slices.ContainsFunc(f.spooled(), func(s string) bool { return strings.Contains(s, ".2.") })
		})
		// The process is gone: what it had in memory is not used any more. A part of a
		// piece was being written.
		for _, file := range f.spooled() {
			if strings.Contains(file, ".2.") {
				h, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
				must(t, err)
				_, err = h.Write([]byte{0, 0, 0, 99, 1, 2, 3})
				must(t, err)
				must(t, h.Close())
			}
		}
		must(t, os.WriteFile(filepath.Join(f.Dir, string(tenA), "notes.txt"), []byte("somebody else's"), 0o600))
		g := f.another()
		entries, sound := g.told(r.ID())
		if want := "segment 0s+5s, segment 5s+3s cut, pause 8s+0s payment, stop 8s+0s crash"; entries != want {
			t.Errorf("got  %s\nwant %s", entries, want)
		}
		if sound != "abcdefgh" {
			t.Errorf("it sounds %q", sound)
		}
		until(t, "not all is uploaded", func() bool { return len(g.spooled()) == 0 })
		// Once more: nothing changes; what an organisation left that is no more goes.
		gone := filepath.Join(f.Dir, string(f.IDs.New(id.TenantKind)))
		must(t, os.Mkdir(gone, 0o700))
		h := g.another()
		if again, _ := h.told(r.ID()); again != entries {
			t.Errorf("at the next start: %s", again)
		}
		if _, err := os.Stat(gone); !os.IsNotExist(err) {
			t.Errorf("the folder of no organisation: %v", err)
		}
	})
}

// A pause that is over, but not in the manifest yet, is not lost by a crash.
func TestACrashAfterAPause(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		src := &player{}
		r := f.begin(src)
		src.say("abc")
		until(t, "it is not taken", src.waits)
		_, err := r.Pause(t.Context(), boss, "payment")
		must(t, err)
		src.say("42")
		st, err := r.Resume()
		if err != nil || st.Paused {
			t.Fatalf("%+v, %v", st, err)
		}
		g := f.another()
		if entries, _ := g.told(r.ID()); !strings.Contains(entries, "pause 3s+0s payment") {
			t.Errorf("the manifest has %s", entries)
		}
	})
}

// Who is erased while being recorded leaves nothing behind that can be read.
func TestErasedWhileRecorded(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		src := &player{}
		r := f.begin(src)
		src.say("abcdef")
		until(t, "it is not taken", src.waits)
		must(t, f.Vault.DestroyContact(t.Context(), tenA, f.contacts[tenA]))
		must(t, f.DB.Write(t.Context(), tenA, func(tx *store.Tx) error { _, err := tx.DeleteContact(f.contacts[tenA]); return err }))
		src.say("ghijklmn")
		until(t, "it goes on", func() bool { return r.State().Ended })
		must(t, r.End(t.Context(), boss, "ended"))
		if _, err := f.Open(t.Context(), tenA, r.ID()); !errs.Is(err, errs.NotFound) {
			t.Errorf("it opens: %v", err)
		}
		g := f.another()
		until(t, "something stays in the spool", func() bool { return len(g.spooled()) == 0 })
		_, err := g.Begin(t.Context(), recording.Start{Tenant: tenA, Interaction: f.works[tenA], Contact: f.contacts[tenA], Source: src})
		if !errs.Is(err, errs.Gone) {
			t.Errorf("an erased person is recorded: %v", err)
		}
		_, err = g.Begin(t.Context(), recording.Start{Tenant: tenB, Interaction: f.works[tenA], Contact: f.contacts[tenB], Source: src})
		if !errs.Is(err, errs.NotFound) {
			t.Errorf("another tenant's interaction is recorded: %v", err)
		}
	})
}

// A spool that cannot be written costs sound, which the manifest says, and nothing
// else; what was held in memory is written when it can be.
func TestADiskThatTakesNothing(t *testing.T) {
	f := setup(t, storetest.Open(t, store.SQLite))
	src := &player{}
	r := f.begin(src)
	src.say("ab")
	until(t, "it is not taken", src.waits)
	_, err := r.Pause(t.Context(), boss, "x") // ends the segment
	must(t, err)
	src.say("p")
	folder := filepath.Join(f.Dir, string(tenA))
	must(t, os.Rename(folder, folder+".away"))
	must(t, os.WriteFile(folder, nil, 0o600)) // no folder can be made here
	_, err = r.Resume()
	must(t, err)
	src.say("cdef")
	until(t, "it is not taken", src.waits)
	if !<-f.troubled || f.Stats().Troubled != 1 || f.Stats().Running != 1 {
		t.Errorf("%+v", f.Stats())
	}
	src.mu.Lock()
	src.lost = 2 * time.Second // what the tape had no room for
	src.at += 2 * time.Second
	src.mu.Unlock()
	must(t, os.Remove(folder))
	must(t, os.Rename(folder+".away", folder))
	src.say("g")
	until(t, "it is not taken", src.waits)
	if <-f.troubled || f.Stats().Troubled != 0 || f.Stats().Lost != 2*time.Second {
		t.Errorf("with room again: %+v", f.Stats())
	}
	must(t, r.End(t.Context(), boss, "ended"))
	entries, sound := f.told(r.ID())
	if sound != "abcdefg" || !strings.Contains(entries, "gap ") || !strings.Contains(entries, "+2s too_slow") {
		t.Errorf("it sounds %q: %s", sound, entries)
	}
}

// Whatever is done to the clock meanwhile, a recording has its length, nothing of it is
// missing, and it ends after it began.
func TestAClockThatJumps(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		f := setup(t, open())
		for _, jump := range []time.Duration{-time.Hour, 3 * time.Hour} {
			src := &player{}
			r := f.begin(src)
			src.say("abc")
			until(t, "it is not taken", src.waits)
			began := f.Clock.Now()
			f.Clock.(*clock.Virtual).Advance(jump)
			_, err := r.Pause(t.Context(), boss, "x")
			must(t, err)
			src.say("p")
			_, err = r.Resume()
			must(t, err)
			src.say("de")
			until(t, "it is not taken", src.waits)
			must(t, r.End(t.Context(), boss, "ended"))
			entries, sound := f.told(r.ID())
			if sound != "abcde" || strings.Contains(entries, "gap") || !strings.Contains(entries, "pause 3s+1s x") {
				t.Errorf("it sounds %q: %s", sound, entries)
			}
			o, err := f.Open(t.Context(), tenA, r.ID())
			must(t, err)
			if !o.Row.StartedAt.Equal(began) || !o.Row.EndedAt.Equal(began.Add(6*time.Second)) {
				t.Errorf("it began at %v and ended at %v", o.Row.StartedAt, o.Row.EndedAt)
			}
		}
	})
}

// A piece that is held for a disk is written once, whenever that comes back.
func TestADiskThatComesBackAtOnce(t *testing.T) {
	f := setup(t, storetest.Open(t, store.SQLite))
	src := &player{}
	r := f.begin(src)
	folder := filepath.Join(f.Dir, string(tenA))
	must(t, os.WriteFile(folder, nil, 0o600)) // no folder can be made here
	taken, back := 0, make(chan struct{})
	src.mu.Lock()
	src.asked = func() {
		if len(src.ready) > 0 {
			taken++
		} else if taken > 0 { // between two tries to write what is held
			src.asked = nil
			_ = os.Remove(folder)
			close(back)
		}
	}
	src.mu.Unlock()
	src.say("a")
	<-back
	src.say("b")
	until(t, "it is not taken", src.waits)
	must(t, r.End(t.Context(), boss, "ended"))
	if entries, sound := f.told(r.ID()); sound != "ab" {
		t.Errorf("it sounds %q: %s", sound, entries)
	}
}

// A blob store that does not answer leaves segments in the spool, from where they
// are played, until it does.
func TestABlobStoreThatDoesNotAnswer(t *testing.T) {
	f := setup(t, storetest.Open(t, store.SQLite))
	must(t, f.Stop(t.Context()))
	good := f.Blobs
	f.Blobs = &away{Blobs: good, gone: true}
	g := f.another()
	src := &player{}
	r := g.begin(src)
	src.say("abcdefgh")
	until(t, "it is not taken", src.waits)
	must(t, r.End(t.Context(), boss, "ended"))
	if n := len(g.spooled()); n != 2 {
		t.Errorf("%d segments wait", n)
	}
	must(t, g.Stop(t.Context()))
	g.Blobs = good
	h := g.another()
	until(t, "not all is uploaded", func() bool { return len(h.spooled()) == 0 })
	if _, sound := h.told(r.ID()); sound != "abcdefgh" {
		t.Errorf("it sounds %q", sound)
	}
}

// What somebody changed in the blob store is named, and is not played.
func TestAlteredFiles(t *testing.T) {
	f := setup(t, storetest.Open(t, store.SQLite))
	src := &player{}
	r := f.begin(src)
	src.say("abcdefgh")
	until(t, "it is not taken", src.waits)
	must(t, r.End(t.Context(), boss, "ended"))
	until(t, "not all is uploaded", func() bool { return len(f.spooled()) == 0 })
	o, err := f.Open(t.Context(), tenA, r.ID())
	must(t, err)
	one, two := blob.Key(blob.Recordings, tenA, o.Entries[0].Segment), blob.Key(blob.Recordings, tenA, o.Entries[1].Segment)
	first, err := f.Blobs.Get(t.Context(), one)
	must(t, err)
	must(t, f.Blobs.Put(t.Context(), two, slices.Clone(first)))
	if faults := f.Check(t.Context(), o); len(faults) == 0 || faults[0].Entry != 2 {
		t.Errorf("%v", faults)
	}
	if _, err := f.Pieces(t.Context(), o, 0, time.Hour); err == nil {
		t.Error("it is played")
	}
	must(t, f.Blobs.Put(t.Context(), one, secret.Sealed("RIFF")))
	if faults := f.Check(t.Context(), o); len(faults) < 3 {
		t.Errorf("%v", faults)
	}
}

// A stop ends what runs, and a recording that begins then is refused.
func TestAStop(t *testing.T) {
	f := setup(t, storetest.Open(t, store.SQLite))
	src := &player{}
	r := f.begin(src)
	src.say("ab")
	must(t, f.Stop(t.Context()))
	_, err := f.Begin(t.Context(), recording.Start{Tenant: tenA, Interaction: f.works[tenA], Contact: f.contacts[tenA], Kind: recording.Voice, Source: src})
	if !errs.Is(err, errs.Unavailable) {
		t.Errorf("begun while it stops: %v", err)
	}
	g := f.another()
	if entries, sound := g.told(r.ID()); sound != "ab" || entries != "segment 0s+2s, stop 2s+0s stop" {
		t.Errorf("%s; it sounds %q", entries, sound)
	}
}
