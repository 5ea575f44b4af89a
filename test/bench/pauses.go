package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/media/audio"
	"nubitalk/internal/media/g711"
	"nubitalk/internal/media/mediatest"
	"nubitalk/internal/server/drive"
)

const (
	pauses      = 200
	pauseHolds  = 100 * time.Millisecond
	pauseRests  = 150 * time.Millisecond
	soundAtOnce = 30 * time.Second
)

// pauseLatency is from a payment page's request to pause, by the documented API with a key, until the
// last frame of the caller that is in the recording was sent. The caller is a browser
// whose frames are numbered in their octets, which the recording keeps as they are, so what it
// holds says which they were. A frame that was sent after the answer must not be in it.
func pauseLatency(r *run) error {
	dir, err := r.installation("pauses")
	if err != nil {
		return err
	}
	users, err := drive.Hire(r.ctx, dir, 1)
	if err != nil {
		return err
	}
	p, err := r.serve(dir, "")
	if err != nil {
		return err
	}
	defer p.Kill()
	ctx, cancel := context.WithTimeout(r.ctx, 10*time.Minute)
	defer cancel()
	c := &recordedCall{run: r, Program: p, agent: users[0]}
	c.agent.HTTP, c.agent.Base = drive.Client(), p.BaseURL
	if err := c.begin(ctx); err != nil {
		return err
	}
	defer c.close()
	var asks []asking
	for range pauses {
		if err := r.pause(pauseRests); err != nil {
			return err
		}
		a := asking{asked: time.Now()}
		if err := c.change(ctx, "pause"); err != nil {
			return err
		}
		a.answered = time.Now()
		if err := r.pause(pauseHolds); err != nil {
			return err
		}
		a.resumed = time.Now()
		if err := c.change(ctx, "resume"); err != nil {
			return err
		}
		asks = append(asks, a)
	}
	kept, err := c.kept(ctx)
	if err != nil {
		return err
	}
	var last, answers []float64
	for i, a := range asks {
		late := time.Duration(0)
		for n, at := range c.said.at {
			switch {
			case !kept[n] || at.Before(a.asked) || !at.Before(a.resumed):
			case at.After(a.answered):
				return fmt.Errorf("pause %d: a frame is kept that was sent %v after the answer", i, at.Sub(a.answered))
			default:
				late = max(late, at.Sub(a.asked))
			}
		}
		last, answers = append(last, late.Seconds()*1e3), append(answers, a.answered.Sub(a.asked).Seconds()*1e3)
	}
	slices.Sort(last)
	slices.Sort(answers)
	how := fmt.Sprintf("wall, from the request by the API until the last frame that is kept was sent; %d pauses of a call between browsers", pauses)
	r.figure("pause_latency_p50", median(last), "ms", atMost, 200, how)
	r.figure("pause_latency_p99", last[len(last)*99/100], "ms", atMost, 200, fmt.Sprintf("the longest of all was %.1f; none was kept that was sent after an answer", last[len(last)-1]))
	r.figure("pause_answer_p99", answers[len(answers)*99/100], "ms", noGoal, 0, fmt.Sprintf("wall, until the answer, when it is durable; median %.1f", median(answers)))
	return nil
}

// asking is a pause: when it was asked for, answered, and asked to end.
type asking struct{ asked, answered, resumed time.Time }

// recordedCall is a call between two browsers that is recorded.
type recordedCall struct {
	*run
	*drive.Program
	agent         *drive.User
	agentID       string
	boss          *drive.User // who listens
	key           string      // of the payment page
	visitor       *drive.Visitor
	caller, phone *mediatest.Browser
	live          *drive.Live
	said          numbered
	stop          context.CancelFunc
	speaks        sync.WaitGroup
}

// numbered is when each frame was sent.
type numbered struct{ at []time.Time }

func (c *recordedCall) begin(ctx context.Context) error {
	entry, err := c.furnish(ctx)
	if err != nil {
		return err
	}
	if c.live, err = c.agent.Live(ctx, ""); err != nil {
		return err
	}
	if err := c.agent.Do(ctx, "PUT", "desk/presence", map[string]string{"presence": "ready"}, nil); err != nil {
		return err
	}
	if c.visitor, _, err = drive.Chat(ctx, drive.Client(), c.BaseURL, entry, "Rita", "", "", "c1"); err != nil {
		return err
	}
	connect := func(post func(in, out any) error) (*mediatest.Browser, error) {
		b, err := mediatest.NewBrowser()
		if err != nil {
			return nil, err
		}
		offer, err := b.Offer(false)
		if err != nil {
			return b, err
		}
		var answer struct{ Description string }
		if err := post(map[string]string{"description": offer}, &answer); err != nil {
			return b, err
		}
		if err := b.Accept(answer.Description); err != nil {
			return b, err
		}
		return b, b.Connected(ctx)
	}
	if c.caller, err = connect(func(in, out any) error { return c.visitor.Do(ctx, "POST", "/sound", in, out) }); err != nil {
		return err
	}
	speaking, stop := context.WithCancel(ctx)
	c.stop = stop
	c.speaks.Go(func() { c.said.speak(speaking, c.caller) })
	offer, err := nextOffer(ctx, c.live, "")
	if err != nil {
		return err
	}
	if err := c.agent.Do(ctx, "POST", "offers/"+offer.ID+"/accept", nil, nil); err != nil {
		return err
	}
	if c.phone, err = connect(func(in, out any) error {
		return c.agent.Do(ctx, "POST", "interactions/"+offer.Interaction.ID+"/sound", in, out)
	}); err != nil {
		return err
	}
	c.phone.Talk(900)
	for {
		var now struct{ Recording struct{ Status string } }
		if err := c.agent.Do(ctx, "GET", "interactions/"+offer.Interaction.ID+"/call", nil, &now); err != nil || now.Recording.Status == "recording" {
			return err
		}
		if err := c.pause(20 * time.Millisecond); err != nil {
			return err
		}
	}
}

