package server

import (
	"context"
	"crypto/tls"
	"net/netip"
	"strings"

	"nubitalk/internal/app/prompt"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel"
	"nubitalk/internal/channel/chat"
	"nubitalk/internal/channel/voice"
	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/channel/voice/sip/auth"
	"nubitalk/internal/media"
	"nubitalk/internal/media/speech"
	"nubitalk/internal/server/config"
)

// written is the written side of calls, as voice needs it.
type written struct {
	*chat.Service
	setups    *setups
	greetings *prompt.Service
}

var _ voice.Written = written{}

func visitorOf(c voice.Caller) chat.Visitor {
	return chat.Visitor{Tenant: c.Tenant, Interaction: c.Interaction, Contact: c.Contact, Language: c.Language}
}

func (w written) Begin(ctx context.Context, b voice.Beginning) (voice.Caller, error) {
	r := chat.Ring{EntryPoint: b.EntryPoint, Number: b.Number, Display: b.Display, Agent: b.Agent, Queue: b.Queue, Language: b.Language, Campaign: b.Campaign, Called: b.Called, Mailbox: b.Mailbox, Parking: b.Parking}
	if b.Mailbox != "" || b.Parking != nil {
		snap, err := w.setups.of(ctx, b.Tenant)
		if err != nil {
			return voice.Caller{}, err
		}
		if r.Language = "en"; strings.HasPrefix(snap.Language, "pt") {
			r.Language = "pt"
		}
		if b.Mailbox != "" {
			if err := w.greet(ctx, b, &r); err != nil {
				return voice.Caller{}, err
			}
		}
	}
	v, err := w.StartCall(ctx, b.Tenant, r)
	return voice.Caller{Tenant: v.Tenant, Interaction: v.Interaction, Contact: v.Contact, Language: v.Language}, err
}

// greet chooses what a mailbox says: its user's own greeting, else the prompt that the
// phone names, else the usual words.
func (w written) greet(ctx context.Context, b voice.Beginning, r *chat.Ring) error {
	own, err := w.greetings.HasGreeting(ctx, b.Tenant, b.Mailbox)
	if err != nil {
		return err
	}
	if g := b.Greeting; g.Prompt != "" && !own {
		r.Language, r.Greeting = g.Language, channel.Greeting{Prompt: map[string]string{g.Language: g.Prompt}}
		return nil
	}
	r.Greeting = channel.Greeting{Words: voice.Greeting(w.People.PublicName(ctx, b.Tenant, b.Mailbox))}
	if own {
		r.Greeting.Prompt = map[string]string{r.Language: b.Mailbox}
	}
	return nil
}

func (w written) Choose(ctx context.Context, c voice.Caller, clientID, value string) error {
	_, err := w.Service.Choose(ctx, visitorOf(c), clientID, value)
	return err
}

func (w written) Say(ctx context.Context, c voice.Caller, clientID string, text secret.Text) error {
	_, err := w.Service.Say(ctx, visitorOf(c), clientID, text)
	return err
}

func (w written) Asked(ctx context.Context, c voice.Caller) ([]channel.Act, error) {
	return w.Service.Asked(ctx, c.Tenant, c.Interaction)
}

// sounds are the uploaded sounds of a tenant, as calls play them.
type sounds struct {
	prompts *prompt.Service
	setups  *setups
}

func (s sounds) Heard(ctx context.Context, t id.Tenant, prompt string) ([]int16, error) {
	if id.Valid(id.User, prompt) { // the greeting of this user's mailbox
		return s.prompts.GreetingHeard(ctx, t, prompt)
	}
	return s.prompts.Heard(ctx, t, prompt)
}

func (s sounds) Music(ctx context.Context, t id.Tenant, queue string) ([]int16, error) {
	snap, err := s.setups.of(ctx, t)
	if err != nil {
		return nil, err
	}
	if snap.Queues[queue].Music == "" {
		return nil, nil
	}
	return s.prompts.Heard(ctx, t, snap.Queues[queue].Music)
}

// speaker is who says what menus say.
func (s *Server) speaker() speech.Speaker {
	var chain speech.Chain
	if s.added.Voices != nil {
		chain = append(chain, s.added.Voices)
	}
	if e, ok := speech.FindEspeak(); ok {
		chain = append(chain, e)
	} else if s.added.Voices == nil {
		s.log.Warn("espeak-ng is not installed: menus of calls are shown, but not spoken")
	}
	return speech.NewMemory(chain, s.clock.Now)
}

// mediaConfig is where sound comes and goes.
func (s *Server) mediaConfig() media.Config {
	from, to, _ := s.conf.Sound.Range() // config.Check has refused others
	c := media.Config{Address: s.conf.SoundAddress(), From: uint16(from), To: uint16(to), Browser: media.BrowserConfig{Port: uint16(s.conf.Sound.Port), Video: s.conf.Sound.Video, Strong: s.conf.Encryption.Rule().Strong()}, SilentAfter: s.silence, Now: s.clock.Now}
	for _, p := range s.conf.Sound.Public {
		if a, err := netip.ParseAddr(p); err == nil {
			c.Public = append(c.Public, a)
		}
	}
	return c
}

// sipConfig is where calls of telephones arrive and leave.
func (s *Server) sipConfig() sip.Config {
	c := sip.Config{Product: "Nubitalk", Realm: s.conf.SIP.Realm, Algorithms: []string{auth.SHA256, auth.MD5}, Limits: sip.Limits{Calls: s.conf.SIP.Calls}, Log: s.log.With("part", "sip")}
	if s.conf.Encryption.Rule().Strong() {
		c.Algorithms = []string{auth.SHA256}
	}
	if pool, err := config.Authorities(s.conf.SIP.Authority); err == nil && pool != nil { // config.Check has refused what cannot be read
		c.ClientTLS = func(string) *tls.Config { return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool} }
	}
	for _, l := range s.conf.SIP.Listen {
		transport, address, _ := config.SIPListener(l) // config.Check has refused others
		one := sip.Listener{Transport: map[string]string{"udp": sip.UDP, "tcp": sip.TCP, "tls": sip.TLS}[transport], Address: address, Advertise: s.conf.SIP.Public}
		if transport == "tls" {
			one.TLS = s.certs.SIP()
		}
		c.Listeners = append(c.Listeners, one)
	}
	return c
}
