package voice

import (
	"context"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/media/audio"
)

// tune is what a call's parties hear while they wait or are held. The call's
// goroutine owns it.
type tune struct {
	queue string  // whose it is
	ready bool    // pcm is known; until then there is silence, for some milliseconds
	pcm   []int16 // nil: the house's own
}

// source begins the tune.
func (t tune) source() audio.Source {
	switch {
	case t.queue != "" && !t.ready:
		return nil
	case t.pcm == nil:
		return audio.NewLoop(waitingMusic(), 0)
	}
	return audio.NewLoop(t.pcm, 0)
}

// choose takes the music of a queue; that of the one before stays where a call is
// in none.
func (c *call) choose(queue string) {
	if queue == "" || queue == c.tune.queue || c.s.Prompts == nil {
		return
	}
	c.tune = tune{queue: queue}
	go func() {
		pcm, err := c.s.Prompts.Music(context.Background(), c.who.Tenant, queue)
		if err != nil && !errs.Is(err, errs.NotFound) {
			c.s.Log.Warn("a queue's music could not be played; callers hear the house's own", "tenant", c.who.Tenant, "queue", queue, "code", errs.As(err).Code)
		}
		c.post(func() {
			if c.tune.queue != queue {
				return
			}
			c.tune.ready, c.tune.pcm = true, pcm
			for _, p := range c.parties() {
				if p.humming == melody {
					p.leg.Music(c.tune.source())
				}
			}
		})
	}()
}
