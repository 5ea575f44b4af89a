// Package audio is linear sound as calls have it: 8,000 samples a second, 16
// bits, one channel, in frames of 20 ms (160 samples). It reads and writes WAV
// files, changes their rate with a proper low-pass, measures levels, makes
// tones and finds them again, mixes, and holds the sources that players take
// frames from.
//
// Levels are dBFS: 0 is the mean power of a full-scale square wave, so a
// full-scale sine has -3.01.
//
// It runs no goroutine and does no I/O. Mixing, sources and levels allocate
// nothing per frame. A source belongs to one player at a time.
//
// G.711 and packets are left to others.
package audio
