package layering

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"
)

func TestTheHouse(t *testing.T) {
	wrong, packages, err := inspect(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range wrong {
		t.Error(w)
	}
	if packages < 20 {
		t.Errorf("only %d packages were seen, so the check proves nothing", packages)
	}
}

func TestWrongImportsAreCaught(t *testing.T) {
	for _, c := range []struct {
		pkg, imports string
		fine         bool
	}{
		{"internal/app/floor", "internal/store", true},
		{"internal/app/floor", "internal/core/acd", true},
		{"internal/app/floor", "internal/base/errs", true},
		{"internal/app/floor", "internal/app/floor/sub", true},
		{"internal/app/floor", "internal/app/contact", false},
		{"internal/app/floor", "internal/api", false},
		{"internal/app/floor", "internal/channel", true},
		{"internal/base/telemetry", "internal/base/secret", true},
		{"internal/base/errs", "internal/core/acd", false},
		{"internal/vault", "internal/store", false},
		{"internal/vault/vaulttest", "internal/vault", true},
		{"internal/store/keystore", "internal/vault", false},
		{"internal/channel/chat", "internal/channel", true},
		{"internal/channel/chat", "internal/channel/voice", false},
		{"internal/core/setup", "internal/core/acd", true},
		{"internal/core/acd", "internal/core/setup", false},
		{"internal/api", "internal/server/config", false},
		{"internal/api", "web", true},
		{"internal/server", "internal/server/config", true},
		{"cmd/nubitalk", "internal/server", true},
		{"internal/server", "cmd/nubitalk", false},
		{"internal/server", "test/layering", false},
		{"stray", "internal/base/errs", false},
		{"internal/server", "stray", false},
	} {
		house := fstest.MapFS{
			c.pkg + "/doc.go": {Data: []byte("package x\n")},
			c.pkg + "/x.go":   {Data: fmt.Appendf(nil, "package x\nimport _ \"nubitalk/%s\"\n", c.imports)},
		}
		wrong, _, err := inspect(house)
		if err != nil {
			t.Fatal(err)
		}
		if c.fine != (len(wrong) == 0) {
			t.Errorf("%s imports %s: %v", c.pkg, c.imports, wrong)
		}
	}
}

func TestAPackageWithoutDocIsCaught(t *testing.T) {
	wrong, _, err := inspect(fstest.MapFS{
		"internal/core/a/a.go":          {Data: []byte("package a\n")},
		"internal/core/b/doc.go":        {Data: []byte("package b\n")},
		"internal/core/c/c_test.go":     {Data: []byte("package c\n")},
		"web/node_modules/x/x.go":       {Data: []byte("package x\n")},
		"internal/core/b/testdata/x.go": {Data: []byte("package x\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(wrong) != 1 || !strings.HasPrefix(wrong[0], "internal/core/a: ") {
		t.Errorf("%v", wrong)
	}
}
