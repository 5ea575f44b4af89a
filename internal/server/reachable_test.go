package server

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"nubitalk/internal/core/outside"
	"nubitalk/internal/core/setup"
)

// Gateways that the operator does not allow are none: what is left of a trunk is reached.
func TestGatewaysThatTheOperatorAllows(t *testing.T) {
	all := []setup.TrunkGateway{{Host: "sip.carrier.example"}, {Host: "192.0.2.7"}, {Host: "sip.other.example"}, {Host: "198.51.100.9"}}
	for _, c := range []struct {
		list []string
		want []string
	}{
		{nil, []string{"sip.carrier.example", "192.0.2.7", "sip.other.example", "198.51.100.9"}},
		{[]string{"*.carrier.example", "192.0.2.0/24"}, []string{"sip.carrier.example", "192.0.2.7"}},
		{[]string{"nobody.example"}, nil},
	} {
		allowed, err := outside.ReadAllowed(c.list)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		p := &telephone{allowed: allowed, log: slog.New(slog.NewTextHandler(&out, nil))}
		var got []string
		for _, g := range p.reachable("ten_1", "trk_1", slices.Clone(all)) {
			got = append(got, g.Host)
		}
		if !slices.Equal(got, c.want) || strings.Count(out.String(), "trk_1") != len(all)-len(c.want) {
			t.Errorf("%v: %v, and it is told: %s", c.list, got, out.String())
		}
	}
}
