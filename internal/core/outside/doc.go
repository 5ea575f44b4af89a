// Package outside says which network addresses are outside of the house: those
// that the program may ask on an organisation's behalf. It does no I/O: its caller
// resolves names and connects.
package outside
