//go:build !linux

package engine

import "os"

// datasync returns when the file's content is on the disk.
func datasync(f *os.File) error { return f.Sync() }
