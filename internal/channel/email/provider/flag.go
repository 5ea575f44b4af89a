package provider

import (
	"context"

	"github.com/emersion/go-imap/v2"
)

// Forwarded marks a message that was passed on (the IMAP keywords registry, RFC 5788).
const Forwarded imap.Flag = "$Forwarded"

// Flag adds a keyword to a message. A provider without keywords does not take it, which
// harms nobody.
func (b *Box) Flag(ctx context.Context, uid uint32, flag imap.Flag) {
	_ = b.do(ctx, func() error {
		return b.c.Store(setOf([]uint32{uid}), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{flag}}, nil).Close()
	})
}
