// Package dtmf sends and receives telephone keys as named events (RFC 4733,
// which replaced RFC 2833): events 0 to 15, the sixteen keys.
//
// Tones hears keys that come as sound (ITU-T Q.23, Q.24), for who sends no events.
//
// A Collector puts keys together to an input, as a menu or a form asks for it.
//
// It holds one key's state a direction, runs no goroutine, allocates nothing.
// RTP headers, timers and what a key means are left to others. Keys are often a
// card number or a PIN: nothing here prints or keeps them.
package dtmf
