// Package memory tells Go's collector what is coming. Whoever builds something
// very large and keeps it says so first, and the collector does not go over the
// half-built thing again and again. And it gives memory back to the system once a
// busy time is over (Calm), in which the collector has some room.
package memory
