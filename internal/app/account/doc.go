// Package account owns organisations (operator, resellers, tenants), their
// users, passwords, sessions and API keys, and answers who is asking.
//
// A user needs nothing but a user name, which may be a pseudonym; the profile is
// optional and sealed under the tenant's key (notice C21-C24). Only hashes of
// passwords, session tokens and keys are stored. Tokens carry their tenant, so
// that every look-up stays within one.
//
// Recognised tokens are kept in memory for a short time; what ends or changes a
// session is told to every node over the bus and takes effect at once.
//
// It runs no goroutine of its own. It leaves to others: keys (vault), what a new
// tenant starts with (Defaults), the audit log (Auditor), the doors (api).
package account
