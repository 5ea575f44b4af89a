// Package usage counts what each organisation uses, day by day, and tells it to
// the organisation itself and to those above it. Amounts only: nothing of a
// person or of what was said is ever read for it.
//
// The service has no goroutines: retention calls Count before it forgets, so
// that what is forgotten has been counted. Its methods may be called by several
// goroutines.
package usage
