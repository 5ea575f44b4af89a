package verify

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/pion/srtp/v3"

	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/channel/voice/sip/auth"
	"nubitalk/internal/channel/voice/sip/dialog"
	"nubitalk/internal/channel/voice/sip/wire"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/media/negotiate"
	"nubitalk/internal/server/drive"
)

// gateway is an operator's media gateway on loopback, with a trunk that is set
// up for it.
type gateway struct {
	w      *world
	admin  *drive.User
	node   sip.Target
	ep     *sip.Endpoint
	called chan *sip.Leg
	trunk  trunk
	number string
}

// trunk is a trunk as the API has it.
type trunk struct {
	setup.Trunk
	ID      string `json:"id,omitempty"`
	Version int64  `json:"version"`
}

// Admit and what follows make it the sip.Handler that takes any call.
func (g *gateway) Admit(sip.Arrival) sip.Admission           { return sip.Admit() }
func (g *gateway) Secret(string, string) (auth.Secret, bool) { return auth.Secret{}, false }
func (g *gateway) Reachable(secret.Text)                     {}
func (g *gateway) Messages(secret.Text) (sip.Messages, bool) { return sip.Messages{}, false }
func (g *gateway) Incoming(l *sip.Leg) {
	l.Events(func(sip.Event) {})
	select {
	case g.called <- l:
	default:
		l.Reject(486, sip.Reason{})
	}
}

// gateway sets a trunk up as the form does it: with nothing said of encryption.
func (w *world) gateway(ctx context.Context) (*gateway, error) {
	if w.gate != nil {
		return w.gate, nil
	}
	g := &gateway{w: w, called: make(chan *sip.Leg, 1)}
	for _, l := range w.demo.SIP {
		if host, port, err := net.SplitHostPort(strings.TrimPrefix(l, "udp://")); err == nil && strings.HasPrefix(l, "udp://") {
			n, _ := strconv.Atoi(port)
			g.node = sip.Target{Transport: sip.UDP, Host: host, Port: n}
		}
	}
	if g.node.Port == 0 {
		return nil, errors.New("not proven: it needs a demonstration that telephones reach by UDP (--sip udp://127.0.0.1:PORT)")
	}
	g.ep = sip.New(sip.Config{Listeners: []sip.Listener{{Transport: sip.UDP, Address: "127.0.0.1:0"}}, Timers: dialog.Usual}, g)
	if err := g.ep.Start(ctx); err != nil {
		return nil, err
	}
	w.gate = g
	var err error
	if g.admin, err = w.user(ctx, ours, "administrator"); err != nil {
		return nil, err
	}
	entry, err := w.telephone()
	if err != nil {
		return nil, err
	}
	digits := make([]byte, 7)
	_, _ = rand.Read(digits)
	for i := range digits {
		digits[i] = '0' + digits[i]%10
	}
	g.number = "+35121" + string(digits)
	here := netip.MustParseAddrPort(g.ep.Address(0))
	type m = map[string]any
	err = g.admin.Do(ctx, "POST", "trunks", m{"name": "Exchange " + w.mark, "country": "PT", "sources": []string{"127.0.0.1"},
		"gateways": []m{{"host": "127.0.0.1", "port": here.Port(), "transport": "udp"}}, "outgoing": m{"allowed": true},
		"numbers": []m{{"number": g.number, "entry_point": entry}}}, &g.trunk)
	if err != nil {
		return nil, fmt.Errorf("setting up a trunk: %w", err)
	}
	return g, g.running(ctx)
}

func (w *world) telephone() (string, error) {
	for _, e := range w.demo.EntryPoints {
		if e.Organisation == ours && e.Channel == "voice" {
			return e.ID, nil
		}
	}
	return "", errors.New("there is no entry point for calls")
}

// close takes the trunk out of use.
func (g *gateway) close(ctx context.Context) {
	if g.trunk.ID != "" {
		_ = g.admin.Do(ctx, "DELETE", g.path(), nil, nil)
	}
	_ = g.ep.Stop(ctx)
}

