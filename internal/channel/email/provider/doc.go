// Package provider talks with the servers of one mailbox's provider: IMAP (RFC 3501,
// 9051, 2177 IDLE, 6851 MOVE, 4315 UIDPLUS) to read it and SMTP submission (RFC 6409,
// 3207, 4954) to answer, over TLS only. It tries an account step by step and says in
// which step it failed and why, and finds a provider's servers from an address
// (RFC 6186, autoconfig).
//
// Whom it may reach is Network.Permit's to say; names are looked up once for each
// connection, and every address of a name must be permitted, so that no name leads
// into the house.
//
// It runs no goroutine but those of a connection, which end with it. A Box is used by
// one goroutine. It keeps nothing and knows no tenants.
package provider
