// Package dialplan decides about telephone numbers: what a number is however it
// was written (Normal), which entry point a call from a trunk reaches (Incoming),
// and by which trunks, with which number shown, a call may leave (Outgoing).
//
// A Plan holds all trunks of the installation, ready for look-up; it is made
// anew when one changes. Which gateway of a trunk a call takes is decided in
// channel/voice/sip/gateway, and what a call is told and hears above.
//
// Calls cost money that others earn, so whatever is not allowed is refused: no
// trunk lets calls out unless it says so, and then to its own country only,
// never to premium numbers unless it says that too. Emergency numbers are the
// one exception: they leave by any trunk that lets calls out, whatever its
// hours, its prefixes and what was used up.
//
// It is pure: time comes from the caller, it does no I/O, runs no goroutine and
// logs nothing. What a Plan answers never changes, and it is safe for use by
// many; it remembers how its own numbers were written. Numbers that are not a
// trunk's own are persons': they come and go as secret.Text.
package dialplan
