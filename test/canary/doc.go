// Package canary runs the notice's checks against the program as it is, and
// against one that was built to leak: the search for personal values must find
// nothing in the first, and every place where the second spills them.
package canary
