package drive

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/id"
	"nubitalk/internal/store"
)

// Hire puts n agents with a session each into the SQLite file of a stopped
// installation that holds the demonstration's content. Signing in at the door would
// be as many password hashes. Base and HTTP are left to who uses them.
func Hire(ctx context.Context, dir string, n int) ([]*User, error) {
	db, err := store.Open(ctx, store.Config{Driver: store.SQLite, DSN: filepath.Join(dir, "nubitalk.db")})
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }()
	var tenant id.Tenant
	err = db.SystemRead(ctx, func(tx *store.Tx) error {
		org, err := tx.OrganisationBySlug("demo")
		tenant = org.ID
		return err
	})
	if err != nil {
		return nil, err
	}
	ids := id.NewSource(clock.Real{}.Now, nil)
	users := make([]*User, n)
	err = db.Write(ctx, tenant, func(tx *store.Tx) error {
		now := time.Now()
		for i := range n {
			name := fmt.Sprintf("hired-%05d", i)
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
			users[i] = &User{Cookie: &http.Cookie{Name: "nubitalk", Value: token}}
		}
		return nil
	})
	return users, err
}
