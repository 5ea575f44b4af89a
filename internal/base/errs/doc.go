// Package errs is the one error type of Nubitalk: a code for programs, a safe
// sentence for a person, and a private cause that only operators see in logs.
//
// Transport codes (HTTP, SIP, SMTP) are chosen at the door from Code, never
// here. It runs no goroutine and imports nothing of Nubitalk.
package errs
