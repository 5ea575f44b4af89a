package blob

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"strings"
	"syscall"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
)

// MaxSize bounds one file in bytes, sealed.
const MaxSize = 65 << 20

// Store keeps sealed files in one place.
type Store struct{ place place }

// Object is one file as List sees it.
type Object struct {
	Key  string
	Size int64     // bytes, sealed
	At   time.Time // when it was written
}

// place is where files lie: a folder, a bucket of S3, a container of Azure. Keys
// and sizes have been checked when it is asked.
type place interface {
	// put writes a file whole or not at all, durably. With create it answers
	// fs.ErrExist where there is one already.
	put(ctx context.Context, key string, b []byte, create bool) error
	// get answers fs.ErrNotExist where there is none, and only then: not when the
	// bucket itself is missing, or nobody may look.
	get(ctx context.Context, key string) ([]byte, error)
	// remove takes a file away; one that is not there is no error.
	remove(ctx context.Context, key string) error
	// list goes through keys in their order.
	list(ctx context.Context, prefix string) iter.Seq2[Object, error]
	// concerns are what an operator should know of how the place is set up.
	concerns(ctx context.Context) []string
	close() error
}

// Close lets the place go.
func (s *Store) Close() error { return s.place.close() }

// Put stores a file, durably, in place of an earlier one with the same key.
// The key's last part is an id: "attachments/ten_…/att_…".
func (s *Store) Put(ctx context.Context, key string, sealed secret.Sealed) error {
	return s.put(ctx, key, sealed, false)
}

// Create is Put, unless there is a file with the key: it answers errs.Conflict.
// Of several who create the same one succeeds.
func (s *Store) Create(ctx context.Context, key string, sealed secret.Sealed) error {
	return s.put(ctx, key, sealed, true)
}

func (s *Store) put(ctx context.Context, key string, sealed secret.Sealed, create bool) error {
	if err := checkKey(key); err != nil {
		return err
	}
	if len(sealed) == 0 {
		return errs.New(errs.Internal, "A file was to be stored without content.")
	}
	if len(sealed) > MaxSize {
		return errs.New(errs.TooLarge, "The file is too large to be stored (at most %d MB).", MaxSize>>20)
	}
	return fault(s.place.put(ctx, key, sealed, create))
}

// Get answers a file, or errs.NotFound.
func (s *Store) Get(ctx context.Context, key string) (secret.Sealed, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	b, err := s.place.get(ctx, key)
	return b, fault(err)
}

// Delete removes a file, and what a bucket keeps of it as earlier versions. One
// that is not there is no error.
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	return fault(s.place.remove(ctx, key))
}

// List goes through the files whose key begins with prefix, in order of key. It
// ends at the first error.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		for o, err := range s.place.list(ctx, prefix) {
			if !yield(o, fault(err)) || err != nil {
				return
			}
		}
	}
}

// Attachments is the word for the files of conversations, in Key.
const Attachments = "attachments"

// Recordings is the word for the segments of recordings.
const Recordings = "recordings"

// Prompts is the word for the sounds of prompts.
const Prompts = "prompts"

// kinds are the words for all kinds of files that Key is used with.
var kinds = []string{Attachments, Recordings, Prompts}

// DeleteTenant removes all files of a tenant, and says how many there were.
func (s *Store) DeleteTenant(ctx context.Context, t id.Tenant) (n int, err error) {
	if t == "" {
		return 0, errs.New(errs.Internal, "Files of no tenant were to be removed.")
	}
	for _, kind := range kinds {
		for file, err := range s.List(ctx, Key(kind, t, "")) {
			if err == nil {
				err = s.Delete(ctx, file.Key)
			}
			if err != nil {
				return n, err
			}
			n++
		}
	}
	return n, nil
}

// CountTenant says how many files a tenant has.
func (s *Store) CountTenant(ctx context.Context, t id.Tenant) (n int, err error) {
	for _, kind := range kinds {
		for _, err := range s.List(ctx, Key(kind, t, "")) {
			if err != nil {
				return n, err
			}
			n++
		}
	}
	return n, nil
}

// Key makes the key of a file from the word for its kind, its tenant and its id.
func Key(kind string, t id.Tenant, object string) string {
	return kind + "/" + string(t) + "/" + object
}

// checkKey lets only ids through, and the words that group them: a name or an
// address in a file's name would be in the clear.
func checkKey(key string) error {
	parts := strings.Split(key, "/")
	last := parts[len(parts)-1]
	ok := len(parts) <= 5 && id.Valid(id.Kind(last), last)
	for _, p := range parts {
		ok = ok && p != "" && len(p) <= 40 && strings.Trim(p, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
	}
	if !ok {
		return errs.New(errs.Internal, "A file was to be stored under a key that is not made of ids.")
	}
	return nil
}

// errTooLarge is of a file that this service cannot have written.
var errTooLarge = errors.New("larger than any file of this service")

func fault(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return errs.Wrap(errs.NotFound, err, "This file does not exist.")
	case errors.Is(err, fs.ErrExist):
		return errs.Wrap(errs.Conflict, err, "This file exists already.")
	case errors.Is(err, errTooLarge):
		return errs.Wrap(errs.TooLarge, err, "The stored file is larger than any that this service writes.")
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return &errs.Error{Code: errs.Unavailable, Text: "The disk is full. Nothing was lost; please try again when there is room.", RetryAfter: 2 * time.Second, Cause: err}
	}
	return errs.Wrap(errs.Unavailable, err, "The file storage did not answer. Please try again.")
}
