// Package mediatest is a telephone for tests: the other end of a leg, with its
// own socket, its own use of SRTP and RTP, and a tone to be told apart by. It
// shares with package media only how to agree on keys and codecs.
//
// A Phone runs one goroutine that reads and, once it talks, one that sends.
package mediatest
