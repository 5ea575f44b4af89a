// Package voice is the voice channel: it owns running calls, who is in them and
// what they hear. A call's written side (what the menu said, which key was
// chosen, notes, who joined) is a conversation like any other and stays with
// channel/chat (Written); a call adds sound to it.
//
// A call is an actor: one goroutine with a mailbox owns its legs, its bridge and
// its timers, so what the floor, the browsers and the keypad do comes in one
// order. It is driven by the floor through Carry, and reports upward through
// Floor. Sound is carried by internal/media; nothing of it is stored here.
//
// A call survives a restart: it is rebuilt from the open interaction, and both
// browsers connect their sound again. Who does not within Absence has left.
//
// Goroutines: one per running call, and short ones for speech and for words to
// the floor, which a call must not wait for.
package voice
