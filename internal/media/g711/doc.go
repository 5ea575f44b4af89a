// Package g711 turns linear audio into ITU-T G.711 octets and back, A-law and
// µ-law, by tables. Linear samples are 16 bit, the 14 (µ) or 13 (A) bits of the
// recommendation at the top.
//
// It holds no state, runs no goroutine, allocates nothing per call. What the
// octets travel in is left to others.
package g711
