package prompt

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/blob"
	"nubitalk/internal/core/access"
	"nubitalk/internal/media/audio"
	"nubitalk/internal/store"
	"nubitalk/internal/store/storetest"
	"nubitalk/internal/vault"
	"nubitalk/internal/vault/vaulttest"
)

var start = time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)

const (
	shop  id.Tenant = "ten_00000000000000000000000001"
	books id.Tenant = "ten_00000000000000000000000002"
	hello           = "pro_00000000000000000000000001"
)

type house struct {
	*Service
	db      *store.DB
	dir     string
	actions []string
	changed int
}

func (h *house) Record(_ *store.Tx, _ access.Actor, action, _, _ string, _ map[string]string) error {
	h.actions = append(h.actions, action)
	return nil
}

// each runs a test on every engine, with a prompt of two tenants.
func each(t *testing.T, test func(t *testing.T, h *house)) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		h := &house{db: open(), dir: filepath.Join(t.TempDir(), "files")}
		storetest.Organisations(t, h.db, shop, books)
		blobs, err := blob.OpenDir(h.dir)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = blobs.Close() })
		c := clock.NewVirtual(start)
		keys := vaulttest.New(t, shop, books)
		h.Service = New(Deps{DB: h.db, Vault: keys, Blobs: blobs, Clock: c, IDs: id.NewSource(c.Now, nil), Audit: h, Log: slog.New(slog.DiscardHandler), Changed: func(id.Tenant, string) { h.changed++ }})
		for _, ten := range []id.Tenant{shop, books} {
			if err := h.db.Write(t.Context(), ten, func(tx *store.Tx) error {
				return tx.InsertSetup(store.SetupRow{Kind: "prompts", ID: hello, Body: json.RawMessage(`{"name":"x","language":"en","text":"Hello."}`), CreatedAt: start, UpdatedAt: start})
			}); err != nil {
				t.Fatal(err)
			}
		}
		test(t, h)
	})
}

var _ Vault = (*vault.Vault)(nil)

func admin(t id.Tenant) access.Actor {
	return access.Actor{Tenant: t, User: "usr_boss", Roles: []access.Role{access.Administrator}}
}

// quiet is a tone at -40 dBFS with a second and a half of silence before it.
func quiet() []byte {
	pcm := append(make([]int16, 24000), audio.Tone{Hertz: []float64{500}, Level: -40, Length: 6 * time.Second}.PCM()...) // of 16 kHz: a tone of 1 kHz
	return audio.WriteWAV(pcm, 16000)
}

func (h *house) files(t *testing.T) (list []string) {
	t.Helper()
	err := filepath.WalkDir(h.dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			list = append(list, path)
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return list
}

func TestAPromptIsUploadedCheckedMadeRightAndHeard(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx, a := t.Context(), admin(shop)
		if _, err := h.Sound(ctx, a, hello); !errs.Is(err, errs.NotFound) {
			t.Fatal(err)
		}
		s, err := h.Upload(ctx, a, hello, quiet())
		if err != nil {
			t.Fatal(err)
		}
		kinds := map[string]float64{}
		for _, f := range s.Uploaded.Findings {
			kinds[f.Kind] = f.Value
		}
		if len(kinds) != 2 || math.Abs(kinds["quiet"] - -40) > 0.5 || math.Abs(kinds["lead"]-1.5) > 0.03 || len(s.Uploaded.Waveform) != drawn || s.Right {
			t.Errorf("%v, right %v", kinds, s.Right)
		}
		if len(s.Made.Findings) != 0 || math.Abs(s.Made.Loudness-audio.TargetLoudness) > 0.5 || math.Abs(s.Gain-17) > 0.5 {
			t.Errorf("made right: %+v, gain %v", s.Made.Findings, s.Gain)
		}
		as, err := h.Heard(ctx, shop, hello)
		if err != nil || math.Abs(audio.Level(as[2*audio.Rate:3*audio.Rate]) - -40) > 0.5 {
			t.Fatal(err)
		}
		if s, err = h.MakeRight(ctx, a, hello, true); err != nil || !s.Right {
			t.Fatal(err)
		}
		right, err := h.Heard(ctx, shop, hello)
		if err != nil || math.Abs(audio.Level(right[audio.Rate:2*audio.Rate])-audio.TargetLoudness) > 0.5 || len(right) >= len(as) || !audio.Heard(right[audio.Rate:2*audio.Rate], 1000) {
			t.Errorf("%v, %d and %d samples", err, len(as), len(right))
		}
		for as, rate := range map[Version]int{AsUploaded: 16000, AsRight: 16000, AsHeard: 8000} {
			file, err := h.Listen(ctx, a, hello, as)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := audio.ReadSound(file); err != nil || got.Rate != rate {
				t.Errorf("%s: %v, %d Hz", as, err, got.Rate)
			}
		}
		if _, err := h.Heard(ctx, books, hello); !errs.Is(err, errs.NotFound) {
			t.Errorf("another tenant's: %v", err)
		}
		if want := "prompt.sound_set prompt.sound_made_right"; strings.Join(h.actions, " ") != want || h.changed != 2 {
			t.Errorf("%v, %d changes", h.actions, h.changed)
		}
	})
}

