// Command bench measures the product from outside, as issue 2 sets its goals
// ("Speed and size"): it runs the real program on loopback and speaks to its
// public doors. docs/benchmarks.md says what each figure means.
//
// One line a figure: name, value, unit, goal, and "over" or "under" where a
// goal is missed. A missed goal is no failure: the exit code is 1 only when a
// figure could not be taken. CPU time is the server process's own, so it means
// something on a busy machine; what is wall time says so.
package main
