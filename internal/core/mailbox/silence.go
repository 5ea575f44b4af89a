package mailbox

// Silence is why nobody is written to of a machine's own accord about a message
// (RFC 3834, 2); "" if its sender is.
type Silence string

// Silences.
const (
	NoWords    Silence = "no_words"      // there is nothing to say
	Automatic  Silence = "automatic"     // a machine wrote it, or a list sent it
	NotNamed   Silence = "not_named"     // it does not name the mailbox in To or Cc
	NoSender   Silence = "no_sender"     // it has no sender, several, or one who has no address
	Forged     Silence = "forged"        // the provider takes it for forged
	OwnMailbox Silence = "own_mailbox"   // one of the organisation's own mailboxes wrote it
	Today      Silence = "written_today" // its sender was written to within a day
	Busy       Silence = "busy"          // the mailbox has written as much as it may in an hour
)

// Incoming is what a message says of whether its sender may be written to.
type Incoming struct {
	Words     bool // there is something to say
	Automatic bool
	Named     bool // To or Cc names the mailbox
	Sender    bool // exactly one, with an address
	Forged    bool // SPF or DMARC fail
	Own       bool
	Today     bool
	LastHour  int64 // how many the mailbox wrote to
}

// MostAnHour is how many people a mailbox writes to of its own accord in an hour,
// whoever wrote: who writes with many strangers' addresses does not write to them by us.
const MostAnHour = 200

// Silent says why its sender is not written to.
func (m Incoming) Silent() Silence {
	for _, s := range []struct {
		so  bool
		why Silence
	}{
		{!m.Words, NoWords}, {m.Automatic, Automatic}, {!m.Sender, NoSender}, {!m.Named, NotNamed}, {m.Forged, Forged}, {m.Own, OwnMailbox},
		{m.Today, Today}, {m.LastHour >= MostAnHour, Busy},
	} {
		if s.so {
			return s.why
		}
	}
	return ""
}
