package engine

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"nubitalk/internal/base/errs"
)

// Limits: how many writes may wait, and how many share one commit.
const (
	queueSize = 1024
	groupSize = 256
)

// A commit costs about the same for one write as for twenty. Under a steady load
// writes therefore gather for a moment; a writer that is alone never waits.
const (
	gatherTime = 500 * time.Microsecond // from the last commit to the next group
	enough     = 8                      // writes that wait: no need to gather more
	lonely     = 4                      // groups of one after which nobody waits any more
)

var errClosed = errs.New(errs.Unavailable, "The database is closed.")

// writer owns the only connection that changes an SQLite database. Its goroutine
// opens a transaction and lends it to the first waiting caller, who passes it on
// to the next, each inside a savepoint; the last gives it back, and the writer
// commits once. The group is answered when the disk has it; while it is waited
// for, the next group runs.
//
// A caller runs its function on its own goroutine, so a panic or a Goexit there
// unwinds where it belongs, and only passes the transaction on.
type writer struct {
	path    string
	queue   chan *member
	back    chan struct{} // the group is complete: its transaction is the writer's again
	c       *liteConn     // whoever has the transaction uses it
	disk    *disk
	ended   chan struct{}
	closing sync.RWMutex // held for reading while a caller enqueues
	closed  bool

	groupTime time.Duration // how long a group may run before those at its front are answered
	company   int           // up to lonely: how many more groups wait for company
	last      time.Time     // the end of the last group

	commits, writes, failed atomic.Int64
}

// member is one caller's write.
type member struct {
	state atomic.Int32 // waiting, then taken by the writer or gone with its caller
	turn  chan *group  // the transaction is lent
	done  chan error   // the result, when the disk has it
	ahead chan error   // the commit's result, for who goes on before; nil: nobody does
	alone func() error // not a write: it runs between two groups
	group *group       // whose transaction it had
}

const (
	waiting int32 = iota
	taken
	gone
)

func newWriter(path string) (*writer, error) {
	c, err := dialSQLite(path, false)
	if err != nil {
		return nil, err
	}
	w := &writer{path: path, c: c, queue: make(chan *member, queueSize), back: make(chan struct{}), ended: make(chan struct{}), groupTime: 10 * time.Millisecond}
	w.disk = newDisk(path)
	go w.run()
	go w.harden()
	return w, nil
}

// group is what shares one transaction.
type group struct {
	members []*member
	start   time.Time
	kept    int     // members whose changes stay
	fault   error   // SQLite has ended the transaction
	after   *member // not a write: it runs when the group has ended

	// The disk's.
	wanted bool // somebody waits for it
}

// write is called on the caller's goroutine.
func (w *writer) write(ctx context.Context, fn Func) error {
	m := &member{turn: make(chan *group, 1), done: make(chan error, 1)}
	return w.take(ctx, m, m.done, fn)
}

// writeAhead is write that returns before the disk has it; durable waits for that.
func (w *writer) writeAhead(ctx context.Context, fn Func) (durable func() error, err error) {
	m := &member{turn: make(chan *group, 1), done: make(chan error, 1), ahead: make(chan error, 1)}
	if err := w.take(ctx, m, m.ahead, fn); err != nil {
		return nil, err
	}
	return sync.OnceValue(func() error {
		w.disk.want(m.group)
		return <-m.done
	}), nil
}

// take runs fn as the member m, and returns what comes by result.
func (w *writer) take(ctx context.Context, m *member, result <-chan error, fn Func) (err error) {
	g, err := w.enter(ctx, m)
	if err != nil {
		return err
	}
	returned := false
	defer func() {
		if !returned { // a panic or a Goexit passes through
			w.pass(g, errUnwound)
			<-result
		}
	}()
	err = fn(ctx, w.c)
	returned = true
	w.pass(g, err)
	if lost := <-result; lost != nil {
		return lost
	}
	return err
}

