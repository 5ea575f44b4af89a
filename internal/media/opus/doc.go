// Package opus writes telephone sound as Opus (RFC 6716) in an Ogg file (RFC 7845):
// mono, 8,000 samples a second, frames of 20 ms, MDCT only. What it writes depends on
// the samples alone, so whoever has these can tell whether a file was made of them.
//
// The encoder is go-opus, libopus in Go with fixed point, whose packets are libopus's
// octet by octet on every machine; the container is ours.
//
// It runs no goroutine and keeps nothing but the frame that is not full yet.
package opus
