package vault

// CachedContacts says how many contacts' keys are in memory.
func CachedContacts(v *Vault) int { return v.contacts.len() }
