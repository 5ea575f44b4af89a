// Package field owns the values of custom fields: it shows and changes what
// contacts, users, interactions and queues have in the fields that the tenant set up
// (core/setup.Field, kept by app/setup), hands them over for a person's export, and
// says what a field holds before somebody empties it (ADR 0064, notice C25 to C28).
//
// Every value is checked by core/setup.Field.Value, whoever sends it. One that tells
// something about a person is sealed: under the contact's key for contacts and their
// interactions, under the tenant's for users and queues. Nothing else in the program
// needs a value.
//
// It runs no goroutine. It leaves to others: definitions (app/setup), erasure with
// whom a value is about (store), who may see a contact or an interaction (app/contact,
// app/floor, through Deps).
package field
