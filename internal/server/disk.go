package server

import (
	"context"
	"fmt"
	"syscall"

	"nubitalk/internal/base/errs"
)

// leastFree is the space below which a node gets no more work: enough for what
// is under way, and for whoever makes room.
const leastFree = 16 << 20

// diskCheck says whether there is room in folders that are written to.
func diskCheck(folders ...string) func(context.Context) error {
	return func(context.Context) error {
		for _, f := range folders {
			var s syscall.Statfs_t
			if err := syscall.Statfs(f, &s); err != nil {
				return fmt.Errorf("looking for room in %s: %w", f, err)
			}
			if free := uint64(s.Bavail) * uint64(s.Bsize); free < leastFree {
				return errs.New(errs.Unavailable, "The disk is full.")
			}
		}
		return nil
	}
}
