package unusual

import "time"

// Reason is why something is unusual, as a word for the log.
type Reason string

const (
	Failures Reason = "failures" // wrong passwords came right before, from a browser that is not known
	Place    Reason = "place"    // a browser and a network that the user never came from
	Hour     Reason = "hour"     // a browser that is not known, at an hour far from all of the user's
	First    Reason = "first"    // the user never exported anything of this kind
	Many     Reason = "many"     // far more in a day than the user ever does
)

const (
	// Habit is how far back one looks.
	Habit = 60 * 24 * time.Hour
	// Day is what amounts are counted in.
	Day = 24 * time.Hour

	someFailures = 3
	somePlaces   = 3  // sign-ins before a place is unusual
	someHours    = 10 // sign-ins before an hour is
	farHours     = 4
	timesHabit   = 3
)

// SignIn is one sign-in. At is in the organisation's time zone; Network is a digest of
// where it came from, "" if that was not noted.
type SignIn struct {
	At       time.Time
	Network  string
	Known    bool // the browser has signed this user in before
	Failures int  // wrong passwords in a row before it
}

// Reasons says why a sign-in is unusual beside earlier ones; none if it is not. A browser
// that is known is never unusual: people travel, and work at night.
func (s SignIn) Reasons(past []SignIn) (why []Reason) {
	if s.Known {
		return nil
	}
	if s.Failures >= someFailures {
		why = append(why, Failures)
	}
	places, here, near := 0, false, false
	for _, p := range past {
		if p.Network != "" {
			places++
			here = here || p.Network == s.Network
		}
		near = near || hoursApart(p.At.Hour(), s.At.Hour()) < farHours
	}
	if s.Network != "" && places >= somePlaces && !here {
		why = append(why, Place)
	}
	if len(past) >= someHours && !near {
		why = append(why, Hour)
	}
	return why
}

// hoursApart is how far two hours of the day are from each other, around midnight.
func hoursApart(a, b int) int {
	d := max(a-b, b-a)
	return min(d, 24-d)
}

// Exports are a user's exports of one kind, or what it listened to.
type Exports struct {
	Now   time.Time   // of the one that is looked at
	Past  []time.Time // earlier ones, not older than Habit
	Usual int         // so many in a day are never unusual
}

// Reasons says why the export of now is unusual.
func (e Exports) Reasons() (why []Reason) {
	today, days := 1, map[int]int{}
	for _, at := range e.Past {
		if ago := e.Now.Sub(at); ago < Day {
			today++
		} else {
			days[int(ago/Day)]++
		}
	}
	most := 0
	for _, n := range days {
		most = max(most, n)
	}
	if len(e.Past) == 0 {
		why = append(why, First)
	}
	if today > max(e.Usual, timesHabit*most) {
		why = append(why, Many)
	}
	return why
}
