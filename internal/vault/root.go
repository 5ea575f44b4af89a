package vault

import (
	"context"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
)

// RootKey wraps tenants' keys. A cloud key service implements it by sending the
// key to be wrapped; the root key itself never has to leave it.
type RootKey interface {
	// ID names the key, 1 to 255 characters; it is stored beside what it wrapped
	// and must change when the key does. It is not secret.
	ID() string
	// Wrap encrypts a key; aad must be given again to unwrap it.
	Wrap(ctx context.Context, key, aad []byte) ([]byte, error)
	// Unwrap is the reverse of Wrap.
	Unwrap(ctx context.Context, wrapped, aad []byte) ([]byte, error)
}

// wrapByRoot gives: length of the root's id, the id, what the root made of it.
func (v *Vault) wrapByRoot(ctx context.Context, key, aad []byte) ([]byte, error) {
	wrapped, err := v.root.Wrap(ctx, key, aad)
	if err != nil {
		return nil, errs.Wrap(errs.Unavailable, err, "The root key could not be used.")
	}
	out := append([]byte{byte(len(v.root.ID()))}, v.root.ID()...)
	return append(out, wrapped...), nil
}

func (v *Vault) unwrapByRoot(ctx context.Context, wrapped, aad []byte) ([]byte, error) {
	name, rest, ok := splitRoot(wrapped)
	if !ok {
		return nil, errs.New(errs.Internal, "A stored key is damaged.")
	}
	root := v.roots[name]
	if root == nil {
		return nil, errs.New(errs.Unavailable, "A key was wrapped by the root key %q, which is not configured.", name)
	}
	key, err := root.Unwrap(ctx, rest, aad)
	if err != nil {
		return nil, errs.Wrap(errs.Unavailable, err, "The root key could not open a key. It may be the wrong one.")
	}
	return key, nil
}

func splitRoot(wrapped []byte) (name string, rest []byte, ok bool) {
	if len(wrapped) == 0 || len(wrapped) < 1+int(wrapped[0]) {
		return "", nil, false
	}
	n := 1 + int(wrapped[0])
	return string(wrapped[1:n]), wrapped[n:], true
}

// localRoot is a root key held in this process.
type localRoot struct {
	id   string
	aead cipher.AEAD
}

func newLocalRoot(key []byte) (RootKey, error) {
	aead, err := newAEAD(key)
	if err != nil {
		return nil, errs.Wrap(errs.Internal, err, "The root key is damaged.")
	}
	// The id is a one-way name, so that a wrong key is told from a damaged one.
	sum := sha256.Sum256(append([]byte("nubitalk root key id\x00"), key...))
	return &localRoot{id: "local-" + hex.EncodeToString(sum[:6]), aead: aead}, nil
}

func (r *localRoot) ID() string { return r.id }

func (r *localRoot) Wrap(_ context.Context, key, aad []byte) ([]byte, error) {
	return seal(r.aead, 1, place{"", "", string(aad)}, key), nil
}

func (r *localRoot) Unwrap(_ context.Context, wrapped, aad []byte) ([]byte, error) {
	if _, err := envelopeVersion(wrapped); err != nil {
		return nil, err
	}
	return open(r.aead, place{"", "", string(aad)}, wrapped)
}

const (
	rootHeader = "nubitalk-root-key-1"
	saltHeader = "nubitalk-root-salt-1"
)

// FileRoot reads the root key from a file, and makes the file with mode 0600
// and a random key when it does not exist. It refuses a file that others than
// its owner may read or write. Whoever loses the file loses all data; whoever
// has it and the key store can read all of it.
func FileRoot(path string) (RootKey, error) {
	fields, err := readPrivate(path, rootHeader, 1)
	if errors.Is(err, fs.ErrNotExist) {
		key := make([]byte, keySize)
		_, _ = rand.Read(key)
		line := rootHeader + " " + base64.StdEncoding.EncodeToString(key) + "\n"
		if err := writePrivate(path, line); err != nil {
			return nil, err
		}
		// another process may have been faster; its file is the one that counts
		fields, err = readPrivate(path, rootHeader, 1)
	}
	if err != nil {
		return nil, rootFault(path, err)
	}
	key, err := base64.StdEncoding.DecodeString(fields[0])
	if err != nil || len(key) != keySize {
		return nil, errs.New(errs.Invalid, "The root key file %s does not hold a key of 32 bytes in base64.", path)
	}
	return newLocalRoot(key)
}

