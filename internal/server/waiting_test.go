package server

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/channel/voice/sip/auth"
	"nubitalk/internal/channel/voice/sip/wire"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/media/negotiate"
	"nubitalk/internal/server/config"
	"nubitalk/internal/store"
)

// lamp is a phone that a test plays: it subscribed to its messages, and confirms what it is
// told.
type lamp struct {
	account string
	as      auth.Credentials
	mu      sync.Mutex
	told    []string
}

// lit has an account subscribe, over a socket of its own, until the test ends.
func lit(t *testing.T, node sip.Target, conf *config.Config, account string, password secret.Text) *lamp {
	t.Helper()
	l := &lamp{account: account, as: auth.Credentials{Realms: []string{conf.SIP.Realm}, Username: secret.New(account), Password: password}}
	c, err := net.Dial("udp", net.JoinHostPort(node.Host, strconv.Itoa(node.Port)))
	must(t, err)
	answers := make(chan *wire.Message, 64)
	done := make(chan struct{})
	t.Cleanup(func() { _ = c.Close(); <-done })
	go func() {
		defer close(done)
		buf := make([]byte, 64<<10)
		for {
			size, err := c.Read(buf)
			if err != nil {
				if strings.Contains(err.Error(), "closed") {
					return
				}
				continue // the node is not there just now
			}
			m, _ := wire.Parse(slices.Clone(buf[:size]))
			switch {
			case m == nil:
			case !m.IsRequest():
				answers <- m
			case m.Method == wire.Notify:
				_, _ = c.Write(m.Answer(200, "").Append(nil))
				_, count, _ := strings.Cut(string(m.Body), "Voice-Message: ")
				l.mu.Lock()
				l.told = append(l.told, strings.TrimSpace(count))
				l.mu.Unlock()
			}
		}
	}()
	proof := ""
	for seq := 1; ; seq++ {
		text := fmt.Sprintf("SUBSCRIBE sip:phones.example SIP/2.0\r\nVia: SIP/2.0/UDP %s;rport;branch=z9hG4bK%s%d\r\nMax-Forwards: 70\r\nFrom: <sip:%s@phones.example>;tag=f\r\nTo: <sip:%s@phones.example>\r\nCall-ID: %s\r\nCSeq: %d SUBSCRIBE\r\nContact: <sip:x@%s>\r\nEvent: message-summary\r\nExpires: 600\r\n%sContent-Length: 0\r\n\r\n",
			c.LocalAddr(), strings.ReplaceAll(c.LocalAddr().String(), ":", ""), seq, account, account, c.LocalAddr(), seq, c.LocalAddr(), proof)
		var m *wire.Message
		within(t, "a SUBSCRIBE is not answered", func() bool { // it is repeated, as over UDP it must be
			_, _ = c.Write([]byte(text))
			for {
				select {
				case m = <-answers:
					if m.CSeq.Number == uint32(seq) {
						return true
					}
				case <-time.After(time.Second):
					return false
				}
			}
		})
		if m.Code == 200 {
			return l
		}
		if m.Code != 401 || proof != "" {
			t.Fatalf("a SUBSCRIBE is answered with %d", m.Code)
		}
		value, _, err := auth.Answer(m.All("WWW-Authenticate"), auth.Request{Method: wire.Subscribe, URI: "sip:phones.example", Cnonce: "c", Count: 1}, l.as)
		must(t, err)
		proof = "Authorization: " + value + "\r\n"
	}
}

func (l *lamp) said() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.told)
}

// shows waits until what it was told last is this.
func (l *lamp) shows(t *testing.T, count string) {
	t.Helper()
	within(t, "the phone does not show "+count, func() bool {
		s := l.said()
		return len(s) > 0 && s[len(s)-1] == count
	})
}

// A phone's light follows its user's messages, over a restart too; a colleague's
// and another organisation's do not.
func TestAPhoneShowsThatMessagesWait(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		node := telephony(t, conf)
		n := start(t, conf, nil)
		acme, books := house(t, n)
		ctx := t.Context()
		boID, cyID := acme.agent(t, "bo"), acme.agent(t, "cy")
		theirID := books.agent(t, "bo")
		bo := acme.signIn(t, "bo")
		light := func(c *company, name, user string) *lamp {
			account, password := c.phone(t, setup.Phone{Name: name, Enabled: true, User: user, Encryption: setup.EncryptionPlain})
			return lit(t, node, conf, account, password)
		}
		id, _ := acme.plainPhone(t, "Bo's", boID, "21")
		acme.goesOn(t, bo, id, m{"always": "voicemail"})
		bos := light(acme, "Bo's light", boID)
		cys := light(acme, "Cy's light", cyID)
		theirs := light(books, "Their light", theirID)
		bos.shows(t, "0/0")
		cys.shows(t, "0/0")
		theirs.shows(t, "0/0")

		op := newExchange(t, node, nil)
		acme.trunk(t, op, "+351210000001", "", func(v *setup.Trunk) { v.Numbers[0].Rings = id })
		leaves := func() {
			t.Helper()
			call := op.dial(t, "210000001", "+351930000007", negotiate.Policy{})
			must(t, call.Accept(await[sip.Answered](t, call).Body.Data))
			call.hears(t, "who calls", []float64{1000})
			call.Talk(500)
			acme.spooled(t, 2*second)
			must(t, call.Press('#'))
			await[sip.Ended](t, call)
		}
		leaves()
		bos.shows(t, "1/0")
		var box struct{ Items []struct{ ID string } }
		must(t, bo.Do(ctx, "GET", "desk/voicemails", nil, &box))
		mark := func(what m) { must(t, bo.Do(ctx, "PATCH", "desk/voicemails/"+box.Items[0].ID, what, nil)) }
		mark(m{"heard": true})
		bos.shows(t, "0/1")
		mark(m{"deleted": true})
		bos.shows(t, "0/0")
		mark(m{"deleted": false, "heard": false})
		bos.shows(t, "1/0")

		// After a restart the phone, which begins anew too, is told again.
		n.stop(t)
		n = start(t, conf, nil)
		acme.node, bo.Base = n, n.URL()
		back := lit(t, node, conf, bos.account, bos.as.Password)
		back.shows(t, "1/0")

		// The person is erased, and with it what it said.
		acme.user(t, "pia", access.PrivacyOfficer)
		pia := acme.signIn(t, "pia")
		contact := ""
		must(t, n.keepers.db.Read(ctx, acme.ID, func(tx *store.Tx) error {
			row, err := tx.Interaction(box.Items[0].ID)
			contact = row.ContactID
			return err
		}))
		must(t, pia.Do(ctx, "POST", "contacts/"+contact+"/erase", m{}, nil))
		back.shows(t, "0/0")

		for what, l := range map[string]*lamp{"a colleague's": cys, "another organisation's": theirs} {
			if s := l.said(); slices.ContainsFunc(s, func(told string) bool { return told != "0/0" }) {
				t.Errorf("%s phone was told of it", what)
			}
		}
	})
}
