package asvs

import (
	"go/ast"
	"go/token"
	"maps"
	"slices"
	"strings"
	"testing"
)

// Octets that are compared byte by byte where cryptography is used: nobody who asks
// chooses one side and learns from the time what the other is.
var compared = map[string]string{
	"internal/app/audit/collected.go":          "hashes of the chain, which its reader has",
	"internal/app/audit/verify.go":             "hashes of the chain, which its reader has",
	"internal/app/recording/archive.go":        "a recording with its own archive",
	"internal/app/setup/service.go":            "bodies of an object, whose reader sees both",
	"internal/blob/check.go":                   "what was written with what is read",
	"internal/blob/copy.go":                    "a sealed file with its copy",
	"internal/channel/email/forward.go":        "a message's text with itself, made of its HTML",
	"internal/channel/email/letter.go":         "addresses that their reader sees",
	"internal/channel/email/merge.go":          "addresses that their reader sees",
	"internal/channel/email/provider/guard.go": "words of IMAP",
	"internal/channel/email/report.go":         "names of bounces, fingerprints that the database has",
	"internal/server/verify/emails.go":         "the check's own message",
	"internal/server/verify/screens.go":        "the check's own film",
}

// What nobody may know is compared in constant time: a value out of its custody by
// its Equal or crypto/subtle, and octets in packages that use cryptography, too.
func TestSecretsAreComparedInConstantTime(t *testing.T) {
	used, crypt := map[string]bool{}, map[string]bool{}
	program(t, func(folder, _ string, f *ast.File) {
		crypt[folder] = crypt[folder] || slices.ContainsFunc(imports(f), cryptography)
	})
	program(t, func(folder, name string, f *ast.File) {
		found := func(what string) {
			if used[name] = true; compared[name] == "" {
				t.Errorf("%s: %s", name, what)
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BinaryExpr:
				if (n.Op == token.EQL || n.Op == token.NEQ) && (revealed(n.X) && !nothing(n.Y) || revealed(n.Y) && !nothing(n.X)) {
					found("a revealed value is compared with " + n.Op.String())
				}
			case *ast.SwitchStmt:
				if n.Tag != nil && revealed(n.Tag) {
					found("a revealed value is switched on")
				}
			case *ast.CallExpr:
				switch what := called(n.Fun); what {
				case "bytes.Equal", "bytes.Compare", "bytes.EqualFold", "slices.Equal", "slices.Compare", "strings.EqualFold", "strings.Compare", "cmp.Compare", "reflect.DeepEqual":
					if slices.ContainsFunc(n.Args, revealed) || crypt[folder] && strings.HasPrefix(what, "bytes.") {
						found(what)
					}
				}
			}
			return true
		})
	})
	for _, name := range slices.Sorted(maps.Keys(compared)) {
		if !used[name] {
			t.Errorf("%s compares nothing any more", name)
		}
	}
}

// revealed says whether a value is one that was just taken out of its custody.
func revealed(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return revealed(e.X)
	case *ast.CallExpr:
		if s, ok := e.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "Reveal" {
			return true
		}
		if f, ok := e.Fun.(*ast.Ident); ok && f.Name == "len" || called(e.Fun) == "subtle.ConstantTimeCompare" {
			return false
		}
		// string(x.Reveal()), strings.ToLower(x.Reveal()), a hash of it
		return len(e.Args) > 0 && slices.ContainsFunc(e.Args, revealed)
	case *ast.SliceExpr:
		return revealed(e.X)
	}
	return false
}

// nothing is what a comparison tells no more of than that there is something.
func nothing(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BasicLit:
		return e.Value == `""`
	case *ast.Ident:
		return e.Name == "nil"
	}
	return false
}
