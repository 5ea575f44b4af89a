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

	"nubitalk/internal/base/errs"
)

// dir is a folder of this machine, or one that several share.
type dir struct{ root string }

// OpenDir keeps files in a directory, which is made with mode 0700 when it does
// not exist. Half-written files of a crash are removed.
func OpenDir(root string) (*Store, error) {
	abs, err := filepath.Abs(root)
	if err == nil {
		err = os.MkdirAll(abs, 0o700)
	}
	if err != nil {
		return nil, errs.Wrap(errs.Unavailable, err, "The folder for files could not be opened.")
	}
	d := dir{abs}
	if err := d.sweep(); err != nil {
		return nil, errs.Wrap(errs.Unavailable, err, "The folder for files could not be cleaned.")
	}
	return &Store{d}, nil
}

// temporary is the ending of a file that is being written: beside its target,
// because another folder may be on another disk, and nobody would clean it.
const temporary = ".tmp"

func (d dir) sweep() error {
	return filepath.WalkDir(d.root, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && strings.HasSuffix(path, temporary) {
			err = os.Remove(path)
		}
		return err
	})
}

func (d dir) path(key string) string { return filepath.Join(d.root, filepath.FromSlash(key)) }

func (d dir) put(ctx context.Context, key string, b []byte, create bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	path := d.path(key)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*"+temporary) // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close(), ctx.Err())
	if err == nil && create {
		err = os.Link(f.Name(), path) // refuses what exists, as no rename does
	}
	if err == nil && !create {
		err = os.Rename(f.Name(), path)
	}
	if err != nil || create {
		err = errors.Join(err, os.Remove(f.Name()))
	}
	if err != nil {
		return err
	}
	return d.sync(path)
}

// sync makes a file's name, and those of the folders above it, durable.
func (d dir) sync(path string) error {
	for path != d.root && len(path) > len(d.root) {
		path = filepath.Dir(path)
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return err
		}
	}
	return nil
}

func (d dir) get(ctx context.Context, key string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f, err := os.Open(d.path(key))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return whole(f, info.Size())
}

// whole reads a file whose size is told before.
func whole(r io.Reader, size int64) ([]byte, error) {
	if size > MaxSize {
		return nil, errTooLarge
	}
	b := make([]byte, max(size, 0))
	_, err := io.ReadFull(r, b)
	return b, err
}

func (d dir) remove(ctx context.Context, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	path := d.path(key)
	err := os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return d.sync(path)
}

// list walks from the folder that holds all of the prefix. A folder's order is
// that of keys, because no letter of a key comes before the slash.
func (d dir) list(ctx context.Context, prefix string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		from := d.path(prefix[:strings.LastIndexByte(prefix, '/')+1])
		err := filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if errors.Is(err, fs.ErrNotExist) {
				return nil // removed meanwhile
			}
			if err != nil {
				return err
			}
			rel, err := filepath.Rel(d.root, path)
			if err != nil {
				return err
			}
			key := filepath.ToSlash(rel)
			if e.IsDir() || !strings.HasPrefix(key, prefix) || strings.HasSuffix(key, temporary) {
				return nil
			}
			info, err := e.Info()
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return err
			}
			if !yield(Object{Key: key, Size: info.Size(), At: info.ModTime().UTC()}, nil) {
				return fs.SkipAll
			}
			return nil
		})
		if err != nil {
			yield(Object{}, err)
		}
	}
}

func (dir) concerns(context.Context) []string { return nil }

func (dir) close() error { return nil }
