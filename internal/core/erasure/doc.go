// Package erasure is the certificate of an organisation's end: what it says, in
// what form it is signed, and how it is checked (docs/organisations.md).
package erasure
