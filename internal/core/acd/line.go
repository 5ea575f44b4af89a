package acd

// line is a queue's waiting work in order: a treap whose nodes are the works
// themselves, each knowing the size and the oldest arrival of its subtree, so
// that a position, the order and the longest wait cost O(log n).
type line struct{ root *work }

// lineNode is a work's place in its queue's line.
type lineNode struct {
	left, right *work
	heap        uint64 // treap priority
	size        int32
	oldest      int64 // earliest queued time of the subtree
}

func (n *work) updateLine() {
	n.node.size, n.node.oldest = 1, n.queued
	if l := n.node.left; l != nil {
		n.node.size += l.node.size
		n.node.oldest = min(n.node.oldest, l.node.oldest)
	}
	if r := n.node.right; r != nil {
		n.node.size += r.node.size
		n.node.oldest = min(n.node.oldest, r.node.oldest)
	}
}

func (l *line) len() int {
	if l.root == nil {
		return 0
	}
	return int(l.root.node.size)
}

// insert puts w in; r gives the treap its shape and decides nothing else.
func (l *line) insert(w *work, r uint64) {
	w.node = lineNode{heap: r}
	l.root = lineInsert(l.root, w)
}

func (l *line) remove(w *work) {
	l.root = lineRemove(l.root, w)
	w.node = lineNode{}
}

// position is 1 for the first in line.
func (l *line) position(w *work) int {
	n, before := l.root, int32(0)
	for n != nil && n != w {
		if w.before(n) {
			n = n.node.left
			continue
		}
		before += lineSize(n.node.left) + 1
		n = n.node.right
	}
	if n == nil {
		return 0
	}
	return int(before+lineSize(n.node.left)) + 1
}

// each calls f in order until it returns false.
func (l *line) each(f func(*work) bool) { lineEach(l.root, f) }

func lineEach(n *work, f func(*work) bool) bool {
	return n == nil || lineEach(n.node.left, f) && f(n) && lineEach(n.node.right, f)
}

func lineSize(n *work) int32 {
	if n == nil {
		return 0
	}
	return n.node.size
}

func lineInsert(t, w *work) *work {
	switch {
	case t == nil:
		t = w
	case w.node.heap > t.node.heap:
		w.node.left, w.node.right = lineSplit(t, w)
		t = w
	case w.before(t):
		t.node.left = lineInsert(t.node.left, w)
	default:
		t.node.right = lineInsert(t.node.right, w)
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
		t.node.right, after = lineSplit(t.node.right, w)
		before = t
	} else {
		before, t.node.left = lineSplit(t.node.left, w)
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
		return lineMerge(t.node.left, t.node.right)
	case w.before(t):
		t.node.left = lineRemove(t.node.left, w)
	default:
		t.node.right = lineRemove(t.node.right, w)
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
	case a.node.heap > b.node.heap:
		a.node.right = lineMerge(a.node.right, b)
		a.updateLine()
		return a
	default:
		b.node.left = lineMerge(a, b.node.left)
		b.updateLine()
		return b
	}
}
