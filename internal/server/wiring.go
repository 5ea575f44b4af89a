package server

import (
	"context"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"nubitalk/internal/api"
	"nubitalk/internal/app/account"
	"nubitalk/internal/app/audit"
	"nubitalk/internal/app/campaign"
	"nubitalk/internal/app/contact"
	"nubitalk/internal/app/export"
	"nubitalk/internal/app/field"
	"nubitalk/internal/app/floor"
	"nubitalk/internal/app/forward"
	"nubitalk/internal/app/live"
	"nubitalk/internal/app/lookup"
	"nubitalk/internal/app/prompt"
	"nubitalk/internal/app/quality"
	"nubitalk/internal/app/recording"
	"nubitalk/internal/app/retention"
	appsetup "nubitalk/internal/app/setup"
	"nubitalk/internal/app/usage"
	"nubitalk/internal/app/voicemail"
	"nubitalk/internal/app/webhook"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/service"
	"nubitalk/internal/base/telemetry"
	"nubitalk/internal/blob/scan"
	"nubitalk/internal/bus"
	"nubitalk/internal/channel/chat"
	"nubitalk/internal/channel/email"
	"nubitalk/internal/channel/openid"
	"nubitalk/internal/channel/voice"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/media"
	"nubitalk/internal/server/collector"
	"nubitalk/internal/store"
	built "nubitalk/web"
)

// parts are what uses the keepers: the use cases, the channels, the doors.
type parts struct {
	audit      *audit.Log
	refused    *audit.Refusals
	sender     *audit.Sender // nil where audit logs go nowhere
	setups     *setups
	setup      *appsetup.Service
	prompts    *prompt.Service
	accounts   *account.Service
	people     *people
	contacts   *contact.Service
	fields     *field.Service
	floor      *floor.Manager
	cluster    *cluster // nil on a single node
	chat       *chat.Service
	recording  *recording.Service
	alarms     *recordingAlerts
	listeners  *recording.Listeners
	holds      *recording.Holds
	quality    *quality.Service
	campaigns  *campaign.Service
	media      *media.Host
	voice      *voice.Service
	voicemails *voicemail.Service
	email      *email.Service
	lines      *lineBook
	telephone  *telephone // nil without telephony
	handsets   *handsets  // the same
	live       *live.Hub
	ending     *retention.Service
	usage      *usage.Service
	webhooks   *webhook.Service
	exports    *export.Service
	privacy    *privacyDoors
	api        *api.Server
}

// wire makes the parts, connects them, and adds those that run to the group in
// the order of their start.
func (s *Server) wire() (*parts, error) {
	p := s.makeParts()
	// What points back: made before what it points at.
	p.setups.app, p.setups.read = p.setup, p.setup.Snapshot
	p.setups.reload = func(ctx context.Context, t id.Tenant) error {
		p.voice.Recheck(t)
		return p.floor.Reload(ctx, t)
	}
	p.contacts.Conversations = p.chat
	p.contacts.Unrestricted = p.campaigns.Unrestricted
	p.floor.Campaigns = p.campaigns
	p.floor.Drive(acd.Chat, p.chat)
	p.floor.Drive(acd.Voice, p.voice)
	p.floor.Drive(acd.Email, p.email)
	p.ending.Handle(email.JobDone, p.email.RunDone)
	p.ending.Handle(email.JobAcknowledge, p.email.RunAcknowledge)
	p.ending.HandleApart(webhook.JobSend, p.webhooks.RunSend)
	p.ending.Handle(campaign.JobSettle, p.campaigns.RunSettle)
	p.ending.Handle(contact.JobErase, p.contacts.RunErase)
	p.ending.Handle(account.JobEnd, p.accounts.RunEnd)
	p.ending.Handle(account.JobSweep, p.accounts.RunEnd)
	p.ending.Handle(account.JobRotate, p.accounts.RunRotation)
	p.ending.Handle(account.JobRewrap, p.accounts.RunRewrap)
	if err := s.mount(p); err != nil {
		return nil, err
	}

	s.group.Add("setup", p.setups)
	s.group.Add("people", service.Func{OnStart: func(context.Context) error { s.keepers.bus.Subscribe(p.people.hear); return nil }})
	s.group.Add("account", p.accounts)
	s.group.Add("contact", p.contacts)
	s.group.Add("closing", service.Func{OnStart: func(context.Context) error { s.keepers.bus.Subscribe(p.closed); return nil }})
	s.group.Add("recording", p.recording) // before the floor, which asks what a caller had said when the node ended
	s.group.Add("floor", p.floor)
	s.group.Add("recording alerts", p.alarms)
	if p.cluster != nil {
		s.group.Add("cluster", p.cluster)
	}
	s.group.Add("chat", service.Func{OnStart: p.chat.Begin, OnStop: p.chat.Halt})
	s.group.Add("media", p.media)
	s.group.Add("voice", service.Func{OnStart: p.voice.Begin, OnStop: p.voice.Halt})
	if s.added.Fill == nil {
		s.group.Add("email", p.mailboxes(s.keepers.bus))
	}
	if p.telephone != nil {
		s.group.Add("telephone", p.telephone)
	}
	s.group.Add("live", p.live)
	s.group.Add("refused requests", p.refused)
	s.group.Add("retention", p.ending)
	if p.sender != nil {
		s.group.Add("audit sending", p.sender)
	}
	s.group.Add("quality", p.quality)
	s.group.Add("notice", service.Func{OnStop: p.privacy.stop})
	return p, nil
}

