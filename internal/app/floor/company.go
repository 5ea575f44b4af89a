package floor

import "time"

// A turn costs about the same for one call as for several. Where calls come close
// together, what nobody waits for therefore waits a moment for others: that a person
// has left who was not served yet. Without others nothing waits.
const (
	companyTime = 20 * time.Millisecond // the most that something waits
	lonely      = 4                     // waits in vain after which nothing waits any more
)

// gather adds to calls those that come until something is not to wait.
func (f *floor) gather(calls []*call) []*call {
	if len(calls) > 1 {
		f.company = lonely
	}
	if f.company == 0 || !f.calm(calls) {
		return calls
	}
	wait := time.NewTimer(companyTime)
	defer wait.Stop()
	for alone := len(calls); ; {
		select {
		case c := <-f.in:
			f.company = lonely
			if calls = append(calls, c); len(calls) == maxBatch || !f.calm(calls[len(calls)-1:]) {
				return f.drain(calls)
			}
		case <-wait.C:
			if calls = f.drain(calls); len(calls) > alone {
				f.company = lonely
			} else {
				f.company--
			}
			return calls
		case <-f.quit:
			return calls
		}
	}
}

// drain adds to calls those that have come.
func (f *floor) drain(calls []*call) []*call {
	for len(calls) < maxBatch {
		select {
		case c := <-f.in:
			calls = append(calls, c)
		default:
			return calls
		}
	}
	return calls
}

// calm says whether nobody waits for any of calls, if there are some.
func (f *floor) calm(calls []*call) bool {
	for _, c := range calls {
		if c.calm == nil || !c.calm(f) {
			return false
		}
	}
	return len(calls) > 0
}

// unserved says whether no agent has to do with an interaction, as far as is known.
func (f *floor) unserved(interaction string) bool {
	it := f.items[interaction]
	return it == nil || it.running || it.State == "arriving" || it.State == "queued"
}
