// Package keystore keeps wrapped keys in a database of their own: an SQLite file
// beside the main one, or a PostgreSQL database or schema of its own. A backup
// of the main database therefore holds no key, and destroying a contact's key
// makes that contact's rows unreadable in every backup (privacy.md, rule 10).
//
// It is what vault.KeyStore asks for. Keys come and go already wrapped; nothing
// here can open one.
//
// Deleting on SQLite is thorough: the row's bytes are overwritten and the
// write-ahead log is cut before the call returns. On PostgreSQL the table is
// vacuumed, but old pages of the server's own log stay until it recycles them:
// keep that log apart from where root keys are, or use a file.
//
// It runs no goroutines but the engine's.
package keystore
