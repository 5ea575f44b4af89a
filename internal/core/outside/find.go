package outside

import (
	"context"
	"errors"
	"net/netip"
)

var (
	// ErrInside says that a name leads into the house.
	ErrInside = errors.New("an address that may not be reached")
	// ErrNotAllowed says that the operator does not let a host be reached.
	ErrNotAllowed = errors.New("a host that is not allowed")
)

// Find gives a host's addresses as resolve finds them, all of which may be reached: one
// that may not refuses them all with ErrInside, so that no name leads into the house. A
// host that is written as an address is that one. permit says which may be reached; nil:
// public ones. What is not among allowed is refused with ErrNotAllowed, before anything is asked
// about it where that can be seen by its name. It is the only guard: whatever is reached for an organisation is found by
// it, and then connected to by the address that it gave.
func Find(ctx context.Context, host string, resolve func(ctx context.Context, host string) ([]netip.Addr, error), permit func(netip.Addr) bool, allowed *Allowed) (found []netip.Addr, err error) {
	if permit == nil {
		permit = Public
	}
	if !allowed.Host(host) {
		return nil, ErrNotAllowed
	}
	if a, no := netip.ParseAddr(host); no == nil {
		found = []netip.Addr{a}
	} else {
		found, err = resolve(ctx, host)
	}
	for i, a := range found {
		found[i] = a.Unmap() // a resolver writes plain IPv4 as mapped
		if !permit(found[i]) {
			return nil, ErrInside
		}
		if !allowed.Name(host) && !allowed.Address(found[i]) {
			return nil, ErrNotAllowed
		}
	}
	return found, err
}