func (s *Server) makeParts() *parts {
	k, p := s.keepers, &parts{}
	p.audit = audit.New(k.db, s.clock).Telling(func(e bus.Event) {
		if err := k.bus.Publish(e); err != nil { // it stands in the database; screens fetch it later
			s.log.Warn("a security alert could not be told", "tenant", e.Tenant, "error", err)
		}
	})
	p.refused = audit.NewRefusals(p.audit, s.log.With("part", "audit"))
	if s.conf.Log.Audit {
		p.sender = audit.NewSender(audit.SenderDeps{DB: k.db, To: auditCollector{s.logs}, Settled: collector.Settled, Clock: s.clock, Log: s.log.With("part", "audit"), Node: s.data.node})
	}
	p.setups = newSetups(k.db, k.bus, s.log.With("part", "setup"))
	p.lines = newLineBook(s.conf.SIP.Lines, s.conf.Encryption.Rule(), s.log.With("part", "lines"))
	p.setup = appsetup.New(appsetup.Deps{DB: k.db, Clock: s.clock, IDs: s.ids, Audit: p.audit, Vault: k.vault, Lines: p.lines.now, Encryption: s.conf.Encryption.Rule(), Changed: p.setups.changed})
	looks := lookup.New(lookup.Deps{Connections: p.setup, Product: "Nubitalk", Allowed: s.conf.Outside.Hosts()})
	p.webhooks = webhook.New(webhook.Deps{DB: k.db, Clock: s.clock, IDs: s.ids, Setup: p.setup, Network: looks, Audit: p.audit, Kick: func() { p.ending.Kick() }, Log: s.log.With("part", "webhook")})
	p.audit.TellingOthers(p.webhooks)
	p.prompts = prompt.New(prompt.Deps{DB: k.db, Vault: k.vault, Blobs: k.blobs, Clock: s.clock, IDs: s.ids, Audit: p.audit, Log: s.log.With("part", "prompt"),
		Changed: func(t id.Tenant, prompt string) {
			p.setups.changed(appsetup.Change{Tenant: t, Kind: setup.KindPrompt, ID: prompt})
		}})
	p.usage = usage.New(k.db, s.clock)
	p.accounts = account.New(account.Deps{Counted: p.usage.CountNow, Lines: p.usage.Lines, Store: k.db, Vault: k.vault, Bus: k.bus, Audit: p.audit, Defaults: p.setup, Rules: p.setups, Leavers: leavers{p.setup}, Files: k.blobs,
		SecondForAll: s.conf.Accounts.Factors == "everyone",
		Providers:    openid.New(s.network(s.conf.OpenID.Inside, s.conf.OpenID.Authority).Browser(), s.clock.Now),
		Clock:        s.clock, IDs: s.ids, Log: s.log.With("part", "account")})
	p.people = newPeople(p.accounts)
	p.contacts = contact.New(contact.Deps{DB: k.db, Keys: k.vault, Blobs: k.blobs, Audit: p.audit, Bus: k.bus,
		Clock: s.clock, IDs: s.ids, Log: s.log.With("part", "contact")})
	p.fields = field.New(field.Deps{DB: k.db, Keys: k.vault, Audit: p.audit, Clock: s.clock, Contact: p.contacts.May, Seen: p.contacts.Seen,
		Interaction: func(ctx context.Context, a access.Actor, perm access.Permission, interaction string) (string, error) {
			w, err := p.floor.Work(ctx, a, perm, interaction)
			return w.Contact, err
		},
		Changed: func(t id.Tenant, field string) {
			p.setups.changed(appsetup.Change{Tenant: t, Kind: setup.KindField, ID: field})
		}})
	p.contacts.Fields = func(tx *store.Tx, e setup.FieldEntity, object, of string) (out []contact.ExportedField, err error) {
		values, err := p.fields.Export(tx, e, object, of)
		for _, v := range values {
			out = append(out, contact.ExportedField(v))
		}
		return out, err
	}
	p.alarms = newRecordingAlerts(s.log.With("part", "recording"))
	p.floor = floor.New(floor.Deps{Rest: s.rest, Grace: s.added.Grace, Needed: p.setups.needsFloor, Rested: p.setups.rested, Fields: p.fields, Recordings: p.alarms.of, RecordingHold: s.hold, DB: k.db, Vault: k.vault, Bus: k.bus, Clock: s.clock, IDs: s.ids, Setup: p.setups, Contacts: p.contacts, Lookups: looks,
		Audit: p.audit, Webhooks: p.webhooks, Node: s.data.node, Trunked: len(s.conf.SIP.Listen) > 0, TrunkHold: s.hold, Log: s.log.With("part", "floor")})
	var chatFloor chat.Floor = p.floor
	var liveFloor live.Floor = p.floor
	var voiceFloor voice.Floor = p.floor
	if !s.conf.Bus.URL.Empty() {
		p.cluster = newCluster(p.floor, s.data.node, k, s.clock, s.log.With("part", "cluster"))
		chatFloor, liveFloor, voiceFloor = p.cluster, p.cluster, p.cluster
	}
	p.chat = chat.New(chat.Deps{DB: k.db, Vault: k.vault, Blobs: k.blobs, Bus: k.bus, Clock: s.clock, IDs: s.ids, Setup: p.setups,
		People: p.people, Brands: brands{p.accounts}, Floor: chatFloor, Audit: p.audit, Log: s.log.With("part", "chat")})
	p.recording = &recording.Service{DB: k.db, Vault: k.vault, Blobs: k.blobs, IDs: s.ids, Clock: s.clock, Log: s.log.With("part", "recording"), Dir: s.conf.Folder("spool"), Room: int64(s.conf.Files.Room), Changed: p.alarms.changed}
	p.alarms.made, p.alarms.floor = p.recording, p.floor
	p.listeners = recording.NewListeners(recording.ListenDeps{Recordings: p.recording, Rules: p.setups, Audit: p.audit, May: func(ctx context.Context, a access.Actor, perm access.Permission, interaction string) error {
		_, err := p.floor.Work(ctx, a, perm, interaction)
		return err
	}, Evaluated: func(ctx context.Context, a access.Actor, interaction, recording string) (string, error) {
		return p.quality.Hears(ctx, a, interaction, recording)
	}})
	p.exports = export.New(export.Deps{DB: k.db, Vault: k.vault, Blobs: k.blobs, Audit: p.audit, Clock: s.clock, IDs: s.ids,
		Recordings: func(ctx context.Context, a access.Actor, in export.Recordings, w io.Writer) error {
			return p.listeners.ExportWhole(ctx, a, recording.Whole{After: in.After, Until: in.Until, Mailboxes: in.Mailboxes, Reason: in.Reason, Sound: recording.Format(in.Sound)}, w)
		}})
	p.holds = &recording.Holds{Recordings: p.recording, Audit: p.audit, Erasing: p.contacts.Erasing}
	p.quality = quality.New(quality.Deps{DB: k.db, Vault: k.vault, Audit: p.audit, Rules: p.setups, Bus: k.bus, Clock: s.clock, IDs: s.ids, Log: s.log.With("part", "quality"), Node: s.data.node})
	p.media = media.NewHost(s.mediaConfig())
	var network voice.Network
	var phones voice.Phones
	var agents voice.Agents
	if len(s.conf.SIP.Listen) > 0 {
		p.telephone = newTelephone(k, p.setups, s.conf.SIP, s.clock, s.log.With("part", "telephone"))
		p.telephone.allowed, p.telephone.rule = s.conf.Outside.Hosts(), s.conf.Encryption.Rule()
		p.telephone.floor, p.telephone.book, p.telephone.figures = p.floor, p.lines, newLineFigures(s.metrics)
		p.handsets = &handsets{db: k.db, floor: p.floor, setups: p.setups, telephone: p.telephone}
		p.telephone.forwards = forward.New(forward.Deps{DB: k.db, Vault: k.vault, Clock: s.clock, Audit: p.audit, Lines: forwardLines{p.handsets},
			Changed: func(t id.Tenant, phone string) {
				p.setups.changed(appsetup.Change{Tenant: t, Kind: setup.KindPhone, ID: phone})
				p.telephone.changes(t)
			}})
		network, phones, agents = p.telephone, p.telephone, phoneAgents{p.handsets}
	}
	p.voicemails = voicemail.New(voicemail.Deps{DB: k.db, Vault: k.vault, Bus: k.bus, Clock: s.clock})
	p.voice = voice.New(voice.Deps{Messages: p.voicemails, Queues: p.setups, Network: network, Phones: phones, Agents: agents, SIP: s.sipConfig(), Bus: k.bus, Media: p.media, Speech: s.speaker(), Prompts: sounds{p.prompts, p.setups}, Floor: voiceFloor, Written: written{p.chat, p.setups, p.prompts}, Absence: s.absence,
		DB: k.db, Vault: k.vault, Clock: s.clock, IDs: s.ids, Audit: p.audit, Rules: p.setups, Supervisors: supervisors{k.db, p.floor, s.clock.Now}, Secure: secureFlows{p.setups, s.clock, looks}, Recorder: recorder{k.db, p.setups, p.contacts, p.audit, p.recording}, Log: s.log.With("part", "voice")})
	if p.telephone != nil {
		p.telephone.phone, p.handsets.voice = p.voice.Phone(), p.voice
	}
	p.campaigns = campaign.New(campaign.Deps{DB: k.db, Setup: p.setups, Floor: p.floor, Calls: p.voice, Contacts: p.contacts, Keys: k.vault, Audit: p.audit, Clock: s.clock, IDs: s.ids})
	p.email = email.New(email.Deps{DB: k.db, Vault: k.vault, Clock: s.clock, IDs: s.ids, Setup: p.setups, People: p.people, Contacts: p.contacts, Floor: p.floor, Network: s.mailNetwork(), Pictures: s.pictures(), Bus: k.bus, Log: s.log.With("part", "email")})
	p.accounts.Post = p.email
	p.live = live.New(live.Config{Bus: k.bus, Reader: reader{p.floor, p.contacts}, Floor: liveFloor, Clock: s.clock, Log: s.log.With("part", "live")})
	p.ending = retention.New(retention.Deps{Count: p.usage.Count, DB: k.db, Blobs: k.blobs, Contacts: p.contacts, Audit: p.audit, Clock: s.clock, Log: s.log.With("part", "retention"), Node: s.data.node, Messages: p.voicemails.Tell})
	p.privacy = &privacyDoors{binary: s.binary, log: s.log.With("part", "notice")}
	return p
}

