// Package setup holds what an administrator sets up: queues, skills,
// dispositions, reasons, hours, entry points, canned replies, consent texts,
// labels, flows, alert rules, trunks and the tenant's own rules. It gives the types and says what is
// wrong with a value, purely; app/setup stores them and api shows them.
//
// Nothing here is personal data: forms say so beside the field (notice C28).
package setup
