// Package jitter holds a talker's sound until it is mixed: packets come in when
// the network brings them, frames of 20 ms go out when the mixer asks.
//
// The buffer is a window over the talker's own time line, in samples, so
// packets of any length, out of order and doubled find their place. Its delay
// follows what the network does, between bounds; what is missing is concealed
// by fading repetition. Clocks that differ are followed by leaving out or
// repeating 20 ms, rather in silence than in speech.
//
// It is not safe for use by several goroutines, reads no clock, and allocates
// only when made. Decoding is done on the way in; packets, roles and mixing are
// left to others.
package jitter
