// Package gateway decides about trunks: which of several gateways a call takes
// and where it goes when that one fails (Order, Falls), whether a gateway is to
// be used at all (Health), how many calls it gets (Cap), and when a registration
// is renewed (Registration).
//
// It is pure: time and randomness are handed in; it sends nothing, runs no
// goroutine and logs nothing. Not safe for concurrent use.
package gateway
