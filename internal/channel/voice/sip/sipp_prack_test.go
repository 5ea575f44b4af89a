package sip

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"nubitalk/internal/channel/voice/sip/dialog"
)

const reliableSDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 8\r\n"

// script writes a scenario of sipp.
func script(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "scenario.xml")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(text, "{sdp}", strings.ReplaceAll(reliableSDP, "\r\n", "\n"))), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// sipp calls and requires reliable provisional responses (RFC 3262): it gets the ringing
// and the early answer so, each after the one before is acknowledged, and then the 200
// that says nothing again.
func TestSippAcknowledgesWhatIsProvisional(t *testing.T) {
	program := sipp(t)
	const calls = 20
	ended := make(chan Ended, calls)
	e := start(t, Config{Timers: dialog.Usual}, &owner{incoming: func(l *Leg) {
		l.Events(func(ev Event) {
			if end, ok := ev.(Ended); ok {
				ended <- end
			}
		})
		l.Ring()
		l.Progress(183, sdp(reliableSDP))
		l.Answer(sdp(reliableSDP))
	}})
	to := target(e, UDP)
	cmd := exec.CommandContext(t.Context(), program, "-sf", script(t, prackScenario), "-i", "127.0.0.1", "-p", strconv.Itoa(freePort(t)),
		"-m", strconv.Itoa(calls), "-r", "20", "-timeout", "60", "-timeout_error", "-nostdin", to.Host+":"+strconv.Itoa(to.Port))
	cmd.Dir = t.TempDir()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, tail(out))
	}
	for range calls {
		if end := await(t, ended); end.By != dialog.ByThem {
			t.Errorf("a call ended by %v", end.By)
		}
	}
}

// sipp answers as a trunk that requires it of us: no PRACK, no answer.
func TestWhatIsProvisionalOfSippIsAcknowledged(t *testing.T) {
	program := sipp(t)
	const calls = 20
	port := freePort(t)
	cmd := exec.CommandContext(t.Context(), program, "-sf", script(t, prackedScenario), "-i", "127.0.0.1", "-p", strconv.Itoa(port), "-m", strconv.Itoa(calls), "-timeout", "60", "-timeout_error", "-nostdin")
	cmd.Dir = t.TempDir()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	e := start(t, Config{Timers: dialog.Usual}, &owner{})
	for range calls {
		events := make(chan Event, 16)
		leg, err := e.Call(request(Target{Transport: UDP, Host: "127.0.0.1", Port: port}, events))
		if err != nil {
			t.Fatal(err)
		}
		if got := expect[EarlyMedia](t, events); !strings.Contains(text(got.Body), "m=audio") {
			t.Errorf("%+v", got)
		}
		if got := expect[Answered](t, events); !strings.Contains(text(got.Body), "m=audio") { // the 200 has none
			t.Errorf("%+v", got)
		}
		leg.Hangup(Reason{Q850: 16})
		expect[Ended](t, events)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, tail(out.Bytes()))
	}
}

const prackScenario = `<?xml version="1.0" encoding="UTF-8"?>
<scenario name="requires 100rel">
  <send retrans="500"><![CDATA[
INVITE sip:1@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:sipp@[local_ip]:[local_port]>;tag=[call_number]
To: <sip:1@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: sip:sipp@[local_ip]:[local_port]
Max-Forwards: 70
Require: 100rel
Content-Type: application/sdp
Content-Length: [len]

{sdp}
]]></send>
  <recv response="100" optional="true"/>
  <recv response="180" rrs="true">
    <action>
      <ereg regexp="100rel" search_in="hdr" header="Require:" check_it="true" assign_to="1"/>
      <ereg regexp="[0-9]+" search_in="hdr" header="RSeq:" check_it="true" assign_to="2"/>
    </action>
  </recv>
  <Reference variables="1"/>
  <send retrans="500"><![CDATA[
PRACK [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:sipp@[local_ip]:[local_port]>;tag=[call_number]
To: <sip:1@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 2 PRACK
RAck: [$2] 1 INVITE
Max-Forwards: 70
Content-Length: 0

]]></send>
  <recv response="200"/>
  <recv response="183">
    <action>
      <ereg regexp="100rel" search_in="hdr" header="Require:" check_it="true" assign_to="3"/>
      <ereg regexp="[0-9]+" search_in="hdr" header="RSeq:" check_it="true" assign_to="4"/>
      <ereg regexp="m=audio" search_in="body" check_it="true" assign_to="5"/>
    </action>
  </recv>
  <Reference variables="3,5"/>
  <send retrans="500"><![CDATA[
PRACK [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:sipp@[local_ip]:[local_port]>;tag=[call_number]
To: <sip:1@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 3 PRACK
RAck: [$4] 1 INVITE
Max-Forwards: 70
Content-Length: 0

]]></send>
  <recv response="200"/>
  <recv response="200">
    <action>
      <ereg regexp="m=audio" search_in="body" check_it_inverse="true" assign_to="6"/>
    </action>
  </recv>
  <Reference variables="6"/>
  <send><![CDATA[
ACK [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:sipp@[local_ip]:[local_port]>;tag=[call_number]
To: <sip:1@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
  <send retrans="500"><![CDATA[
BYE [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:sipp@[local_ip]:[local_port]>;tag=[call_number]
To: <sip:1@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 4 BYE
Max-Forwards: 70
Content-Length: 0

]]></send>
  <recv response="200"/>
</scenario>
`

const prackedScenario = `<?xml version="1.0" encoding="UTF-8"?>
<scenario name="answers by PRACK">
  <recv request="INVITE" crlf="true">
    <action>
      <ereg regexp="100rel" search_in="hdr" header="Supported:" check_it="true" assign_to="1"/>
      <ereg regexp="SIP/2.0/UDP .*" search_in="hdr" header="Via:" check_it="true" assign_to="3"/>
      <ereg regexp="[0-9]+ INVITE" search_in="hdr" header="CSeq:" check_it="true" assign_to="4"/>
    </action>
  </recv>
  <Reference variables="1"/>
  <send retrans="500"><![CDATA[
SIP/2.0 183 Session Progress
[last_Via:]
[last_From:]
[last_To:];tag=[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:sipp@[local_ip]:[local_port]>
Require: 100rel
RSeq: 4242
Content-Type: application/sdp
Content-Length: [len]

{sdp}
]]></send>
  <recv request="PRACK">
    <action><ereg regexp="4242 [0-9]+ INVITE" search_in="hdr" header="RAck:" check_it="true" assign_to="2"/></action>
  </recv>
  <Reference variables="2"/>
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
SIP/2.0 200 OK
Via: [$3]
[last_From:]
[last_To:]
[last_Call-ID:]
CSeq: [$4]
Contact: <sip:sipp@[local_ip]:[local_port]>
Content-Length: 0

]]></send>
  <recv request="ACK"/>
  <recv request="BYE"/>
  <send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
</scenario>
`
