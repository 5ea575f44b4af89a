// Package wire reads and writes SIP messages: bytes to Message and back, and
// the answer that a message deserves which may not be processed.
//
// The library sipgo splits the header section (lines, folding) and takes URIs
// apart. What it takes and RFC 4475 wants refused is refused above it: values of
// header fields are read by the grammar of RFC 3261 §25 here, because quotation
// marks, white space and upper case decide there what a request is.
//
// Message holds numbers, addresses and media keys of persons. It never prints:
// every verb of fmt shows a method or a code, and no error of this package
// repeats what was read.
//
// It runs no goroutine, has no state and logs nothing.
package wire
