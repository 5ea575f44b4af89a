package sip

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/voice/sip/auth"
	"nubitalk/internal/channel/voice/sip/dialog"
	"nubitalk/internal/channel/voice/sip/gateway"
	"nubitalk/internal/channel/voice/sip/wire"
)

// box is one account's messages, as a test sets them.
type box struct{ fresh, heard atomic.Int64 }

func (b *box) of(account string) func(string) (Messages, bool) {
	return func(who string) (Messages, bool) {
		return Messages{Fresh: int(b.fresh.Load()), Heard: int(b.heard.Load())}, who == account
	}
}

// desk is a phone that a test plays by hand, over a connection.
type desk struct {
	t      *testing.T
	c      net.Conn
	r      *bufio.Reader
	server Target
	user   string
	word   string // its password
	count  int
	// What it got that it did not wait for yet.
	answers, asked []*wire.Message
}

func newDesk(t *testing.T, e *Endpoint, user, word string) *desk {
	t.Helper()
	to := target(e, TCP)
	c, err := net.Dial("tcp", net.JoinHostPort(to.Host, strconv.Itoa(to.Port)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return &desk{t: t, c: c, r: bufio.NewReader(c), server: to, user: user, word: word}
}

// read takes the next message.
func (d *desk) read() {
	d.t.Helper()
	_ = d.c.SetReadDeadline(time.Now().Add(patience))
	var head bytes.Buffer
	length := 0
	for {
		line, err := d.r.ReadString('\n')
		if err != nil {
			d.t.Fatalf("nothing more arrives: %v", err)
		}
		head.WriteString(line)
		if n, ok := strings.CutPrefix(strings.ToLower(line), "content-length:"); ok {
			length, _ = strconv.Atoi(strings.TrimSpace(n))
		}
		if line == "\r\n" {
			break
		}
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(d.r, body); err != nil {
		d.t.Fatal(err)
	}
	m, fault := wire.Parse(append(head.Bytes(), body...))
	if fault != nil {
		d.t.Fatalf("%s", fault.Why)
	}
	if m.IsRequest() {
		d.asked = append(d.asked, m)
	} else {
		d.answers = append(d.answers, m)
	}
}

// told is the next NOTIFY, which is answered with a code.
func (d *desk) told(code int) *wire.Message {
	d.t.Helper()
	for len(d.asked) == 0 {
		d.read()
	}
	m := d.asked[0]
	d.asked = d.asked[1:]
	if m.Method != wire.Notify || m.Get("Event") == "" {
		d.t.Fatalf("%s came", m)
	}
	if _, err := d.c.Write(m.Answer(code, "").Append(nil)); err != nil {
		d.t.Fatal(err)
	}
	return m
}

// dialogOf is what a request within a subscription names.
type dialogOf struct {
	callID, tag string
	seq         int
}

// asks sends a SUBSCRIBE, with the password where it is wanted, and gives the answer.
func (d *desk) asks(in *dialogOf, change func(fields map[string]string)) *wire.Message {
	d.t.Helper()
	proof := ""
	for {
		d.count++
		in.seq++
		to := "<sip:" + d.user + "@phones.example>"
		f := map[string]string{"To": to, "Event": messageSummary, "Expires": "600", "Accept": summaryType, "Contact": "<sip:x@192.0.2.77:9;transport=tcp>"}
		if in.tag != "" {
			f["To"] += ";tag=" + in.tag
		}
		if change != nil {
			change(f)
		}
		var b strings.Builder
		fmt.Fprintf(&b, "SUBSCRIBE sip:phones.example SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.77;branch=z9hG4bK%d\r\nMax-Forwards: 70\r\nFrom: <sip:%s@phones.example>;tag=f\r\nCall-ID: %s\r\nCSeq: %d SUBSCRIBE\r\n", d.count, d.user, in.callID, in.seq)
		for k, v := range f {
			if v != "" {
				fmt.Fprintf(&b, "%s: %s\r\n", k, v)
			}
		}
		fmt.Fprintf(&b, "%sContent-Length: 0\r\n\r\n", proof)
		if _, err := io.WriteString(d.c, b.String()); err != nil {
			d.t.Fatal(err)
		}
		for len(d.answers) == 0 {
			d.read()
		}
		m := d.answers[0]
		d.answers = d.answers[1:]
		if m.Code != 401 || proof != "" {
			return m
		}
		value, _, err := auth.Answer(m.All("WWW-Authenticate"), auth.Request{Method: wire.Subscribe, URI: "sip:phones.example", Cnonce: "c", Count: 1}, credentials(d.user, d.word))
		if err != nil {
			d.t.Fatal(err)
		}
		proof = "Authorization: " + value + "\r\n"
	}
}

// subscribes begins a subscription that must be granted.
func (d *desk) subscribes(callID string) *dialogOf {
	d.t.Helper()
	in := &dialogOf{callID: callID}
	m := d.asks(in, nil)
	if m.Code != 200 || m.Get("Expires") != "600" || len(m.Contact) != 1 {
		d.t.Fatalf("%s, for %q s", m, m.Get("Expires"))
	}
	in.tag = m.To.Tag()
	return in
}

func says(t *testing.T, m *wire.Message, state, body string) {
	t.Helper()
	got := m.Get("Subscription-State")
	if !strings.HasPrefix(got, state) || string(m.Body) != body || body != "" && m.ContentType != summaryType {
		t.Errorf("%q: %q %q, wanted %q %q", got, m.ContentType, m.Body, state, body)
	}
}

const (
	noneWait = "Messages-Waiting: no\r\nVoice-Message: 0/0\r\n"
	twoWait  = "Messages-Waiting: yes\r\nVoice-Message: 2/1\r\n"
	oneWaits = "Messages-Waiting: yes\r\nVoice-Message: 1/2\r\n"
)

// A phone is told at once, at each change, once for several changes that crossed its
// answer, at a refresh, and at the end (RFC 6665 §4.2).
func TestAPhoneSubscribesToItsMessages(t *testing.T) {
	b := &box{}
	server := start(t, Config{Realm: realm}, phoneOwner(&owner{messages: b.of("t1-ana")}))
	ana := secret.New("t1-ana")
	phone := newDesk(t, server, "t1-ana", "right")
	sub := phone.subscribes("one")
	first := phone.told(200)
	says(t, first, "active;expires=", noneWait)
	if first.To.Tag() != "f" || first.From.Tag() != sub.tag || first.CallID != "one" || first.URI.Host != "192.0.2.77" || first.Get("Event") != messageSummary {
		t.Error("the notice is outside of its dialog")
	}
	b.fresh.Store(2)
	b.heard.Store(1)
	server.MessagesChanged(ana)
	for len(phone.asked) == 0 {
		phone.read()
	}
	// It has not confirmed yet: what changes meanwhile is told afterwards, in one.
	b.fresh.Store(5)
	server.MessagesChanged(ana)
	seen := make(chan struct{})
	server.within(server.watchers.all("t1-ana")[0], func(*mailbox) { close(seen) })
	<-seen
	b.fresh.Store(1)
	b.heard.Store(2)
	server.MessagesChanged(ana)
	second := phone.told(200)
	says(t, second, "active;expires=", twoWait)
	third := phone.told(200)
	says(t, third, "active;expires=", oneWaits)
	if first.CSeq.Number >= second.CSeq.Number || second.CSeq.Number >= third.CSeq.Number {
		t.Error("the notices are not in order")
	}
	server.MessagesChanged(ana) // no news
	if m := phone.asks(sub, func(f map[string]string) { f["Expires"] = "900"; f["Event"] += ";id=7" }); m.Code != 481 {
		t.Errorf("a subscription with another id is answered with %d", m.Code)
	}
	if m := phone.asks(sub, func(f map[string]string) { f["Expires"] = "900" }); m.Code != 200 || m.Get("Expires") != "900" {
		t.Errorf("a refresh is answered with %d, for %q s", m.Code, m.Get("Expires"))
	}
	says(t, phone.told(200), "active;expires=", oneWaits)
	stale := *sub
	stale.seq = 0
	if m := phone.asks(&stale, nil); m.Code != 500 {
		t.Errorf("a request out of order is answered with %d", m.Code)
	}
	if m := phone.asks(sub, func(f map[string]string) { f["Expires"] = "0" }); m.Code != 200 || m.Get("Expires") != "0" {
		t.Errorf("the end is answered with %d, for %q s", m.Code, m.Get("Expires"))
	}
	says(t, phone.told(200), "terminated;reason=timeout", oneWaits)
	if m := phone.asks(sub, nil); m.Code != 481 {
		t.Errorf("after the end it is answered with %d", m.Code)
	}
	b.fresh.Store(3)
	server.MessagesChanged(ana)
	// Asked for once, without a subscription.
	if m := phone.asks(&dialogOf{callID: "two"}, func(f map[string]string) { f["Expires"] = "0"; f["Event"] += ";id=9" }); m.Code != 200 {
		t.Errorf("asking once is answered with %d", m.Code)
	}
	last := phone.told(200)
	says(t, last, "terminated;reason=timeout", "Messages-Waiting: yes\r\nVoice-Message: 3/2\r\n")
	if last.CallID != "two" || last.Get("Event") != messageSummary+";id=9" {
		t.Error("after its end a subscription goes on")
	}
	until(t, "nothing is kept", func() bool { return server.watchers.total == 0 && len(server.watchers.all("t1-ana")) == 0 })
}

// What is refused, and how; strangers and other accounts learn nothing.
func TestSubscriptionsThatAreRefused(t *testing.T) {
	b := &box{}
	server := start(t, Config{Realm: realm, Limits: Limits{Subscriptions: 10}}, phoneOwner(&owner{messages: func(who string) (Messages, bool) {
		m, _ := b.of(who)(who)
		return m, who != "t2-cy"
	}}))
	server.handler.(*owner).secrets["t2-cy"] = auth.NewSecret("t2-cy", realm, secret.New("right"), true)
	ana := newDesk(t, server, "t1-ana", "right")
	for what, c := range map[string]struct {
		code   int
		change func(map[string]string)
	}{
		"another package":    {489, func(f map[string]string) { f["Event"] = "presence" }},
		"no package":         {489, func(f map[string]string) { f["Event"] = "" }},
		"another body":       {406, func(f map[string]string) { f["Accept"] = "application/pidf+xml" }},
		"too short":          {423, func(f map[string]string) { f["Expires"] = "5" }},
		"without a Contact":  {400, func(f map[string]string) { f["Contact"] = "" }},
		"another's messages": {403, func(f map[string]string) { f["To"] = "<sip:t2-ana@phones.example>" }},
		"nobody's messages":  {403, func(f map[string]string) { f["To"] = "<sip:t3-ana@phones.example>" }},
		"an unknown dialog":  {481, func(f map[string]string) { f["To"] += ";tag=x" }},
	} {
		if m := ana.asks(&dialogOf{callID: strings.ReplaceAll(what, " ", "-")}, c.change); m.Code != c.code {
			t.Errorf("%s is answered with %d", what, m.Code)
		}
	}
	if m := newDesk(t, server, "t2-cy", "right").asks(&dialogOf{callID: "none"}, nil); m.Code != 480 {
		t.Errorf("an account without a mailbox is answered with %d", m.Code)
	}
	if m := newDesk(t, server, "t1-ana", "guessed").asks(&dialogOf{callID: "wrong"}, nil); m.Code != 401 {
		t.Errorf("a wrong password is answered with %d", m.Code)
	}
	if server.watchers.total != 0 {
		t.Fatalf("%d subscriptions are kept", server.watchers.total)
	}
	// Each account has so many, all together so many.
	for i := range subscriptionsEach {
		ana.subscribes("ana" + strconv.Itoa(i))
		ana.told(200)
	}
	if m := ana.asks(&dialogOf{callID: "more"}, nil); m.Code != 403 {
		t.Errorf("more than an account may have: %d", m.Code)
	}
	other := newDesk(t, server, "t2-ana", "other")
	for i := range 2 {
		other.subscribes("other" + strconv.Itoa(i))
		other.told(200)
	}
	if m := other.asks(&dialogOf{callID: "full"}, nil); m.Code != 503 || m.Get("Retry-After") == "" {
		t.Errorf("more than there may be: %d", m.Code)
	}
	// Another account's subscription is not its to end.
	taken := &dialogOf{callID: "ana0", tag: server.boxes.find("ana0").watcher.local.Tag(), seq: 100}
	if m := other.asks(taken, func(f map[string]string) { f["Expires"] = "0" }); m.Code != 403 {
		t.Errorf("another account ends a subscription: %d", m.Code)
	}
	// One ends when nobody takes its notices, all when their connection does; and at
	// a new password, which is told.
	b.fresh.Store(1)
	server.MessagesChanged(secret.New("t1-ana"))
	ana.told(481)
	until(t, "a subscription stays that nobody has", func() bool { return len(server.watchers.all("t1-ana")) == subscriptionsEach-1 })
	server.Forget(secret.New("t2-ana"))
	for range 2 {
		says(t, other.told(200), "terminated;reason=deactivated", "")
	}
	_ = ana.c.Close()
	until(t, "subscriptions stay without a connection", func() bool {
		server.watchers.mu.Lock()
		defer server.watchers.mu.Unlock()
		return server.watchers.total == 0 && len(server.watchers.of) == 0
	})
}

// A registered phone that asked for nothing is told all the same: as it registers, and
// at each change; not where it subscribed; and no more once it refuses.
func TestARegisteredPhoneIsTold(t *testing.T) {
	b := &box{}
	server := start(t, Config{Realm: realm}, phoneOwner(&owner{messages: b.of("t1-ana")}))
	b.fresh.Store(1)
	b.heard.Store(2)
	ana := secret.New("t1-ana")
	// Our own end as a phone knows no such notices, and refuses them.
	deaf := start(t, Config{}, &owner{})
	states := make(chan gateway.RegState, 8)
	reg := deaf.Register(registerAs("t1-ana", "right", target(server, UDP)), func(s gateway.RegState) { states <- s })
	await(t, states)
	until(t, "a phone that refuses is told on", func() bool { return deaf.Stats().Refused == 1 })

	phone := newDesk(t, server, "t1-ana", "right")
	phone.registers()
	one := phone.told(200)
	says(t, one, "terminated;reason=noresource", oneWaits)
	b.fresh.Store(2)
	b.heard.Store(1)
	server.MessagesChanged(ana)
	two := phone.told(200)
	says(t, two, "terminated;reason=noresource", twoWait)
	if one.CallID != two.CallID || one.CSeq.Number >= two.CSeq.Number {
		t.Error("the notices are not in order")
	}
	// One that is lost is told again as the phone registers, and at the next change.
	b.fresh.Store(1)
	b.heard.Store(2)
	server.MessagesChanged(ana)
	says(t, phone.told(503), "terminated;reason=noresource", oneWaits)
	until(t, "it is not known that the phone missed it", func() bool {
		return slices.ContainsFunc(server.watchers.all("t1-ana"), func(w *watcher) bool { return w.missed.Load() })
	})
	phone.registers()
	says(t, phone.told(480), "terminated;reason=noresource", oneWaits)
	until(t, "it is not known that the phone missed it", func() bool {
		return slices.ContainsFunc(server.watchers.all("t1-ana"), func(w *watcher) bool { return w.missed.Load() })
	})
	b.fresh.Store(2)
	b.heard.Store(1)
	server.MessagesChanged(ana)
	says(t, phone.told(200), "terminated;reason=noresource", twoWait)
	sub := phone.subscribes("sub")
	says(t, phone.told(200), "active", twoWait)
	b.fresh.Store(1)
	b.heard.Store(2)
	server.MessagesChanged(ana)
	says(t, phone.told(200), "active", oneWaits)
	if m := phone.asks(sub, func(f map[string]string) { f["Expires"] = "0" }); m.Code != 200 {
		t.Errorf("the end is answered with %d", m.Code)
	}
	if m := phone.told(200); m.CallID != "sub" {
		t.Error("who subscribed is told twice")
	}
	b.fresh.Store(2)
	b.heard.Store(1)
	server.MessagesChanged(ana)
	if m := phone.told(200); m.CallID != one.CallID {
		t.Error("after its subscription the phone is not told any more")
	}
	if n := deaf.Stats().Refused; n != 1 {
		t.Errorf("who refuses was told %d times", n)
	}
	reg.Stop()
	await(t, states)
	_ = phone.c.Close()
	until(t, "places stay that nobody is at", func() bool { return len(server.watchers.all("t1-ana")) == 0 })
}

// registers has the phone register over its connection.
func (d *desk) registers() {
	d.t.Helper()
	proof := ""
	for {
		d.count++
		if _, err := fmt.Fprintf(d.c, "REGISTER sip:phones.example SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.77;branch=z9hG4bK%d\r\nMax-Forwards: 70\r\nFrom: <sip:%s@phones.example>;tag=f\r\nTo: <sip:%s@phones.example>\r\nCall-ID: registers\r\nCSeq: %d REGISTER\r\nContact: <sip:x@192.0.2.77:9;transport=tcp>\r\n%sContent-Length: 0\r\n\r\n",
			d.count, d.user, d.user, d.count, proof); err != nil {
			d.t.Fatal(err)
		}
		for len(d.answers) == 0 {
			d.read()
		}
		m := d.answers[0]
		d.answers = d.answers[1:]
		if m.Code == 200 {
			return
		}
		if m.Code != 401 || proof != "" {
			d.t.Fatalf("%s", m)
		}
		value, _, err := auth.Answer(m.All("WWW-Authenticate"), auth.Request{Method: wire.Register, URI: "sip:phones.example", Cnonce: "c", Count: 1}, credentials(d.user, d.word))
		if err != nil {
			d.t.Fatal(err)
		}
		proof = "Authorization: " + value + "\r\n"
	}
}

// A subscription ends by itself when nobody refreshes it.
func TestASubscriptionLapses(t *testing.T) {
	b := &box{}
	server := start(t, Config{Realm: realm}, phoneOwner(&owner{messages: b.of("t1-ana")}))
	phone := newDesk(t, server, "t1-ana", "right")
	phone.subscribes("one")
	phone.told(200)
	box := server.boxes.find("one")
	box.post(item{do: func() { box.watcher.ends = time.Now() }}) // its time has come
	says(t, phone.told(200), "terminated;reason=timeout", "")
	until(t, "it is kept", func() bool { return len(server.watchers.all("t1-ana")) == 0 && server.boxes.find("one") == nil })
}

// TestSippSubscribes has sipp's SUBSCRIBE answered, and follow what it is told to the end.
func TestSippSubscribes(t *testing.T) {
	program := sipp(t)
	b := &box{}
	b.fresh.Store(2)
	b.heard.Store(1)
	server := start(t, Config{Realm: realm, Algorithms: []string{auth.MD5}, Timers: dialog.Usual}, phoneOwner(&owner{offer: []string{auth.MD5}, messages: b.of("t1-ana")}))
	file := filepath.Join(t.TempDir(), "subscribes.xml")
	if err := os.WriteFile(file, []byte(subscribeScenario), 0o600); err != nil {
		t.Fatal(err)
	}
	to := target(server, UDP)
	cmd := exec.CommandContext(t.Context(), program, "-sf", file, "-s", "t1-ana", "-auth_uri", "t1-ana@"+to.Host+":"+strconv.Itoa(to.Port), "-i", "127.0.0.1", "-p", strconv.Itoa(freePort(t)), "-m", "1", "-timeout", "60", "-nostdin", to.Host+":"+strconv.Itoa(to.Port))
	cmd.Dir = t.TempDir()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, "it is told what waits", func() bool {
		for _, w := range server.watchers.all("t1-ana") {
			known := make(chan bool, 1)
			server.within(w, func(*mailbox) { known <- w.told != "" && !w.busy })
			if <-known {
				return true
			}
		}
		return false
	})
	b.fresh.Store(1)
	b.heard.Store(2)
	server.MessagesChanged(secret.New("t1-ana"))
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, tail(out.Bytes()))
	}
	if left := len(server.watchers.all("t1-ana")); left != 0 {
		t.Errorf("%d subscriptions are left", left)
	}
}

