package vault_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/vault"
)

func TestARootKeyFileIsMadeOnceAndPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "root.key")
	ids := make([]string, 8)
	var all sync.WaitGroup
	for i := range ids { // all start on the same empty machine
		all.Go(func() {
			root, err := vault.FileRoot(path)
			if err != nil {
				t.Error(err)
				return
			}
			ids[i] = root.ID()
		})
	}
	all.Wait()
	for _, other := range ids {
		if other != ids[0] {
			t.Errorf("two keys were made: %s and %s", ids[0], other)
		}
	}
	info, err := os.Stat(path)
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("files left: %v, %v", left, err)
	}
}

func TestRootKeyFilesThatAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		mode os.FileMode
		say  string
	}{
		"read by others": {"nubitalk-root-key-1 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", 0o640, "chmod 600"},
		"empty":          {"", 0o600, "is not a"},
		"something else": {"-----BEGIN PRIVATE KEY-----\nMIIE\n", 0o600, "is not a"},
		"short key":      {"nubitalk-root-key-1 AAAA\n", 0o600, "32 bytes"},
		"not base64":     {"nubitalk-root-key-1 ****\n", 0o600, "32 bytes"},
		"huge":           {strings.Repeat("x", 5000), 0o600, "is not a"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "root.key")
			must(t, os.WriteFile(path, []byte(c.text), c.mode))
			must(t, os.Chmod(path, c.mode))
			_, err := vault.FileRoot(path)
			wantCode(t, err, errs.Invalid)
			if err == nil || !strings.Contains(errs.As(err).Text, c.say) || !strings.Contains(errs.As(err).Text, path) {
				t.Errorf("says %v; want the path and %q", err, c.say)
			}
			now, err := os.ReadFile(path)
			if err != nil || string(now) != c.text {
				t.Error("the file was changed")
			}
		})
	}
}

func TestPassphrase(t *testing.T) {
	dir := t.TempDir()
	salt := filepath.Join(dir, "root.salt")
	pass := secret.New("correct horse battery")
	first, err := vault.PassphraseRoot(pass, salt)
	must(t, err)
	again, err := vault.PassphraseRoot(pass, salt)
	must(t, err)
	if first.ID() != again.ID() {
		t.Error("the same passphrase gave two keys")
	}
	other, err := vault.PassphraseRoot(pass, filepath.Join(dir, "other.salt"))
	must(t, err)
	if other.ID() == first.ID() {
		t.Error("two salts gave the same key")
	}
	_, err = vault.PassphraseRoot(secret.New("correct horse batterY"), salt)
	wantCode(t, err, errs.Invalid)
	_, err = vault.PassphraseRoot(secret.New("short"), salt)
	wantCode(t, err, errs.Invalid)
	text, err := os.ReadFile(salt)
	must(t, err)
	for _, bad := range []string{
		strings.Replace(string(text), "65536", "4294967295", 1), // would ask for 4 TB
		strings.Replace(string(text), " 3 ", " 0 ", 1),
		strings.Replace(string(text), " 3 ", " x ", 1),
		"nubitalk-root-salt-1 3 65536 1 AAAA x\n",
	} {
		must(t, os.WriteFile(salt, []byte(bad), 0o600))
		_, err = vault.PassphraseRoot(pass, salt)
		wantCode(t, err, errs.Invalid)
	}
}

func TestRootKeysWrap(t *testing.T) {
	root := fileRoot(t)
	wrapped, err := root.Wrap(t.Context(), []byte("key"), []byte("where"))
	must(t, err)
	if got, err := root.Unwrap(t.Context(), wrapped, []byte("where")); err != nil || string(got) != "key" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := root.Unwrap(t.Context(), wrapped, []byte("elsewhere")); err == nil {
		t.Error("a wrapped key could be moved")
	}
	for _, bad := range [][]byte{nil, {1}, wrapped[:20]} {
		if _, err := root.Unwrap(t.Context(), bad, []byte("where")); err == nil {
			t.Errorf("%x was unwrapped", bad)
		}
	}
}
