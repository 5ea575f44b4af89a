// Package scantest is a clamd for tests: it speaks the protocol as clamd(8) has it, and
// knows one harmful file.
package scantest
