// Package floor runs a tenant's contact center floor: one goroutine per tenant
// owns the routing engine (core/acd) and the flow runs (core/flow), writes what
// changed in one transaction, and only then lets the outside see it. Nothing
// else changes routing state.
//
// A floor is owned by a lease with a fencing number that every write checks.
// After a crash, or when another node takes over, it rebuilds the engine from
// the open interactions.
//
// It leaves to others: what a channel says on the wire (channel.Driver), who a person
// is (Contacts), how events reach browsers (the bus).
package floor
