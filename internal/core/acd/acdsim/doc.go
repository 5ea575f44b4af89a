// Package acdsim proves acd.Engine by simulation. A seed makes a small contact
// center and a story of events and faults; the engine and Naive, a second engine
// that is slow and obvious, live through it side by side and must say the same
// after every event, while Ledger, which sees only commands as app/floor does,
// checks that nothing is lost, doubled or out of order.
//
// It is used by tests and by test/sim, runs no goroutine and reads no clock.
package acdsim
