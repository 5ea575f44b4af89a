// Package id makes and checks identifiers: a prefix that names the kind, an
// underscore, and 26 characters of Crockford base32 holding 48 bits of time in
// milliseconds and 80 random bits (the ULID layout), so that ids sort by age.
//
// It runs no goroutine. Time and randomness are handed in.
package id
