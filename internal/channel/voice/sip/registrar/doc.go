// Package registrar keeps where phones can be reached (RFC 3261 §10): the
// bindings of each account, with their ends.
//
// It is pure: it is told the time and what a REGISTER says, and answers with the
// bindings in force or the code that refuses it. Not safe for concurrent use.
// Contacts are personal (base/secret through wire); it logs and prints nothing.
package registrar
