// Package torture has the messages of RFC 4475 with what this program does with
// each, for the tests of sip and sip/wire. It runs no goroutine and is used by
// no program.
package torture
