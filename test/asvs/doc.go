// Package asvs holds docs/asvs.md to what is there: the page has every requirement
// of the OWASP Application Security Verification Standard 5.0 that the product is
// measured by, and each test that it names exists. It holds the code to what the page
// says of all of it, too: which packages use cryptography, or chance that can be
// guessed, and what none of them uses.
package asvs
