package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"nubitalk/internal/server/drive"
)

// Sizes of the message benches.
const (
	talkers    = 250  // conversations at once: what five agents can hold
	alone      = 300  // messages that are written one at a time, for the latency
	pace       = 1000 // messages a second for message_cpu_paced
	paceFor    = 5 * time.Second
	alsoWithin = 30 * time.Second // for the last events to reach the desks
)

// ear is what the agents' live connections heard.
type ear struct {
	mu    sync.Mutex
	times map[string]int // by client id
	at    map[string]time.Time
}

var clientID = []byte(`"client_id":"`)

func (e *ear) hear(frame []byte) {
	_, rest, ok := bytes.Cut(frame, clientID)
	if !ok {
		return // the bot's
	}
	id, _, _ := bytes.Cut(rest, []byte{'"'})
	e.mu.Lock()
	defer e.mu.Unlock()
	e.times[string(id)]++
	e.at[string(id)] = time.Now()
}

func (e *ear) count(id string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.times[id]
}

// messages are written by visitors on their sockets, stored, and read by agents
// on their live connections.
func messages(r *run) error {
	dir, err := r.installation("messages")
	if err != nil {
		return err
	}
	p, err := r.serve(dir, "")
	if err != nil {
		return err
	}
	defer p.Kill()
	ctx, cancel := context.WithCancel(r.ctx)
	defer cancel()
	e := &ear{times: map[string]int{}, at: map[string]time.Time{}}
	c, err := r.open(ctx, p, e.hear)
	if err != nil {
		return err
	}
	all, err := c.crowd(ctx, talkers)
	if err != nil {
		return err
	}
	if err := c.answered(ctx, all); err != nil {
		return err
	}
	if err := r.latency(ctx, e, all[0]); err != nil {
		return err
	}
	if err := r.paced(ctx, p, all); err != nil {
		return err
	}
	if err := r.sustained(ctx, p, all); err != nil {
		return err
	}
	return nothingLost(ctx, e, all)
}

// crowd lets n visitors arrive.
func (c *company) crowd(ctx context.Context, n int) ([]*talker, error) {
	h := drive.Client()
	all := make([]*talker, n)
	err := each(n, 16, func(i int) (err error) {
		all[i], err = c.arrive(ctx, h, fmt.Sprintf("v%d", i), choice)
		return err
	})
	return all, err
}

// answered waits until an agent has every conversation.
func (c *company) answered(ctx context.Context, all []*talker) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return each(len(all), 4, func(i int) error {
		for {
			now, err := all[i].Conversation(ctx, 0)
			if err != nil || now.State.State == "active" {
				return err
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("%s was not answered, it is %s", all[i].name, now.State.State)
			case <-time.After(50 * time.Millisecond):
			}
		}
	})
}

// latency is from a visitor's sending to the agent's reading, with nothing else
// going on.
func (r *run) latency(ctx context.Context, e *ear, t *talker) error {
	var took []float64
	for range alone {
		began := time.Now()
		if err := t.say(ctx); err != nil {
			return err
		}
		id := t.acked[len(t.acked)-1]
		for e.count(id) == 0 {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			time.Sleep(50 * time.Microsecond)
		}
		e.mu.Lock()
		took = append(took, e.at[id].Sub(began).Seconds()*1e3)
		e.mu.Unlock()
	}
	r.figure("message_latency_p50", median(took), "ms", atMost, 5, "wall, one at a time; the machine should be idle")
	return nil
}

