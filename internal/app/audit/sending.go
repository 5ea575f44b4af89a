package audit

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"strconv"
	"sync/atomic"
	"time"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/store"
)

const (
	sendEach   = time.Second // between two looks for new entries
	sendPage   = 500
	senderName = "audit sending" // of the lease
	senderHold = 30 * time.Second
)

// Collector takes entries for the operator. A connection has a number that is another after
// each interruption; Send fails on one that is not open any more. Nothing says what arrived.
type Collector interface {
	Connection() uint64 // 0: none is open
	Send(connection uint64, entries []Sent) error
}

// Sent is an entry as it leaves the program.
type Sent struct {
	At   time.Time
	Data [][2]string // what it is found by: words, ids and numbers
	Text []byte      // all of it, a line of JSON that VerifySent reads
}

// SenderDeps are what a Sender works with.
type SenderDeps struct {
	DB      *store.DB
	To      Collector
	Settled time.Duration // how long a connection must last after an entry was sent for it to count as arrived
	Clock   clock.Clock
	Log     *slog.Logger
	Node    string // this node's id, new at each start; holder of the lease
}

// Sender sends the audit logs of all organisations to the operator's collector, each entry
// at least once and those of an organisation in their order. How far it came stands in the
// database: what was sent counts once the connection lasted long enough after it; when it
// ended before, it is sent again. Of all nodes one sends.
type Sender struct {
	SenderDeps
	connection uint64
	unsettled  map[id.Tenant]*unsettled
	operator   id.Tenant
	until      time.Time // the lease is held

	sent    atomic.Int64
	waiting atomic.Int64

	stop context.CancelFunc // nil while not running
	done chan struct{}
}

// unsettled is how far an organisation's log was sent, and since when.
type unsettled struct {
	upTo  int64
	marks []sentMark
}

type sentMark struct {
	seq int64
	at  time.Time
}

// NewSender makes a Sender.
func NewSender(d SenderDeps) *Sender {
	return &Sender{SenderDeps: d, unsettled: map[id.Tenant]*unsettled{}}
}

// Stats says how many entries this node sent, and how many waited when it looked last.
func (s *Sender) Stats() (sent, waiting int64) { return s.sent.Load(), s.waiting.Load() }

