// Package vault is the only package that sees keys. It seals and opens personal
// data, makes blind indexes of addresses and keyed tokens of words, and makes a
// person's data unreadable everywhere at once by destroying that person's key.
//
// Three layers of keys: the root key (RootKey: a file, a passphrase, later a
// cloud key service) wraps each tenant's keys; the tenant's wrapping key wraps
// one random key per contact; a contact's key seals what belongs to the contact.
// Wrapped keys live in a KeyStore of their own, which a backup of the database
// does not contain. docs/keys.md describes formats, rotation and recovery.
//
// A sealed value is bound to its tenant, its contact and its place ("where"), so
// that whoever can write the database cannot move a value to another row.
//
// It runs no goroutine and is safe for use by many. Its one lock (in cache)
// is never held while a KeyStore or a RootKey is called. It leaves to others:
// where wrapped keys are stored (store/keystore), normalising addresses and
// words (core/privacy), telling other nodes of a destroyed key (Forget).
package vault
