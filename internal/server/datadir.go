package server

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
)

// dataDir is the node's folder, locked for this process.
type dataDir struct {
	path string
	lock *os.File
	// node is this node's id: the same across restarts, so that a restarted node
	// takes its own floors back at once.
	node string
	// fresh says that the folder was made by this start.
	fresh bool
}

const readMe = `This folder is one node of Nubitalk. Only the program may use it, one at a time.

nubitalk.db*   the database: sealed content, ids, times
files/         sealed files
keys/          the root key and the wrapped keys. Without them nothing can be read
               again; with them and the rest, everything can. Back them up apart.
tls/, acme/    certificates

docs/operate.md says how to back up and restore.
`

// openDataDir makes and locks the folder.
func openDataDir(path string, ids *id.Source) (*dataDir, error) {
	d := &dataDir{path: path}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		d.fresh = true
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, errs.Wrap(errs.Unavailable, err, "The data folder %s cannot be made.", path)
	}
	lock, err := os.OpenFile(filepath.Join(path, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, errs.Wrap(errs.Unavailable, err, "The data folder %s cannot be used.", path)
	}
	d.lock = lock
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		d.close()
		return nil, errs.Wrap(errs.Conflict, err, "Another Nubitalk is using the data folder %s. Stop it, or give this one a folder of its own (data).", path)
	}
	if err := d.identify(ids); err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

func (d *dataDir) identify(ids *id.Source) error {
	name := filepath.Join(d.path, "node")
	content, err := os.ReadFile(name)
	if node := strings.TrimSpace(string(content)); err == nil && id.Valid(id.Node, node) {
		d.node = node
		return nil
	}
	if err == nil && len(content) > 0 {
		return errs.New(errs.Invalid, "The file %s does not hold a node's id. Remove it to get a new one.", name)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return errs.Wrap(errs.Unavailable, err, "The data folder %s cannot be read.", d.path)
	}
	d.node = ids.New(id.Node)
	if err := os.WriteFile(filepath.Join(d.path, "README.txt"), []byte(readMe), 0o600); err != nil {
		return fmt.Errorf("writing to the data folder: %w", err)
	}
	if err := os.WriteFile(name, []byte(d.node+"\n"), 0o600); err != nil {
		return fmt.Errorf("keeping the node's id: %w", err)
	}
	return nil
}

// close lets another process have the folder.
func (d *dataDir) close() {
	if d.lock != nil {
		_ = d.lock.Close() // nothing was written to it
		d.lock = nil
	}
}
