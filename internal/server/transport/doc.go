// Package transport secures connections (notice C52, C53): it finds the
// certificate (own files, an ACME authority, or one made here for loopback) and
// says which versions and ciphers of TLS are spoken. It staples the answers of
// certificates' responders (OCSP: RFC 6960, RFC 6066 §8, RFC 7633) and hides the host
// that a browser wants (Encrypted Client Hello: RFC 9849, RFC 9848).
//
// TLS 1.2 and later, and of 1.2 only forward-secret AEAD suites (RFC 9325, 4.2).
//
// Goroutines, from Start to Stop: those of certmagic in mode acme; one that asks
// responders; one that reads keys of Encrypted Client Hello again. Files are
// looked at again every ten seconds. It leaves to others: listening, and refusing
// plain HTTP beyond loopback (config.Check).
package transport