// enter queues the member and waits for its turn.
func (w *writer) enter(ctx context.Context, m *member) (*group, error) {
	if err := w.enqueue(ctx, m); err != nil {
		return nil, err
	}
	select {
	case g := <-m.turn:
		return g, nil
	case err := <-m.done: // the transaction could not begin
		return nil, err
	case <-ctx.Done():
	}
	if m.state.CompareAndSwap(waiting, gone) {
		return nil, ctx.Err()
	}
	select { // its turn came at the same moment: it must be taken, to be passed on
	case g := <-m.turn:
		return g, nil
	case err := <-m.done:
		return nil, err
	}
}

func (w *writer) enqueue(ctx context.Context, m *member) error {
	w.closing.RLock()
	defer w.closing.RUnlock()
	if w.closed {
		return errClosed
	}
	select {
	case w.queue <- m:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *writer) run() {
	defer close(w.ended)
	for m := range w.queue {
		if m.alone != nil {
			m.done <- m.alone()
			continue
		}
		w.gather()
		g := w.group(m)
		w.after(len(g.members))
		if g.after != nil {
			g.after.done <- g.after.alone()
		}
	}
}

// gather waits for others to join the next group, if they did so lately.
func (w *writer) gather() {
	if w.company == 0 || len(w.queue)+1 >= enough {
		return
	}
	time.Sleep(gatherTime - time.Since(w.last))
}

// after notes whether a group of n had company.
func (w *writer) after(n int) {
	w.last = time.Now()
	if n > 1 {
		w.company = lonely
	} else if w.company > 0 {
		w.company--
	}
}

// group runs one transaction, beginning with m.
func (w *writer) group(m *member) *group {
	g := &group{}
	if err := w.do("BEGIN IMMEDIATE"); err != nil {
		m.answer(lost(err))
		w.renew()
		return g
	}
	g.start = time.Now()
	if w.lend(g, m) {
		<-w.back
	}
	err := g.fault
	if err == nil {
		err = w.do("COMMIT")
	}
	if err != nil {
		err = lost(err)
		_ = w.do("ROLLBACK") // SQLite may have rolled back already
		w.renew()
		w.failed.Add(int64(len(g.members)))
	} else {
		w.commits.Add(1)
		w.writes.Add(int64(g.kept))
		w.failed.Add(int64(len(g.members) - g.kept))
	}
	for _, m := range g.members {
		if m.ahead != nil {
			m.ahead <- err
		}
	}
	if err == nil {
		w.disk.committed(g)
	} else {
		g.answer(err)
	}
	return g
}

func (g *group) answer(err error) {
	for _, m := range g.members {
		m.done <- err
	}
}

// lend gives the transaction to m, or else to the next who may still join, and
// says whether somebody has it now. While nothing is in the transaction, undoing
// a member is undoing everything; after that each has a savepoint of its own.
// Within a savepoint SQLite remembers every page as it was, and looks through all
// of them at each statement's end: a long list of changes must not pay for that
// when it is alone.
func (w *writer) lend(g *group, m *member) bool {
	for ; m != nil; m = w.next(g) {
		if m.alone != nil {
			g.after = m
			return false
		}
		if !m.state.CompareAndSwap(waiting, taken) {
			continue
		}
		g.members, m.group = append(g.members, m), g
		if g.kept > 0 {
			if g.fault = w.do("SAVEPOINT member"); g.fault != nil {
				return false // it is answered as one of the group
			}
		}
		m.turn <- g
		return true
	}
	return false
}

// pass ends the turn of who has the transaction, keeping its changes (nil) or
// undoing them, and lends it to the next or gives it back.
func (w *writer) pass(g *group, undo error) {
	if g.fault = w.settle(g, undo); g.fault != nil || !w.lend(g, w.next(g)) {
		w.back <- struct{}{}
	}
}

// settle keeps or undoes a member's changes. An error means that SQLite has ended
// the whole transaction.
func (w *writer) settle(g *group, undo error) error {
	first := g.kept == 0
	if undo == nil {
		g.kept++
		if first {
			return nil
		}
		return w.do("RELEASE member")
	}
	if first {
		_ = w.do("ROLLBACK") // SQLite may have rolled back already
		if err := w.do("BEGIN IMMEDIATE"); err != nil {
			return undo
		}
		return nil
	}
	if err := w.do("ROLLBACK TO member"); err != nil { // a full disk, say, undid everything already
		return undo
	}
	return w.do("RELEASE member")
}

// next is the member that may still join the group, or nil.
func (w *writer) next(g *group) *member {
	if len(g.members) >= groupSize || time.Since(g.start) > w.groupTime {
		return nil
	}
	select {
	case m := <-w.queue: // nil when closed and drained
		return m
	default:
		return nil
	}
}

// errUnwound is why a member is undone whose function did not return.
var errUnwound = errors.New("the function did not return")

// lost is what all members of a group are told when it could not be committed.
func lost(err error) error {
	if err = Explain(err); errs.Is(err, errs.Unavailable) {
		return err
	}
	return away(err, "This could not be stored. Please try again.")
}

func (w *writer) do(sql string) error {
	_, err := w.c.Exec(context.Background(), sql, nil)
	return err
}

// renew opens the connection again after a failure, so that nothing of it stays.
func (w *writer) renew() {
	c, err := dialSQLite(w.path, false)
	if err != nil {
		return // the old one goes on, and the next failure tries again
	}
	_ = w.c.close()
	w.c = c
}

// answer ends a member that never got its turn.
func (m *member) answer(err error) {
	if m.state.CompareAndSwap(waiting, taken) {
		m.done <- err
	}
}

// scrub empties the log. Whoever still reads an old state prevents that for a
// moment; the writer does not wait for them, we do.
func (w *writer) scrub(ctx context.Context) error {
	for try := 0; ; try++ {
		err := w.checkpointed(ctx)
		if err != errReading || try == scrubTries {
			return err
		}
		if err := sleep(ctx, time.Duration(10<<try)*time.Millisecond); err != nil {
			return err
		}
	}
}

// scrubTries make some ten seconds in all.
const scrubTries = 10

var errReading = away(nil, "Deleted data could not be overwritten yet, because someone is still reading. Please try again.")

// checkpointed lets the writer's goroutine do a checkpoint between two groups.
func (w *writer) checkpointed(ctx context.Context) error {
	return w.between(ctx, w.checkpoint)
}

// between lets the writer's goroutine do something between two groups.
func (w *writer) between(ctx context.Context, fn func() error) error {
	m := &member{alone: fn, done: make(chan error, 1)}
	if err := w.enqueue(ctx, m); err != nil {
		return err
	}
	select {
	case err := <-m.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// shrink gives back the memory of pages that were read.
func (w *writer) shrink(ctx context.Context) error {
	return w.between(ctx, func() error { return w.do(shrink) })
}

// checkpoint moves the log into the database and cuts it.
func (w *writer) checkpoint() error {
	if err := w.do("PRAGMA busy_timeout = 20"); err != nil {
		return err
	}
	defer func() { _ = w.do("PRAGMA busy_timeout = 5000") }()
	rows, err := w.c.Query(context.Background(), "PRAGMA wal_checkpoint(TRUNCATE)", nil)
	if err != nil {
		return err
	}
	defer rows.Close()
	var busy, pages, moved int64
	for rows.Next() {
		if err := rows.Scan(&busy, &pages, &moved); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if busy != 0 {
		return errReading
	}
	return nil
}

func (w *writer) stats() Stats {
	return Stats{Commits: w.commits.Load(), Writes: w.writes.Load(), Failed: w.failed.Load(), Waiting: len(w.queue)}
}

func (w *writer) close() error {
	w.closing.Lock()
	if w.closed {
		w.closing.Unlock()
		return nil
	}
	w.closed = true
	close(w.queue)
	w.closing.Unlock()
	<-w.ended
	return errors.Join(w.disk.close(), w.c.close())
}