// Start begins to send.
func (s *Sender) Start(context.Context) error {
	if s.stop != nil {
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.stop, s.done = cancel, make(chan struct{})
	go func() {
		defer close(s.done)
		for {
			if err := s.Round(ctx); err != nil && ctx.Err() == nil {
				s.Log.Warn("the audit log could not be sent and will be", "code", errs.As(err).Code, "error", err)
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(sendEach):
			}
		}
	}()
	return nil
}

// Stop ends it. What did not count as arrived yet is sent again by who sends next.
func (s *Sender) Stop(ctx context.Context) error {
	if s.stop == nil {
		return nil
	}
	s.stop()
	s.stop = nil
	select {
	case <-s.done:
	case <-ctx.Done():
		return errs.As(ctx.Err())
	}
	if s.operator == "" || s.until.IsZero() {
		return nil
	}
	return s.DB.Write(ctx, s.operator, func(tx *store.Tx) error { return tx.ReleaseLease(senderName, s.Node) })
}

// Round sends what was not sent, and notes what arrived. It is for one goroutine.
func (s *Sender) Round(ctx context.Context) error {
	if now := s.To.Connection(); now != s.connection {
		s.connection, s.unsettled = now, map[id.Tenant]*unsettled{}
	}
	var behind []store.AuditBehind
	err := s.DB.SystemRead(ctx, func(tx *store.Tx) (err error) {
		behind, err = tx.AuditsBehind()
		return err
	})
	if err != nil {
		return err
	}
	for t, u := range s.unsettled {
		if len(u.marks) == 0 {
			delete(s.unsettled, t) // it is as the database says
		}
	}
	waiting := int64(0)
	for _, b := range behind {
		from := b.Sent
		if u := s.unsettled[b.Tenant]; u != nil {
			from = max(from, u.upTo)
		}
		waiting += max(b.Last-from, 0)
	}
	s.waiting.Store(waiting)
	if len(behind) == 0 || s.connection == 0 {
		return nil
	}
	if mine, err := s.mine(ctx); err != nil || !mine {
		s.unsettled = map[id.Tenant]*unsettled{} // another node begins where it is noted
		return err
	}
	for _, b := range behind {
		if err := s.send(ctx, b); err != nil {
			return err
		}
	}
	return nil
}

// mine takes or keeps the lease of who sends. It belongs to the operator.
func (s *Sender) mine(ctx context.Context) (bool, error) {
	now := s.Clock.Now()
	if now.Before(s.until.Add(-senderHold / 2)) {
		return true, nil
	}
	if s.operator == "" {
		err := s.DB.SystemRead(ctx, func(tx *store.Tx) (err error) {
			s.operator, err = tx.OperatorID()
			return err
		})
		if errs.Is(err, errs.NotFound) { // nobody has set this installation up
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
	held := false
	err := s.DB.Write(ctx, s.operator, func(tx *store.Tx) (err error) {
		_, held, err = tx.Lease(senderName, s.Node, senderHold, now)
		return err
	})
	s.until = time.Time{}
	if err == nil && held {
		s.until = now.Add(senderHold)
	}
	return held, err
}

// send sends an organisation's entries that were not.
func (s *Sender) send(ctx context.Context, b store.AuditBehind) error {
	u := s.unsettled[b.Tenant]
	if u == nil {
		u = &unsettled{upTo: b.Sent}
		s.unsettled[b.Tenant] = u
	}
	for u.upTo < b.Last {
		if err := s.settle(ctx, b.Tenant, u); err != nil {
			return err
		}
		var rows []store.AuditRow
		err := s.DB.Read(ctx, b.Tenant, func(tx *store.Tx) (err error) {
			rows, err = tx.AuditAfter(u.upTo, sendPage)
			return err
		})
		if err != nil {
			return err
		}
		next := b.Last + 1
		if len(rows) > 0 {
			next = rows[0].Seq
		}
		if next > u.upTo+1 {
			s.Log.Warn("entries of an audit log ended before they were sent", "tenant", b.Tenant, "from", u.upTo+1, "to", next-1)
		}
		if len(rows) == 0 {
			u.upTo = b.Last
		} else {
			if err := s.To.Send(s.connection, sentOf(b.Tenant, rows)); err != nil {
				s.connection, s.unsettled = 0, map[id.Tenant]*unsettled{}
				return err
			}
			s.sent.Add(int64(len(rows)))
			u.upTo = rows[len(rows)-1].Seq
		}
		u.marks = append(u.marks, sentMark{u.upTo, s.Clock.Now()})
	}
	return s.settle(ctx, b.Tenant, u)
}

// settle notes what was sent long enough ago.
func (s *Sender) settle(ctx context.Context, t id.Tenant, u *unsettled) error {
	n, now := 0, s.Clock.Now()
	for n < len(u.marks) && now.Sub(u.marks[n].at) >= s.Settled {
		n++
	}
	if n == 0 || s.To.Connection() != s.connection {
		return nil
	}
	seq := u.marks[n-1].seq
	if err := s.DB.Write(ctx, t, func(tx *store.Tx) error { return tx.NoteAuditSent(seq) }); err != nil {
		return err
	}
	u.marks = u.marks[n:]
	return nil
}

// sentLine is an entry of an organisation, in the words of its export.
type sentLine struct {
	Organisation id.Tenant `json:"organisation"`
	line
}

func sentOf(t id.Tenant, rows []store.AuditRow) []Sent {
	out := make([]Sent, len(rows))
	for i, r := range rows {
		l := sentLine{t, line{Seq: r.Seq, At: r.At, ActorKind: r.ActorKind, ActorID: r.ActorID, Action: r.Action, ObjectKind: r.ObjectKind, ObjectID: r.ObjectID,
			Detail: r.Detail, PrevHash: hex.EncodeToString(r.PrevHash), Hash: hex.EncodeToString(r.Hash)}}
		text, _ := json.Marshal(l) // words, numbers and times only
		out[i] = Sent{At: r.At, Text: text, Data: [][2]string{{"organisation", string(t)}, {"seq", strconv.FormatInt(r.Seq, 10)}, {"actor_kind", r.ActorKind}, {"actor", r.ActorID},
			{"action", r.Action}, {"object_kind", r.ObjectKind}, {"object", r.ObjectID}, {"prev_hash", l.PrevHash}, {"hash", l.Hash}}}
	}
	return out
}
