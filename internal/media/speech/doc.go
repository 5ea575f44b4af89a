// Package speech turns text into sound: a Speaker per voice, and a Chain of
// those that a program has. Espeak runs the program espeak-ng beside this one;
// Recorded has prompts that somebody spoke or made before.
//
// What is said may hold personal data (a name, an order's number). It goes to
// espeak-ng through a pipe and comes back through a pipe: never through a file,
// an argument that other users of the machine see, or a log. What was said is
// kept in memory for a while, up to a bound, because menus say the same again
// and again.
//
// It owns no goroutine that outlives a call.
package speech
