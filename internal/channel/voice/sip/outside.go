package sip

import (
	"strings"
	"time"

	"nubitalk/internal/channel/voice/sip/dialog"
	"nubitalk/internal/channel/voice/sip/wire"
)

// serve handles a REGISTER or OPTIONS that is no call's.
func (b *mailbox) serve(m *wire.Message, src dialog.Source, now time.Time) {
	user, ok := b.e.admitted(m, src, now)
	if !ok {
		return
	}
	if m.Method == wire.Register {
		b.register(m, src, user, now)
		return
	}
	r := m.Answer(200, b.e.tagFor(m))
	r.Add("Allow", strings.Join(abilities.Methods, ", "))
	r.Add("Supported", strings.Join(abilities.Extensions, ", "))
	r.Add("Allow-Events", messageSummary)
	r.Add("Accept", strings.Join(abilities.Bodies, ", "))
	b.reply(m, src, r)
}

// reply answers a request that is no call's, and again when it is repeated.
func (b *mailbox) reply(m *wire.Message, src dialog.Source, r *wire.Message) {
	if b.outside == nil {
		b.outside = dialog.NewOutside(&b.e.env)
	}
	b.outside.At(time.Now()).Serve(m, src)
	b.outside.Reply(m, r)
}