// Cost of turning a passphrase into a key: once per start, so it may be slow.
const (
	argonTime    = 3
	argonMemory  = 64 << 10 // KiB
	argonThreads = 1
)

// PassphraseRoot makes the root key from a passphrase with argon2id. saltPath
// holds what else is needed (salt, cost, and a check of the passphrase; none of
// it opens anything alone) and is made when it does not exist. A passphrase
// that is not the one of the first time is refused.
func PassphraseRoot(passphrase secret.Text, saltPath string) (RootKey, error) {
	if passphrase.Len() < 12 {
		return nil, errs.Bad("passphrase", "must have at least 12 characters")
	}
	fields, err := readPrivate(saltPath, saltHeader, 5)
	if errors.Is(err, fs.ErrNotExist) {
		salt := make([]byte, 16)
		_, _ = rand.Read(salt)
		root, err := newLocalRoot(argon2.IDKey([]byte(passphrase.Reveal()), salt, argonTime, argonMemory, argonThreads, keySize))
		if err != nil {
			return nil, err
		}
		line := fmt.Sprintf("%s %d %d %d %s %s\n", saltHeader, argonTime, argonMemory, argonThreads, base64.StdEncoding.EncodeToString(salt), root.ID())
		if err := writePrivate(saltPath, line); err != nil {
			return nil, err
		}
		return PassphraseRoot(passphrase, saltPath)
	}
	if err != nil {
		return nil, rootFault(saltPath, err)
	}
	var cost [3]uint64
	for i, bits := range []int{8, 21, 4} { // bounds the cost: a damaged file must not ask for all memory
		n, err := strconv.ParseUint(fields[i], 10, bits)
		if err != nil || n == 0 {
			return nil, errs.New(errs.Invalid, "The salt file %s is damaged.", saltPath)
		}
		cost[i] = n
	}
	salt, err := base64.StdEncoding.DecodeString(fields[3])
	if err != nil || len(salt) < 16 {
		return nil, errs.New(errs.Invalid, "The salt file %s is damaged.", saltPath)
	}
	root, err := newLocalRoot(argon2.IDKey([]byte(passphrase.Reveal()), salt, uint32(cost[0]), uint32(cost[1]), uint8(cost[2]), keySize))
	if err != nil {
		return nil, err
	}
	if root.ID() != fields[4] {
		return nil, errs.Bad("passphrase", "is not the one that this installation was set up with")
	}
	return root, nil
}

// readPrivate reads a file of one line: a header and n fields.
func readPrivate(path, header string, n int) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, errs.New(errs.Invalid, "The file %s can be read by others (mode %04o). Make it private: chmod 600 %s", path, info.Mode().Perm(), path)
	}
	if info.Size() > 4096 {
		return nil, errs.New(errs.Invalid, "The file %s is not a %s file.", path, header)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	fields := strings.Fields(string(b))
	if len(fields) != n+1 || fields[0] != header {
		return nil, errs.New(errs.Invalid, "The file %s is not a %s file.", path, header)
	}
	return fields[1:], nil
}

// writePrivate makes a file with mode 0600, whole or not at all, and leaves one
// that is there already as it is.
func writePrivate(path, text string) (err error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return rootFault(path, err)
	}
	f, err := os.CreateTemp(dir, ".new-key-*") // CreateTemp's mode is 0600
	if err != nil {
		return rootFault(path, err)
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return rootFault(path, err)
	}
	// Link, unlike Rename, never replaces a key that someone else just made.
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return rootFault(path, err)
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return rootFault(dir, err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return rootFault(dir, err)
	}
	return nil
}

func rootFault(path string, err error) error {
	var e *errs.Error
	if errors.As(err, &e) {
		return e
	}
	return errs.Wrap(errs.Unavailable, err, "The key file %s could not be read or written.", path)
}