// furnish sets up who is called, what is recorded, and the payment page's key.
func (c *recordedCall) furnish(ctx context.Context) (entryPoint string, err error) {
	var users [2]*drive.User
	for i, role := range []string{"administrator", "supervisor"} {
		login, err := c.demo.Login("demo", role)
		if err != nil {
			return "", err
		}
		if users[i], err = drive.SignIn(ctx, drive.Client(), c.BaseURL, login); err != nil {
			return "", err
		}
	}
	admin := users[0]
	c.boss = users[1]
	var me struct {
		User struct{ ID string }
	}
	if err := c.agent.Do(ctx, "GET", "me", nil, &me); err != nil {
		return "", err
	}
	c.agentID = me.User.ID
	type m = map[string]any
	var queue, flow, entry, rule struct{ ID string }
	var key struct{ Secret string }
	for _, o := range []struct {
		kind string
		in   func() any
		out  any
	}{
		{"queues", func() any {
			return m{"name": "Payments", "channels": []string{"voice"}, "members": []string{c.agentID}, "wrap_up_seconds": 0}
		}, &queue},
		{"flows", func() any {
			return m{"name": "Payments", "graph": m{"start": "queue", "nodes": m{"queue": m{"type": "queue", "queue": queue.ID}}}}
		}, &flow},
		{"entry-points", func() any {
			point := setup.DefaultEntryPoint("Payments", flow.ID, "")
			point.Channel = acd.Voice
			return point
		}, &entry},
		{"recording-rules", func() any {
			return m{"name": "Payments", "percent": 100, "consent": "none", "queues": []string{queue.ID}}
		}, &rule},
	} {
		if err := admin.Do(ctx, "POST", o.kind, o.in(), o.out); err != nil {
			return "", fmt.Errorf("%s: %w", o.kind, err)
		}
	}
	// Who makes a key for recordings is administrator and supervisor.
	var boss struct {
		User struct {
			ID      string
			Version int64
		}
	}
	if err := c.boss.Do(ctx, "GET", "me", nil, &boss); err != nil {
		return "", err
	}
	if err := admin.Do(ctx, "PATCH", "users/"+boss.User.ID, m{"version": boss.User.Version, "roles": []string{"supervisor", "administrator"}}, nil); err != nil {
		return "", fmt.Errorf("users: %w", err)
	}
	if err := c.boss.Do(ctx, "POST", "api-keys", m{"name": "Payment page", "roles": []string{"supervisor"}, "scopes": []string{"recording.control"}}, &key); err != nil {
		return "", fmt.Errorf("api-keys: %w", err)
	}
	c.key = key.Secret
	return entry.ID, nil
}

// change is what a payment page asks of the recording, as docs/recording.md has it.
func (c *recordedCall) change(ctx context.Context, action string) error {
	body, err := json.Marshal(map[string]string{"action": action, "reason": "card", "agent": c.agentID})
	if err != nil {
		return err
	}
	q, err := http.NewRequestWithContext(ctx, "POST", c.BaseURL+"/api/v1/calls/recording", bytes.NewReader(body))
	if err != nil {
		return err
	}
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set("Authorization", "Bearer "+c.key)
	res, err := c.agent.HTTP.Do(q)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	said, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %d %s", action, res.StatusCode, said)
	}
	return err
}

func (c *recordedCall) close() {
	if c.stop != nil {
		c.stop()
		c.speaks.Wait()
	}
	for _, b := range []*mediatest.Browser{c.caller, c.phone} {
		if b != nil {
			b.Close()
		}
	}
	if c.live != nil {
		c.live.Close()
	}
}

