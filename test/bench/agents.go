package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	mathrand "math/rand/v2"
	"net/http"
	"path/filepath"
	"time"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/id"
	"nubitalk/internal/server/drive"
	"nubitalk/internal/store"
)

// hire puts n agents with a session each into a stopped installation. Signing
// in at the door would be thousands of password hashes, which is not what is
// measured.
func (r *run) hire(dir string, n int) ([]*drive.User, error) {
	db, err := store.Open(r.ctx, store.Config{Driver: store.SQLite, DSN: filepath.Join(dir, "nubitalk.db")})
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }()
	var tenant id.Tenant
	err = db.SystemRead(r.ctx, func(tx *store.Tx) error {
		org, err := tx.OrganisationBySlug("demo")
		tenant = org.ID
		return err
	})
	if err != nil {
		return nil, err
	}
	ids := id.NewSource(clock.Real{}.Now, nil)
	users := make([]*drive.User, n)
	err = db.Write(r.ctx, tenant, func(tx *store.Tx) error {
		now := time.Now()
		for i := range n {
			name := fmt.Sprintf("bench-%05d", i)
			u := store.UserRow{ID: ids.New(id.User), UserName: name, UserNameKey: name, Status: "active", Roles: []string{"agent"}, Capacity: map[string]int{"chat": 1, "voice": 1}, Language: "en", CreatedAt: now, UpdatedAt: now}
			if err := tx.InsertUser(u); err != nil {
				return err
			}
			// The form of a session's token: app/account/token.go.
			random := make([]byte, 32)
			_, _ = rand.Read(random) // never fails
			token := "nbs_" + string(tenant) + "." + base64.RawURLEncoding.EncodeToString(random)
			hash := sha256.Sum256([]byte(token))
			err := tx.InsertSession(store.SessionRow{ID: ids.New(id.Session), UserID: u.ID, TokenHash: hash[:], CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(12 * time.Hour)})
			if err != nil {
				return err
			}
			users[i] = &drive.User{Cookie: &http.Cookie{Name: "nubitalk", Value: token}}
		}
		return nil
	})
	return users, err
}

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
	b, err := live.Raw(ctx)
	if err != nil {
		live.Close()
		return err
	}
	var hello struct {
		Type    string `json:"type"`
		Cursor  string `json:"cursor"`
		Resumed bool   `json:"resumed"`
	}
	if err := json.Unmarshal(b, &hello); err != nil || hello.Type != "hello" {
		live.Close()
		return fmt.Errorf("the first frame is %s", b)
	}
	if !hello.Resumed {
		if err := a.user.Do(ctx, "GET", "desk", nil, nil); err != nil {
			live.Close()
			return err
		}
	}
	a.live, a.cursor = live, hello.Cursor
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