// paced is the server's CPU time per message at a pace that it keeps easily.
func (r *run) paced(ctx context.Context, p *drive.Program, all []*talker) error {
	before, err := cpu(p.PID())
	if err != nil {
		return err
	}
	began := time.Now()
	until := began.Add(paceFor)
	gap := time.Second * time.Duration(len(all)) / pace
	var n atomic.Int64
	err = each(len(all), len(all), func(i int) error {
		for at := began.Add(gap * time.Duration(i) / time.Duration(len(all))); at.Before(until); at = at.Add(gap) {
			if wait := time.Until(at); wait > 0 {
				time.Sleep(wait)
			}
			if err := all[i].say(ctx); err != nil {
				return err
			}
			n.Add(1)
		}
		return nil
	})
	if err != nil {
		return err
	}
	took := time.Since(began).Seconds()
	after, err := cpu(p.PID())
	if err != nil {
		return err
	}
	r.figure("message_cpu_paced", float64((after-before).Microseconds())/float64(n.Load()), "µs", noGoal, 0,
		fmt.Sprintf("server CPU a message, at %.0f a second from %d visitors", float64(n.Load())/took, len(all)))
	return nil
}

// sustained is how many messages a second get through when every visitor writes
// the next as soon as the last is stored.
func (r *run) sustained(ctx context.Context, p *drive.Program, all []*talker) error {
	before, err := cpu(p.PID())
	if err != nil {
		return err
	}
	defer light()()
	mine, err := cpu(os.Getpid())
	if err != nil {
		return err
	}
	began := time.Now()
	until := began.Add(time.Duration(r.seconds) * time.Second)
	var n atomic.Int64
	err = each(len(all), len(all), func(i int) error {
		for time.Now().Before(until) {
			if err := all[i].say(ctx); err != nil {
				return err
			}
			n.Add(1)
		}
		return nil
	})
	if err != nil {
		return err
	}
	took := time.Since(began).Seconds()
	after, err := cpu(p.PID())
	if err != nil {
		return err
	}
	mineAfter, err := cpu(os.Getpid())
	if err != nil {
		return err
	}
	used := (after - before).Seconds()
	r.figure("messages_per_second", float64(n.Load())/took, "msg/s", atLeast, 5000,
		fmt.Sprintf("wall, %d visitors, %d agents; the server got %.2f processors, the load beside it took %.2f",
			len(all), len(salesAgents), used/took, (mineAfter-mine).Seconds()/took))
	r.figure("message_cpu", used*1e6/float64(n.Load()), "µs", atMost, 300, "server CPU a message, at that rate")
	return nil
}

// light makes the load cost the machine less that it shares with the server, as
// the load is not what is measured: it keeps to one processor, which needs no
// waking of another, and collects garbage seldom.
func light() (restore func()) {
	procs, percent := runtime.GOMAXPROCS(1), debug.SetGCPercent(1000)
	return func() {
		runtime.GOMAXPROCS(procs)
		debug.SetGCPercent(percent)
	}
}

// nothingLost reads every conversation again: each acknowledged message is there
// once, in order, and the agent heard it once.
func nothingLost(ctx context.Context, e *ear, all []*talker) error {
	h := &http.Client{Timeout: time.Minute}
	deadline := time.Now().Add(alsoWithin)
	total := atomic.Int64{}
	err := each(len(all), 8, func(i int) error {
		t := all[i]
		t.HTTP = h
		stored := map[string]int{}
		for after := int64(0); ; {
			page, err := t.Conversation(ctx, after)
			if err != nil {
				return err
			}
			for _, m := range page.Messages {
				if m.Seq <= after {
					return fmt.Errorf("%s: number %d follows %d", t.name, m.Seq, after)
				}
				after = m.Seq
				stored[m.ClientID]++
			}
			if !page.More {
				break
			}
		}
		for _, id := range t.acked {
			if stored[id] != 1 {
				return fmt.Errorf("the acknowledged message %s is stored %d times", id, stored[id])
			}
			for e.count(id) == 0 && time.Now().Before(deadline) {
				time.Sleep(10 * time.Millisecond)
			}
			if n := e.count(id); n != 1 {
				return fmt.Errorf("the agent heard the message %s %d times", id, n)
			}
		}
		total.Add(int64(len(t.acked)))
		return nil
	})
	if err == nil && total.Load() == 0 {
		err = fmt.Errorf("no message was written")
	}
	return err
}
