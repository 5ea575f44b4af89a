package recording_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"nubitalk/internal/app/recording"
	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/blob"
	"nubitalk/internal/blob/blobtest"
	"nubitalk/internal/store"
	"nubitalk/internal/store/storetest"
)

// away is a blob store that does not answer while it is gone, and notes what it
// was given in which order.
type away struct {
	recording.Blobs
	mu   sync.Mutex
	gone bool
	keys []string
}

func (a *away) be(gone bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.gone = gone
}

func (a *away) order() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.keys)
}

func (a *away) ask(key string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.gone {
		return errs.New(errs.Unavailable, "It does not answer.")
	}
	if key != "" {
		a.keys = append(a.keys, key)
	}
	return nil
}

func (a *away) Put(ctx context.Context, key string, b secret.Sealed) error {
	if err := a.ask(key); err != nil {
		return err
	}
	return a.Blobs.Put(ctx, key, b)
}

func (a *away) Get(ctx context.Context, key string) (secret.Sealed, error) {
	if err := a.ask(""); err != nil {
		return nil, err
	}
	return a.Blobs.Get(ctx, key)
}

// leaving has the fixture's service begin anew over a store that is away.
func leaving(t *testing.T, room int64) (*fixture, *away) {
	t.Helper()
	f := setup(t, storetest.Open(t, store.SQLite))
	must(t, f.Stop(t.Context()))
	a := &away{Blobs: f.Blobs, gone: true}
	f.Blobs, f.Room = a, room
	return f.another(), a
}

const tenMinutes = 600 // seconds

// A store that is away for ten minutes costs nothing: all is kept here, sealed, can
// be heard, survives a crash, and is uploaded in its order.
func TestAStoreThatIsAwayForTenMinutes(t *testing.T) {
	f, blobs := leaving(t, 0)
	src := &player{}
	r := f.begin(src)
	letters := strings.Repeat("abcdefghijklmnopqrstuvwxy", tenMinutes/25)
	for minute := range slices.Chunk([]byte(letters), 60) {
		src.say(string(minute))
		until(t, "it is not taken", src.waits)
	}
	must(t, r.End(t.Context(), boss, "ended"))
	if _, sound := f.told(r.ID()); sound != letters {
		t.Errorf("while the store is away %d seconds are heard of %d", len(sound), len(letters))
	}
	if got := f.Stats(); got.Waiting != tenMinutes/5 || got.Bytes < tenMinutes*8000 || got.Lost != 0 {
		t.Errorf("%+v", got)
	}
	g := f.another() // after a crash, the store is still away
	if got := g.Stats(); got.Waiting != tenMinutes/5 || got.Bytes != f.Stats().Bytes {
		t.Errorf("after a crash: %+v", got)
	}
	if _, sound := g.told(r.ID()); sound != letters {
		t.Errorf("after a crash %d seconds are heard of %d", len(sound), len(letters))
	}
	must(t, f.Stop(t.Context())) // what is left of the one that crashed
	blobs.be(false)
	until(t, "not all is uploaded", func() bool { return len(g.spooled()) == 0 })
	until(t, "it counts what is gone", func() bool { return g.Stats() == recording.Stats{} })
	if _, sound := g.told(r.ID()); sound != letters {
		t.Errorf("uploaded, %d seconds are heard of %d", len(sound), len(letters))
	}
	o, err := g.Open(t.Context(), tenA, r.ID())
	must(t, err)
	place := map[string]int{}
	for n, key := range blobs.order() {
		place[key[strings.LastIndexByte(key, '/')+1:]] = n
	}
	for n, e := range o.Entries[:len(o.Entries)-1] {
		if by := place[e.Segment] - n; by < -8 || by > 8 { // as many are on their way at a time
			t.Errorf("segment %d was uploaded as number %d", n, place[e.Segment])
		}
	}
}

