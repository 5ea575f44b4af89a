package outside

import (
	"context"
	"errors"
	"net/netip"
	"testing"
)

func TestWhatTheOperatorAllows(t *testing.T) {
	public, other, inside := netip.MustParseAddr("93.184.216.34"), netip.MustParseAddr("8.8.8.8"), netip.MustParseAddr("10.0.0.1")
	for _, c := range []struct {
		list  []string
		host  string
		found []netip.Addr
		want  error
		asked bool // the resolver
	}{
		{nil, "any.example.com", []netip.Addr{public}, nil, true},
		{nil, "any.example.com", []netip.Addr{inside}, ErrInside, true},
		{[]string{"api.example.com"}, "api.example.com", []netip.Addr{public}, nil, true},
		{[]string{"API.example.com."}, "api.EXAMPLE.com.", []netip.Addr{public}, nil, true},
		{[]string{"api.example.com"}, "api.example.com", []netip.Addr{inside}, ErrInside, true}, // it opens nothing
		{[]string{"api.example.com"}, "other.example.com", []netip.Addr{public}, ErrNotAllowed, false},
		{[]string{"api.example.com"}, "x.api.example.com", []netip.Addr{public}, ErrNotAllowed, false},
		{[]string{"api.example.com"}, "93.184.216.34", nil, ErrNotAllowed, false},
		{[]string{"*.example.com"}, "x.example.com", []netip.Addr{public}, nil, true},
		{[]string{"*.example.com"}, "x.y.example.com", []netip.Addr{public}, nil, true},
		{[]string{"*.example.com"}, "example.com", []netip.Addr{public}, ErrNotAllowed, false},
		{[]string{"*.example.com"}, "badexample.com", []netip.Addr{public}, ErrNotAllowed, false},
		{[]string{"*.example.com"}, "x.example.com.evil.net", []netip.Addr{public}, ErrNotAllowed, false},
		{[]string{"93.184.216.0/24"}, "93.184.216.34", nil, nil, false},
		{[]string{"93.184.216.34"}, "93.184.216.34", nil, nil, false},
		{[]string{"93.184.216.34"}, "::ffff:93.184.216.34", nil, nil, false},
		{[]string{"93.184.216.0/24"}, "8.8.8.8", nil, ErrNotAllowed, false},
		{[]string{"93.184.216.0/24"}, "any.example.com", []netip.Addr{public}, nil, true},
		{[]string{"93.184.216.0/24"}, "any.example.com", []netip.Addr{public, other}, ErrNotAllowed, true},
		{[]string{"10.0.0.0/8"}, "any.example.com", []netip.Addr{inside}, ErrInside, true},
		{[]string{"api.example.com", "8.8.8.0/24"}, "api.example.com", []netip.Addr{public}, nil, true},
	} {
		allowed, err := ReadAllowed(c.list)
		if err != nil {
			t.Fatal(err)
		}
		asked := false
		found, err := Find(t.Context(), c.host, func(context.Context, string) ([]netip.Addr, error) { asked = true; return c.found, nil }, nil, allowed)
		if !errors.Is(err, c.want) || err != nil && found != nil || asked != c.asked {
			t.Errorf("%v, %s: %v, %v, the resolver was asked: %v", c.list, c.host, found, err, asked)
		}
	}
	for _, text := range []string{"", "*", "*.*.example.com", "com", "https://api.example.com", "api.example.com:443", "a b.com", "10.0.0.0/99", "localhost", "*.", "x..example.com", "fe80::1%eth0"} {
		if a, err := ReadAllowed([]string{text}); err == nil {
			t.Errorf("%q is read as %v", text, a)
		}
	}
}
