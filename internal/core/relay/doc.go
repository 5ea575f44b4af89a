// Package relay says how browsers reach this host's sound where the way over UDP
// is closed to them: which STUN and TURN servers they may ask, and the names and
// passwords that hold for a while. It does no I/O.
package relay
