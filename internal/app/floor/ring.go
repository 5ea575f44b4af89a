package floor

import (
	"nubitalk/internal/channel"
	"nubitalk/internal/core/acd"
)

// ring has agents rung who were offered something, without waiting for the disk; hush is
// for when that does not get it. What they do is taken up once it has the offer (ADR 0083).
func (f *floor) ring() (hush []func()) {
	for _, o := range f.batch.offers {
		it := f.items[o.InteractionID]
		if o.Outcome != "" || it == nil || it.State != string(acd.Offered) {
			continue
		}
		if r, ok := f.m.drivers[it.drivenBy()].(channel.Ringer); ok {
			w := f.work(it)
			r.Rings(w)
			hush = append(hush, func() { r.Hushes(w) })
		}
	}
	return hush
}

// lost ends what rings already of a batch that was not stored.
func (o outcome) lost() {
	for _, hush := range o.hush {
		hush()
	}
}
