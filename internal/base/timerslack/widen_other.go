//go:build !linux

package timerslack

// Widen does nothing: only Linux has such a setting.
func Widen() {}
