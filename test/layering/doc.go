// Package layering holds the house's rule: packages import only levels below
// their own, and base. Its test fails the build on any other import, and on a
// package without doc.go. The table of levels in levels.go is the only one.
package layering
