// Package audit owns the audit log: who did what to which object, in the order
// in which it was committed, without content (notice C10, C11). Every entry
// carries a SHA-256 over its fields and the entry before it, so that a changed,
// missing or inserted entry shows (Verify).
//
// An entry is appended in the transaction of what it records: both happen, or
// neither. Who may read the log is told of what is a matter for a second look (security
// alerts). Goroutines: one notes refused requests (Refusals), one sends the log away
// (Sender). It leaves to others: storing (store), deciding
// what is worth an entry (each use case), how long entries stay (retention).
package audit
