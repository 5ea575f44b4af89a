// Package voice is the voice channel: it owns running calls, who is in them and
// what they hear. A call's written side (what the menu said, which key was
// chosen, notes, who joined) is a conversation like any other and stays with
// channel/chat (Written); a call adds sound to it.
//
// A call is an actor: one goroutine with a mailbox owns its legs, its bridge and
// its timers, so what the floor, the browsers and the keypad do comes in one
// order. It is driven by the floor through Carry, and reports upward through
// Floor. Sound is carried by internal/media; nothing of it is stored here. Who
// hears whom is decided by seats (seating.go), which is pure.
//
// Telephones come by package sip: door (network.go) lets calls in, line.go has a
// telephone's part, dial.go calls that agents make. Which trunk a call comes by or
// leaves by says Network. Who took part is noted in call_legs (legs.go).
//
// What a phone dials is a call of its own kind (officeCall in office.go, officeout.go):
// two ends, no interaction. core/office decides who is rung.
//
// A call survives a restart: it is rebuilt from the open interaction; browsers
// connect their sound again, and who does not within Absence has left; telephones
// are taken up from what was kept of them, sealed.
//
// Goroutines: one per running call; short ones for speech, for words to the floor
// and for notes of legs, which a call must not wait for; one per tenant that comes
// here, which takes up its telephones; those of sip.
package voice
