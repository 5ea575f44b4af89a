// Package localmail is a mail provider in memory, on loopback alone: IMAP by go-imap's
// own server and a submission server of a few commands (RFC 5321, 4954), both over TLS
// with a certificate that is made when it starts. The demonstration writes and answers
// mail by it, and the notice's checks see what a provider keeps, without any other program.
//
// Mail to one of its accounts lies in that account's INBOX; all other mail is kept for
// whoever it is addressed to (Inbox), the latest mostKept of it. Nothing leaves the
// machine, and everything is gone when it closes.
//
// Goroutines: one a server and one a connection; they end with Close.
package localmail
