package blob

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	"gocloud.dev/gcerrors"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
)

// MaxSize bounds one file in bytes, sealed.
const MaxSize = 65 << 20

// Store keeps sealed files.
type Store struct {
	bucket *blob.Bucket
	dir    string // "" unless the bucket is a directory
}

// Object is one file as List sees it.
type Object struct {
	Key  string
	Size int64     // bytes, sealed
	At   time.Time // when it was written
}

// OpenDir keeps files in a directory, which is made with mode 0700 when it does
// not exist. Half-written files of a crash are removed.
func OpenDir(dir string) (*Store, error) {
	bucket, err := fileblob.OpenBucket(dir, &fileblob.Options{
		CreateDir:   true,
		DirFileMode: 0o700,
		// Beside the target, never in the system's temporary directory: that may
		// be another disk, and nobody would clean it.
		NoTempDir: true,
		Metadata:  fileblob.MetadataDontWrite,
	})
	if err != nil {
		return nil, errs.Wrap(errs.Unavailable, err, "The folder for files could not be opened.")
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, errs.Wrap(errs.Unavailable, err, "The folder for files could not be opened.")
	}
	s := &Store{bucket: bucket, dir: abs}
	if err := s.sweep(); err != nil {
		return nil, errs.Wrap(errs.Unavailable, err, "The folder for files could not be cleaned.")
	}
	return s, nil
}

// OpenBucket keeps files in a bucket of a cloud; the caller opened it.
func OpenBucket(b *blob.Bucket) *Store { return &Store{bucket: b} }

// Close lets the bucket go.
func (s *Store) Close() error { return s.bucket.Close() }

const temporary = ".tmp" // fileblob's own ending of a file that is being written

func (s *Store) sweep() error {
	return filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !d.IsDir() && strings.HasSuffix(path, temporary) {
			return os.Remove(path)
		}
		return nil
	})
}

// Put stores a file, durably, in place of an earlier one with the same key.
// The key's last part is an id: "attachments/ten_…/att_…".
func (s *Store) Put(ctx context.Context, key string, sealed secret.Sealed) error {
	if err := checkKey(key); err != nil {
		return err
	}
	if len(sealed) == 0 {
		return errs.New(errs.Internal, "A file was to be stored without content.")
	}
	if len(sealed) > MaxSize {
		return errs.New(errs.TooLarge, "The file is too large to be stored (at most %d MB).", MaxSize>>20)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // before Close it makes Close give up
	var file *os.File
	w, err := s.bucket.NewWriter(ctx, key, &blob.WriterOptions{
		ContentType: "application/octet-stream",
		BeforeWrite: func(as func(any) bool) error {
			if as(&file) {
				return file.Chmod(0o600)
			}
			return nil // a cloud's own writer
		},
	})
	if err != nil {
		return fault(err)
	}
	_, err = w.Write(sealed)
	if err == nil && file != nil {
		err = file.Sync()
	}
	if err != nil {
		cancel()
		return fault(errors.Join(err, w.Close()))
	}
	if err := w.Close(); err != nil {
		return fault(err)
	}
	return s.syncDirs(key)
}

// syncDirs makes the file's name, and those of the folders above it, durable.
func (s *Store) syncDirs(key string) error {
	if s.dir == "" {
		return nil
	}
	for dir := filepath.Dir(filepath.Join(s.dir, filepath.FromSlash(key))); ; dir = filepath.Dir(dir) {
		d, err := os.Open(dir)
		if err != nil {
			return fault(err)
		}
		if err := errors.Join(d.Sync(), d.Close()); err != nil {
			return fault(err)
		}
		if dir == s.dir || len(dir) < len(s.dir) {
			return nil
		}
	}
}

// Get answers a file, or errs.NotFound.
func (s *Store) Get(ctx context.Context, key string) (secret.Sealed, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	r, err := s.bucket.NewReader(ctx, key, nil)
	if err != nil {
		return nil, fault(err)
	}
	defer r.Close()
	if r.Size() > MaxSize {
		return nil, errs.New(errs.TooLarge, "The stored file is larger than any that this service writes.")
	}
	b := make([]byte, r.Size())
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, fault(err)
	}
	return b, nil
}

// Delete removes a file. One that is not there is no error.
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	err := s.bucket.Delete(ctx, key)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return nil
	}
	if err != nil {
		return fault(err)
	}
	return s.syncDirs(key)
}

// List goes through the files whose key begins with prefix, in order of key. It
// ends at the first error.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		it := s.bucket.List(&blob.ListOptions{Prefix: prefix})
		for {
			o, err := it.Next(ctx)
			if err == io.EOF {
				return
			}
			if err != nil {
				yield(Object{}, fault(err))
				return
			}
			if strings.HasSuffix(o.Key, temporary) {
				continue
			}
			if !yield(Object{Key: o.Key, Size: o.Size, At: o.ModTime.UTC()}, nil) {
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

func fault(err error) error {
	if gcerrors.Code(err) == gcerrors.NotFound || errors.Is(err, fs.ErrNotExist) {
		return errs.Wrap(errs.NotFound, err, "This file does not exist.")
	}
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return &errs.Error{Code: errs.Unavailable, Text: "The disk is full. Nothing was lost; please try again when there is room.", RetryAfter: 2 * time.Second, Cause: err}
	}
	return errs.Wrap(errs.Unavailable, err, "The file storage did not answer. Please try again.")
}
