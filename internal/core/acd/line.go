package acd

// line is a class's waiting work in order: a treap whose nodes are the works
// themselves, each knowing the size and the oldest arrival of its subtree, so
// that the first, a position and the longest wait cost O(log n).
type line struct{ root, first *work }

// lineNode is a work's place in its line.
type lineNode struct {
	left, right *work
	oldest      int64  // earliest queued time of the subtree
	heap        uint32 // treap priority
	size        int32
}

func (n *work) updateLine() {
	n.size, n.oldest = 1, n.queued
	if l := n.left; l != nil {
		n.size += l.size
		n.oldest = min(n.oldest, l.oldest)
	}
	if r := n.right; r != nil {
		n.size += r.size
		n.oldest = min(n.oldest, r.oldest)
	}
}

func (l *line) len() int {
	if l.root == nil {
		return 0
	}
	return int(l.root.size)
}

// insert puts w in; r gives the treap its shape and decides nothing else.
func (l *line) insert(w *work, r uint32) {
	w.lineNode = lineNode{heap: r}
	l.root = lineInsert(l.root, w)
	if l.first == nil || w.before(l.first) {
		l.first = w
	}
}

func (l *line) remove(w *work) {
	l.root = lineRemove(l.root, w)
	w.lineNode = lineNode{}
	if l.first != w {
		return
	}
	l.first = l.root
	for l.first != nil && l.first.left != nil {
		l.first = l.first.left
	}
}

// ahead counts what stands before w, which may stand in another line.
func (l *line) ahead(w *work) int {
	n := 0
	for at := l.root; at != nil; {
		if at == w || w.before(at) {
			at = at.left
			continue
		}
		n++
		if at.left != nil {
			n += int(at.left.size)
		}
		at = at.right
	}
	return n
}

// each calls f in order until it returns false.
func (l *line) each(f func(*work) bool) { lineEach(l.root, f) }

func lineEach(n *work, f func(*work) bool) bool {
	return n == nil || lineEach(n.left, f) && f(n) && lineEach(n.right, f)
}

func lineInsert(t, w *work) *work {
	switch {
	case t == nil:
		t = w
	case w.heap > t.heap:
		w.left, w.right = lineSplit(t, w)
		t = w
	case w.before(t):
		t.left = lineInsert(t.left, w)
	default:
		t.right = lineInsert(t.right, w)
	}
	t.updateLine()
	return t
}

// lineSplit parts t into what comes before w and what comes after.
func lineSplit(t, w *work) (before, after *work) {
	if t == nil {
		return nil, nil
	}
	if t.before(w) {
		t.right, after = lineSplit(t.right, w)
		before = t
	} else {
		before, t.left = lineSplit(t.left, w)
		after = t
	}
	t.updateLine()
	return before, after
}

func lineRemove(t, w *work) *work {
	switch {
	case t == nil:
		return nil
	case t == w:
		return lineMerge(t.left, t.right)
	case w.before(t):
		t.left = lineRemove(t.left, w)
	default:
		t.right = lineRemove(t.right, w)
	}
	t.updateLine()
	return t
}

func lineMerge(a, b *work) *work {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	case a.heap > b.heap:
		a.right = lineMerge(a.right, b)
		a.updateLine()
		return a
	default:
		b.left = lineMerge(a, b.left)
		b.updateLine()
		return b
	}
}

// inOrder is the first works of all lines of a queue, at most limit.
func (q *queue) inOrder(limit int) []*work {
	var runs [][]*work
	for _, c := range q.order {
		run := make([]*work, 0, min(c.line.len(), limit))
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