const subscribeScenario = `<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="subscribes">
  <send retrans="500"><![CDATA[
SUBSCRIBE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:[service]@[remote_ip]>;tag=[call_number]
To: <sip:[service]@[remote_ip]>
Call-ID: [call_id]
CSeq: 1 SUBSCRIBE
Contact: <sip:[service]@[local_ip]:[local_port]>
Max-Forwards: 70
Event: message-summary
Accept: application/simple-message-summary
Expires: 300
Content-Length: 0

  ]]></send>
  <recv response="401" auth="true"></recv>
  <send retrans="500"><![CDATA[
SUBSCRIBE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:[service]@[remote_ip]>;tag=[call_number]
To: <sip:[service]@[remote_ip]>
Call-ID: [call_id]
CSeq: 2 SUBSCRIBE
Contact: <sip:[service]@[local_ip]:[local_port]>
Max-Forwards: 70
Event: message-summary
Accept: application/simple-message-summary
Expires: 300
[authentication username=t1-ana password=right]
Content-Length: 0

  ]]></send>
  <recv response="200"><action>
    <ereg regexp="Expires: 300" search_in="msg" check_it="true" assign_to="1"/>
    <ereg regexp=";tag=.*" search_in="hdr" header="To:" check_it="true" assign_to="tag"/>
  </action></recv>
  <recv request="NOTIFY"><action>
    <ereg regexp="active;expires=[0-9]+" search_in="hdr" header="Subscription-State:" check_it="true" assign_to="2"/>
    <ereg regexp="Voice-Message: 2/1" search_in="body" check_it="true" assign_to="3"/>
  </action></recv>
  <send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

  ]]></send>
  <recv request="NOTIFY"><action>
    <ereg regexp="Voice-Message: 1/2" search_in="body" check_it="true" assign_to="4"/>
  </action></recv>
  <send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

  ]]></send>
  <send retrans="500"><![CDATA[
SUBSCRIBE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:[service]@[remote_ip]>;tag=[call_number]
To: <sip:[service]@[remote_ip]>[$tag]
Call-ID: [call_id]
CSeq: 3 SUBSCRIBE
Contact: <sip:[service]@[local_ip]:[local_port]>
Max-Forwards: 70
Event: message-summary
Expires: 0
Content-Length: 0

  ]]></send>
  <recv response="401" auth="true"></recv>
  <send retrans="500"><![CDATA[
SUBSCRIBE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:[service]@[remote_ip]>;tag=[call_number]
To: <sip:[service]@[remote_ip]>[$tag]
Call-ID: [call_id]
CSeq: 4 SUBSCRIBE
Contact: <sip:[service]@[local_ip]:[local_port]>
Max-Forwards: 70
Event: message-summary
Expires: 0
[authentication username=t1-ana password=right]
Content-Length: 0

  ]]></send>
  <recv response="200"></recv>
  <recv request="NOTIFY"><action>
    <ereg regexp="terminated;reason=timeout" search_in="hdr" header="Subscription-State:" check_it="true" assign_to="5"/>
  </action></recv>
  <send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

  ]]></send>
  <Reference variables="1,2,3,4,5"/>
</scenario>
`
