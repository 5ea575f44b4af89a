// Package demo is the demonstration that cmd/nubitalk-demo puts into a node:
// organisations with pseudonymous users, their set-up, a week of history, a mail
// provider on loopback, and the pages of a small web shop that shows the chat
// widget. Nothing of it is linked into cmd/nubitalk.
//
// What it holds is made up and plain data or a pure function of a time and a
// seed; the same seed gives the same history. A Seeder inserts it. Goroutines are
// those of the mail provider (channel/email/localmail), from Open to Close.
package demo
