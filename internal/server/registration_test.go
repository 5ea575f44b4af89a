package server

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	appsetup "nubitalk/internal/app/setup"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/setup"
)

// registrar is an operator's machine by sipp, which checks passwords itself: it
// knows MD5 only, lets one account in and refuses whoever else asks.
const registrar = `<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="registrar">
  <recv request="OPTIONS" optional="true" next="options"/>
  <recv request="REGISTER"/>
  <send><![CDATA[
SIP/2.0 401 Unauthorized
[last_Via:]
[last_From:]
[last_To:];tag=[pid]x[call_number]
[last_Call-ID:]
[last_CSeq:]
WWW-Authenticate: Digest realm="operator.example", nonce="47ebe028cda119c35d4877b383027d28", algorithm=MD5, qop="auth"
Content-Length: 0

]]></send>
  <recv request="REGISTER">
    <action><verifyauth assign_to="known" username="shop" password="correct horse"/></action>
  </recv>
  <nop next="known" test="known"/>
  <send next="over"><![CDATA[
SIP/2.0 403 Forbidden
[last_Via:]
[last_From:]
[last_To:];tag=[pid]x[call_number]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
  <label id="known"/>
  <send next="over"><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:];tag=[pid]x[call_number]
[last_Call-ID:]
[last_CSeq:]
[last_Contact:]
Expires: 600
Content-Length: 0

]]></send>
  <label id="options"/>
  <send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:];tag=[pid]x[call_number]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
  <label id="over"/>
  <timewait milliseconds="1"/>
</scenario>
`

// toContact is a call to the contact that the trunk registered, [service], for
// its number, which stands in To alone.
const toContact = `<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="call">
  <send retrans="500"><![CDATA[
INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:+351930000007@operator.example>;tag=[pid]c[call_number]
To: <sip:+351210000001@operator.example>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:operator@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: [len]

v=0
o=- 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [local_ip]
t=0 0
m=audio 9 RTP/SAVP 8
a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz

]]></send>
  <recv response="100" optional="true"/>
  <recv response="180" optional="true"/>
  <recv response="183" optional="true"/>
  <recv response="200" rrs="true"/>
  <send><![CDATA[
ACK [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:+351930000007@operator.example>;tag=[pid]c[call_number]
[last_To:]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
  <send retrans="500"><![CDATA[
BYE [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:+351930000007@operator.example>;tag=[pid]c[call_number]
[last_To:]
Call-ID: [call_id]
CSeq: 2 BYE
Max-Forwards: 70
Content-Length: 0

]]></send>
  <recv response="200"/>
</scenario>
`

// scenario begins sipp with one; what it says is in the buffer once it has ended.
func scenario(t *testing.T, text string, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	program, err := exec.LookPath("sipp")
	if err != nil {
		t.Fatal("sipp is missing: run scripts/need sipp")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "scenario.xml")
	must(t, os.WriteFile(file, []byte(text), 0o600))
	cmd := exec.CommandContext(t.Context(), program, append([]string{"-sf", file, "-i", "127.0.0.1", "-nostdin", "-timeout", "120"}, args...)...)
	cmd.Dir = dir
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	must(t, cmd.Start())
	return cmd, &said
}

// A trunk registers with its password at a machine that checks it, and is called
// at the contact that it gave; with another password it is told to be denied.
func TestATrunkRegistersWithItsPassword(t *testing.T) {
	conf := settings(t, t.TempDir())
	conf.TLS.Mode = "off"
	node := telephony(t, conf)
	must(t, conf.Check(nil))
	n := start(t, conf, nil)
	acme, _ := house(t, n)
	entry := acme.telephone(t, acme.signIn(t, "ana"))
	port := freePort(t)
	operator, said := scenario(t, registrar, "-p", strconv.Itoa(port))
	t.Cleanup(func() {
		_ = operator.Process.Kill()
		_ = operator.Wait()
		if t.Failed() {
			t.Logf("the operator's machine: %s", said)
		}
	})

	v := setup.Trunk{Name: "Operator", Enabled: true, Country: "PT", Username: "shop", AllowMD5: true, Registration: setup.TrunkRegistration{On: true, Domain: "operator.example"},
		Gateways: []setup.TrunkGateway{{Host: "127.0.0.1", Port: port, Transport: "udp"}}, Numbers: []setup.TrunkNumber{{Number: "+351210000001", EntryPoint: entry}}}
	made, err := n.parts.setup.CreateWith(t.Context(), acme.admin, setup.KindTrunk, mustJSON(t, setup.Clean(v)),
		appsetup.Extra{Secrets: map[string]secret.Text{setup.Password: secret.New("correct horse")}})
	must(t, err)
	stands := func(want string, code int) {
		t.Helper()
		within(t, "the registration is "+want, func() bool {
			st, err := n.parts.telephone.TrunkState(t.Context(), acme.ID, made.ID)
			return err == nil && st.Registration.State == want && st.Registration.Code == code
		})
	}
	stands("registered", 0)

	call, heard := scenario(t, toContact, "-m", "1", "-s", made.ID, node.Host+":"+strconv.Itoa(node.Port))
	if err := call.Wait(); err != nil {
		t.Errorf("a call to the contact: %v\n%s", err, heard)
	}

	now, err := n.parts.setup.Get(t.Context(), acme.admin, setup.KindTrunk, made.ID)
	must(t, err)
	_, err = n.parts.setup.PutWith(t.Context(), acme.admin, setup.KindTrunk, made.ID, now.Version, now.Body,
		appsetup.Extra{Secrets: map[string]secret.Text{setup.Password: secret.New("a wrong one")}})
	must(t, err)
	stands("denied", 403)

	// Without leave to use MD5 the password is not given to a machine that knows nothing better.
	now, err = n.parts.setup.Get(t.Context(), acme.admin, setup.KindTrunk, made.ID)
	must(t, err)
	strict := strings.Replace(string(now.Body), `"allow_md5":true`, `"allow_md5":false`, 1)
	_, err = n.parts.setup.PutWith(t.Context(), acme.admin, setup.KindTrunk, made.ID, now.Version, []byte(strict),
		appsetup.Extra{Secrets: map[string]secret.Text{setup.Password: secret.New("correct horse")}})
	must(t, err)
	stands("denied", 401)
}
