package crash

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"nubitalk/internal/server/drive"
	"nubitalk/internal/store"
	"nubitalk/internal/store/storetest"
)

// load is what is going on while the program is killed again and again.
type load struct {
	t     *testing.T
	base  string
	entry string
	seed  uint64
	drain atomic.Bool // no new conversations

	mu    sync.Mutex
	talks []*talk
	fault []string
}

// talk is one visitor's conversation and what was acknowledged to it.
type talk struct {
	v     *drive.Visitor
	acked map[string]ack // by client id
	ended bool
}

type ack struct {
	seq  int64
	text string
}

func TestKillAtRandom(t *testing.T) {
	killAtRandom(t, "CRASHES", 6, "")
}

// The same over PostgreSQL, which goes on while the program is killed.
func TestKillAtRandomOverPostgres(t *testing.T) {
	killAtRandom(t, "CRASHES_POSTGRES", 2, storetest.Postgres(t))
}

func killAtRandom(t *testing.T, setting string, rounds int, database string) {
	if n, err := strconv.Atoi(os.Getenv(setting)); err == nil && n > 0 {
		rounds = n
	}
	seed := uint64(time.Now().UnixNano())
	if s, err := strconv.ParseUint(os.Getenv("SEED"), 10, 64); err == nil {
		seed = s
	}
	t.Logf("%d kills, SEED=%d", rounds, seed)
	random := rand.New(rand.NewPCG(seed, 1))
	n := newNode(t, database)
	p := n.start(t)
	l := &load{t: t, base: p.BaseURL, entry: n.entry, seed: seed}
	end := l.begin(n.agents)
	patience, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	l.more(patience, t, 10) // on a busy machine the first may take long
	for range rounds {
		pause(t.Context(), time.Duration(150+random.IntN(1500))*time.Millisecond)
		p.Kill()
		p = n.start(t)
	}
	l.drain.Store(true)
	l.settle(t)
	end()
	l.check(t)
	stop(t, p)
	if database == "" {
		l.checkOffers(t, store.Config{Driver: store.SQLite, DSN: filepath.Join(n.dir, "nubitalk.db")})
	}
}

// begin lets visitors and agents come; end waits until they have gone.
func (l *load) begin(agents []drive.Login) (end func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for i, login := range agents {
		wg.Go(func() { l.agent(ctx, login, i) })
	}
	for i := range 12 {
		wg.Go(func() { l.visitors(ctx, i) })
	}
	return func() { cancel(); wg.Wait() }
}

// pause waits, as a person or a power cut does; nothing is asserted on it.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

func (l *load) failed(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fault = append(l.fault, fmt.Sprintf(format, args...))
}

// visitors holds one conversation after the other.
func (l *load) visitors(ctx context.Context, n int) {
	c := drive.Client()
	random := rand.New(rand.NewPCG(l.seed, uint64(100+n)))
	for i := 0; ctx.Err() == nil && !l.drain.Load(); i++ {
		v, first, err := drive.Chat(ctx, c, l.base, l.entry, fmt.Sprintf("Visitor %d-%d", n, i), "", "hello", fmt.Sprintf("first-%d-%d", n, i))
		if err != nil {
			pause(ctx, 50*time.Millisecond)
			continue
		}
		k := &talk{v: v, acked: map[string]ack{}}
		l.mu.Lock()
		l.talks = append(l.talks, k)
		l.mu.Unlock()
		l.converse(ctx, k, first, 2+random.IntN(8))
	}
}

// converse chooses what the bot offers, then writes messages; each is sent
// again with the same client id until it is acknowledged.
func (l *load) converse(ctx context.Context, k *talk, first drive.Conversation, count int) {
	for _, m := range first.Messages {
		if len(m.Buttons) > 0 {
			b := m.Buttons[0]
			l.insist(ctx, k, fmt.Sprintf("choice-%d", m.Seq), b.Label, func(id string) (drive.Message, error) { return k.v.Choose(ctx, id, b.Value) })
		}
	}
	for i := range count {
		if !l.insist(ctx, k, fmt.Sprintf("m%d", i), fmt.Sprintf("message %d", i), func(id string) (drive.Message, error) {
			return k.v.Say(ctx, id, fmt.Sprintf("message %d", i))
		}) {
			return
		}
	}
}

// insist sends until acknowledged; false when the conversation has ended.
func (l *load) insist(ctx context.Context, k *talk, clientID, text string, send func(id string) (drive.Message, error)) bool {
	for ctx.Err() == nil {
		m, err := send(clientID)
		if err == nil {
			l.mu.Lock()
			if old, ok := k.acked[clientID]; ok && old.seq != m.Seq {
				l.fault = append(l.fault, fmt.Sprintf("%s: %s was acknowledged as %d and as %d", k.v.Interaction, clientID, old.seq, m.Seq))
			}
			k.acked[clientID] = ack{m.Seq, text}
			l.mu.Unlock()
			return true
		}
		if p, ok := err.(*drive.Problem); ok && p.Status < 500 && p.Status != 429 {
			if p.Status != 409 && p.Status != 410 && p.Status != 422 {
				l.failed("%s: %s: %v", k.v.Interaction, clientID, err)
			}
			return false
		}
		pause(ctx, 30*time.Millisecond)
	}
	return false
}

