package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	mathrand "math/rand/v2"
	"time"

	"nubitalk/internal/server/drive"
)

// returner is an agent's desk that comes back.
type returner struct {
	user   *drive.User
	live   *drive.Live
	cursor string
}

// connect opens the live connection and fetches the desk unless all that was
// missed has come with it.
func (a *returner) connect(ctx context.Context) error {
	live, err := a.user.Live(ctx, a.cursor)
	if err != nil {
		return err
	}
	if !live.Resumed {
		if err := a.user.Do(ctx, "GET", "desk", nil, nil); err != nil {
			live.Close()
			return err
		}
	}
	a.live, a.cursor = live, live.Cursor
	return nil
}

// comeBack reads until the connection ends and opens it again.
func (a *returner) comeBack(ctx context.Context) error {
	var wait time.Duration
	for {
		b, err := a.live.Raw(ctx)
		if err != nil {
			break
		}
		if bytes.HasPrefix(b, stopping) {
			var f struct {
				Data struct {
					AfterMS int64 `json:"after_ms"`
				} `json:"data"`
			}
			if json.Unmarshal(b, &f) == nil {
				wait = time.Duration(f.Data.AfterMS) * time.Millisecond
			}
		}
	}
	a.live.Close()
	for backOff := 500 * time.Millisecond; ; backOff = min(2*backOff, 10*time.Second) {
		select {
		case <-ctx.Done():
			return fmt.Errorf("an agent did not come back: %w", ctx.Err())
		case <-time.After(wait):
		}
		if a.connect(ctx) == nil {
			return nil
		}
		wait = backOff/2 + mathrand.N(backOff)
	}
}
