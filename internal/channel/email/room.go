package email

import "nubitalk/internal/base/id"

// room is memory of which a tenant may have so much, and all of them together. Whoever
// has it guards it.
type room struct {
	sizes  map[id.Tenant]int64
	size   int64
	tenant int64 // bounds
	whole  int64
}

func newRoom(tenant, whole int64) room {
	return room{sizes: map[id.Tenant]int64{}, tenant: tenant, whole: whole}
}

// take takes room, or gives it back, which is never refused; false where there is none.
func (r *room) take(t id.Tenant, by int64) bool {
	if by > 0 && (r.sizes[t]+by > r.tenant || r.size+by > r.whole) {
		return false
	}
	r.size += by
	if r.sizes[t] += by; r.sizes[t] == 0 {
		delete(r.sizes, t)
	}
	return true
}
