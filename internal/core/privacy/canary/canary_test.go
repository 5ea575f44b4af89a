package canary

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

var canaries = []Canary{
	{"name", "Conceição Vasconcelos"},
	{"number", "+351210987654"},
	{"email", "canary.7f3@example.org"},
	{"message", "o meu segredo é um cágado 🐢 azul"},
	{"short", "canary-1"},
}

func scanner(t testing.TB) *Scanner {
	t.Helper()
	s, err := New(canaries...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func encodings(v string) map[string]string {
	raw := []byte(v)
	le, be := "", ""
	for _, u := range utf16Bytes(v, false) {
		le += string([]byte{u})
	}
	for _, u := range utf16Bytes(v, true) {
		be += string([]byte{u})
	}
	j, _ := json.Marshal(map[string]string{"text": v})
	out := map[string]string{
		"raw": v, "lower": strings.ToLower(v), "upper": strings.ToUpper(v),
		"hex": hex.EncodeToString(raw), "HEX": fmt.Sprintf("%X", raw), "Go's %x of text": fmt.Sprintf("%x", v),
		"utf-16le": le, "utf-16be": be,
		"query": url.Values{"q": {v}}.Encode(), "path": (&url.URL{Path: v}).EscapedPath(),
		"json": string(j), "decomposed": strings.NewReplacer("ã", "a\u0303", "ç", "c\u0327", "é", "e\u0301", "á", "a\u0301").Replace(v),
	}
	for _, before := range []string{"", "x", "xy", "xyz", "xyzt"} {
		for _, after := range []string{"", "u", "uv", "uvw"} {
			whole := []byte(before + v + after)
			out["base64 "+before+"|"+after] = base64.StdEncoding.EncodeToString(whole)
			out["base64 raw "+before+"|"+after] = base64.RawStdEncoding.EncodeToString(whole)
			out["base64 url "+before+"|"+after] = base64.URLEncoding.EncodeToString(whole)
			out["base64 utf-16 "+before+"|"+after] = base64.StdEncoding.EncodeToString([]byte(before + le + after))
		}
	}
	return out
}

func TestEveryEncodingIsCaught(t *testing.T) {
	s := scanner(t)
	for _, c := range canaries {
		for form, text := range encodings(c.Value) {
			for _, in := range []string{text, "\x00\xff" + text + "\x00", strings.Repeat("padding ", 1000) + text} {
				found := s.Bytes([]byte(in))
				if len(found) == 0 || found[0].Canary != c.Name {
					t.Errorf("%s as %s was not caught: %v", c.Name, form, found)
				}
			}
		}
	}
}

func TestNothingIsFoundWhereNothingIs(t *testing.T) {
	s := scanner(t)
	for _, in := range []string{"", "canary", "Conceição Vasconcelo", "ana.silva@example.org", strings.Repeat("o meu segredo ", 1000), "210987654"} {
		for _, text := range []string{in, base64.StdEncoding.EncodeToString([]byte(in)), hex.EncodeToString([]byte(in))} {
			if found := s.Bytes([]byte(text)); len(found) > 0 {
				t.Errorf("%q: %v", text, found)
			}
		}
	}
}

func TestReadersFindTheSameAsBytesWhereverThePiecesEnd(t *testing.T) {
	s := scanner(t)
	const piece = 1 << 20
	for shift := range 60 {
		in := bytes.Repeat([]byte{'.'}, 3*piece)
		for _, at := range []int{0, piece - shift, piece + s.longest - shift, 2*piece + s.longest - shift, len(in) - len(canaries[1].Value)} {
			copy(in[at:], canaries[1].Value)
		}
		want := s.Bytes(in)
		got, err := s.Reader(bytes.NewReader(in))
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) || len(want) < 4 {
			t.Fatalf("shift %d: reader %v, %v; bytes %v", shift, got, err, want)
		}
	}
	rapid.Check(t, func(r *rapid.T) {
		var in []byte
		for range rapid.IntRange(0, 5).Draw(r, "parts") {
			in = append(in, rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(r, "junk")...)
			in = append(in, rapid.SampledFrom(canaries).Draw(r, "canary").Value...)
		}
		got, err := s.Reader(iotest.OneByteReader(bytes.NewReader(in)))
		if err != nil || fmt.Sprint(got) != fmt.Sprint(s.Bytes(in)) {
			r.Fatalf("reader %v, %v; bytes %v", got, err, s.Bytes(in))
		}
	})
}

func TestAReaderThatFailsSaysSo(t *testing.T) {
	s := scanner(t)
	broken := errors.New("disk")
	if _, err := s.Reader(io.MultiReader(strings.NewReader("x"), iotest.ErrReader(broken))); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

func TestReportsDoNotRepeatTheValue(t *testing.T) {
	for _, f := range scanner(t).Bytes([]byte("x" + canaries[0].Value)) {
		if f.String() != "name as raw at byte 1" {
			t.Errorf("%q", f)
		}
	}
}

func TestScansThatWouldProveNothingAreRefused(t *testing.T) {
	if _, err := New(); err == nil {
		t.Error("nothing to look for")
	}
	if _, err := New(Canary{"x", "1234567"}); err == nil {
		t.Error("a canary that is found by chance")
	}
}

func BenchmarkScan(b *testing.B) {
	s := scanner(b)
	in := make([]byte, 1<<20)
	for i := range in {
		in[i] = byte(i * 2654435761 >> 13)
	}
	b.SetBytes(int64(len(in)))
	for b.Loop() {
		s.Bytes(in)
	}
}
