// Package transport secures connections (notice C52, C53): it finds the
// certificate (own files, an ACME authority, or one made here for loopback) and
// says which versions and ciphers of TLS are spoken.
//
// TLS 1.2 and later, and of 1.2 only forward-secret AEAD suites (RFC 9325, 4.2).
//
// Goroutines: those of certmagic, from Start to Stop, in mode acme. Files are
// looked at again when a connection comes, at most once in ten seconds. It
// leaves to others: listening, and refusing plain HTTP beyond loopback
// (config.Check).
package transport
