package acd

// line is a queue's waiting work in order: a treap whose nodes are the works
// themselves, each knowing the size and the oldest arrival of its subtree, so
// that a position, the order and the longest wait cost O(log n).
type line struct{ root *work }

// lineNode is a work's place in its queue's line.
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
}

func (l *line) remove(w *work) {
	l.root = lineRemove(l.root, w)
	w.lineNode = lineNode{}
}

// position is 1 for the first in line.
func (l *line) position(w *work) int {
	n, before := l.root, int32(0)
	for n != nil && n != w {
		if w.before(n) {
			n = n.left
			continue
		}
		before += lineSize(n.left) + 1
		n = n.right
	}
	if n == nil {
		return 0
	}
	return int(before+lineSize(n.left)) + 1
}

// each calls f in order until it returns false.
func (l *line) each(f func(*work) bool) { lineEach(l.root, f) }

func lineEach(n *work, f func(*work) bool) bool {
	return n == nil || lineEach(n.left, f) && f(n) && lineEach(n.right, f)
}

func lineSize(n *work) int32 {
	if n == nil {
		return 0
	}
	return n.size
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
