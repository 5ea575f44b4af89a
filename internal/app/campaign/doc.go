// Package campaign owns outbound work over contact lists: who is in a list, whom an agent
// calls next (preview dialing), and what becomes of a contact afterwards. What is decided
// is core/campaign's; here it is stored, so that one contact is with one agent at a time.
//
// It runs no goroutine. A contact is given to an agent by a compare-and-set, until a time
// that stands in the row: an agent that is gone, or a node that was killed, leaves none
// stuck. A call stores in one transaction that it is the contact's. What a call came to is
// stored in the transaction that closes it (Ended); where its ends have not noted yet how it
// went, by a job of that transaction (RunSettle), or by who asks before that (settle).
//
// Numbers stand with the contacts (app/contact); the do-not-call list has blind indexes
// alone (ADR 0066). Calls are channel/voice's, which asks the trunks' rules.
package campaign
