package demo

import "testing"

func BenchmarkHistory(b *testing.B) {
	for b.Loop() {
		if len(History(now, 1)) == 0 {
			b.Fatal("nothing")
		}
	}
}
