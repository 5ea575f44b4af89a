package server

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/api"
	appsetup "nubitalk/internal/app/setup"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/channel/voice/sip/dialog"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/media/negotiate"
	"nubitalk/internal/server/config"
	"nubitalk/internal/server/drive"
)

// lineFile is a file of lines that tests write and change.
type lineFile struct {
	path string
	at   time.Time
}

// write makes the file have one line; text are its settings beside its name.
func (f *lineFile) write(t *testing.T, text string) {
	t.Helper()
	must(t, os.WriteFile(f.path, []byte("lines:\n  - name: lisbon\n    country: PT\n"+text), 0o600))
	f.at = f.at.Add(time.Minute) // whatever the file system's clock counts in
	must(t, os.Chtimes(f.path, f.at, f.at))
}

func newLineFile(t *testing.T, conf *config.Config, text string) *lineFile {
	t.Helper()
	f := &lineFile{path: filepath.Join(t.TempDir(), "lines.yaml"), at: time.Now()}
	f.write(t, text)
	conf.SIP.Lines = f.path
	must(t, conf.Check(nil))
	return f
}

// change has a node take other lines, as it does every ten seconds.
func (f *lineFile) change(t *testing.T, n *node, text string) {
	t.Helper()
	f.write(t, text)
	n.parts.telephone.lookAtLines()
	wake(n.parts.telephone.changed)
}

const sharedBy = `    organisations:
      - {name: acme, numbers: ["+351210000000..+351210000009"]}
      - {name: books, numbers: ["+351220000000..+351220000009"]}
`

// carried is a trunk over the operator's line.
func (c *company) carried(t *testing.T, number, entry string, change func(*setup.Trunk)) string {
	t.Helper()
	id, err := c.tryCarried(t, number, entry, change)
	must(t, err)
	c.works(t, id)
	return id
}

func (c *company) tryCarried(t *testing.T, number, entry string, change func(*setup.Trunk)) (string, error) {
	t.Helper()
	v := setup.Trunk{Name: "By the line " + number, Enabled: true, Line: "lisbon", Country: "PT", Numbers: []setup.TrunkNumber{{Number: number, EntryPoint: entry}}, Outgoing: setup.TrunkOutgoing{Allowed: true}}
	if change != nil {
		change(&v)
	}
	made, err := appsetup.Create(t.Context(), c.node.parts.setup, c.admin, v)
	return made.ID, err
}

func (n *node) lisbon(t *testing.T) api.LineState {
	t.Helper()
	all, err := n.parts.telephone.LineStates(t.Context())
	must(t, err)
	if len(all) != 1 {
		t.Fatalf("%d lines", len(all))
	}
	return all[0]
}

