// Package contact owns contacts: the persons and companies that a tenant talks
// with. It finds or makes the contact of an arrival (Resolve), shows and
// corrects contacts, records and withdraws consents, hands over everything
// about a person (Export), and erases a person (Erase): notice C13 to C20.
//
// Each contact has a key of its own, and everything personal about it is sealed
// under that key. Erasing destroys the key first, which makes the person's data
// unreadable everywhere, backups included; then the files and the rows go.
// A started erasure is a job, so that a crash only delays it.
//
// One goroutine (Start) keeps a few contact ids with ready keys per tenant that
// has arrivals, so that an arrival's transaction does not wait for the key
// store. Its lock is held for map access only.
//
// It leaves to others: normalising addresses (core/privacy), keys (vault), what
// was said (Conversations), running the jobs (app/retention), the audit log.
package contact
