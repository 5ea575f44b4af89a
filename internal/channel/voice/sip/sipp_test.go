package sip

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"nubitalk/internal/base/freeport"
	"nubitalk/internal/channel/voice/sip/dialog"
)

// sipp gives the program of Debian's sip-tester, which `make test` installs.
func sipp(t *testing.T) string {
	t.Helper()
	p, err := exec.LookPath("sipp")
	if err != nil {
		t.Fatal("sipp is missing: run scripts/need sipp")
	}
	return p
}

func freePort(t *testing.T) int {
	t.Helper()
	port, err := freeport.Port()
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// TestSippCalls has sipp's own caller make calls: INVITE, ACK, a while, BYE.
func TestSippCalls(t *testing.T) {
	program := sipp(t)
	const calls = 200
	for _, c := range []struct{ transport, flag string }{{UDP, "u1"}, {TCP, "t1"}} {
		t.Run(c.transport, func(t *testing.T) {
			ended := make(chan Ended, calls)
			e := start(t, Config{Timers: dialog.Usual}, &owner{incoming: func(l *Leg) {
				l.Events(func(ev Event) {
					if end, ok := ev.(Ended); ok {
						ended <- end
					}
				})
				l.Ring()
				l.Answer(sdp("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 8\r\n"))
			}})
			to := target(e, c.transport)
			cmd := exec.CommandContext(t.Context(), program, "-sn", "uac", "-t", c.flag, "-i", "127.0.0.1", "-p", strconv.Itoa(freePort(t)),
				"-m", strconv.Itoa(calls), "-r", "200", "-d", "100", "-timeout", "60", "-nostdin", to.Host+":"+strconv.Itoa(to.Port))
			cmd.Dir = t.TempDir()
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, tail(out))
			}
			for range calls {
				if end := <-ended; end.By != dialog.ByThem {
					t.Errorf("a call ended by %v", end.By)
				}
			}
		})
	}
}

// TestCallsToSipp has sipp answer, as a trunk would.
func TestCallsToSipp(t *testing.T) {
	program := sipp(t)
	const calls = 100
	port := freePort(t)
	cmd := exec.CommandContext(t.Context(), program, "-sn", "uas", "-i", "127.0.0.1", "-p", strconv.Itoa(port), "-m", strconv.Itoa(calls), "-timeout", "60", "-nostdin")
	cmd.Dir = t.TempDir()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	e := start(t, Config{Timers: dialog.Usual}, &owner{})
	ended := make(chan struct{}, calls)
	// A few at a time: a burst overflows sipp's socket, and then it sees the
	// repeated ACK in a place where its scenario has none.
	few := make(chan struct{}, 10)
	for range calls {
		few <- struct{}{}
		events := make(chan Event, 8)
		leg, err := e.Call(request(Target{Transport: UDP, Host: "127.0.0.1", Port: port}, events))
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			defer func() { <-few; ended <- struct{}{} }()
			for ev := range events {
				switch ev := ev.(type) {
				case Answered:
					leg.Hangup(Reason{Q850: 16})
				case Failed:
					t.Errorf("%+v", ev)
					return
				case Ended:
					return
				}
			}
		}()
	}
	for range calls {
		<-ended
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, tail(out.Bytes()))
	}
}

// TestSippCancels plays a caller that gives up while it rings.
func TestSippCancels(t *testing.T) {
	program := sipp(t)
	file := filepath.Join(t.TempDir(), "cancel.xml")
	if err := os.WriteFile(file, []byte(cancelScenario), 0o600); err != nil {
		t.Fatal(err)
	}
	const calls = 20
	ended := make(chan Ended, calls)
	e := start(t, Config{Timers: dialog.Usual}, &owner{incoming: func(l *Leg) {
		l.Events(func(ev Event) {
			if end, ok := ev.(Ended); ok {
				ended <- end
			}
		})
		l.Ring()
	}})
	to := target(e, UDP)
	cmd := exec.CommandContext(t.Context(), program, "-sf", file, "-i", "127.0.0.1", "-p", strconv.Itoa(freePort(t)),
		"-m", strconv.Itoa(calls), "-r", "20", "-timeout", "60", "-nostdin", to.Host+":"+strconv.Itoa(to.Port))
	cmd.Dir = t.TempDir()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, tail(out))
	}
	for range calls {
		if end := <-ended; end.By != dialog.ByCancel {
			t.Errorf("a call ended by %v", end.By)
		}
	}
}

func tail(out []byte) string {
	lines := strings.Split(string(out), "\n")
	return strings.Join(lines[max(0, len(lines)-40):], "\n")
}

const cancelScenario = `<?xml version="1.0" encoding="UTF-8"?>
<scenario name="cancel">
  <send retrans="500"><![CDATA[
INVITE sip:1@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:sipp@[local_ip]:[local_port]>;tag=[call_number]
To: <sip:1@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: sip:sipp@[local_ip]:[local_port]
Max-Forwards: 70
Content-Length: 0

]]></send>
  <recv response="100" optional="true"/>
  <recv response="180"/>
  <send retrans="500"><![CDATA[
CANCEL sip:1@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch-3]
From: <sip:sipp@[local_ip]:[local_port]>;tag=[call_number]
To: <sip:1@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 CANCEL
Max-Forwards: 70
Content-Length: 0

]]></send>
  <recv response="200"/>
  <recv response="487"/>
  <send><![CDATA[
ACK sip:1@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch-6]
From: <sip:sipp@[local_ip]:[local_port]>;tag=[call_number]
To: <sip:1@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
</scenario>
`
