package mailbox

import "testing"

// TestWhoIsWrittenToByAMachine: one reason is enough not to write, and the first in the
// order in which people understand them is told.
func TestWhoIsWrittenToByAMachine(t *testing.T) {
	may := Incoming{Words: true, Named: true, Sender: true, LastHour: MostAnHour - 1}
	if got := may.Silent(); got != "" {
		t.Fatalf("who may be written to is not: %q", got)
	}
	for want, change := range map[Silence]func(*Incoming){
		NoWords:    func(m *Incoming) { m.Words = false },
		Automatic:  func(m *Incoming) { m.Automatic = true },
		NotNamed:   func(m *Incoming) { m.Named = false },
		NoSender:   func(m *Incoming) { m.Sender = false },
		Forged:     func(m *Incoming) { m.Forged = true },
		OwnMailbox: func(m *Incoming) { m.Own = true },
		Today:      func(m *Incoming) { m.Today = true },
		Busy:       func(m *Incoming) { m.LastHour = MostAnHour },
	} {
		m := may
		change(&m)
		if got := m.Silent(); got != want {
			t.Errorf("said %q, want %q", got, want)
		}
	}
	if got := (Incoming{Automatic: true}).Silent(); got != NoWords {
		t.Errorf("without words: %q", got)
	}
}
