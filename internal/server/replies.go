package server

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"time"

	"nubitalk/internal/api"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
	"nubitalk/internal/vault"
)

// stillRunning is how long a call may run before its key counts as abandoned,
// as after a crash; keepReplies is how long an answer is repeated.
const (
	stillRunning = 2 * time.Minute
	keepReplies  = 24 * time.Hour
)

// replies keeps what changing calls answered, sealed under the tenant's key,
// for the repeated call with the same Idempotency-Key.
type replies struct {
	db    *store.DB
	vault *vault.Vault
}

// kept is a reply as it is sealed.
type kept struct {
	Type     string `json:"type"`
	Language string `json:"language,omitempty"`
	Body     []byte `json:"body"`
}

func replyWhere(actor string, key []byte) string {
	return "idempotency.reply/" + actor + "/" + base64.RawURLEncoding.EncodeToString(key)
}

func keyHash(key string) []byte {
	sum := sha256.Sum256([]byte(key))
	return sum[:]
}

// Begin claims a key.
func (r *replies) Begin(ctx context.Context, a access.Actor, key string, request [32]byte, now time.Time) (*api.Reply, error) {
	hash := keyHash(key)
	// Keyed: a plain hash of a short body could be guessed from a stolen file.
	digest, err := r.vault.Digest(ctx, a.Tenant, "idempotency.request", request[:])
	if err != nil {
		return nil, err
	}
	row := store.IdempotencyRow{ActorID: a.User, KeyHash: hash, RequestHash: digest, CreatedAt: now}
	var found store.IdempotencyRow
	var reserved bool
	err = r.db.Write(ctx, a.Tenant, func(tx *store.Tx) (err error) {
		found, reserved, err = tx.ReserveKey(row)
		if err != nil || reserved {
			return err
		}
		age := now.Sub(found.CreatedAt)
		if age < keepReplies && (found.Status != 0 || age < stillRunning) {
			return nil
		}
		if err = tx.ReleaseKey(a.User, hash); err == nil {
			_, reserved, err = tx.ReserveKey(row)
		}
		return err
	})
	switch {
	case err != nil || reserved:
		return nil, err
	case subtle.ConstantTimeCompare(found.RequestHash, digest) != 1:
		return nil, errs.New(errs.Conflict, "This Idempotency-Key was used for another request. Use a new one.")
	case found.Status == 0:
		return nil, &errs.Error{Code: errs.Conflict, Text: "The first request with this Idempotency-Key is still running. Please try again in a moment.", RetryAfter: time.Second}
	}
	plain, err := r.vault.OpenTenant(ctx, a.Tenant, replyWhere(a.User, hash), found.ReplySealed)
	if err != nil {
		return nil, err
	}
	var k kept
	if err := json.Unmarshal(plain.Reveal(), &k); err != nil {
		return nil, errs.New(errs.Internal, "The kept answer cannot be read.")
	}
	return &api.Reply{Status: found.Status, ContentType: k.Type, Language: k.Language, Body: secret.NewBytes(k.Body)}, nil
}

// Keep stores the answer of the call that Begin let through.
func (r *replies) Keep(ctx context.Context, a access.Actor, key string, reply api.Reply) error {
	hash := keyHash(key)
	plain, err := json.Marshal(kept{reply.ContentType, reply.Language, reply.Body.Reveal()})
	if err != nil {
		return errs.Wrap(errs.Internal, err, "The answer cannot be kept.")
	}
	sealed, err := r.vault.SealTenant(ctx, a.Tenant, replyWhere(a.User, hash), plain)
	if err != nil {
		return err
	}
	return r.db.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		return tx.FinishKey(a.User, hash, reply.Status, sealed)
	})
}

// Drop forgets a call that failed, so that it can be made again.
func (r *replies) Drop(ctx context.Context, a access.Actor, key string) error {
	return r.db.Write(ctx, a.Tenant, func(tx *store.Tx) error { return tx.ReleaseKey(a.User, keyHash(key)) })
}
