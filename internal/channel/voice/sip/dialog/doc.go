// Package dialog decides what a call's signalling does next: transactions
// (RFC 3261 §17), INVITE dialogs (§12-15) with forking, reliable provisional
// responses (RFC 3262), UPDATE (RFC 3311), session timers (RFC 4028), transfer
// (RFC 3515, RFC 3891) and INFO.
//
// It is pure. A Leg is told what arrived, which time it is and what its owner
// wants; it says what to send and what happened (Take). It has no clock,
// goroutine or socket, and its randomness is handed in, so the same inputs give
// the same outputs. Package sip runs it.
//
// Bodies are bytes with a media type: what an offer says is for others.
//
// Not safe for concurrent use: one owner at a time.
package dialog
