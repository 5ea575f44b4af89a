package server

import (
	"testing"
	"time"

	"nubitalk/internal/base/freeport"
	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/channel/voice/sip/gateway"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/media/negotiate"
	"nubitalk/internal/server/drive"
	"nubitalk/internal/store"
)

// Telephones with two nodes: those of an organisation are at the node that holds its
// floor. The other tells calls and phones when to come back. When the first is gone, the
// other goes on with its calls from its own address, whether they talk or wait, and lets
// in what it sent away before.
func TestTelephonesWithTwoNodes(t *testing.T) {
	node := clusterSettings(t)
	conf, other := node("a"), node("b")
	at := map[string]sip.Target{"a": telephony(t, conf), "b": telephony(t, other)}
	a := start(t, conf, nil)
	acme, _ := house(t, a)
	ctx := t.Context()
	entry := acme.telephone(t, acme.signIn(t, "ana"))
	boID := acme.agent(t, "bo")
	op := newExchange(t, at["a"], nil)
	acme.trunk(t, op, "+351210000001", entry, nil)
	account, password := acme.phone(t, setup.Phone{Name: "Bo's", Enabled: true, User: boID, Encryption: setup.EncryptionPlain})
	a.stop(t)

	bin, err := drive.Build(t.TempDir())
	must(t, err)
	listen, err := freeport.Address()
	must(t, err)
	p, err := drive.Serve(ctx, bin, conf.Data, listen, "--database-driver", "postgres", "--database-url", conf.Database.URL.Reveal(), "--keys-driver", "postgres",
		"--keys-url", conf.Keys.URL.Reveal(), "--keys-root", conf.Keys.Root, "--bus-url", conf.Bus.URL.Reveal(), "--files-folder", conf.Files.Folder, "--sip-listen", conf.SIP.Listen[0])
	must(t, err)
	t.Cleanup(p.Kill)
	b := start(t, other, nil)
	acme.node = b // its door is the second node's from now on
	within(t, "the first node does not hold the floor", func() bool { return b.parts.cluster.elsewhere(ctx, acme.ID) != "" })
	bo, _ := acme.ready(t, "bo")

	second := *op
	second.node = at["b"]
	early := second.dial(t, "210000001", "+351930000006", negotiate.Policy{})
	if f := await[sip.Failed](t, early); f.Code != 503 || f.RetryAfter != comeBackSoon {
		t.Errorf("at the node that does not run its calls: %d, to come back after %v", f.Code, f.RetryAfter)
	}
	phone := second.register(t, account, other.SIP.Realm, password)
	within(t, "a phone at the node that does not run its calls is told nothing", func() bool { return phone.State() == gateway.Failing })

	talking := op.dial(t, "210000001", "+351930000007", negotiate.Policy{})
	must(t, talking.Accept(await[sip.Answered](t, talking).Body.Data))
	talking.Talk(500)
	must(t, talking.Press('1'))
	offer, interaction := acme.offered(t, bo)
	must(t, bo.Do(ctx, "POST", "offers/"+offer+"/accept", m{}, nil))
	agent := acme.agentSound(t, bo, interaction)
	agent.Talk(900)
	listens(t, "the agent", agent, []float64{500})
	waiting := op.dial(t, "210000001", "+351930000008", negotiate.Policy{})
	must(t, waiting.Accept(await[sip.Answered](t, waiting).Body.Data))
	must(t, waiting.Press('2'))
	waiting.hearsMusic(t, 900)
	within(t, "what calls go on with is not kept", func() bool {
		kept := 0
		must(t, b.keepers.db.Read(ctx, acme.ID, func(tx *store.Tx) error {
			legs, err := tx.OpenLegs()
			for _, l := range legs {
				if len(l.DialogSealed) > 0 {
					kept++
				}
			}
			return err
		}))
		return kept == 2
	})

	p.Kill()
	talking.Forget()
	waiting.Forget()
	withinTime(t, 3*time.Minute, "the second node does not take the floor", func() bool { return b.parts.cluster.elsewhere(ctx, acme.ID) == "" })
	for _, d := range []*dialled{talking, waiting} {
		o := await[sip.Offered](t, d)
		body, err := d.Answer(o.Body.Data)
		must(t, err)
		d.leg.AnswerOffer(sip.SDP(body))
	}
	waiting.hearsMusic(t, 900)
	agent = acme.agentSound(t, bo, interaction)
	agent.Talk(900)
	listens(t, "the agent at the second node", agent, []float64{500})
	talking.hears(t, "the caller at the second node", []float64{900}, 500)
	talking.leg.Hangup(sip.Reason{Q850: 16})
	wrapsUp(t, bo, interaction)

	late := second.dial(t, "210000001", "+351930000009", negotiate.Policy{})
	await[sip.Answered](t, late)
	withinTime(t, 2*time.Minute, "the phone is not let in by the second node", func() bool { return phone.State() == gateway.Registered })
}
