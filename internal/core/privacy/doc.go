// Package privacy holds what the notice promises as pure code: the class,
// purpose, retention and end of everything that is stored (the inventory, from
// which the record of processing is made), the notice's clauses and how their
// checks add up, when stored things are due to go, and how addresses and words
// are normalised before they are indexed.
//
// It does no I/O, runs no goroutine and reads no clock. Sealing is vault's,
// carrying out what is due is app/retention's, running the checks is server's.
package privacy
