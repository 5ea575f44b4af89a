package chat

import (
	"strings"
	"testing"
)

// A file is what its content is, whatever its name or its sender says.
func TestAFileIsWhatItsContentIs(t *testing.T) {
	const word, sheet = "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	const zip, parts = "PK\x03\x04 any archive", "PK\x03\x04\x14\x00\x06\x00[Content_Types].xml"
	for _, c := range []struct{ name, content, want string }{
		{"a.png", "\x89PNG\r\n\x1a\n", "image/png"},
		{"a.png", "%PDF-1.4\n", "application/pdf"},
		{"a.png", "<html><script>alert(1)</script>", "text/html"},
		{"a.txt", "<svg onload=alert(1)>", "text/plain"},
		{"a.png", "<?xml version=\"1.0\"?><svg/>", "text/xml"},
		{"a.txt", "plain words, olá", "text/plain"},
		{"a.txt", "plain \x00 words", "application/octet-stream"},
		{"a.txt", "latin \xe1 words", "application/octet-stream"},
		{"a.pdf", "MZ\x90\x00\x03", "application/octet-stream"},
		{"a.zip", zip, "application/zip"},
		{"a.docx", zip, "application/zip"},
		{"a.docx", parts, word},
		{"A.XLSX", parts, sheet},
		{"a.zip", parts, "application/zip"},
		{"a.docx", "plain words", "text/plain"},
	} {
		if got := MediaType([]byte(c.content), c.name); got != c.want {
			t.Errorf("%s of %q is %s, want %s", c.name, c.content, got, c.want)
		}
	}
	for _, kind := range agentTypes {
		if strings.Contains(kind, "svg") || strings.Contains(kind, "html") || strings.Contains(kind, "xml;") {
			t.Errorf("agents may send %s, which can act", kind)
		}
	}
}

func TestNamesOfFilesAreSafe(t *testing.T) {
	for name, want := range map[string]string{
		"../../etc/passwd": "passwd", `C:\Users\ana\cv.pdf`: "cv.pdf", "a\r\nSet-Cookie: x.txt": "aSet-Cookie x.txt", "invoice\u202egpj.exe": "invoicegpj.exe",
		`a"; filename="b.exe`: "a; filename=b.exe", "": "file", "..": "file", ". ": "file", strings.Repeat("x", 200) + ".pdf": strings.Repeat("x", 60) + "…" + strings.Repeat("x", 55) + ".pdf",
	} {
		if got := fileName(name); got != want {
			t.Errorf("%q became %q, want %q", name, got, want)
		}
	}
}
