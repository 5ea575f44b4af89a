// Package unusual says which sign-ins and exports are a matter for a second look,
// beside what their user does otherwise, and whose calls are refused too often. It
// decides, purely: what it is told of the past stands in the audit log; only refusals
// are counted here, in memory.
//
// The rules take little for unusual: who is alarmed each week looks no more. How often
// they are wrong is simulated (unusual_test.go).
package unusual