// Two organisations share a line by TLS with SRTP: calls of its gateway find each by
// its number, and each calls out by it; a gateway that fails is passed over; neither
// can claim or learn what the other has.
func TestTwoTenantsOnOneLine(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		cert, authority := private(t)
		here := netip.MustParseAddrPort(freeAddress(t))
		port := int(here.Port())
		conf.TLS.Mode, conf.SIP.Authority, conf.SIP.Listen = "off", authority, []string{"tls://" + here.String()}
		people := &outsiders{arrived: make(chan *answered, 8)}
		op := &exchange{node: sip.Target{Transport: sip.TLS, Host: "127.0.0.1", Port: port, Fixed: true}}
		op.ep = sip.New(sip.Config{Listeners: []sip.Listener{{Transport: sip.TLS, Address: "127.0.0.1:0", TLS: &tls.Config{Certificates: []tls.Certificate{cert}}}}, Timers: dialog.Usual,
			ClientTLS: func(string) *tls.Config { return &tls.Config{InsecureSkipVerify: true} }}, everybody{people.incoming}) // the node's own certificate is made for its browser
		must(t, op.ep.Start(t.Context()))
		t.Cleanup(func() { _ = op.ep.Stop(t.Context()) })
		op.here = netip.MustParseAddrPort(op.ep.Address(0))
		newLineFile(t, conf, fmt.Sprintf(`    sources: [127.0.0.1]
    gateways:
      - {host: 127.0.0.1, port: %d, priority: 1}
      - {host: 127.0.0.1, port: %d, priority: 2}
    max_calls: 10
%s`, netip.MustParseAddrPort(freeAddress(t)).Port(), op.here.Port(), sharedBy))
		n := start(t, conf, nil)
		acme, books := house(t, n)
		ctx := t.Context()
		desks := map[*company]*drive.User{}
		for c, number := range map[*company]string{acme: "+351210000001", books: "+351220000001"} {
			entry := c.telephone(t, c.signIn(t, "ana"))
			c.agent(t, "bo")
			desks[c], _ = c.ready(t, "bo")
			c.carried(t, number, entry, nil)
		}

		for c, number := range map[*company]string{acme: "210000001", books: "+351220000001"} {
			bo := desks[c]
			call := op.dial(t, number, "+351930000007", negotiate.Policy{})
			must(t, call.Accept(await[sip.Answered](t, call).Body.Data))
			call.Talk(500)
			must(t, call.Press('1'))
			offer, interaction := c.offered(t, bo)
			agent := c.agentSound(t, bo, interaction)
			agent.Talk(900)
			must(t, bo.Do(ctx, "POST", "offers/"+offer+"/accept", m{}, nil))
			listens(t, "the agent", agent, []float64{500}, 900)
			call.hears(t, "the caller", []float64{900}, 500)
			if st := n.lisbon(t); st.Calls != 1 {
				t.Errorf("%d calls on the line", st.Calls)
			}
			call.leg.Hangup(sip.Reason{Q850: 16})
			wrapsUp(t, bo, interaction)
			must(t, bo.Do(ctx, "POST", "interactions/"+interaction+"/complete", m{}, nil))
			for _, l := range c.legs(t, interaction) {
				if l.Part == "caller" && l.Suite == "" {
					t.Error("a call by the line is not encrypted")
				}
			}
		}
		for _, unknown := range []string{"+351210000002", "+351220000009", "+351230000000"} { // given but of no trunk, and of nobody
			d := op.dial(t, unknown, "+351930000007", negotiate.Policy{})
			if f := await[sip.Failed](t, d); f.Code != 404 {
				t.Errorf("%s: %d", unknown, f.Code)
			}
		}
		clear := op.dial(t, "210000001", "+351930000007", negotiate.Policy{Security: negotiate.Plain})
		if f := await[sip.Failed](t, clear); f.Code != 488 {
			t.Errorf("sound in the clear: %d", f.Code)
		}

		for c, shown := range map[*company]string{acme: "+351210000001", books: "+351220000001"} {
			var made struct{ Interaction string }
			must(t, desks[c].Do(ctx, "POST", "calls", m{"number": "210 000 777", "queue": c.queue}, &made))
			agent := c.agentSound(t, desks[c], made.Interaction)
			agent.Talk(900)
			person := people.answer(t, 500)
			if got := person.leg.From().URI.User.Reveal(); got != shown {
				t.Errorf("%s is shown, not %s", got, shown)
			}
			listens(t, "the agent who called", agent, []float64{500}, 900)
			person.hears(t, "the person", []float64{900}, 500)
			person.leg.Hangup(sip.Reason{Q850: 16})
			wrapsUp(t, desks[c], made.Interaction)
			must(t, desks[c].Do(ctx, "POST", "interactions/"+made.Interaction+"/complete", m{}, nil))
		}
		within(t, "the places of the line are not given back", func() bool { return n.lisbon(t).Calls == 0 })

		// What is another's, by the field; and nothing of the other.
		admin := books.signIn(t, "ana")
		for what, change := range map[string]func(*setup.Trunk){
			"another's number over the line": func(v *setup.Trunk) { v.Numbers[0].Number = "+351210000003" },
			"another's number on one's own trunk": func(v *setup.Trunk) {
				v.Line, v.Numbers[0].Number, v.Outgoing = "", "+351210000003", setup.TrunkOutgoing{}
			},
			"one's own of the line off the line": func(v *setup.Trunk) { v.Line, v.Outgoing = "", setup.TrunkOutgoing{} },
			"a number that nobody was given":     func(v *setup.Trunk) { v.Numbers[0].Number = "+351230000003" },
		} {
			_, err := books.tryCarried(t, "+351220000003", "", change)
			if f := errs.As(err).Fields; len(f) != 1 || f[0].Path != "numbers[0].number" {
				t.Errorf("%s: %v", what, err)
			}
		}
		for field, change := range map[string]func(*setup.Trunk){
			"line":     func(v *setup.Trunk) { v.Line = "porto" },
			"gateways": func(v *setup.Trunk) { v.Gateways = []setup.TrunkGateway{{Host: "192.0.2.1", Transport: "tls"}} },
			"sources":  func(v *setup.Trunk) { v.Sources = []string{"0.0.0.1"} },
			"country":  func(v *setup.Trunk) { v.Country = "ES" },
		} {
			_, err := books.tryCarried(t, "+351220000003", "", change)
			if f := errs.As(err).Fields; len(f) != 1 || f[0].Path != field {
				t.Errorf("%s: %v", field, err)
			}
		}
		var offered, status any
		must(t, admin.Do(ctx, "GET", "trunks/lines", nil, &offered))
		var list struct{ Items []struct{ ID string } }
		must(t, admin.Do(ctx, "GET", "trunks", nil, &list))
		must(t, admin.Do(ctx, "GET", "trunks/"+list.Items[0].ID+"/status", nil, &status))
		said := fmt.Sprint(offered, status)
		for _, secret := range []string{"21000000", "acme", "127.0.0.1", strconv.Itoa(int(op.here.Port()))} {
			if strings.Contains(said, secret) {
				t.Errorf("a tenant learns %s: %s", secret, said)
			}
		}
		if !strings.Contains(said, "+351220000000") || !strings.Contains(said, "lisbon") {
			t.Errorf("a tenant does not see its own: %s", said)
		}
	})
}

