// Package drive is a small client of the product's public doors, for the
// notice's checks and for tests that need the whole program: it starts the
// binary, signs users in, lets visitors chat and agents answer. It knows only
// what docs/api.md says.
package drive
