// Package auth is digest authentication for SIP, both ways (RFC 3261 §22,
// RFC 8760): Answer replies to another's challenges, Server makes challenges and
// checks the replies.
//
// A Server's nonces are sealed with a key of its own and hold their time, so
// that a stranger's request leaves nothing behind; what is remembered is which
// counts of a nonce were used, after the right password was seen.
//
// It runs no goroutine and logs nothing. Passwords are values of base/secret.
package auth
