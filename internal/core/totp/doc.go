// Package totp makes and checks the codes of authenticator apps: RFC 6238 over
// RFC 4226 with SHA-1, six digits and steps of thirty seconds, which is what all
// such apps do. A code is good in its own step alone. It is pure: the time is passed
// in, and what was accepted before is the caller's to remember (Check answers with
// the step).
package totp
