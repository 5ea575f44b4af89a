// Package voicemail is the mailboxes of users: which messages callers left for them
// when nobody picked up their phone, whether they were heard, and which are deleted.
// The message itself is a recording (app/recording) of the call that left it, which
// nobody but its user hears; a deleted one can be taken back for a day, then
// app/retention erases it.
//
// It runs no goroutine. Messages that were left for a queue are that queue's work
// and no part of it.
package voicemail
