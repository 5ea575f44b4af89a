package blob_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/blob"
	"nubitalk/internal/blob/blobtest"
)

func TestDirectory(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blobtest.Keeper {
		s, err := blob.OpenDir(filepath.Join(t.TempDir(), "files"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	})
}

func TestADirectoryHoldsOnlyPrivateFilesNamedByIDs(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "files")
	s, err := blob.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	ids := id.NewSource(time.Now, nil)
	key := blob.Key("attachments", id.Tenant(ids.New(id.TenantKind)), ids.New(id.Attachment))
	if err := s.Put(t.Context(), key, secret.Sealed("sealed")); err != nil {
		t.Fatal(err)
	}
	files := 0
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s can be read by others: %v", path, info.Mode())
		}
		if !d.IsDir() {
			files++
			if !strings.HasSuffix(path, filepath.FromSlash(key)) {
				t.Errorf("a file beside the one that was put: %s", path)
			}
		}
		return nil
	})
	if err != nil || files != 1 {
		t.Errorf("%d files, %v; want exactly the one", files, err)
	}
}

func TestHalfWrittenFilesAreRemovedAtOpening(t *testing.T) {
	dir := t.TempDir()
	left := filepath.Join(dir, "attachments", "x.18ab.tmp")
	if err := os.MkdirAll(filepath.Dir(left), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(left, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := blob.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Errorf("still there: %v", err)
	}
	for o := range s.List(t.Context(), "") {
		t.Errorf("listed: %s", o.Key)
	}
}
