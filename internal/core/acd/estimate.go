package acd

// pace is how fast a queue's waiting work gets answered. Times are µs.
type pace struct {
	last     int64 // last answer
	since    int64 // somebody waits since then, if anybody does
	interval int64 // moving average between answers while work waited
	samples  int
	handle   int64 // moving average from answer to the end of the contact
	handled  int
	errSum   int64 // moving average of |told - waited|, µs
	errs     int
}

// weight of a new sample in the moving averages: one in eight, more while there
// are fewer samples.
const weight = 8

// enoughSamples is from how many answers on their interval is trusted.
const enoughSamples = 3

func average(mean *int64, n *int, sample int64) {
	*n++
	*mean += (sample - *mean) / int64(min(*n, weight))
}

// answered learns from an answer. Only work that had to wait tells the pace:
// the time since the answer before it, or since it came, if that was later.
func (q *queue) answered(w *work, now int64) {
	if w.waited {
		average(&q.pace.interval, &q.pace.samples, now-max(q.pace.last, w.queued))
		if w.estimate >= 0 {
			off := int64(w.estimate)*1e6 - (now - w.queued)
			average(&q.pace.errSum, &q.pace.errs, max(off, -off))
		}
	}
	q.pace.last = now
}

func (q *queue) handled(w *work, now int64) {
	average(&q.pace.handle, &q.pace.handled, now-w.answered)
}

// estimate is the wait in seconds of who is at a position, from now; -1 if it
// cannot be known: nobody is at work, or nothing was ever answered.
//
//	0                                   when nobody waits and an agent has room
//	position × interval                 the moving average between answers of
//	                                    work that waited; while the current one
//	                                    lasts longer, it counts as a sample
//	position × handling time / places   before enough answers were seen; places
//	                                    is the capacity of the agents at work
func (q *queue) estimate(position int, now int64) int {
	ready, places := q.most(&q.ready), q.most(&q.slots)
	switch {
	case position <= 0 || places == 0:
		return -1
	case q.waiting == 0 && ready > 0:
		return 0
	case q.pace.samples >= enoughSamples:
		interval := q.pace.interval
		if q.waiting > 0 {
			interval = max(interval, interval+(now-max(q.pace.last, q.pace.since)-interval)/weight)
		}
		return seconds(int64(position) * interval)
	case q.pace.handled > 0:
		return seconds(int64(position) * q.pace.handle / int64(places))
	}
	return -1
}

// most is the highest of counts by channel, of the channels that the queue had
// work of, if any yet.
func (q *queue) most(n *[channels]int32) int32 {
	most, any := int32(0), q.used == [channels]bool{}
	for ch := range channels {
		if any || q.used[ch] {
			most = max(most, n[ch])
		}
	}
	return most
}

func seconds(us int64) int { return int((us + 999_999) / 1_000_000) }
