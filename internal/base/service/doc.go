// Package service is the one start and stop contract of everything that runs:
// Start returns once the part works, Stop returns once it has ended, both may
// be called twice. A Group starts parts in order and stops them in reverse.
package service
