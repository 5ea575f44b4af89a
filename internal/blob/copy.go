package blob

import (
	"bytes"
	"context"
	"sync"

	"nubitalk/internal/base/errs"
)

// Copied is what Copy did.
type Copied struct {
	Files, Bytes int64 // copied
	There        int64 // were there already
	Removed      int64 // of the old place
	Different    int64 // are another file in the new place, so both stay
}

// atOnce is how many files are copied at a time: a cloud answers slowly, and each
// may take MaxSize of memory.
const atOnce = 8

// Copy copies all files to another place; those that are there stay as they are,
// so that it may be broken off and repeated. With remove a file is then taken away
// from the old place, once both have been read and are the same.
func Copy(ctx context.Context, from, to *Store, remove bool) (Copied, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var done Copied
	var mu sync.Mutex
	var all sync.WaitGroup
	keys := make(chan string)
	for range atOnce {
		all.Go(func() {
			for key := range keys {
				one, err := copyOne(ctx, from, to, key, remove)
				if err != nil {
					stop(err)
				}
				mu.Lock()
				done.add(one)
				mu.Unlock()
			}
		})
	}
	for o, err := range from.List(ctx, "") {
		if err == nil && checkKey(o.Key) != nil {
			continue // somebody else's
		}
		if err != nil {
			stop(err)
			break
		}
		keys <- o.Key
		if ctx.Err() != nil {
			break
		}
	}
	close(keys)
	all.Wait()
	return done, context.Cause(ctx)
}

func (c *Copied) add(o Copied) {
	c.Files, c.Bytes, c.There, c.Removed, c.Different = c.Files+o.Files, c.Bytes+o.Bytes, c.There+o.There, c.Removed+o.Removed, c.Different+o.Different
}

func copyOne(ctx context.Context, from, to *Store, key string, remove bool) (done Copied, err error) {
	content, err := from.Get(ctx, key)
	if errs.Is(err, errs.NotFound) {
		return done, nil // removed meanwhile
	}
	if err != nil {
		return done, err
	}
	err = to.Create(ctx, key, content)
	switch {
	case err == nil:
		done.Files, done.Bytes = 1, int64(len(content))
	case errs.Is(err, errs.Conflict):
		done.There = 1
	default:
		return done, err
	}
	if !remove {
		return done, nil
	}
	there, err := to.Get(ctx, key)
	if err != nil {
		return done, err
	}
	if !bytes.Equal(there, content) {
		done.Different = 1
		return done, nil
	}
	if err := from.Delete(ctx, key); err != nil {
		return done, err
	}
	done.Removed = 1
	return done, nil
}
