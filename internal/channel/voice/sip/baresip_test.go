package sip

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/voice/sip/auth"
	"nubitalk/internal/channel/voice/sip/dialog"
	"nubitalk/internal/channel/voice/sip/wire"
)

// baresip runs a real phone until the test ends: it registers as t1-ana and
// answers by itself. Its digest is MD5 alone.
func baresip(t *testing.T, server Target, commands ...string) {
	t.Helper()
	program, err := exec.LookPath("baresip")
	if err != nil {
		t.Fatal("baresip is missing: run scripts/need baresip")
	}
	dir := t.TempDir()
	write := func(name, content string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	modules := ""
	if found, err := filepath.Glob("/usr/lib/*/baresip/modules"); err == nil && len(found) > 0 {
		modules = found[0]
	} else {
		modules = "/usr/lib/baresip/modules"
	}
	write("config", fmt.Sprintf("sip_listen 127.0.0.1:%d\nmodule_path %s\nmodule g711.so\nmodule_tmp account.so\nmodule_app menu.so\n", freePort(t), modules)+
		"module ausine.so\naudio_source ausine,440\nausrc_srate 48000\nausrc_channels 2\naudio_player nothing,\naudio_alert nothing,\nrtp_ports 20000-29000\n")
	write("accounts", fmt.Sprintf("<sip:t1-ana@%s:%d;transport=%s>;auth_user=t1-ana;auth_pass=right;answermode=auto;regint=120\n", server.Host, server.Port, map[string]string{UDP: "udp", TCP: "tcp", TLS: "tls"}[server.Transport]))
	write("contacts", "")
	args := []string{"-f", dir, "-s"}
	for _, c := range commands {
		args = append(args, "-e", c)
	}
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Env = append(os.Environ(), "HOME="+dir)
	out := &locked{}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("baresip said:\n%s", tail(out.bytes()))
		}
	})
}

type locked struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *locked) bytes() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Clone(l.b.Bytes())
}

func phoneSDP(version int, direction string) Body {
	return sdp(fmt.Sprintf("v=0\r\no=- 1 %d IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 30000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=%s\r\n", version, direction))
}

// TestARealPhone has baresip register by digest, be called, be put on hold and
// taken back, and hang up when it is told to; and call by itself.
func TestARealPhone(t *testing.T) {
	for _, transport := range []string{UDP, TCP, TLS} {
		t.Run(transport, func(t *testing.T) {
			reachable := make(chan string, 8)
			server := start(t, Config{Realm: realm, Algorithms: []string{auth.SHA256, auth.MD5}, Timers: dialog.Usual}, phoneOwner(&owner{offer: []string{auth.MD5}, reachable: func(u secret.Text) { reachable <- u.Reveal() }}))
			baresip(t, target(server, transport))
			if got := await(t, reachable); got != "t1-ana" {
				t.Fatalf("%s is reachable", got)
			}
			b := server.Bindings(secret.New("t1-ana"))[0]
			events := make(chan Event, 16)
			call, err := server.Call(CallRequest{
				Outgoing: dialog.Outgoing{To: b.Contact, From: wire.NewAddress("", wire.NewURI("sip", "queue", "nubitalk", 0, ""), ""), Hop: HopTo(b), Body: phoneSDP(1, "sendrecv")},
				Events:   func(e Event) { events <- e },
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := expect[Answered](t, events); !bytes.Contains(got.Body.Data, []byte("m=audio")) {
				t.Error("the phone's answer has no audio")
			}
			call.Reinvite(phoneSDP(2, "sendonly"))
			if got := expect[Accepted](t, events); !bytes.Contains(got.Body.Data, []byte("a=recvonly")) {
				t.Error("the phone is not on hold")
			}
			call.Reinvite(phoneSDP(3, "sendrecv"))
			if got := expect[Accepted](t, events); !bytes.Contains(got.Body.Data, []byte("a=sendrecv")) {
				t.Error("the phone is still on hold")
			}
			call.Hangup(Reason{Q850: 16})
			if got := expect[Ended](t, events); got.By != dialog.ByUs {
				t.Errorf("%+v", got)
			}
			until(t, "the phone has confirmed", func() bool { return server.Stats().Calls == 0 && !server.boxes.busy() })
		})
	}
}

func TestARealPhoneCalls(t *testing.T) {
	events := make(chan Event, 16)
	arrived := make(chan *Leg, 1)
	server := start(t, Config{Realm: realm, Algorithms: []string{auth.SHA256, auth.MD5}, Timers: dialog.Usual}, phoneOwner(&owner{offer: []string{auth.MD5}, incoming: func(l *Leg) {
		l.Events(func(e Event) { events <- e })
		l.Ring()
		arrived <- l
	}}))
	to := target(server, TLS)
	baresip(t, to, fmt.Sprintf("d sip:100@%s:%d;transport=tls", to.Host, to.Port))
	l := await(t, arrived)
	if l.User().Reveal() != "t1-ana" || l.Invite().URI.User.Reveal() != "100" || l.Offer().Empty() {
		t.Error("another call arrived")
	}
	l.Answer(phoneSDP(1, "sendrecv"))
	expect[Acknowledged](t, events)
	l.Reinvite(Body{}) // the phone is asked for an offer
	if got := expect[Offered](t, events); got.Body.Empty() {
		t.Error("the phone offers nothing")
	}
	l.AnswerOffer(phoneSDP(2, "sendrecv"))
	// Nothing tells that the acknowledgement arrived but that the next goes well.
	l.Reinvite(phoneSDP(3, "sendrecv"))
	expect[Accepted](t, events)
	l.Hangup(Reason{})
	expect[Ended](t, events)
	select {
	case e := <-events:
		t.Errorf("%T after the end", e)
	case <-time.After(time.Millisecond):
	}
}
