// Package setup keeps what administrators set up: queues, skills, hours, flows,
// entry points and the rest of core/setup, which says what is right. This
// package stores it, with versions, order and archive, checks that objects fit
// together, and gives a tenant's whole set-up as one Snapshot.
//
// Every change of a tenant's set-up is made alone: on PostgreSQL a row lock
// (the lease named "setup") makes others wait, so that what was checked still
// holds at the commit. A change compares the version that its author saw, is
// noted by the Auditor in the same transaction, and told through Deps.Changed
// after the commit.
//
// Objects are archived, never deleted, since records name them. Every version
// of a flow and of a consent text is kept (notice C13, C14).
//
// It runs no goroutine. It leaves to others: who may call what (the door, with
// core/access), telling browsers and floors of a change (the server's wiring).
package setup