func (g *gateway) path() string { return "trunks/" + g.trunk.ID }

// running waits until the trunk is at work.
func (g *gateway) running(ctx context.Context) error {
	for {
		var now struct{ Running bool }
		if err := g.admin.Do(ctx, "GET", g.path()+"/status", nil, &now); err != nil || now.Running {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the trunk is not at work: %w", ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// dialled is a call that came to its end, or that talks.
type dialled struct {
	code    int // of a refusal; 0 when it was answered
	leg     *sip.Leg
	socket  *net.UDPConn
	session *negotiate.Session
	answer  []byte
}

func (d *dialled) close() {
	if d.leg != nil {
		d.leg.Hangup(sip.Reason{Q850: 16})
	}
	_ = d.socket.Close()
}

// dial calls a number, and waits for the answer.
func (g *gateway) dial(ctx context.Context, number string, p negotiate.Policy) (*dialled, error) {
	socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	d := &dialled{socket: socket}
	if d.session, err = negotiate.New(p, socket.LocalAddr().(*net.UDPAddr).AddrPort(), rand.Reader); err != nil {
		return nil, errors.Join(err, socket.Close())
	}
	offer, err := d.session.Offer()
	if err != nil {
		return nil, errors.Join(err, socket.Close())
	}
	events := make(chan sip.Event, 64)
	d.leg, err = g.ep.Call(sip.CallRequest{Outgoing: dialog.Outgoing{
		To:   wire.NewURI("sip", number, g.node.Host, g.node.Port, ""),
		From: wire.NewAddress("", wire.NewURI("sip", "+351930000007", "operator.example", 0, ""), ""),
		Hop:  g.node, Body: sip.SDP(offer)}, Events: func(e sip.Event) { events <- e }})
	if err != nil {
		return nil, errors.Join(err, socket.Close())
	}
	for {
		select {
		case e := <-events:
			switch e := e.(type) {
			case sip.Answered:
				d.answer = e.Body.Data
				return d, nil
			case sip.Failed:
				d.code, d.leg = e.Code, nil
				return d, nil
			}
		case <-ctx.Done():
			d.close()
			return nil, fmt.Errorf("the call was not answered: %w", ctx.Err())
		}
	}
}

// refused says that a call must be refused so.
func (g *gateway) refused(ctx context.Context, number string, p negotiate.Policy, code int) error {
	d, err := g.dial(ctx, number, p)
	if err != nil {
		return err
	}
	defer d.close()
	if d.code != code {
		return fmt.Errorf("the answer was %d, and %d was expected", d.code, code)
	}
	return nil
}

var profiles = map[negotiate.Suite]srtp.ProtectionProfile{
	negotiate.AES256GCM: srtp.ProtectionProfileAeadAes256Gcm, negotiate.AES128GCM: srtp.ProtectionProfileAeadAes128Gcm,
	negotiate.AESCM80: srtp.ProtectionProfileAes128CmHmacSha1_80, negotiate.AESCM32: srtp.ProtectionProfileAes128CmHmacSha1_32,
}

// sealedPackets are how many packets are looked at.
const sealedPackets = 50

// sealed reads what the service sends, and opens every packet with the key that
// was agreed; a packet that is changed in one bit must not open.
func (d *dialled) sealed(ctx context.Context) (negotiate.Suite, error) {
	agreed, err := d.session.Accept(d.answer)
	if err != nil {
		return 0, err
	}
	if !strings.Contains(string(d.answer), " RTP/SAVP ") || agreed.Suite == negotiate.None {
		return 0, fmt.Errorf("sound is agreed without SRTP: %s", firstLine(d.answer, "m="))
	}
	key := agreed.Theirs.Material.Reveal()
	keys := func() (*srtp.Context, error) {
		return srtp.CreateContext(key[:agreed.Suite.KeyLen()], key[agreed.Suite.KeyLen():], profiles[agreed.Suite])
	}
	right, err := keys()
	if err != nil {
		return 0, err
	}
	if until, ok := ctx.Deadline(); ok {
		_ = d.socket.SetReadDeadline(until)
	}
	b := make([]byte, 2048)
	for n := 0; n < sealedPackets; {
		size, err := d.socket.Read(b)
		if err != nil {
			return 0, fmt.Errorf("after %d packets: %w", n, err)
		}
		if size < 2 || b[1] >= 192 && b[1] <= 223 { // RTCP (RFC 5761 section 4)
			continue
		}
		other, err := keys()
		if err != nil {
			return 0, err
		}
		changed := append([]byte(nil), b[:size]...)
		changed[size/2] ^= 1
		if _, err := other.DecryptRTP(nil, changed, nil); err == nil {
			return 0, errors.New("a changed packet opens")
		}
		plain, err := right.DecryptRTP(nil, b[:size], nil)
		if err != nil {
			return 0, fmt.Errorf("a packet does not open with the agreed key: %w", err)
		}
		if strings.Contains(string(b[12:size]), string(plain[12:])) {
			return 0, errors.New("a packet's sound can be read without the key")
		}
		n++
	}
	return agreed.Suite, nil
}

func firstLine(sdp []byte, prefix string) string {
	for line := range strings.Lines(string(sdp)) {
		if strings.HasPrefix(line, prefix) {
			return strings.TrimSpace(line)
		}
	}
	return "no line " + prefix
}

// callArrives lets a call in by a trunk's number, and by no other.
func callArrives(ctx context.Context, w *world) (string, error) {
	g, err := w.gateway(ctx)
	if err != nil {
		return "", err
	}
	if err := g.refused(ctx, g.number[:len(g.number)-1]+"*", negotiate.Policy{}, 404); err != nil {
		return "", fmt.Errorf("a number that nobody has: %w", err)
	}
	d, err := g.dial(ctx, g.number, negotiate.Policy{})
	if err != nil {
		return "", err
	}
	defer d.close()
	if d.code != 0 {
		return "", fmt.Errorf("the call was refused with %d", d.code)
	}
	var state struct{ Calls int }
	if err := g.admin.Do(ctx, "GET", g.path()+"/status", nil, &state); err != nil {
		return "", err
	}
	if state.Calls != 1 {
		return "", fmt.Errorf("the trunk counts %d calls, not one", state.Calls)
	}
	return "a call by an operator's trunk to its number was answered by the menu there, and one to a number that nobody has got 404", nil
}

// srtpByDefault looks at what a trunk does of which nobody said anything.
func srtpByDefault(ctx context.Context, w *world) (string, error) {
	g, err := w.gateway(ctx)
	if err != nil {
		return "", err
	}
	if g.trunk.Encryption != setup.EncryptionRequired {
		return "", fmt.Errorf("a new trunk has encryption %s", g.trunk.Encryption)
	}
	if err := g.refused(ctx, g.number, negotiate.Policy{Security: negotiate.Plain}, 488); err != nil {
		return "", fmt.Errorf("a call without SRTP: %w", err)
	}
	d, err := g.dial(ctx, g.number, negotiate.Policy{})
	if err != nil {
		return "", err
	}
	defer d.close()
	if d.code != 0 {
		return "", fmt.Errorf("a call with SRTP was refused with %d", d.code)
	}
	suite, err := d.sealed(ctx)
	if err != nil {
		return "", err
	}
	line, err := g.offered(ctx)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("a new trunk requires it: a call without got 488; with it, %d packets came sealed by %v, opened with the agreed key, and not once a bit was changed; a call that leaves offers %s and nothing else",
		sealedPackets, suite, line), nil
}

// offered is what a call that an agent makes offers to the gateway.
func (g *gateway) offered(ctx context.Context) (string, error) {
	agents := g.w.demo.All(ours, "agent")
	if len(agents) < 2 {
		return "", errors.New("there is no second agent to call out")
	}
	agent, err := drive.SignIn(ctx, g.w.http, g.w.demo.BaseURL, agents[1])
	if err != nil {
		return "", err
	}
	live, err := readyDesk(ctx, agent)
	if err != nil {
		return "", err
	}
	g.w.desks = append(g.w.desks, live)
	var queues struct{ Items []struct{ ID string } }
	if err := g.admin.Do(ctx, "GET", "queues", nil, &queues); err != nil {
		return "", err
	}
	if len(queues.Items) == 0 {
		return "", errors.New("there is no queue to call for")
	}
	var made struct{ Interaction string }
	if err := agent.Do(ctx, "POST", "calls", map[string]string{"number": "+351210000007", "queue": queues.Items[0].ID}, &made); err != nil {
		return "", fmt.Errorf("calling out: %w", err)
	}
	var leg *sip.Leg
	select {
	case leg = <-g.called:
	case <-ctx.Done():
		return "", fmt.Errorf("no call left: %w", ctx.Err())
	}
	sdp := leg.Offer().Data
	leg.Reject(486, sip.Reason{Q850: 17})
	for line := range strings.Lines(string(sdp)) {
		if strings.HasPrefix(line, "m=") && !strings.Contains(line, " RTP/SAVP ") {
			return "", fmt.Errorf("a call that leaves offers %s", strings.TrimSpace(line))
		}
	}
	if !strings.Contains(string(sdp), "a=crypto:") {
		return "", errors.New("a call that leaves offers no key")
	}
	return strings.Fields(firstLine(sdp, "m="))[2], nil
}

// plainIsWarned lets voices pass unencrypted, which must need a confirmation and
// leave a trace, and ends it.
func plainIsWarned(ctx context.Context, w *world) (string, error) {
	g, err := w.gateway(ctx)
	if err != nil {
		return "", err
	}
	change := func(e setup.Encryption, confirmed bool) error {
		in := struct {
			trunk
			Confirmed bool `json:"confirm_plain,omitempty"`
		}{g.trunk, confirmed}
		in.ID, in.Encryption = "", e
		return g.admin.Do(ctx, "PUT", g.path(), in, &g.trunk)
	}
	var p *drive.Problem
	if err := change(setup.EncryptionPlain, false); !errors.As(err, &p) || p.Status != 422 {
		return "", fmt.Errorf("without a confirmation: %w", expect(err, 422))
	}
	if err := g.refused(ctx, g.number, negotiate.Policy{Security: negotiate.Plain}, 488); err != nil {
		return "", fmt.Errorf("a call without SRTP before it was confirmed: %w", err)
	}
	if err := change(setup.EncryptionPlain, true); err != nil {
		return "", err
	}
	if err := g.answers(ctx, 0); err != nil {
		return "", fmt.Errorf("a call without SRTP after it was confirmed: %w", err)
	}
	if err := change(setup.EncryptionRequired, false); err != nil {
		return "", err
	}
	if err := g.answers(ctx, 488); err != nil {
		return "", fmt.Errorf("a call without SRTP after it was ended: %w", err)
	}
	var log struct {
		Items []struct{ Actor, Action string } `json:"items"`
	}
	if err := g.admin.Do(ctx, "GET", "audit?object="+g.trunk.ID, nil, &log); err != nil {
		return "", err
	}
	noted := map[string]bool{}
	for _, i := range log.Items {
		noted[i.Action] = true
	}
	if !noted["trunk.plain_allowed"] || !noted["trunk.plain_ended"] {
		return "", fmt.Errorf("the audit log has only %v", noted)
	}
	return "it was refused without a confirmation of its own, with the words that tell of it; with one it was taken, for this trunk alone; taking it back refuses such calls again; both changes are in the audit log as actions of their own", nil
}

// answers waits until a call without SRTP gets an answer; 0 is that it is taken. A
// change of set-up is heard in its own time.
func (g *gateway) answers(ctx context.Context, code int) error {
	for {
		d, err := g.dial(ctx, g.number, negotiate.Policy{Security: negotiate.Plain})
		if err != nil {
			return err
		}
		d.close()
		if d.code == code {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the answer is %d, and %d was expected", d.code, code)
		case <-time.After(100 * time.Millisecond):
		}
	}
}
