// Package telemetry is how the program tells operators how it does: JSON logs,
// Prometheus metrics and build information, all without personal data (notice
// C53; privacy.md, rule 12).
//
// Logs carry ids. A guard looks at every attribute and lets through numbers,
// times, errors, short strings and named strings; anything else (structs, maps,
// bytes) is shown as its type only, and what looks like an e-mail address or a
// telephone number is masked wherever it stands. The guard is the second net:
// values of personal types (package secret) never print by themselves.
//
// Metrics have a registry of their own, names that start with nubitalk_, and
// only the label names listed in labelNames.
//
// It runs no goroutine and imports nothing of Nubitalk but base/secret.
package telemetry
