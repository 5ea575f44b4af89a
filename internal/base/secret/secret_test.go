package secret

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestNothingPrints(t *testing.T) {
	const canary = "ana.silva@example.org"
	txt, raw := New(canary), NewBytes([]byte(canary))
	type row struct {
		Name Text
		Raw  Bytes
		ptr  *Text
		in   Text
		inb  Bytes
	}
	r := row{txt, raw, &txt, txt, raw}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T"} {
		fmt.Fprintf(&out, verb+verb+verb+verb+"\n", txt, raw, r, &r)
	}
	fmt.Fprintln(&out, txt, &txt, raw, r, *r.ptr)
	j, err := json.Marshal(map[string]any{"a": txt, "b": r, "c": &raw})
	if err != nil {
		t.Fatal(err)
	}
	out.Write(j)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "t", txt, "r", r, "raw", raw)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "t", txt, "r", r, "raw", raw)
	fmt.Fprint(&out, fmt.Errorf("wrapped %w %v", fmt.Errorf("%v", txt), r))
	s := out.String()
	if !strings.Contains(s, Mask) {
		t.Fatal("the mask is not shown, so the check saw nothing")
	}
	for _, bad := range []string{canary, fmt.Sprintf("%x", canary), fmt.Sprintf("%X", canary), "silva"} {
		if strings.Contains(s, bad) {
			t.Errorf("%q leaked", bad)
		}
	}
}
