// Package bill writes the program's bill of materials: which components of others are
// in it, or were used to build its pages, in which version and with which checksum, in
// the form of CycloneDX 1.6 (ECMA-424), which programs that look for known faults read.
package bill
