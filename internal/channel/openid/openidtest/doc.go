// Package openidtest is an OpenID provider for tests that does as it is told: right
// unless a test makes it hostile. It is no part of the program.
package openidtest
