package unusual

import "testing"

func TestFailuresTogether(t *testing.T) {
	failed := Failed{{"ana", "a"}, {"bo", "a"}, {"ana", "a"}, {"ana", "b"}, {"ana", ""}, {"cy", ""}, {"bo", "b"}, {"ana", "c"}}
	for network, want := range map[string][2]int{"a": {2, 3}, "b": {2, 2}, "c": {1, 1}, "": {0, 0}, "d": {0, 0}} {
		if users, times := failed.From(network); users != want[0] || times != want[1] {
			t.Errorf("from %q: %d users, %d times", network, users, times)
		}
	}
	for user, want := range map[string][2]int{"ana": {3, 4}, "bo": {2, 2}, "cy": {0, 0}, "dan": {0, 0}} {
		if networks, times := failed.Of(user); networks != want[0] || times != want[1] {
			t.Errorf("of %s: %d networks, %d times", user, networks, times)
		}
	}
}
