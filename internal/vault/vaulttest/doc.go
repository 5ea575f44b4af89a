// Package vaulttest gives tests of other packages a working vault whose wrapped
// keys live in memory, and the suite that every vault.KeyStore must pass.
package vaulttest