// What waits has a bound. What comes past it is a gap of which the manifest says
// when and why; the recording goes on when there is room.
func TestWhatWaitsForAStoreHasABound(t *testing.T) {
	f, blobs := leaving(t, 100_000) // twelve seconds of one side
	src := &player{}
	r := f.begin(src)
	src.say("abcdefghijklmnopqrstuvwxyz")
	until(t, "it is not taken", src.waits)
	if got := f.Stats(); got.Bytes > 100_000+1000 || got.Lost != 10*time.Second {
		t.Errorf("%+v", got)
	}
	until(t, "it is no matter for alarm", func() bool {
		st := f.Standings()[tenA]
		return st.Full && st.Lost == 1 && st.Waiting > 0
	})
	if all := f.Standings(); len(all) != 1 {
		t.Errorf("another tenant's: %+v", all)
	}
	blobs.be(false)
	until(t, "not all is uploaded", func() bool { return f.Stats().Waiting == 0 })
	src.say("ABC")
	until(t, "it is not taken", src.waits)
	until(t, "it is a matter for alarm still", func() bool { return len(f.Standings()) == 0 })
	must(t, r.End(t.Context(), boss, "ended"))
	entries, sound := f.told(r.ID())
	if sound != "abcdefghijkl"+"wxyz"+"ABC" {
		t.Errorf("it sounds %q", sound)
	}
	if want := "segment 0s+5s, segment 5s+5s, segment 10s+2s, gap 12s+10s full, segment 22s+5s, segment 27s+2s, stop 29s+0s ended"; entries != want {
		t.Errorf("got  %s\nwant %s", entries, want)
	}
}

// A recording that ends while there is no room says at its end what is missing.
func TestARecordingThatEndsWithoutRoom(t *testing.T) {
	f, _ := leaving(t, 20_000)
	src := &player{}
	r := f.begin(src)
	src.say("abcdefgh")
	until(t, "it is not taken", src.waits)
	_, err := r.Pause(t.Context(), boss, "payment")
	must(t, err)
	src.say("4242")
	_, err = r.Resume()
	must(t, err)
	src.say("ij")
	must(t, r.End(t.Context(), boss, "ended"))
	entries, sound := f.told(r.ID())
	if want := "segment 0s+2s, gap 2s+6s full, pause 8s+4s payment, gap 12s+2s full, stop 14s+0s ended"; entries != want || sound != "ab" {
		t.Errorf("got  %s, %q\nwant %s", entries, sound, want)
	}
}

// What is being written makes room for itself when the store takes it, however
// little room there is.
func TestWhatIsWrittenMakesRoom(t *testing.T) {
	f, blobs := leaving(t, 20_000) // two seconds of one side
	blobs.be(false)
	src := &player{}
	r := f.begin(src)
	for _, pair := range []string{"ab", "cd", "ef", "gh"} {
		src.say(pair)
		until(t, pair+" is not written", func() bool {
			st := f.Stats()
			return src.waits() && st.Waiting == 0 && st.Bytes > 16_000
		})
	}
	must(t, r.End(t.Context(), boss, "ended"))
	if entries, sound := f.told(r.ID()); sound != "abcdefgh" || strings.Contains(entries, "gap") {
		t.Errorf("it sounds %q: %s", sound, entries)
	}
}

// Who is erased while the store is away is gone from the spool although nothing can
// be uploaded, also behind what waits for longer.
func TestErasedWhileTheStoreIsAway(t *testing.T) {
	f, blobs := leaving(t, 0)
	before := &player{}
	other, err := f.Begin(t.Context(), recording.Start{Tenant: tenB, Interaction: f.works[tenB], Contact: f.contacts[tenB], Kind: recording.Voice, Parties: []string{"person", "agent"}, Source: before})
	must(t, err)
	before.say("x")
	until(t, "it is not taken", before.waits)
	must(t, other.End(t.Context(), boss, "ended"))
	src := &player{}
	r := f.begin(src)
	src.say("abcdef")
	until(t, "it is not taken", src.waits)
	must(t, r.End(t.Context(), boss, "ended"))
	if len(f.spooled()) != 3 {
		t.Fatal("nothing waits, so this proves nothing")
	}
	must(t, f.Vault.DestroyContact(t.Context(), tenA, f.contacts[tenA]))
	must(t, f.DB.Write(t.Context(), tenA, func(tx *store.Tx) error { _, err := tx.DeleteContact(f.contacts[tenA]); return err }))
	until(t, "it stays in the spool", func() bool { return len(f.spooled()) == 1 && f.Stats().Waiting == 1 })
	if left := f.spooled(); !strings.Contains(left[0], other.ID()) || f.Stats().Bytes > 9000 {
		t.Errorf("%v, %+v", left, f.Stats())
	}
	if keys := blobs.order(); len(keys) != 0 {
		t.Errorf("uploaded: %v", keys)
	}
}

