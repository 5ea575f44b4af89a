package retention

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"
)

func TestEvery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		kick := make(chan struct{}, 1)
		began := time.Now()
		var at []time.Duration
		go every(ctx, time.Minute, kick, func() {
			at = append(at, time.Since(began))
			time.Sleep(time.Second) // virtual: the work takes a second
		})
		time.Sleep(90 * time.Second)
		kick <- struct{}{}
		time.Sleep(90 * time.Second)
		cancel()
		synctest.Wait()
		time.Sleep(time.Hour)
		want := []time.Duration{0, 61 * time.Second, 90 * time.Second, 151 * time.Second}
		if len(at) != len(want) {
			t.Fatalf("ran at %v, want %v", at, want)
		}
		for i := range want {
			if at[i] != want[i] {
				t.Errorf("ran at %v, want %v", at, want)
			}
		}
	})
}

func TestDeletionsPauseAfterTheClockJumped(t *testing.T) {
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	wall, mono := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC), time.Now()
	var j jump
	for i, c := range []struct {
		wall, mono time.Duration // that passed since the last look
		want       bool
	}{
		{0, 0, false},
		{10 * time.Minute, 10 * time.Minute, false},
		{11 * time.Minute, 10 * time.Minute, false},     // a clock that is corrected a little
		{time.Hour, 10 * time.Minute, false},            // summer time set by hand
		{24 * 365 * time.Hour, 10 * time.Minute, true},  // a year too far
		{10 * time.Minute, 10 * time.Minute, true},      // and still within the hour
		{-24 * 365 * time.Hour, 10 * time.Minute, true}, // corrected: back is no danger
		{39*time.Minute + 1, 39*time.Minute + 1, true},
		{time.Minute, time.Minute, false},
		{48 * time.Hour, 48 * time.Hour, false}, // a long round is no jump
	} {
		wall, mono = wall.Add(c.wall), mono.Add(c.mono)
		if got := j.paused(wall, mono, log); got != c.want {
			t.Errorf("look %d: paused %v, want %v", i, got, c.want)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	for attempts, want := range map[int]time.Duration{0: 5 * time.Second, 1: 5 * time.Second, 2: 10 * time.Second, 5: 80 * time.Second, 10: 2560 * time.Second, 11: time.Hour, 1 << 40: time.Hour} {
		if got := retryAfter(attempts, context.Canceled); got != want {
			t.Errorf("%d attempts: %v, want %v", attempts, got, want)
		}
	}
}
