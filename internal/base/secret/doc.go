// Package secret holds the types of values that must never print: personal
// data, credentials, keys. They show as ••• in every verb of fmt, in JSON, in
// slog and in text encodings, and do not compile when compared with ==.
//
// The plain value is had only by Reveal, so that `grep Reveal` finds every
// place where personal data comes into the open (privacy.md, rule 12).
package secret
