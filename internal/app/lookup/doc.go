// Package lookup asks systems outside of the house on behalf of flows, and brings them
// what webhooks tell: one HTTPS request, within its time and size, to an address that was looked at before it is
// dialled. It belongs to no floor, so that a slow system holds up nobody.
//
// What is sent and answered is personal data: it is in no log and no error, and
// nothing of it is kept. It runs no goroutine of its own; its callers wait.
package lookup
