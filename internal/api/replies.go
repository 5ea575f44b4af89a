package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

// Sealer seals under a tenant's key.
type Sealer interface {
	SealTenant(ctx context.Context, t id.Tenant, where string, plain []byte) (secret.Sealed, error)
	OpenTenant(ctx context.Context, t id.Tenant, where string, sealed secret.Sealed) (secret.Bytes, error)
}

// StoredReplies keeps replies in the store, sealed, because they may hold
// personal data and one-time passwords.
type StoredReplies struct {
	Store *store.DB
	Vault Sealer
}

// How long a reply is kept, and after which time a call that never finished
// (its node died) may be made again.
const (
	replyLife  = 24 * time.Hour
	replyStuck = 2 * callTime
)

// Begin claims a key.
func (s StoredReplies) Begin(ctx context.Context, a access.Actor, key string, request [32]byte, now time.Time) (*Reply, error) {
	h := sha256.Sum256([]byte(key))
	row := store.IdempotencyRow{ActorID: a.User, KeyHash: h[:], RequestHash: request[:], CreatedAt: now}
	var found store.IdempotencyRow
	var mine bool
	err := s.Store.Write(ctx, a.Tenant, func(tx *store.Tx) (err error) {
		if found, mine, err = tx.ReserveKey(row); err != nil || mine {
			return err
		}
		age := now.Sub(found.CreatedAt)
		if age > replyLife || found.Status == 0 && age > replyStuck {
			if err := tx.ReleaseKey(a.User, h[:]); err != nil {
				return err
			}
			found, mine, err = tx.ReserveKey(row)
		}
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case mine:
		return nil, nil
	case !bytes.Equal(found.RequestHash, request[:]):
		return nil, errs.New(errs.Conflict, "This Idempotency-Key was used for another request. Use a new one.")
	case found.Status == 0:
		return nil, &errs.Error{Code: errs.Conflict, Text: "The same request is still running. Ask again in a moment.", RetryAfter: time.Second}
	}
	plain, err := s.Vault.OpenTenant(ctx, a.Tenant, replyWhere(a, h), found.ReplySealed)
	if err != nil {
		return nil, err
	}
	kind, body, _ := strings.Cut(string(plain.Reveal()), "\n")
	return &Reply{Status: found.Status, ContentType: kind, Body: secret.NewBytes([]byte(body))}, nil
}

// Keep stores a reply.
func (s StoredReplies) Keep(ctx context.Context, a access.Actor, key string, r Reply) error {
	h := sha256.Sum256([]byte(key))
	plain := append([]byte(r.ContentType+"\n"), r.Body.Reveal()...)
	sealed, err := s.Vault.SealTenant(ctx, a.Tenant, replyWhere(a, h), plain)
	if err != nil {
		return err
	}
	return s.Store.Write(ctx, a.Tenant, func(tx *store.Tx) error { return tx.FinishKey(a.User, h[:], r.Status, sealed) })
}

// Drop lets the request be made again.
func (s StoredReplies) Drop(ctx context.Context, a access.Actor, key string) error {
	h := sha256.Sum256([]byte(key))
	return s.Store.Write(ctx, a.Tenant, func(tx *store.Tx) error { return tx.ReleaseKey(a.User, h[:]) })
}

func replyWhere(a access.Actor, key [32]byte) string {
	return "idempotency.reply/" + a.User + "/" + hex.EncodeToString(key[:])
}
