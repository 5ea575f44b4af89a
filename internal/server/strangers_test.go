package server

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/base/freeport"
	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/media/negotiate"
)

// prowler speaks SIP from an address that no trunk has.
type prowler struct {
	conn *net.UDPConn
	rand *rand.Rand
}

func newProwler(t *testing.T, node sip.Target) *prowler {
	t.Helper()
	to := net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(node.Host), uint16(node.Port)))
	conn, err := net.DialUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 2)}, to)
	must(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return &prowler{conn: conn, rand: rand.New(rand.NewPCG(4, 4))}
}

// request is one that is well formed, for a user, with more headers.
func (s *prowler) request(method, user string, more ...string) string {
	n, me := s.rand.Uint64(), s.conn.LocalAddr()
	body := ""
	if method == "INVITE" {
		body = "v=0\r\no=- 1 1 IN IP4 127.0.0.2\r\ns=-\r\nc=IN IP4 127.0.0.2\r\nt=0 0\r\nm=audio 9 RTP/AVP 8\r\n"
		more = append(more, "Content-Type: application/sdp")
	}
	lines := append([]string{
		method + " sip:" + user + "@127.0.0.1 SIP/2.0",
		fmt.Sprintf("Via: SIP/2.0/UDP %v;branch=z9hG4bK%x;rport", me, n),
		"Max-Forwards: 70", fmt.Sprintf("From: <sip:%s@127.0.0.1>;tag=%x", user, n), "To: <sip:" + user + "@127.0.0.1>",
		fmt.Sprintf("Call-ID: %x", n), "CSeq: 1 " + method, fmt.Sprintf("Contact: <sip:%s@%v>", user, me),
	}, more...)
	return strings.Join(append(lines, "Content-Length: "+strconv.Itoa(len(body)), "", body), "\r\n")
}

// varying is what differs between two answers to the same question.
var varying = regexp.MustCompile(`(?m)^(Via|From|To|Call-ID|CSeq|Date):.*\r\n|nonce="[^"]*"|opaque="[^"]*"`)

// answers sends a request and gives all that comes back to it, without what
// differs by itself; "" for nothing.
func (s *prowler) answers(t *testing.T, request string, last func(code string) bool) string {
	t.Helper()
	_, err := s.conn.Write([]byte(request))
	must(t, err)
	id := regexp.MustCompile(`Call-ID: \S+`).FindString(request)
	b := make([]byte, 65536)
	for all := ""; ; {
		must(t, s.conn.SetReadDeadline(time.Now().Add(2*time.Minute)))
		n, err := s.conn.Read(b)
		must(t, err)
		got := string(b[:n])
		if !strings.Contains(got, id) {
			continue // a repetition of an older one
		}
		all += varying.ReplaceAllString(got, "")
		if last(strings.Fields(got)[1]) {
			return all
		}
	}
}