// kept ends the call and says which frames are in its recording.
func (c *recordedCall) kept(ctx context.Context) (map[int]bool, error) {
	c.stop()
	c.speaks.Wait()
	if err := c.visitor.Do(ctx, "POST", "/end", map[string]any{}, nil); err != nil {
		return nil, err
	}
	rec, length, err := c.recording(ctx)
	if err != nil {
		return nil, err
	}
	var opened struct {
		Ticket string
		Tracks []string
	}
	if err := c.boss.Do(ctx, "POST", "recordings/"+rec+"/listen", map[string]string{"reason": "quality"}, &opened); err != nil {
		return nil, err
	}
	found := map[int]bool{}
	for from := time.Duration(0); from < length; from += soundAtOnce - time.Second { // a frame may lie across
		wav, err := c.part(ctx, rec, opened.Ticket, from, min(from+soundAtOnce, length))
		if err != nil {
			return nil, err
		}
		for _, n := range numbersIn(wav, len(opened.Tracks)) {
			found[n] = true
		}
	}
	if len(found) < len(c.said.at)/4 {
		return nil, fmt.Errorf("of %d frames that were sent the recording holds %d", len(c.said.at), len(found))
	}
	return found, nil
}

// recording waits until the call's recording has ended.
func (c *recordedCall) recording(ctx context.Context) (rec string, length time.Duration, err error) {
	for {
		var list struct {
			Items []struct {
				ID       string    `json:"id"`
				LengthMS int64     `json:"length_ms"`
				EndedAt  time.Time `json:"ended_at"`
			} `json:"items"`
		}
		if err := c.boss.Do(ctx, "GET", "interactions/"+c.visitor.Interaction+"/recordings", nil, &list); err != nil {
			return "", 0, err
		}
		switch {
		case len(list.Items) > 1:
			return "", 0, errors.New("the call has several recordings")
		case len(list.Items) == 1 && !list.Items[0].EndedAt.IsZero():
			return list.Items[0].ID, time.Duration(list.Items[0].LengthMS) * time.Millisecond, nil
		}
		if err := c.pause(50 * time.Millisecond); err != nil {
			return "", 0, err
		}
	}
}

// part is a part of a recording's sound, as WAV.
func (c *recordedCall) part(ctx context.Context, rec, ticket string, from, until time.Duration) ([]byte, error) {
	return heardPart(ctx, c.boss, rec, ticket, from, until)
}

// heardPart has a user hear a part of a recording.
func heardPart(ctx context.Context, u *drive.User, rec, ticket string, from, until time.Duration) ([]byte, error) {
	q, err := http.NewRequestWithContext(ctx, "GET", fmt.Sprintf("%s/api/v1/recordings/%s/sound?ticket=%s&from_ms=%d&until_ms=%d", u.Base, rec, ticket, from.Milliseconds(), until.Milliseconds()), nil)
	if err != nil {
		return nil, err
	}
	q.AddCookie(u.Cookie)
	res, err := u.HTTP.Do(q)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	wav, err := io.ReadAll(res.Body)
	if err == nil && (res.StatusCode != http.StatusOK || res.Header.Get("Recording-Missing") != "") {
		err = fmt.Errorf("a recording's sound: %d, missing %q", res.StatusCode, res.Header.Get("Recording-Missing"))
	}
	return wav, err
}

// A frame's octets are groups of four that begin each and four that are its number,
// of values that A-law gives back as they were.
var groupBegins = []byte{0x61, 0x62, 0x63, 0x64}

const group = 8

// speak sends a frame every 20 ms until ctx ends.
func (s *numbered) speak(ctx context.Context, b *mediatest.Browser) {
	ticker := time.NewTicker(audio.FrameTime)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		n := len(s.at)
		octets := make([]byte, 0, audio.Samples)
		for len(octets) < audio.Samples {
			octets = append(octets, groupBegins...)
			octets = append(octets, 0x40|byte(n>>12&15), 0x40|byte(n>>8&15), 0x40|byte(n>>4&15), 0x40|byte(n&15))
		}
		s.at = append(s.at, time.Now())
		if b.Speak(octets) != nil {
			return // a closed connection is found by what is missing
		}
	}
}

// numbersIn are the frames that the first of a WAV's channels has something of.
func numbersIn(wav []byte, channels int) (all []int) {
	const head = 44
	if len(wav) < head {
		return nil
	}
	pcm := make([]int16, (len(wav)-head)/(2*channels))
	for i := range pcm {
		at := head + 2*channels*i
		pcm[i] = int16(uint16(wav[at]) | uint16(wav[at+1])<<8)
	}
	octets := make([]byte, len(pcm))
	g711.A.EncodeTo(octets, pcm)
	for at := 0; ; {
		i := bytes.Index(octets[at:], groupBegins)
		if i < 0 || at+i+group > len(octets) {
			return all
		}
		n := 0
		for _, o := range octets[at+i+len(groupBegins) : at+i+group] {
			if o&0xF0 != 0x40 {
				n = -1
				break
			}
			n = n<<4 | int(o&15)
		}
		if n >= 0 {
			all = append(all, n)
		}
		at += i + len(groupBegins)
	}
}
