// Package office decides about calls between the phones of a tenant: which phones
// an extension rings, for how long, and where the call goes when they do not
// answer.
//
// A Directory is what is set up; it is made anew when that changes, is never
// changed itself, and is safe for use by many. A Hunt is one call's search: its
// Steps say what to do, and Next is told what became of it. Who carries it out
// (channel/voice) knows which phones are registered and who is busy; the rest is
// decided here.
//
// It is pure: it does no I/O, runs no goroutine and reads no clock. What is
// dialled may be a person's number, so it comes as secret.Text.
package office
