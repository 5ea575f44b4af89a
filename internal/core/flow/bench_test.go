package flow

import (
	"encoding/json"
	"testing"
)

func BenchmarkParseAndCheck(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		g, err := Parse(json.RawMessage(worked))
		if err != nil || Check(g, shop) != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRun is one person's way through the worked example: four steps in.
func BenchmarkRun(b *testing.B) {
	g, err := Parse(json.RawMessage(worked))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		s, _, _ := Start(g, "en", nil, open(true))
		s, _, _ = Step(g, s, Input{Choice: "billing"}, open(true))
		if s, _, _ = Step(g, s, Input{Text: "VIP 1"}, open(true)); !s.Done {
			b.Fatal("not done")
		}
	}
}