// What strangers send by SIP learns nothing, leaves nothing, and disturbs
// neither a call that runs nor one that comes.
func TestStrangersDisturbNoCall(t *testing.T) {
	conf := settings(t, t.TempDir())
	conf.TLS.Mode = "off"
	node := telephony(t, conf)
	tcp := freeAddress(t)
	conf.SIP.Listen = append(conf.SIP.Listen, "tcp://"+tcp)
	n := start(t, conf, nil)
	acme, _ := house(t, n)
	entry := acme.telephone(t, acme.signIn(t, "ana"))
	acme.agent(t, "bo")
	bo, _ := acme.ready(t, "bo")
	op := newExchange(t, node, nil)
	acme.trunk(t, op, "+351210000001", entry, nil)

	call := op.dial(t, "210000001", "+351930000007", negotiate.Policy{})
	answer := await[sip.Answered](t, call).Body.Data
	must(t, call.Accept(answer))
	call.Talk(500)
	must(t, call.Press('2'))
	offer, interaction := acme.offered(t, bo)
	agent := acme.agentSound(t, bo, interaction)
	agent.Talk(900)
	must(t, bo.Do(t.Context(), "POST", "offers/"+offer+"/accept", m{}, nil))
	both := func() {
		t.Helper()
		listens(t, "the agent", agent, []float64{500}, 900)
		call.hears(t, "the caller", []float64{900}, 500)
	}
	both()

	phone, _ := acme.plainPhone(t, "Desk", "", "200")
	within(t, "the phone has no account", func() bool { _, ok := n.parts.telephone.Secret(conf.SIP.Realm, phone); return ok })

	// Nobody's name is found out: who exists and who does not get the same answers.
	s := newProwler(t, node)
	final := func(code string) bool { return code >= "200" }
	nobody := phone[:len(phone)-1] + "0"
	for _, method := range []string{"REGISTER", "INVITE", "SUBSCRIBE", "MESSAGE", "REFER"} {
		for _, users := range [][]string{{"210000001", "210000002", "200", "201", "ana", "bo", acme.Slug, "admin", "%00"}, {phone, nobody}, {phone + setup.MD5Name, nobody + setup.MD5Name}} {
			seen := map[string][]string{}
			for _, user := range users {
				got := s.answers(t, s.request(method, user), final)
				if got == "" || strings.HasPrefix(got, "SIP/2.0 2") {
					t.Errorf("%s for %s: %q", method, user, got)
				}
				seen[got] = append(seen[got], user)
			}
			if len(seen) != 1 {
				t.Errorf("%s tells users apart: %v", method, seen)
			}
		}
	}
	guesses := map[string]bool{}
	for _, user := range []string{phone, nobody, "200", "bo"} {
		var nonce string
		_, err := s.conn.Write([]byte(s.request("REGISTER", user)))
		must(t, err)
		b := make([]byte, 65536)
		size, err := s.conn.Read(b)
		must(t, err)
		if m := regexp.MustCompile(`nonce="([^"]*)"`).FindStringSubmatch(string(b[:size])); m != nil {
			nonce = m[1]
		}
		guess := fmt.Sprintf(`Authorization: Digest username="%s", realm="%s", nonce="%s", uri="sip:%s@127.0.0.1", response="%064x", algorithm=SHA-256, qop=auth, nc=00000001, cnonce="a"`,
			user, conf.SIP.Realm, nonce, user, s.rand.Uint64())
		guesses[s.answers(t, s.request("REGISTER", user, guess), final)] = true
	}
	if len(guesses) != 1 {
		t.Errorf("guessed passwords tell users apart: %v", guesses)
	}

	flood := func(rounds int) {
		for i := range rounds {
			for _, message := range []string{
				s.request("INVITE", strconv.Itoa(i)), s.request("REGISTER", strconv.Itoa(i)), s.request("OPTIONS", strconv.Itoa(i)), s.request("BYE", "210000001"),
				s.request("REGISTER", "100", fmt.Sprintf(`Authorization: Digest username="100", realm="nubitalk", nonce="%x", uri="sip:127.0.0.1", response="%032x", algorithm=MD5`, s.rand.Uint64(), s.rand.Uint64())),
				s.request("INVITE", "100")[:s.rand.IntN(200)], "INVITE sip:" + strings.Repeat("a", 4000) + " SIP/2.0\r\n\r\n", "\r\n\r\n", "\x00\xff\x16\x03\x01",
			} {
				_, _ = s.conn.Write([]byte(message)) // what the socket cannot take is lost, as on a real line
			}
			if i%20 > 0 {
				continue
			}
			// Forged sound at the call's own port, and connections that end in the middle.
			forged, err := net.Dial("udp", call.Agreed().Remote.String())
			must(t, err)
			for range 10 {
				_, _ = forged.Write(append([]byte{0x80, 8, byte(s.rand.Int()), byte(s.rand.Int())}, make([]byte, 168+s.rand.IntN(40))...))
			}
			_ = forged.Close()
			half, err := net.Dial("tcp", tcp)
			must(t, err)
			_, _ = half.Write([]byte(s.request("INVITE", "100")[:s.rand.IntN(300)]))
			_ = half.Close()
		}
	}
	flood(100) // what is made once is made
	settled := func() (goroutines int, heap uint64) {
		runtime.GC()
		var now runtime.MemStats
		runtime.ReadMemStats(&now)
		return runtime.NumGoroutine(), now.HeapAlloc
	}
	goroutines, heap := settled()

	// A caller of the operator's gets through in the middle of it.
	over := make(chan struct{})
	go func() { defer close(over); flood(3000) }()
	second := op.dial(t, "210000001", "+351930000008", negotiate.Policy{})
	must(t, second.Accept(await[sip.Answered](t, second).Body.Data))
	select {
	case <-over:
		t.Log("the flood was over before the second call was answered")
	default:
	}
	<-over
	both()
	second.leg.Hangup(sip.Reason{Q850: 16})
	await[sip.Ended](t, second)
	within(t, "what strangers sent is kept", func() bool {
		g, h := settled()
		return g <= goroutines+20 && h < heap+16<<20
	})
	both()
	if logs := n.logs.String(); len(logs) > 64<<10 {
		t.Errorf("strangers write %d KB of log", len(logs)>>10)
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	address, err := freeport.Address()
	must(t, err)
	return address
}
