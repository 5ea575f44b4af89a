package vault

import "nubitalk/internal/base/id"

// CachedContacts says how many contacts' keys are in memory.
func CachedContacts(v *Vault) int { return v.contacts.len() }

// Ready is how many of them are ready at most.
const Ready = len(warm{}.keys)

// ReadyContacts says how many are.
func ReadyContacts(v *Vault) (n int) {
	v.contacts.mu.Lock()
	defer v.contacts.mu.Unlock()
	for _, c := range v.contacts.lru.Values() {
		for i := range c.value.keys {
			if c.value.keys[i].ready.Load() != nil {
				n++
			}
		}
	}
	return n
}

// ObjectWithKey is the object of a key that is known.
func ObjectWithKey(t id.Tenant, contact string, key []byte) (*Object, error) {
	return newObject(t, contact, key)
}
