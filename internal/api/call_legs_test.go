package api

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/app/floor"
)

func legs(list ...floor.CallLeg) func(func(floor.CallLeg) error) error {
	return func(each func(floor.CallLeg) error) error {
		for _, l := range list {
			if err := each(l); err != nil {
				return err
			}
		}
		return nil
	}
}

func TestLegsAreWritten(t *testing.T) {
	at := time.Date(2026, 11, 28, 10, 0, 0, 0, time.UTC)
	one := floor.CallLeg{Interaction: "int_1", Direction: "in", Number: "+351930000007", Leg: floor.Leg{ID: "leg_1", Part: "=HYPERLINK(\"x\")", Way: "trunk", StartedAt: at, AnsweredAt: at.Add(time.Second),
		EndedAt: at.Add(3500 * time.Millisecond), EndedBy: "them", SIPCode: 200, Q850: 16, Lost: 12500, Jitter: 2500, RoundTrip: 40000, MOS: 4.25}}
	two := floor.CallLeg{Interaction: "int_2", Direction: "out", Number: "•••07", Leg: floor.Leg{ID: "leg_2", Part: "callee", Way: "trunk", StartedAt: at}}
	var b bytes.Buffer
	if err := listCSV(&b, legHeading, legCells, legs(one, two)); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil || len(rows) != 3 {
		t.Fatal(rows, err)
	}
	cell := func(row int, name string) string {
		for i, h := range rows[0] {
			if h == name {
				return rows[row][i]
			}
		}
		t.Fatalf("there is no %s", name)
		return ""
	}
	for name, want := range map[string]string{"number": "'+351930000007", "part": "'=HYPERLINK(\"x\")", "seconds": "2.500", "sip_code": "200", "q850": "16", "lost_percent": "1.2500", "jitter_ms": "2.500",
		"round_trip_ms": "40.000", "mos": "4.25", "started_at": "2026-11-28T10:00:00Z", "ended_by": "them"} {
		if got := cell(1, name); got != want {
			t.Errorf("%s is %q, not %q", name, got, want)
		}
	}
	for name, want := range map[string]string{"number": "•••07", "seconds": "", "ended_at": "", "sip_code": "", "mos": "", "lost_percent": ""} {
		if got := cell(2, name); got != want {
			t.Errorf("of what runs, %s is %q, not %q", name, got, want)
		}
	}

	for _, list := range [][]floor.CallLeg{{}, {one}, {one, two}} {
		b.Reset()
		if err := listJSON(&b, legs(list...)); err != nil {
			t.Fatal(err)
		}
		var got []floor.CallLeg
		if err := json.Unmarshal(b.Bytes(), &got); err != nil || len(got) != len(list) {
			t.Errorf("%d came of %d: %v", len(got), len(list), err)
		}
	}

	refusal := errors.New("no")
	b.Reset()
	for _, write := range []func() error{
		func() error {
			return listCSV(&b, legHeading, legCells, func(func(floor.CallLeg) error) error { return refusal })
		},
		func() error { return listJSON(&b, func(func(floor.CallLeg) error) error { return refusal }) },
	} {
		if err := write(); !errors.Is(err, refusal) || b.Len() > 0 {
			t.Errorf("%v, after %q", err, b.String())
		}
	}
}

// Whatever a cell holds, a spreadsheet takes it for text, and it is told apart.
func FuzzPlainCell(f *testing.F) {
	for _, s := range []string{"", "=1+1", "+351", "-1", "@x", "\tx", "\r", "\n=", "\x00=", "'x", "•••07"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := plainCell(s)
		if got != "" && strings.ContainsAny(got[:1], "=+-@\t\r\n\x00") {
			t.Errorf("%q stays %q", s, got)
		}
		if strings.TrimPrefix(got, "'") != strings.TrimPrefix(s, "'") {
			t.Errorf("%q becomes %q", s, got)
		}
	})
}
