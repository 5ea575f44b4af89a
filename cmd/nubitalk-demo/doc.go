// Command nubitalk-demo is the demonstration: the program with organisations, users,
// a week of history and a small web shop put in. It serves loopback only, and is not
// for production, whose program (cmd/nubitalk) has none of this.
package main
