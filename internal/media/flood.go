package media

import (
	"time"

	"nubitalk/internal/media/audio"
)

// What a party may send for good. Sound comes as fast as it is spoken, so twice that, and
// 20 seconds of it at once after a network that held it back, is more than any call has.
const (
	perOctet = time.Second / (2 * audio.Rate)
	leastOf  = audio.Rate / 100      // octets that a packet counts for at least: 10 ms
	perFilm  = time.Microsecond      // an octet of video, so 8 Mbit/s
	perNews  = 20 * time.Millisecond // a report
	atOnce   = 10 * time.Second      // of the time that all this takes
)

// allowance is how far ahead of its time a party is with what it has sent: packets of the
// party itself, sealed with its own key, since nobody else's may use it up. What is beyond
// is dropped before it is opened. Guarded by the bridge's lock.
type allowance struct{ until time.Duration }

// over says whether the party has sent more than there is time for.
func (a *allowance) over(now time.Duration) bool { return a.until-now > atOnce }

// spend counts a packet that takes so long.
func (a *allowance) spend(d, now time.Duration) { a.until = max(a.until, now) + d }

// said counts a packet of sound, or a key.
func (a *allowance) said(octets int, now time.Duration) {
	a.spend(time.Duration(max(octets, leastOf))*perOctet, now)
}

// newsTaken counts a report of a browser, and says whether it is heard.
func (l *line) newsTaken(now time.Duration) bool {
	if l.news.over(now) {
		l.counts.Flooded++
		return false
	}
	l.news.spend(perNews, now)
	return true
}
