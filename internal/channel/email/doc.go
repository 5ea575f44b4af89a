// Package email is the email channel: it follows the tenants' mailboxes at their
// providers, makes each message work exactly once, shows it while it is handled,
// answers it, and tells the provider afterwards. It reports upward through Sink and is
// driven by the floor through Carry; a mailbox is followed on the node where its
// tenant's floor is (channel.Follower).
//
// A message itself is never stored (notice C38-C43): it is in memory while it is
// handled, bounded, and fetched again from the provider when it is not there. What is
// stored is where it is and by what it is known again (store.EmailRow), with its
// interaction, in one transaction.
//
// An answer is stored as begun before the provider is asked. What ended in between is
// unsure until an agent says that it is to be sent again: nothing is sent twice by
// itself. The receipt of a message is acknowledged where a mailbox says so, never to a
// machine and once a day at most (acknowledge.go, RFC 3834); nothing else is ever
// written automatically.
//
// What an agent writes, with its files, is in memory alone (drafts.go). An answer may be
// held for some seconds so that it can be undone (hold.go, ADR 0039).
//
// Goroutines: one a mailbox that is followed (follow.go), which owns that mailbox's
// connection, and one an answer that is held. Everything else runs on its caller's,
// with a connection of its own, bounded for each mailbox. Locks: Service.mu guards the maps, drafts.mu what is
// written; neither is held over I/O, nor one within the other.
package email
