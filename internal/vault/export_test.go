package vault

import "nubitalk/internal/base/id"

// CachedContacts says how many contacts' keys are in memory.
func CachedContacts(v *Vault) int { return v.contacts.len() }

// ObjectWithKey is the object of a key that is known.
func ObjectWithKey(t id.Tenant, contact string, key []byte) (*Object, error) {
	return newObject(t, contact, key)
}