// mount puts what browsers and programs reach on the address.
func (s *Server) mount(p *parts) error {
	pages, err := api.NewPages(built.Packed, s.log.With("part", "web"))
	if err != nil {
		return err
	}
	p.api = s.doors(p)
	var answers http.Handler = p.api
	if p.cluster != nil {
		p.cluster.doors = doors{p.api}
		answers = p.cluster.forward(p.api, p.setups.owner)
	}
	s.web.mux.Handle("/api/", answers)
	s.web.mux.Handle("/chat/", answers)
	pages.Register(s.web.mux)
	notice, err := noticePage()
	if err != nil {
		return err
	}
	s.web.mux.Handle("GET /notice", notice)
	s.first = newFirstRun(p.accounts, s.founded, s.log)
	s.first.register(s.web.mux)
	s.web.front = s.first.lead
	s.web.gone = p.api.Gone
	s.web.stopping = func() { p.api.GoodBye(comeBack(p.live.Count())) }
	return nil
}

// doors makes the API.
func (s *Server) doors(p *parts) *api.Server {
	k := s.keepers
	conf := api.Config{Version: telemetry.ReadBuild().Version, PlainHTTP: s.web.plainToBrowsers(), Visitors: strings.TrimSuffix(s.conf.Visitors, "/"), Encryption: s.conf.Encryption.Rule(), Limits: api.Times(s.conf.Limits.Calls), AllowUnscanned: s.conf.Files.Unscanned == "allow", Relays: s.conf.Sound.ICE.Plan(), Clock: s.clock, Log: s.log.With("part", "api")}
	for _, network := range s.conf.Proxy.Trust {
		if prefix, err := netip.ParsePrefix(network); err == nil { // config.Check has refused others
			conf.Proxies = append(conf.Proxies, prefix)
		}
	}
	reload := func(ctx context.Context, t id.Tenant) {
		// Unavailable: the floor is another node's, which hears of the change as well.
		if err := p.floor.Reload(ctx, t); err != nil && !errs.Is(err, errs.Unavailable) {
			s.log.Error("a floor could not take a change", "tenant", t, "error", err)
		}
	}
	accounts := accountDoors{p.accounts, s.founded, func(t id.Tenant) { p.setups.changed(appsetup.Change{Tenant: t}) }, reload}
	p.ending.Handle(account.JobTrial, accounts.runTrial)
	var trunks api.TrunkStatus
	var phones api.PhoneStatus
	var chosen api.Handsets
	var lines api.LineStatus
	var forwarding api.Forwarding
	if p.telephone != nil {
		lines = p.telephone
		trunks, phones, chosen, forwarding = p.telephone, p.telephone, p.handsets, p.telephone.forwards
	}
	var scanner api.FileScanner
	if address := s.conf.Files.Scanner; address != "" {
		if c, err := scan.New(address); err == nil { // config.Check has refused others
			scanner = c
		}
	}
	return api.New(conf, api.Parts{
		Scanner:  scanner,
		Trunks:   trunks,
		Lines:    lines,
		Phones:   phones,
		Handsets: chosen,
		Forwards: forwarding, Voicemails: p.voicemails,
		Accounts:  accounts,
		Floor:     desks{p.floor, p.chat, s.ids},
		History:   p.floor,
		Emails:    p.email,
		Chat:      p.chat,
		Visitors:  p.chat,
		Calls:     p.voice,
		Screens:   p.voice,
		Setup:     setupDoors{p.setup, reload},
		Prompts:   p.prompts,
		Greetings: p.prompts,
		Listening: p.listeners,
		Holds:     p.holds,
		Quality:   p.quality,
		Campaigns: p.campaigns,
		Contacts:  p.contacts,
		Fields:    p.fields,
		Audit:     p.audit,
		Refused:   p.refused,
		Privacy:   p.privacy,
		System:    s,
		Usage:     p.usage,
		Exports:   p.exports,
		Webhooks:  p.webhooks,
		Replies:   &replies{k.db, k.vault},
		Live:      p.live,
	})
}

// comeBack is over how long browsers are spread that come back after a stop, so
// that thousands of them do not come in the same moment.
func comeBack(users, visitors int) time.Duration {
	return min(time.Duration(users+visitors)*2*time.Millisecond, 20*time.Second)
}

// founded opens the floor of a new tenant. If it cannot be opened now, the
// floors' own rounds do it within seconds.
func (s *Server) founded(ctx context.Context, t id.Tenant) {
	s.parts.setups.changed(appsetup.Change{Tenant: t}) // other nodes come to know its entry points
	if id.Kind(string(t)) != id.TenantKind {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := s.parts.floor.Open(ctx, t); err != nil {
		s.log.Warn("the floor of a new tenant opens later", "tenant", t, "error", err)
	}
}
