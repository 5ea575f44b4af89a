// Package alert decides when a figure is a matter for alarm: which measures can
// be watched, what a value means beside its thresholds, and when an alert is
// raised, becomes worse or better, and clears.
//
// A level has two thresholds, one to raise it and one to clear it, and each
// change must have been asked for during the whole hold time. So a figure that
// swings about a threshold raises one alert and not one for each swing.
//
// It is pure: the caller brings readings and the time, keeps the State, and asks
// Wake when a state would change by itself. What the measures count is defined in
// core/measure; their ids are the same.
package alert