// agent keeps a desk open and handles what it is offered.
func (l *load) agent(ctx context.Context, login drive.Login, n int) {
	random := rand.New(rand.NewPCG(l.seed, uint64(1000+n)))
	var u *drive.User
	for ctx.Err() == nil {
		if u == nil {
			var err error
			if u, err = drive.SignIn(ctx, drive.Client(), l.base, login); err != nil {
				u = nil
				pause(ctx, 100*time.Millisecond)
				continue
			}
		}
		live, err := u.Live(ctx, "")
		if err != nil {
			pause(ctx, 50*time.Millisecond)
			continue
		}
		l.shift(ctx, u, live, random)
		live.Close()
	}
}

// shift works until the connection breaks.
func (l *load) shift(ctx context.Context, u *drive.User, live *drive.Live, random *rand.Rand) {
	broken := make(chan struct{})
	woke := make(chan struct{}, 1)
	go func() {
		defer close(broken)
		for {
			if _, err := live.Next(ctx); err != nil {
				return
			}
			select {
			case woke <- struct{}{}:
			default:
			}
		}
	}()
	if err := u.Do(ctx, "PUT", "desk/presence", map[string]string{"presence": "ready", "reason": ""}, nil); err != nil {
		pause(ctx, 50*time.Millisecond)
		return
	}
	for ctx.Err() == nil {
		if err := l.handle(ctx, u, random); err != nil {
			return
		}
		select {
		case <-broken:
			return
		case <-woke:
		case <-ctx.Done():
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// handle accepts every offer, answers every conversation, and ends some.
func (l *load) handle(ctx context.Context, u *drive.User, random *rand.Rand) error {
	var d drive.Desk
	if err := u.Do(ctx, "GET", "desk", nil, &d); err != nil {
		return err
	}
	for _, o := range d.Offers {
		if err := refused(u.Do(ctx, "POST", "offers/"+o.ID+"/accept", nil, nil)); err != nil {
			return err
		}
	}
	for _, w := range d.Work {
		if w.State == "active" && random.IntN(3) > 0 {
			id := fmt.Sprintf("a%x", random.Uint64())
			if err := refused(u.Do(ctx, "POST", "interactions/"+w.ID+"/messages", map[string]string{"client_id": id, "kind": "text", "text": "answer " + id}, nil)); err != nil {
				return err
			}
			continue
		}
		if err := refused(u.Do(ctx, "POST", "interactions/"+w.ID+"/finish", nil, nil)); err != nil {
			return err
		}
		if err := l.complete(ctx, u, w.ID); err != nil {
			return err
		}
	}
	return nil
}

func (l *load) complete(ctx context.Context, u *drive.User, interaction string) error {
	var list struct {
		Items []struct {
			ID string `json:"id"`
		} `json:"items"`
	}
	if err := u.Do(ctx, "GET", "dispositions", nil, &list); err != nil {
		return err
	}
	in := map[string]any{"disposition": "", "labels": []string{}}
	if len(list.Items) > 0 {
		in["disposition"] = list.Items[0].ID
	}
	return refused(u.Do(ctx, "POST", "interactions/"+interaction+"/complete", in, nil))
}

// refused lets through only what means that the program is not there: an answer
// such as "the offer has ended" is an answer.
func refused(err error) error {
	if p, ok := err.(*drive.Problem); ok && p.Status < 500 {
		return nil
	}
	return err
}

// settle waits until every conversation is closed: none may stick.
func (l *load) settle(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	for ctx.Err() == nil {
		open := l.open(ctx)
		if len(open) == 0 {
			return
		}
		pause(ctx, 300*time.Millisecond)
	}
	for _, k := range l.open(context.Background()) {
		c, err := k.v.Conversation(context.Background(), 0)
		t.Errorf("%s sticks: %+v %v", k.v.Interaction, c.State, err)
	}
}

func (l *load) open(ctx context.Context) (out []*talk) {
	l.mu.Lock()
	all := append([]*talk(nil), l.talks...)
	l.mu.Unlock()
	for _, k := range all {
		if k.ended {
			continue
		}
		c, err := k.v.Conversation(ctx, 0)
		if err != nil || !c.State.Ended {
			out = append(out, k)
			continue
		}
		k.ended = true
	}
	return out
}

// check compares each conversation with what was acknowledged.
func (l *load) check(t *testing.T) {
	for _, f := range l.fault {
		t.Error(f)
	}
	messages := 0
	for _, k := range l.talks {
		c, err := k.v.Conversation(context.Background(), 0)
		if err != nil {
			t.Errorf("%s cannot be read: %v", k.v.Interaction, err)
			continue
		}
		seen := map[string]int{}
		last := int64(0)
		for _, m := range c.Messages {
			if m.Seq != last+1 {
				t.Errorf("%s: %d follows %d", k.v.Interaction, m.Seq, last)
			}
			last = m.Seq
			if m.AuthorKind != "visitor" {
				continue
			}
			seen[m.ClientID]++
			if a, ok := k.acked[m.ClientID]; ok && (a.seq != m.Seq || a.text != m.Text) {
				t.Errorf("%s: %s was acknowledged as %d %q and is %d %q", k.v.Interaction, m.ClientID, a.seq, a.text, m.Seq, m.Text)
			}
		}
		for id := range k.acked {
			if seen[id] != 1 {
				t.Errorf("%s: acknowledged %s is there %d times", k.v.Interaction, id, seen[id])
			}
		}
		for id, n := range seen {
			if n > 1 {
				t.Errorf("%s: %s is there %d times", k.v.Interaction, id, n)
			}
		}
		messages += len(k.acked)
	}
	t.Logf("%d conversations, %d acknowledged messages", len(l.talks), messages)
	if len(l.talks) == 0 || messages == 0 {
		t.Error("there was no load, so nothing was checked")
	}
}
