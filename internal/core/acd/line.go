package acd

import "slices"

// line is a class's waiting work in order, in blocks of neighbours that carry
// what the order is made of: finding a place looks at blocks, not at works all
// over the memory. Work that comes last and leaves first, as most does, touches
// one end of a block. A position costs a look at each block's length.
type line struct {
	blocks []block // none is empty, but the only one of an empty line
	size   int
	only   [1]block // where blocks begins
}

// place is a work's place in the order, see work.before.
type place struct {
	due, queued int64
	w           *work
}

func (p *place) before(x *place) bool {
	switch {
	case p.due != x.due:
		return p.due < x.due
	case p.queued != x.queued:
		return p.queued < x.queued
	}
	return p.w.id < x.w.id
}

func (w *work) place() place { return place{w.due, w.queued, w} }

// block is a run of at most blockSize places. Those before from are gone: what
// leaves at the front moves nobody.
type block struct {
	at     []place
	from   int
	oldest int64 // earliest queued time; unknown once its work has left
}

const (
	blockSize = 128
	unknown   = -1
)

func (b *block) places() []place { return b.at[b.from:] }
func (b *block) len() int        { return len(b.at) - b.from }

// first is who goes first and when that falls due; none and nil in an empty line.
func (l *line) first() (due int64, w *work) {
	if l.size == 0 {
		return none, nil
	}
	p := &l.blocks[0].places()[0]
	return p.due, p.w
}

func (l *line) insert(w *work) {
	p := w.place()
	if len(l.blocks) == 0 {
		l.blocks = append(l.only[:0], block{})
	}
	i := l.blockOf(&p)
	if l.blocks[i].len() == blockSize {
		l.split(i)
		if i++; p.before(&l.blocks[i].at[0]) {
			i--
		}
	}
	l.blocks[i].insert(p)
	l.size++
}

// remove takes w out, which must be in line with the order that it has now.
func (l *line) remove(w *work) {
	p := w.place()
	i := l.blockOf(&p)
	b := &l.blocks[i]
	b.remove(b.count(&p), p.queued)
	l.size--
	switch {
	case b.len() == 0 && len(l.blocks) > 1:
		l.blocks = slices.Delete(l.blocks, i, i+1)
	case b.len() < blockSize/8 && i+1 < len(l.blocks) && l.blocks[i+1].len() < blockSize/2:
		for _, p := range l.blocks[i+1].places() {
			b.insert(p)
		}
		l.blocks = slices.Delete(l.blocks, i+1, i+2)
	}
}

// blockOf is the block where p stands or would stand: the last that begins no
// later.
func (l *line) blockOf(p *place) int {
	from, to := 0, len(l.blocks)
	for to-from > 1 {
		mid := (from + to) / 2
		if b := &l.blocks[mid]; p.before(&b.at[b.from]) {
			to = mid
		} else {
			from = mid
		}
	}
	return from
}

// split moves the second half of a block to a new one behind it.
func (l *line) split(i int) {
	b := &l.blocks[i]
	half := b.places()[b.len()/2:]
	next := block{at: append(make([]place, 0, blockSize), half...), oldest: unknown}
	clear(half)
	b.at, b.oldest = b.at[:len(b.at)-len(half)], unknown
	l.blocks = slices.Insert(l.blocks, i+1, next)
}

// count is how many in the block stand before p.
func (b *block) count(p *place) int {
	at := b.places()
	from, to := 0, len(at)
	switch {
	case to == 0 || at[0].w == p.w: // what leaves, most often
		return 0
	case at[to-1].before(p): // what comes
		return to
	}
	for from < to {
		if mid := (from + to) / 2; at[mid].before(p) {
			from = mid + 1
		} else {
			to = mid
		}
	}
	return from
}

func (b *block) insert(p place) {
	n := b.len()
	switch {
	case n == 0:
		b.oldest = p.queued
	case b.oldest != unknown:
		b.oldest = min(b.oldest, p.queued)
	}
	i := b.count(&p)
	if i == 0 && b.from > 0 {
		b.from--
		b.at[b.from] = p
		return
	}
	if len(b.at) == cap(b.at) && b.from > n/4 { // room at the front is room enough
		copy(b.at, b.places())
		clear(b.at[n:])
		b.at, b.from = b.at[:n], 0
	}
	b.at = slices.Insert(b.at, b.from+i, p)
}

// remove takes out the place number i of work that came at queued.
func (b *block) remove(i int, queued int64) {
	if queued == b.oldest {
		b.oldest = unknown
	}
	if i == 0 {
		b.at[b.from] = place{}
		b.from++
	} else {
		b.at = slices.Delete(b.at, b.from+i, b.from+i+1)
	}
	if b.len() == 0 {
		b.at, b.from = b.at[:0], 0
	}
}

// oldest is the earliest queued time; none in an empty line.
func (l *line) oldest() int64 {
	oldest := int64(none)
	for i := range l.blocks {
		b := &l.blocks[i]
		if b.len() > 0 && b.oldest == unknown {
			b.oldest = none
			for _, p := range b.places() {
				b.oldest = min(b.oldest, p.queued)
			}
		}
		if b.len() > 0 {
			oldest = min(oldest, b.oldest)
		}
	}
	return oldest
}

// ahead counts what stands before w, which may stand in another line.
func (l *line) ahead(w *work) int {
	if l.size == 0 {
		return 0
	}
	p, n := w.place(), 0
	at := l.blockOf(&p)
	for i := range at {
		n += l.blocks[i].len()
	}
	return n + l.blocks[at].count(&p)
}

// each calls f in order until it returns false. f must leave the line as it is.
func (l *line) each(f func(*work) bool) {
	for i := range l.blocks {
		for _, p := range l.blocks[i].places() {
			if !f(p.w) {
				return
			}
		}
	}
}

// inOrder is the first works of all lines of a queue, at most limit.
func (q *queue) inOrder(limit int) []*work {
	var runs [][]*work
	for _, c := range q.classes {
		run := make([]*work, 0, min(c.line.size, limit))
		c.line.each(func(w *work) bool {
			if len(run) < limit {
				run = append(run, w)
			}
			return len(run) < limit
		})
		if len(run) > 0 {
			runs = append(runs, run)
		}
	}
	for len(runs) > 1 {
		var next [][]*work
		for i := 0; i < len(runs); i += 2 {
			if i+1 == len(runs) {
				next = append(next, runs[i])
				break
			}
			next = append(next, merge(runs[i], runs[i+1]))
		}
		runs = next
	}
	if len(runs) == 0 {
		return nil
	}
	return runs[0][:min(len(runs[0]), limit)]
}

func merge(a, b []*work) []*work {
	out := make([]*work, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if a[0].before(b[0]) {
			out, a = append(out, a[0]), a[1:]
		} else {
			out, b = append(out, b[0]), b[1:]
		}
	}
	return append(append(out, a...), b...)
}
