// Package quality says how well a call sounds, from what arrives and from what
// the other end reports (RTCP, RFC 3550 section 6): loss, jitter, round trip and
// an estimate of the mean opinion score by ITU-T's E-model.
//
// A Meter is fed by one goroutine at a time and reads no clock. Reports are made
// and read here; sealing, sending and timers are left to others.
package quality
