// Package flow is the graph that an entry point runs (the IVR and the bot are
// the same thing): its types, its check when saved, and one pure interpreter
// for every channel. Channels only carry out its actions.
//
// It does no I/O, owns no goroutine and reads no clock: time, opening hours and
// the person's input are handed in.
package flow
