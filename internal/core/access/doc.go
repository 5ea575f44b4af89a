// Package access is the one permission table of Nubitalk: who may do what, and
// on whose things. Every route, list, live subscription, blob, export and job
// asks it. It is pure: no I/O, no clock, no goroutine.
//
// A permission is granted to roles with a scope: Own (things the actor holds
// itself), Tenant (things of the actor's tenant), Below (organisations under
// the actor's own). No scope reaches content of another tenant (notice C5).
package access
