// Package acd decides who gets which work. It is a deterministic state machine
// for one tenant: Step(event, now) returns the commands that follow. Same
// events, same decisions, so that every rule is tested by simulation.
//
// It knows interactions only by id and by what routing needs; it holds no
// personal data, does no I/O, owns no goroutine and reads no clock. app/floor
// owns one Engine per tenant and carries out its commands.
package acd
