package setup

import (
	"encoding/json"
	"slices"
	"testing"
)

// What a flow points at is in use, also a skill that it only prefers; a draft
// holds nothing.
func TestUsesOfAFlow(t *testing.T) {
	f := Flow{Name: "F",
		Graph: json.RawMessage(`{"start":"a","nodes":{"a":{"type":"set","skills":{"ski_1":1},"prefers":{"ski_2":1},"next":"b"},"b":{"type":"wait","queue":"que_1","next":"c"},"c":{"type":"close"}}}`),
		Draft: json.RawMessage(`{"start":"a","nodes":{"a":{"type":"queue","queue":"que_2"}}}`)}
	var got []string
	for _, u := range f.Uses() {
		got = append(got, u.Path+" "+u.ID)
	}
	slices.Sort(got)
	want := []string{"graph.nodes.a.prefers.ski_2 ski_2", "graph.nodes.a.skills.ski_1 ski_1", "graph.nodes.b.queue que_1"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
