package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/blob"
	"nubitalk/internal/blob/blobtest"
	"nubitalk/internal/server/command"
)

// An operator moves from a folder to a bucket: checks it, copies, copies again what
// came meanwhile, takes the old files away.
func TestFilesMoveToABucket(t *testing.T) {
	peer, conf := blobtest.S3(t, false)
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	hidden := write("s3.secret", conf.Secret.Reveal()+"\n")
	before := write("before.yaml", "data: "+dir+"\nfiles:\n  folder: "+filepath.Join(dir, "files")+"\n")
	now := write("now.yaml", fmt.Sprintf("data: %s\nfiles:\n  store: s3\n  authority: %s\n  s3:\n    endpoint: %s\n    bucket: %s\n    key: %s\n    secret: \"@%s\"\n", dir, peer.Authority, conf.Endpoint, conf.Bucket, conf.Key, hidden))
	for _, config := range []string{before, now} {
		if code, out, stderr := call("files", "check", "--config", config); code != 0 || !strings.Contains(out, "see that it is gone") {
			t.Fatal(code, out, stderr)
		}
	}

	from, err := blob.OpenDir(filepath.Join(dir, "files"))
	if err != nil {
		t.Fatal(err)
	}
	to, err := blob.OpenS3(conf)
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	ids := id.NewSource(time.Now, nil)
	put := func() (key string) {
		key = blob.Key(blob.Recordings, id.Tenant(ids.New(id.TenantKind)), ids.New(id.RecordFile))
		if err := from.Put(context.Background(), key, secret.Sealed("sealed "+key)); err != nil {
			t.Fatal(err)
		}
		return key
	}
	keys := []string{put(), put()}
	copies := func(want string, args ...string) {
		t.Helper()
		if code, out, stderr := call(append([]string{"files", "copy", "--config", now, "--from", before}, args...)...); code != 0 || !strings.HasPrefix(out, want) {
			t.Errorf("%d %s%s, want %s", code, out, stderr, want)
		}
	}
	copies("2 files ")
	keys = append(keys, put())
	copies("1 files ")
	copies("0 files (0 bytes) were copied, 3 were there already, 3 were taken away", "--remove")
	for _, key := range keys {
		if got, err := to.Get(t.Context(), key); err != nil || string(got) != "sealed "+key {
			t.Errorf("%q, %v", got, err)
		}
	}
	for o := range from.List(t.Context(), "") {
		t.Errorf("%s is left", o.Key)
	}

	peer.Stop()
	code, out, stderr := call("files", "check", "--config", now)
	if code != command.ExitFailed || out != "" || !strings.Contains(stderr, "to write a file failed") || !strings.Contains(stderr, "did not answer") || strings.Contains(stderr, conf.Secret.Reveal()) {
		t.Errorf("%d %q %q", code, out, stderr)
	}
	if code, _, stderr := call("files", "copy", "--config", now, "--from", filepath.Join(dir, "none.yaml")); code != command.ExitUsage || !strings.Contains(stderr, "cannot be read") {
		t.Errorf("%d %s", code, stderr)
	}
}
