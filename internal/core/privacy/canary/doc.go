// Package canary looks for known values, the canaries, in bytes that should
// hold none of them: database files, logs, metrics, memory dumps. It knows the
// forms in which a value leaks without anybody meaning it: raw, in another case
// of ASCII letters, base64 in both alphabets and all three alignments, UTF-16 in
// both byte orders, hexadecimal in both cases, escaped in JSON and in URLs.
//
// Compressed or encrypted data is searched as it stands. The package is pure: a
// Scanner may be used by many goroutines, a Scan by one.
package canary