// What another node has not uploaded yet is not taken for missing, until a day has
// passed.
func TestWhatAnotherNodeStillHasIsNotMissing(t *testing.T) {
	f, blobs := leaving(t, 0)
	src := &player{}
	r := f.begin(src)
	src.say("abcdefgh")
	until(t, "it is not taken", src.waits)
	must(t, r.End(t.Context(), boss, "ended"))
	other := *f
	other.Service = &recording.Service{DB: f.DB, Vault: f.Vault, Blobs: f.blobs, IDs: f.IDs, Clock: f.Clock, Log: f.Log, Dir: t.TempDir()}
	must(t, other.Start(t.Context()))
	t.Cleanup(func() { _ = other.Stop(context.Background()) })
	o, err := other.Open(t.Context(), tenA, r.ID())
	must(t, err)
	if _, err := other.Examine(t.Context(), o); !errs.Is(err, errs.Unavailable) {
		t.Errorf("while it waits: %v", err)
	}
	if _, err := other.Pieces(t.Context(), o, 0, time.Minute); !errs.Is(err, errs.Unavailable) {
		t.Errorf("while it waits: %v", err)
	}
	f.Clock.(*clock.Virtual).Advance(25 * time.Hour)
	if faults, err := other.Examine(t.Context(), o); err != nil || len(faults) != 2 {
		t.Errorf("a day later: %v, %v", faults, err)
	}
	blobs.be(false)
	until(t, "not all is uploaded", func() bool { return f.Stats().Waiting == 0 })
	if _, sound := other.told(r.ID()); sound != "abcdefgh" {
		t.Errorf("it sounds %q", sound)
	}
}

// A segment that somebody took from the spool holds up no other.
func TestASegmentThatIsGoneHoldsUpNobody(t *testing.T) {
	f, blobs := leaving(t, 0)
	src := &player{}
	r := f.begin(src)
	src.say("abcdefghijkl")
	until(t, "it is not taken", src.waits)
	must(t, r.End(t.Context(), boss, "ended"))
	files := f.spooled()
	slices.Sort(files)
	must(t, os.Remove(files[0]))
	blobs.be(false)
	until(t, "not all is uploaded", func() bool { return f.Stats().Waiting == 0 })
	if keys := blobs.order(); len(keys) != len(files)-1 {
		t.Errorf("%d are uploaded of %d", len(keys), len(files)-1)
	}
	o, err := f.Open(t.Context(), tenA, r.ID())
	must(t, err)
	if faults := f.Check(t.Context(), o); len(faults) != 1 {
		t.Errorf("%v", faults)
	}
}

// Over real services, whose wire is cut: nothing is lost, and what is there is what
// was recorded.
func TestRecordingsInClouds(t *testing.T) {
	s3, s3conf := blobtest.S3(t, false)
	azure, azureConf := blobtest.Azure(t)
	for name, c := range map[string]struct {
		peer *blobtest.Peer
		open func() (*blob.Store, error)
	}{
		"S3":    {s3, func() (*blob.Store, error) { return blob.OpenS3(s3conf) }},
		"Azure": {azure, func() (*blob.Store, error) { return blob.OpenAzure(azureConf) }},
	} {
		t.Run(name, func(t *testing.T) {
			f := setup(t, storetest.Open(t, store.SQLite))
			must(t, f.Stop(t.Context()))
			blobs, err := c.open()
			must(t, err)
			f.Blobs = blobs
			g := f.another()
			src := &player{}
			r := g.begin(src)
			src.say("abcdefgh")
			until(t, "nothing is uploaded", func() bool { return src.waits() && g.Stats().Waiting == 0 })
			c.peer.Stop()
			src.say("ijklmnopqr")
			until(t, "it is not taken", src.waits)
			must(t, r.End(t.Context(), boss, "ended"))
			if g.Stats().Waiting == 0 {
				t.Error("nothing waits, so this proves nothing")
			}
			h := g.another() // a crash meanwhile
			must(t, g.Stop(t.Context()))
			c.peer.Start()
			until(t, "not all is uploaded", func() bool { return h.Stats().Waiting == 0 && len(h.spooled()) == 0 })
			if _, sound := h.told(r.ID()); sound != "abcdefghijklmnopqr" {
				t.Errorf("it sounds %q", sound)
			}
			must(t, h.Stop(t.Context()))
			must(t, blobs.Close())
		})
	}
}
