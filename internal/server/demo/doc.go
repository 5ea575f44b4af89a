// Package demo is the content of `nubitalk demo`: organisations with
// pseudonymous users, their set-up, a week of history, and the page of a small
// web shop that shows the chat widget.
//
// Everything here is made up and plain data or a pure function of a time and a
// seed; the same seed gives the same history. Who inserts it is the server's
// wiring. It runs no goroutine and reads no clock.
package demo
