package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"nubitalk/internal/app/recording"
	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/id"
	"nubitalk/internal/blob"
	form "nubitalk/internal/core/recording"
	"nubitalk/internal/server/drive"
	"nubitalk/internal/store"
	"nubitalk/internal/store/keystore"
	"nubitalk/internal/vault"
)

const (
	seekLength = 2 * time.Hour
	seekWindow = 10 * time.Second // that the player fetches at once: web/desktop/src/state/playback.svelte.ts
	seekTimes  = 200
	seekBurst  = 90 // parts that a user may take as fast as it likes
)

// recordingSeek is from the request for a place in a recording of two hours until its sound has come, by
// the program and its API. The recording is made by the program's own parts: 7,200 pieces of a
// second, in segments, sealed and signed, in the folder of files.
func recordingSeek(r *run) error {
	dir, err := r.installation("seek")
	if err != nil {
		return err
	}
	rec, interaction, segments, err := r.longRecording(dir)
	if err != nil {
		return err
	}
	p, err := r.serve(dir, "")
	if err != nil {
		return err
	}
	defer p.Kill()
	ctx, cancel := context.WithTimeout(r.ctx, 10*time.Minute)
	defer cancel()
	login, err := r.demo.Login("demo", "supervisor")
	if err != nil {
		return err
	}
	boss, err := drive.SignIn(ctx, drive.Client(), p.BaseURL, login)
	if err != nil {
		return err
	}
	var opened struct{ Ticket string }
	began := time.Now()
	if err := boss.Do(ctx, "POST", "recordings/"+rec+"/listen", map[string]string{"reason": "quality"}, &opened); err != nil {
		return err
	}
	open := time.Since(began)
	began = time.Now()
	if err := boss.Do(ctx, "GET", "recordings/"+rec+"/waveform?ticket="+opened.Ticket, nil, nil); err != nil {
		return err
	}
	draw := time.Since(began)
	var took []float64
	for i := range seekTimes {
		if i > seekBurst {
			if err := r.pause(100 * time.Millisecond); err != nil {
				return err
			}
		}
		from := time.Duration(rand.Int64N(int64(seekLength/seekWindow))) * seekWindow
		began := time.Now()
		wav, err := heardPart(ctx, boss, rec, opened.Ticket, from, from+seekWindow)
		if err != nil {
			return err
		}
		took = append(took, time.Since(began).Seconds()*1e3)
		if len(wav) < int(seekWindow.Seconds())*8000*4 {
			return fmt.Errorf("%d octets of ten seconds", len(wav))
		}
	}
	slices.Sort(took)
	how := fmt.Sprintf("wall, a place in a recording of two hours (%d segments), ten seconds of two tracks by the API, %d times", segments, seekTimes)
	r.figure("recording_seek", median(took), "ms", atMost, 50, how)
	r.figure("recording_seek_p99", took[len(took)*99/100], "ms", atMost, 50, fmt.Sprintf("opened in %.0f ms; its waveform, drawn once, in %.1f s", open.Seconds()*1e3, draw.Seconds()))
	return r.pageFigures("bench:seek", []string{"SEEK_BASE=" + p.BaseURL, "SEEK_ORGANISATION=" + login.Organisation, "SEEK_USER=" + login.UserName, "SEEK_PASSWORD=" + login.Password, "SEEK_INTERACTION=" + interaction},
		"wall, in a real browser, from the press on the time line until the sound of that place begins; 40 places, the middle one")
}

// longRecording puts a recording of two hours into a stopped installation, of a conversation
// that the demonstration has recorded.
func (r *run) longRecording(dir string) (rec, interaction string, segments int, err error) {
	real := clock.Real{}
	db, err := store.Open(r.ctx, store.Config{Driver: store.SQLite, DSN: filepath.Join(dir, "nubitalk.db")})
	if err != nil {
		return "", "", 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	keys, err := keystore.Open(r.ctx, keystore.Config{Driver: store.SQLite, DSN: filepath.Join(dir, "keys", "keys.db"), Clock: real})
	if err != nil {
		return "", "", 0, err
	}
	defer func() { err = errors.Join(err, keys.Close()) }()
	root, err := vault.FileRoot(filepath.Join(dir, "keys", "root.key"))
	if err != nil {
		return "", "", 0, err
	}
	v, err := vault.Open(vault.Config{Root: root, Store: keys, Clock: real})
	if err != nil {
		return "", "", 0, err
	}
	blobs, err := blob.OpenDir(filepath.Join(dir, "files"))
	if err != nil {
		return "", "", 0, err
	}
	defer func() { err = errors.Join(err, blobs.Close()) }()
	s := &recording.Service{DB: db, Vault: v, Blobs: blobs, IDs: id.NewSource(real.Now, nil), Clock: real, Log: slog.New(slog.DiscardHandler), Dir: filepath.Join(r.work, "seek-spool")}
	if err := s.Start(r.ctx); err != nil {
		return "", "", 0, err
	}
	defer func() { err = errors.Join(err, s.Stop(context.WithoutCancel(r.ctx))) }()
	var tenant id.Tenant
	if err := db.SystemRead(r.ctx, func(tx *store.Tx) error {
		org, err := tx.OrganisationBySlug("demo")
		tenant = org.ID
		return err
	}); err != nil {
		return "", "", 0, err
	}
	var work []store.InteractionRow
	if err := db.Read(r.ctx, tenant, func(tx *store.Tx) (err error) {
		work, err = tx.SearchInteractions(store.InteractionFilter{Recorded: true, Limit: 1})
		return err
	}); err != nil {
		return "", "", 0, err
	}
	if len(work) == 0 {
		return "", "", 0, errors.New("the demonstration has no recording")
	}
	made, err := s.Begin(r.ctx, recording.Start{Tenant: tenant, Interaction: work[0].ID, Contact: work[0].ContactID, Kind: recording.Voice, Parties: []string{"person", "agent"},
		Source: &longTape{left: seekLength}, At: real.Now().Add(-seekLength)})
	if err != nil {
		return "", "", 0, err
	}
	if err := made.End(r.ctx, "system", "ended"); err != nil {
		return "", "", 0, err
	}
	for s.Stats().Waiting > 0 {
		if err := r.pause(50 * time.Millisecond); err != nil {
			return "", "", 0, err
		}
	}
	o, err := s.Open(r.ctx, tenant, made.ID())
	if err != nil {
		return "", "", 0, err
	}
	for _, e := range o.Entries {
		if e.Kind == form.Recorded {
			segments++
		}
	}
	if length := time.Duration(o.Row.LengthMS) * time.Millisecond; length != seekLength {
		return "", "", 0, fmt.Errorf("the recording is %v long", length)
	}
	return made.ID(), work[0].ID, segments, nil
}

// longTape has noise of two tracks, a second at a time, as fast as it is taken.
type longTape struct {
	mu       sync.Mutex
	at, left time.Duration
}

func (t *longTape) Take(bool) (form.Piece, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.left <= 0 {
		return form.Piece{}, false
	}
	p := form.Piece{At: t.at, Length: time.Second}
	for range 2 {
		octets := make([]byte, 8000)
		for i := range octets {
			octets[i] = byte(rand.Uint32())
		}
		p.Tracks = append(p.Tracks, form.Track{Codec: form.PCMA, Data: octets})
	}
	t.at += time.Second
	t.left -= time.Second
	return p, true
}

func (t *longTape) Pause() time.Duration          { return t.at }
func (t *longTape) Resume() (time.Duration, bool) { return t.at, false }
func (t *longTape) Lost() time.Duration           { return 0 }
