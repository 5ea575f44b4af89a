package setup

import "time"

// ShelfTime is a time to which work may be put aside.
type ShelfTime struct {
	Name string    `json:"name" enum:"later,tomorrow,monday,week" doc:"later: in some hours; tomorrow and monday: as it opens; week: in a week."`
	At   time.Time `json:"at"`
}

const (
	// shelfHours is how much later today is.
	shelfHours = 3
	// morning is when a day begins where nothing says when it opens, in hours.
	morning = 9
	// farthest is how far ahead an opening is looked for.
	farthest = 14 * 24 * time.Hour
	quarter  = 15 * time.Minute
)

// ShelfTimes are times after now, in the zone of now, at which it is open: in some hours if
// that is still open, tomorrow and next Monday as it opens, and in a week. Without hours
// (set is false) a day begins at nine.
func ShelfTimes(now time.Time, set bool, open func(time.Time) bool) (out []ShelfTime) {
	day := func(n int) time.Time {
		hour := 0
		if !set {
			hour = morning
		}
		return time.Date(now.Year(), now.Month(), now.Day()+n, hour, 0, 0, 0, now.Location())
	}
	add := func(name string, at time.Time) {
		for _, known := range out {
			if known.At.Equal(at) {
				return
			}
		}
		out = append(out, ShelfTime{name, at})
	}
	if at := now.Add(shelfHours*time.Hour + quarter - 1).Truncate(quarter); open(at) {
		add("later", at)
	}
	toMonday := (8 - int(now.Weekday())) % 7
	if toMonday == 0 {
		toMonday = 7
	}
	for _, c := range []struct {
		name string
		from time.Time
	}{{"tomorrow", day(1)}, {"monday", day(toMonday)}, {"week", now.AddDate(0, 0, 7).Truncate(quarter)}} {
		for at := c.from; at.Before(c.from.Add(farthest)); at = at.Add(quarter) {
			if open(at) {
				add(c.name, at)
				break
			}
		}
	}
	return out
}