// One file a prompt, sealed; it goes with its sound, and a refused upload leaves
// none.
func TestFilesOfPrompts(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx, a := t.Context(), admin(shop)
		for range 3 {
			if _, err := h.Upload(ctx, a, hello, quiet()); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := h.Upload(ctx, admin(books), hello, quiet()); err != nil {
			t.Fatal(err)
		}
		files := h.files(t)
		if len(files) != 2 {
			t.Fatalf("%v", files)
		}
		plain := quiet()
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil || bytes.Contains(b, plain[60000:60064]) || bytes.Contains(b, []byte("WAVE")) {
				t.Errorf("%s is not sealed: %v", f, err)
			}
		}
		if n, err := h.Blobs.DeleteTenant(ctx, books); err != nil || n != 1 {
			t.Errorf("%d files of an ended organisation, %v", n, err)
		}
		for _, bad := range [][]byte{[]byte("ID3 not a sound at all"), nil} {
			if _, err := h.Upload(ctx, a, hello, bad); !errs.Is(err, errs.Invalid) {
				t.Error(err)
			}
		}
		if _, err := h.Upload(ctx, a, "pro_00000000000000000000000009", quiet()); !errs.Is(err, errs.NotFound) {
			t.Error(err)
		}
		if err := h.Remove(ctx, a, hello); err != nil || len(h.files(t)) != 0 {
			t.Errorf("%v, %v", err, h.files(t))
		}
		if _, err := h.Heard(ctx, shop, hello); !errs.Is(err, errs.NotFound) {
			t.Error(err)
		}
	})
}

func TestOnlyAdministratorsChangePrompts(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx, agent := t.Context(), access.Actor{Tenant: shop, User: "usr_a", Roles: []access.Role{access.Agent}}
		_, upload := h.Upload(ctx, agent, hello, quiet())
		_, right := h.MakeRight(ctx, agent, hello, true)
		for what, err := range map[string]error{"upload": upload, "right": right, "remove": h.Remove(ctx, agent, hello)} {
			if !errs.Is(err, errs.Forbidden) {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

// What was heard last is kept up to the bound, and many who ask at once have it made
// once.
func TestMemoryIsBounded(t *testing.T) {
	m := newMemory(2 * 2 * 100)
	var mu sync.Mutex
	made := map[string]int{}
	get := func(name string) error {
		_, err := m.get(context.Background(), shop, name, func() ([]int16, error) {
			mu.Lock()
			defer mu.Unlock()
			made[name]++
			if name == "bad" {
				return nil, errs.New(errs.Unavailable, "The file storage did not answer. Please try again.")
			}
			return make([]int16, 100), nil
		})
		return err
	}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() { _ = get("a") })
	}
	all.Wait()
	if made["a"] != 1 {
		t.Errorf("made %d times", made["a"])
	}
	for _, name := range []string{"b", "a", "c", "a", "b"} { // c took b's room
		if err := get(name); err != nil {
			t.Fatal(err)
		}
	}
	if made["a"] != 1 || made["b"] != 2 || made["c"] != 1 || m.bytes > m.bound {
		t.Errorf("%v, %d bytes", made, m.bytes)
	}
	for range 2 {
		if get("bad") == nil {
			t.Error("no error")
		}
	}
	if made["bad"] != 2 || m.used.Len() != len(m.known) {
		t.Errorf("a failure was kept: %v", made)
	}
}
