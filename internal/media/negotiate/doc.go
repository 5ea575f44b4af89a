// Package negotiate agrees with the other end of a SIP leg on how sound travels:
// offers and answers (RFC 3264) in SDP (RFC 4566), G.711 and its payload types
// (RFC 3551), keys for SRTP in the clear of the signalling (SDES, RFC 4568, with
// AES-GCM by RFC 7714), telephone keys (RFC 4733), RTCP on the same port (RFC
// 5761) or its own (RFC 3605), opportunistic SRTP when a plain offer has keys
// (RFC 8643).
//
// A Session is one leg's, through all its offers. It does no I/O, runs no
// goroutine, and its randomness is passed in. It holds the own keys, which stay
// the same for as long as the leg lives: changing them in a re-offer, or starting
// the roll-over counter anew, silences phones. What it answers depends on the
// policy alone: SAVP is never answered with AVP, and a plain offer is refused
// unless the policy says otherwise.
//
// The reader of SDP is its own. pion/sdp refuses a whole description for one line
// that it does not know, and operators offer fax (m=image … udptl t38) beside
// sound. Ours looks only at what it needs, within limits.
//
// Sockets and packets are left to others; the text of a body is secret, because
// it has keys in it, and must not be logged.
package negotiate
