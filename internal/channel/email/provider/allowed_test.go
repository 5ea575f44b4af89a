package provider_test

import (
	"context"
	"errors"
	"net/netip"
	"testing"

	"nubitalk/internal/channel/email/provider"
	"nubitalk/internal/core/outside"
)

// Where the operator allows only some hosts, no server, authority or image elsewhere is
// connected to, nor its name looked up.
func TestOnlyWhatTheOperatorAllowsIsReached(t *testing.T) {
	allowed, err := outside.ReadAllowed([]string{"*.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	n := &provider.Network{Allowed: allowed, Resolve: func(context.Context, string) ([]netip.Addr, error) {
		asked++
		return nil, errors.New("nobody knows it")
	}}
	for _, host := range []string{"imap.example.net", "example.com", "93.184.216.34"} {
		if _, err := n.Find(t.Context(), host); !errors.Is(err, outside.ErrNotAllowed) {
			t.Errorf("%s: %v", host, err)
		}
		var fault *provider.Fault
		if _, err := n.Browser().Get("https://" + host + "/token"); !errors.As(err, &fault) || fault.Reason != provider.Inside {
			t.Errorf("%s: %v", host, err)
		}
	}
	if asked != 0 {
		t.Errorf("%d names were asked", asked)
	}
	if _, err := n.Find(t.Context(), "imap.example.com"); err == nil || asked != 1 {
		t.Errorf("what is allowed is not asked: %v, %d", err, asked)
	}
}