// One tenant cannot take all places of a line: its own next call is told to come back,
// or leaves by its other trunk, while the other tenant and emergencies still get one.
// The file is changed while calls stand.
func TestPlacesOfALine(t *testing.T) {
	conf := settings(t, t.TempDir())
	conf.TLS.Mode = "off"
	node := telephony(t, conf)
	people := &outsiders{arrived: make(chan *answered, 8)}
	op := newExchange(t, node, people.incoming)
	text := func(calls int) string {
		return fmt.Sprintf("    sources: [127.0.0.1]\n    gateways: [{host: 127.0.0.1, port: %d, transport: udp}]\n    max_calls: %d\n%s", op.here.Port(), calls, sharedBy)
	}
	file := newLineFile(t, conf, text(3))
	n := start(t, conf, nil)
	acme, books := house(t, n)
	ctx := t.Context()
	early := op.dial(t, "+351210000001", "+351930000007", negotiate.Policy{}) // nobody's trunk has it yet
	if f := await[sip.Failed](t, early); f.Code != 404 {
		t.Errorf("a number of the line before any trunk names it: %d", f.Code)
	}
	acme.carried(t, "+351210000001", acme.telephone(t, acme.signIn(t, "ana")), nil)
	books.carried(t, "+351220000001", books.telephone(t, books.signIn(t, "ana")), nil)
	acme.agent(t, "bo")
	bo, _ := acme.ready(t, "bo")

	var standing []*dialled
	call := func(number string) *dialled {
		t.Helper()
		d := op.dial(t, number, "+351930000007", negotiate.Policy{})
		must(t, d.Accept(await[sip.Answered](t, d).Body.Data))
		standing = append(standing, d)
		return d
	}
	full := func(number string) {
		t.Helper()
		d := op.dial(t, number, "+351930000007", negotiate.Policy{})
		if f := await[sip.Failed](t, d); f.Code != 503 || f.RetryAfter <= 0 {
			t.Errorf("with no place left: %d, %v", f.Code, f.RetryAfter)
		}
	}
	call("+351210000001")
	call("+351210000001")
	full("+351210000001") // the third place is reserved
	if st := n.lisbon(t); st.Calls != 2 || st.Refused.Share != 1 || st.Refused.Full != 0 {
		t.Errorf("%+v", st)
	}
	if got := n.measured(t, `nubitalk_line_`); !strings.Contains(got, `nubitalk_line_calls{line="lisbon"} 2`) || !strings.Contains(got, `nubitalk_line_refused_total{kind="share",line="lisbon"} 1`) || !strings.Contains(got, `nubitalk_line_gateways{line="lisbon",state="down"} 0`) {
		t.Errorf("it is measured as %s", got)
	}

	// A call that leaves: refused, but for help; by the tenant's other trunk.
	var made struct{ Interaction string }
	must(t, bo.Do(ctx, "POST", "calls", m{"number": "210000777", "queue": acme.queue}, &made))
	wrapsUp(t, bo, made.Interaction)
	must(t, bo.Do(ctx, "POST", "interactions/"+made.Interaction+"/complete", m{}, nil))
	if len(people.arrived) > 0 {
		t.Error("a call without a place left")
	}
	call("+351220000001") // the other's place is there
	full("+351220000001")
	must(t, bo.Do(ctx, "POST", "calls", m{"number": "112", "queue": acme.queue}, &made))
	help := people.answer(t, 500)
	if got := help.leg.Invite().URI.User.Reveal(); got != "112" {
		t.Errorf("%s was called", got)
	}
	if st := n.lisbon(t); st.Calls != 4 || st.Refused.Full != 1 {
		t.Errorf("%+v", st)
	}
	help.leg.Hangup(sip.Reason{Q850: 16})
	wrapsUp(t, bo, made.Interaction)
	must(t, bo.Do(ctx, "POST", "interactions/"+made.Interaction+"/complete", m{}, nil))
	acme.trunk(t, op, "+351300000001", "", func(v *setup.Trunk) { v.Name, v.Outgoing = "Its own", setup.TrunkOutgoing{Allowed: true} })
	must(t, bo.Do(ctx, "POST", "calls", m{"number": "210000777", "queue": acme.queue}, &made))
	other := people.answer(t, 500)
	if got := other.leg.From().URI.User.Reveal(); got != "+351300000001" {
		t.Errorf("%s is shown", got)
	}
	other.leg.Hangup(sip.Reason{Q850: 16})

	// More places while calls stand; then another file that is wrong, and one without the line.
	file.change(t, n, text(8))
	within(t, "the change is not taken", func() bool { return n.lisbon(t).MaxCalls == 8 })
	call("+351210000001")
	file.change(t, n, "    gateways: [{host: \"not a name\"}]\n")
	if st := n.lisbon(t); st.MaxCalls != 8 || !strings.Contains(n.logs.String(), "lines[0].gateways[0].host") {
		t.Errorf("a wrong file: %+v", st)
	}
	must(t, os.WriteFile(file.path, []byte("lines: []\n"), 0o600))
	n.parts.telephone.lookAtLines()
	wake(n.parts.telephone.changed)
	within(t, "the line is still there", func() bool { all, err := n.parts.telephone.LineStates(ctx); return err == nil && len(all) == 0 })
	books.gone(t)
	d := op.dial(t, "+351220000001", "+351930000007", negotiate.Policy{})
	if f := await[sip.Failed](t, d); f.Code != 404 { // acme's own trunk comes from there
		t.Errorf("without the line: %d", f.Code)
	}
	for i, d := range standing {
		select {
		case e := <-d.events:
			if end, over := e.(sip.Ended); over {
				t.Errorf("call %d ended when the lines changed: %+v", i, end)
			}
		default:
		}
	}
	must(t, standing[0].Press('1')) // it is heard, and hears
	standing[0].hearsMusic(t, 900)
}

// measured are the lines of /metrics that begin so.
func (n *node) measured(t *testing.T, begin string) (lines string) {
	t.Helper()
	res, err := http.Get("http://" + n.Server.figures.at.String() + "/metrics")
	must(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	must(t, err)
	for line := range strings.Lines(string(body)) {
		if strings.HasPrefix(line, begin) {
			lines += line
		}
	}
	return lines
}

// gone waits until a tenant's trunk says that its line is not there.
func (c *company) gone(t *testing.T) {
	t.Helper()
	var list struct{ Items []struct{ ID string } }
	admin := c.signIn(t, "ana")
	must(t, admin.Do(t.Context(), "GET", "trunks", nil, &list))
	within(t, "the trunk does not tell that its line is gone", func() bool {
		var st api.TrunkState
		must(t, admin.Do(t.Context(), "GET", "trunks/"+list.Items[0].ID+"/status", nil, &st))
		return st.Line != nil && st.Line.State == "gone"
	})
}
