// Package config is the program's configuration: one set of settings that come
// from flags, from the environment (NUBITALK_…) or from one commented file, in
// that order of strength, else from their defaults.
//
// deploy/nubitalk.example.yaml documents every setting; a test holds it against
// the code. Every mistake is told at once, each with its key and where it was
// set (file and line, environment variable or flag); keys that do not exist are
// refused.
//
// It opens nothing and runs no goroutine.
package config
