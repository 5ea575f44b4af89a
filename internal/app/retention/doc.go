// Package retention ends what has been kept long enough, and runs the jobs that
// must happen. What is due is decided by core/privacy from the tenant's rules;
// this package carries it out: recordings by their rules (app/recording), conversations with their files and search
// tokens, interaction records, contacts that are not seen any more, agents'
// states, the audit log's beginning, sessions, answers to repeated calls,
// uploads that were given up, files that nothing names (notice C30, C35, C41).
//
// Contacts whose processing is restricted keep everything (GDPR Art. 18): the
// person may need it. What is on legal hold stays, and all that is needed to open it.
//
// Start runs two goroutines: one goes through all organisations every Every,
// each under a lease so that one node does it; the other asks for due jobs
// every Poll and runs a few at a time. A failed job is tried again, later each
// time, and never given up. Deletions pause for an hour after the machine's
// clock jumped forward, since they cannot be undone.
//
// It leaves to others: what a job does (Handle), erasing a person (Contacts),
// the rows (store) and files (blob) themselves.
package retention
