package setup

import "testing"

// BenchmarkSnapshot reads a fresh tenant's whole set-up from SQLite.
func BenchmarkSnapshot(b *testing.B) {
	h := newHouse(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.Snapshot(b.Context(), shop); err != nil {
			b.Fatal(err)
		}
	}
}
