// Package unusual says which sign-ins and exports are a matter for a second look,
// beside what their user does otherwise. It decides, purely: what it is told of the
// past stands in the audit log, and nowhere else.
//
// The rules take little for unusual: who is alarmed each week looks no more. How often
// they are wrong is simulated (unusual_test.go).
package unusual
