// Package wording says the program's sentences in the language of who reads
// them.
//
// Parts write their errors in English, with errs. The doors hand each finished
// sentence to In, which finds it in a catalogue and gives it in the reader's
// language: api for every error that it answers, server for its first page. A
// catalogue's entry is the very format that the part wrote, so an argument (a
// number, a name in quotation marks, a word such as "queue") is cut out of the
// sentence and put into the translation. That also covers the sentences of the
// HTTP framework and those that come over the bus from another node, which only
// ever exist as finished text.
//
// The framework speaks to programs ("expected length >= 1"); what it says stands
// beside fields that people fill in, so English has a catalogue for that, too.
//
// A sentence that no catalogue knows stays English. That none is missing is
// proven by a test that reads the source of every part.
//
// It runs no goroutines, keeps and logs nothing. What it leaves to others:
// screens' own words (web) and texts that a tenant wrote (core/setup).
package wording
