package api_test

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"nubitalk/internal/api"
	"nubitalk/internal/app/audit"
	"nubitalk/internal/app/campaign"
	"nubitalk/internal/app/field"
	"nubitalk/internal/app/floor"
	"nubitalk/internal/app/forward"
	"nubitalk/internal/app/prompt"
	"nubitalk/internal/app/quality"
	"nubitalk/internal/app/recording"
	appsetup "nubitalk/internal/app/setup"
	"nubitalk/internal/app/voicemail"
	"nubitalk/internal/app/webhook"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/chat"
	"nubitalk/internal/channel/email"
	"nubitalk/internal/channel/email/provider"
	"nubitalk/internal/channel/voice"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/dialplan"
	taped "nubitalk/internal/core/recording"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/core/unusual"
	"nubitalk/internal/media/screen"
)

// world stands in for the parts whose own tests are elsewhere. It holds one of
// everything per tenant and gives it out by core/access alone, as the parts do.
type world struct {
	tenants map[id.Tenant]*goods

	mu        sync.Mutex
	changed   *sync.Cond       // on mu
	here      int              // visitors' sockets
	desks     map[string]int   // by user
	got       map[string]int64 // delivered, by interaction
	said      []string
	replies   map[string]*kept
	breaks    atomic.Bool    // Export fails in the middle
	reading   chan struct{}  // when not nil, Attach says that it runs
	goOn      chan struct{}  // and waits for this
	heldUntil error          // why it was ended
	holds     chan struct{}  // when not nil, ExportLegs says that it runs, and goes on until it is ended
	calls     int            // of CreateWith
	noted     []string       // refused requests: tenant, caller, times
	beside    appsetup.Extra // of the last change
}

// goods are one tenant's things. Everything that a person could read holds the
// tenant's canary.
type goods struct {
	tenant      id.Tenant
	canary      string
	interaction string
	offer       string
	contact     string
	queue       string
	consent     string
	attachment  string
	recording   string
	entry       string
	token       string // of the visitor
	holder      string // the agent who holds the interaction
	origins     []string
	speaks      string
}

type kept struct {
	request [32]byte
	reply   *api.Reply
}

func newWorld() *world {
	w := &world{tenants: map[id.Tenant]*goods{}, desks: map[string]int{}, got: map[string]int64{}, replies: map[string]*kept{}}
	w.changed = sync.NewCond(&w.mu)
	return w
}

// wait waits until something that the parts are told of has come to be.
func (w *world) wait(ok func() bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for !ok() {
		w.changed.Wait()
	}
}

// Note is told whose requests are refused again and again.
func (w *world) Note(by access.Actor, conversation string, times int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.noted = append(w.noted, string(by.Tenant)+" "+by.User+conversation+" "+strconv.Itoa(times))
	w.changed.Broadcast()
}

func gone() error { return errs.New(errs.NotFound, "This does not exist.") }

// of finds a thing of the actor's tenant by one of its ids.
func (w *world) of(a access.Actor, p access.Permission, thing string, ids func(*goods) []string) (*goods, error) {
	g := w.tenants[a.Tenant]
	if g == nil {
		return nil, gone()
	}
	for _, known := range ids(g) {
		if known == thing && access.May(a, p, g.thing()) {
			return g, nil
		}
	}
	return nil, gone()
}

func works(g *goods) []string      { return []string{g.interaction} }
func recordings(g *goods) []string { return []string{g.recording} }
func contacts(g *goods) []string   { return []string{g.contact} }

// thing is what the tenant has, as permissions are asked about it.
func (g *goods) thing() access.Thing {
	return access.Thing{Tenant: g.tenant, Holders: []string{g.holder}, In: access.RolePart{Queues: []string{g.queue}}}
}

func (g *goods) work() floor.Interaction {
	return floor.Interaction{ID: g.interaction, Channel: acd.Chat, Contact: g.contact, Name: g.canary, State: "active", Agent: g.holder, Queue: g.queue}
}

func (w *world) Work(_ context.Context, a access.Actor, p access.Permission, interaction string) (floor.Interaction, error) {
	g, err := w.of(a, p, interaction, works)
	if err != nil {
		return floor.Interaction{}, err
	}
	return g.work(), nil
}

func (w *world) MayRead(ctx context.Context, a access.Actor, interaction string) error {
	_, err := w.Work(ctx, a, access.WorkRead, interaction)
	return err
}

func (w *world) Desk(_ context.Context, a access.Actor) (floor.Desk, error) {
	d := floor.Desk{Me: floor.AgentView{User: a.User, Presence: acd.Ready}}
	if g := w.tenants[a.Tenant]; g != nil && g.holder == a.User {
		d.Work = []floor.Interaction{g.work()}
	}
	return d, nil
}

func (w *world) Colleagues(_ context.Context, a access.Actor) ([]floor.AgentView, error) {
	if g := w.tenants[a.Tenant]; g != nil {
		return []floor.AgentView{{User: g.holder, UserName: g.canary, Presence: acd.Ready}}, nil
	}
	return nil, nil
}

func (w *world) SetPresence(_ context.Context, a access.Actor, user string, p acd.Presence, reason string) (floor.AgentView, error) {
	if user != a.User {
		if g := w.tenants[a.Tenant]; g == nil || g.holder != user || !access.May(a, access.FloorManage, g.thing()) {
			return floor.AgentView{}, gone()
		}
	}
	return floor.AgentView{User: user, Presence: p, Reason: reason}, nil
}

func (w *world) Accept(ctx context.Context, a access.Actor, offer string) (floor.Interaction, error) {
	g, err := w.of(a, access.DeskUse, offer, func(g *goods) []string { return []string{g.offer} })
	if err != nil {
		return floor.Interaction{}, err
	}
	return g.work(), nil
}

func (w *world) Decline(ctx context.Context, a access.Actor, offer string) error {
	_, err := w.Accept(ctx, a, offer)
	return err
}

func (w *world) handle(ctx context.Context, a access.Actor, interaction string) (floor.Interaction, error) {
	return w.Work(ctx, a, access.WorkHandle, interaction)
}

func (w *world) Finish(ctx context.Context, a access.Actor, i string) (floor.Interaction, error) {
	return w.handle(ctx, a, i)
}

func (w *world) AgentTalk(ctx context.Context, a access.Actor, i string, _ bool) (floor.Interaction, error) {
	return w.handle(ctx, a, i)
}

func (w *world) Complete(ctx context.Context, a access.Actor, i, _ string, _ []string) (floor.Interaction, error) {
	return w.handle(ctx, a, i)
}

func (w *world) Code(ctx context.Context, a access.Actor, i, _ string, _ []string) (floor.Interaction, error) {
	return w.handle(ctx, a, i)
}

func (w *world) Extend(ctx context.Context, a access.Actor, i string) (floor.Interaction, error) {
	return w.handle(ctx, a, i)
}

func (w *world) Transfer(ctx context.Context, a access.Actor, i, _, _ string, _ secret.Text) (floor.Interaction, error) {
	return w.handle(ctx, a, i)
}

func (w *world) TransferToFlow(ctx context.Context, a access.Actor, i, _ string, _ secret.Text) (floor.Interaction, error) {
	return w.handle(ctx, a, i)
}

func (w *world) FlowTargets(ctx context.Context, a access.Actor, i string) ([]floor.FlowTarget, error) {
	_, err := w.handle(ctx, a, i)
	return []floor.FlowTarget{}, err
}

func (w *world) Consult(ctx context.Context, a access.Actor, i, _ string) (floor.Interaction, error) {
	return w.handle(ctx, a, i)
}

func (w *world) EndConsult(ctx context.Context, a access.Actor, i, _ string) (floor.Interaction, error) {
	return w.handle(ctx, a, i)
}

func (w *world) HandOver(ctx context.Context, a access.Actor, i, _ string) (floor.Interaction, error) {
	return w.handle(ctx, a, i)
}

func (w *world) Park(ctx context.Context, a access.Actor, i, _ string) (floor.Interaction, error) {
	return w.handle(ctx, a, i)
}

func (w *world) ParkedCalls(_ context.Context, a access.Actor) ([]floor.ParkedCall, error) {
	g := w.tenants[a.Tenant]
	return []floor.ParkedCall{{Slot: "701", Interaction: g.work().ID, Name: g.work().Name}}, nil
}

func (w *world) Callbacks(_ context.Context, a access.Actor) ([]floor.WaitingCallback, error) {
	return []floor.WaitingCallback{{Interaction: w.tenants[a.Tenant].work().ID}}, nil
}

func (w *world) CancelCallback(ctx context.Context, a access.Actor, i string) error {
	_, err := w.Work(ctx, a, access.FloorManage, i)
	return err
}

func (w *world) Shelve(ctx context.Context, a access.Actor, i string, _ time.Time) (floor.Interaction, error) {
	return w.Work(ctx, a, access.WorkHandle, i)
}

func (w *world) Unshelve(ctx context.Context, a access.Actor, i string) (floor.Interaction, error) {
	return w.Work(ctx, a, access.WorkHandle, i)
}

func (*world) ShelfTimes(context.Context, access.Actor, string) ([]setup.ShelfTime, error) {
	return []setup.ShelfTime{}, nil
}

func (w *world) Shelved(_ context.Context, a access.Actor) ([]floor.ShelvedEmail, error) {
	it := w.tenants[a.Tenant].work()
	return []floor.ShelvedEmail{{Interaction: it.ID, Name: it.Name}}, nil
}

func (w *world) Unpark(ctx context.Context, a access.Actor, i string) (floor.Interaction, error) {
	return w.Work(ctx, a, access.CallPark, i)
}

func (w *world) Snapshot(_ context.Context, a access.Actor) (floor.Snapshot, error) {
	g := w.tenants[a.Tenant]
	return floor.Snapshot{Waiting: []floor.Interaction{g.work()}}, nil
}

func (w *world) Day(context.Context, access.Actor, string) (floor.Day, error) {
	return floor.Day{}, nil
}

func (w *world) Move(ctx context.Context, a access.Actor, i, _, _ string, _ *int) (floor.Interaction, error) {
	return w.Work(ctx, a, access.FloorManage, i)
}

func (w *world) OpenIn(ctx context.Context, a access.Actor, queue string) (floor.QueueOpen, error) {
	_, err := w.Get(ctx, a, setup.KindQueue, queue)
	return floor.QueueOpen{}, err
}

func (w *world) EmptyQueue(ctx context.Context, a access.Actor, queue, _ string) (floor.QueueOpen, error) {
	return w.OpenIn(ctx, a, queue)
}

func (w *world) Why(ctx context.Context, a access.Actor, i string) (floor.Why, error) {
	it, err := w.Work(ctx, a, access.FloorWatch, i)
	return floor.Why{Interaction: it.ID}, err
}

func (w *world) Alerts(_ context.Context, a access.Actor, _ floor.AlertSearch) ([]floor.Alert, string, error) {
	return []floor.Alert{{ID: "alt_1", Queue: w.tenants[a.Tenant].queue}}, "", nil
}

func (w *world) Acknowledge(_ context.Context, a access.Actor, alert string) (floor.Alert, error) {
	g, err := w.of(a, access.AlertManage, alert, func(g *goods) []string { return []string{g.queue} }) // its id, for the test
	if err != nil {
		return floor.Alert{}, err
	}
	return floor.Alert{ID: alert, Queue: g.queue}, nil
}

func (w *world) TakeOver(ctx context.Context, a access.Actor, i string) (floor.Interaction, error) {
	return w.Work(ctx, a, access.FloorManage, i)
}

func (w *world) WhyAgent(_ context.Context, a access.Actor, user string) (floor.WhyUser, error) {
	g, err := w.of(a, access.FloorWatch, user, func(g *goods) []string { return []string{g.holder} })
	if err != nil {
		return floor.WhyUser{}, err
	}
	return floor.WhyUser{Agent: floor.AgentView{User: g.holder, UserName: g.canary}}, nil
}

func (w *world) Agent(_ context.Context, a access.Actor, user string) (floor.AgentDetail, error) {
	g, err := w.of(a, access.FloorWatch, user, func(g *goods) []string { return []string{g.holder} })
	if err != nil {
		return floor.AgentDetail{}, err
	}
	return floor.AgentDetail{Agent: floor.AgentView{User: g.holder, UserName: g.canary}}, nil
}

func (w *world) FlowToday(_ context.Context, a access.Actor, flow string) (floor.FlowToday, error) {
	g, err := w.of(a, access.SetupWrite, flow, func(g *goods) []string { return []string{g.queue} })
	if err != nil {
		return floor.FlowToday{}, err
	}
	return floor.FlowToday{Ways: []floor.FlowWayCount{{To: g.canary}}, Standing: []floor.FlowNodeCount{}}, nil
}

func (w *world) Queue(_ context.Context, a access.Actor, queue string) (floor.QueueDetail, error) {
	g, err := w.of(a, access.FloorWatch, queue, func(g *goods) []string { return []string{g.queue} })
	if err != nil {
		return floor.QueueDetail{}, err
	}
	return floor.QueueDetail{Queue: floor.QueueView{ID: g.queue, Name: g.canary}}, nil
}

func (w *world) SetMember(_ context.Context, a access.Actor, _, user string, _ bool) error {
	_, err := w.of(a, access.FloorManage, user, func(g *goods) []string { return []string{g.holder} })
	return err
}

func (w *world) Connected(_ context.Context, _ id.Tenant, user string, n int) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.desks[user] = n
	w.changed.Broadcast()
	return nil
}

func (w *world) Search(_ context.Context, a access.Actor, _ api.Search) ([]floor.Interaction, string, error) {
	g := w.tenants[a.Tenant]
	if g == nil || !access.May(a, access.WorkSearch, g.thing()) {
		return nil, "", nil
	}
	return []floor.Interaction{g.work()}, "", nil
}

func (w *world) Segments(context.Context, access.Actor, string) ([]api.Segment, error) {
	return nil, nil
}

func (w *world) Legs(context.Context, access.Actor, string) ([]floor.Leg, error) { return nil, nil }

func (w *world) CallLegs(context.Context, access.Actor, floor.LegSearch) ([]floor.CallLeg, string, error) {
	return nil, "", nil
}

func (w *world) PhoneCalls(context.Context, access.Actor, floor.PhoneCallSearch) ([]floor.PhoneCall, string, error) {
	return nil, "", nil
}

func (w *world) ExportLegs(ctx context.Context, _ access.Actor, _ floor.LegSearch, _ func(floor.CallLeg) error) error {
	if w.holds == nil {
		return nil
	}
	w.holds <- struct{}{}
	<-ctx.Done()
	w.heldUntil = ctx.Err()
	return ctx.Err()
}

func (w *world) Earlier(_ context.Context, a access.Actor, contact, _ string, _ int) ([]floor.Interaction, error) {
	if _, err := w.of(a, access.ContactRead, contact, contacts); err != nil {
		return nil, err
	}
	return nil, nil
}

func (g *goods) message() chat.Message {
	return chat.Message{Interaction: g.interaction, Seq: 1, ID: "msg_1", AuthorKind: "visitor", Kind: chat.KindText, Text: g.canary}
}

func (w *world) Messages(_ context.Context, t id.Tenant, _ string, _, _ int64, _ int) ([]chat.Message, error) {
	return []chat.Message{w.tenants[t].message()}, nil
}

func (w *world) Marks(context.Context, id.Tenant, string) (api.Marks, error) { return api.Marks{}, nil }

func (w *world) Send(_ context.Context, a access.Actor, _, clientID, kind string, _ secret.Text) (chat.Message, error) {
	m := w.tenants[a.Tenant].message()
	m.ClientID, m.Kind = clientID, kind
	return m, nil
}

func (w *world) Read(context.Context, access.Actor, string, int64) error { return nil }
func (w *world) Typing(context.Context, access.Actor, string) error      { return nil }

func (w *world) Attach(_ context.Context, a access.Actor, _ string, f api.Upload) (chat.Message, error) {
	if w.reading != nil {
		w.reading <- struct{}{}
		<-w.goOn
	}
	b, err := io.ReadAll(f.Body)
	if err != nil || int64(len(b)) != f.Size {
		return chat.Message{}, errs.New(errs.Internal, "the file is not as long as said")
	}
	m := w.tenants[a.Tenant].message()
	m.Attachment = &chat.Attachment{ID: "att_1", Name: f.Name.Reveal(), MediaType: f.MediaType, Size: f.Size}
	return m, nil
}

func (w *world) Attachment(_ context.Context, t id.Tenant, _, attachment string) (chat.Attachment, secret.Bytes, error) {
	g := w.tenants[t]
	if attachment != g.attachment {
		return chat.Attachment{}, secret.Bytes{}, gone()
	}
	return chat.Attachment{ID: attachment, Name: `<script>"x".html`, MediaType: "text/html"}, secret.NewBytes([]byte(g.canary)), nil
}

func (w *world) EntryPoint(_ context.Context, entry, _ string) (api.EntryPointView, []string, id.Tenant, error) {
	for t, g := range w.tenants {
		if g.entry == entry {
			return api.EntryPointView{ID: entry, Open: true, Title: "Chat"}, g.origins, t, nil
		}
	}
	return api.EntryPointView{}, nil, "", gone()
}

func (w *world) Start(_ context.Context, entry string, _ api.Start) (api.Started, error) {
	for _, g := range w.tenants {
		if g.entry == entry {
			return api.Started{Token: g.token, Interaction: g.interaction}, nil
		}
	}
	return api.Started{}, gone()
}

func (w *world) Visitor(_ context.Context, token secret.Text) (api.Visitor, error) {
	for t, g := range w.tenants {
		if token.Reveal() == g.token {
			return api.Visitor{Tenant: t, Interaction: g.interaction, Contact: g.contact, EntryPoint: g.entry, Origins: g.origins, Language: g.speaks}, nil
		}
	}
	if strings.HasSuffix(token.Reveal(), "over") {
		return api.Visitor{}, errs.New(errs.Gone, "This conversation is over.")
	}
	return api.Visitor{}, errs.New(errs.Unauthorised, "This conversation is not known.")
}

func (w *world) Conversation(_ context.Context, v api.Visitor, after int64) (api.Conversation, error) {
	c := api.Conversation{Interaction: v.Interaction, State: api.VisitorState{State: "active", Open: true}, Last: 3}
	for seq := after + 1; seq <= 3; seq++ {
		m := w.tenants[v.Tenant].message()
		m.Seq, m.AuthorKind = seq, "agent"
		c.Messages = append(c.Messages, m)
	}
	return c, nil
}

func (w *world) Say(_ context.Context, v api.Visitor, clientID string, text secret.Text) (chat.Message, error) {
	w.mu.Lock()
	w.said = append(w.said, clientID+":"+text.Reveal())
	w.mu.Unlock()
	m := w.tenants[v.Tenant].message()
	m.ClientID = clientID
	return m, nil
}

func (w *world) Choose(ctx context.Context, v api.Visitor, clientID, value string) (chat.Message, error) {
	return w.Say(ctx, v, clientID, secret.New(value))
}

func (w *world) VisitorAttach(ctx context.Context, v api.Visitor, f api.Upload) (chat.Message, error) {
	return w.Attach(ctx, access.Actor{Tenant: v.Tenant}, v.Interaction, f)
}

func (w *world) VisitorAttachment(ctx context.Context, v api.Visitor, attachment string) (chat.Attachment, secret.Bytes, error) {
	return w.Attachment(ctx, v.Tenant, v.Interaction, attachment)
}

func (w *world) Transcript(_ context.Context, v api.Visitor) (secret.Bytes, error) {
	return secret.NewBytes([]byte(w.tenants[v.Tenant].canary)), nil
}

func (w *world) VisitorRead(context.Context, api.Visitor, int64) error { return nil }

func (w *world) Delivered(_ context.Context, v api.Visitor, seq int64) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.got[v.Interaction] = seq
	w.changed.Broadcast()
	return nil
}

func (w *world) VisitorTyping(context.Context, api.Visitor) error     { return nil }
func (w *world) End(context.Context, api.Visitor) error               { return nil }
func (w *world) VisitorTalk(context.Context, api.Visitor, bool) error { return nil }
func (w *world) Callback(context.Context, api.Visitor, string, secret.Text) error {
	return nil
}
func (w *world) Survey(context.Context, api.Visitor, int, secret.Text) error {
	return nil
}

func (w *world) Here(_ context.Context, _ api.Visitor, here bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if here {
		w.here++
	} else {
		w.here--
	}
	w.changed.Broadcast()
	return nil
}

func (w *world) object(a access.Actor, object string) (api.SetupObject, error) {
	g := w.tenants[a.Tenant]
	if g == nil || object != "" && object != g.queue {
		return api.SetupObject{}, gone()
	}
	body, _ := json.Marshal(map[string]string{"name": g.canary, "title": g.canary})
	return api.SetupObject{ID: g.queue, Version: 1, Body: body}, nil
}

func (w *world) List(_ context.Context, a access.Actor, _ setup.Kind, _ bool) ([]api.SetupObject, error) {
	o, err := w.object(a, "")
	return []api.SetupObject{o}, err
}

func (w *world) Get(_ context.Context, a access.Actor, k setup.Kind, object string) (api.SetupObject, error) {
	o, err := w.object(a, object)
	if err == nil && k == setup.KindPhone {
		o.Body = json.RawMessage(`{"name":"x","user":"usr_1"}`)
	}
	return o, err
}

func (w *world) CreateWith(_ context.Context, a access.Actor, _ setup.Kind, body json.RawMessage, x appsetup.Extra) (api.SetupObject, error) {
	w.mu.Lock()
	w.calls++
	w.beside = x
	w.mu.Unlock()
	if strings.Contains(string(body), "fault") {
		return api.SetupObject{}, errs.New(errs.Internal, "The shelf is damaged.")
	}
	if strings.Contains(string(body), "panic") {
		panic(string(body))
	}
	return w.object(a, "")
}

func (w *world) PutWith(_ context.Context, a access.Actor, _ setup.Kind, object string, version int64, _ json.RawMessage, x appsetup.Extra) (api.SetupObject, error) {
	o, err := w.object(a, object)
	if err == nil && version != 1 {
		err = errs.New(errs.Conflict, "Someone was faster.")
	}
	w.mu.Lock()
	w.beside = x
	w.mu.Unlock()
	return o, err
}

func (w *world) Archive(_ context.Context, a access.Actor, _ setup.Kind, object string, _ int64) error {
	_, err := w.object(a, object)
	return err
}

func (w *world) Restore(_ context.Context, a access.Actor, _ setup.Kind, object string, _ int64) (api.SetupObject, error) {
	return w.object(a, object)
}

func (w *world) Several(_ context.Context, a access.Actor, k setup.Kind, _ appsetup.Several) (appsetup.SeveralObjects, error) {
	o, err := w.object(a, "")
	why := "This " + k.Word() + " was changed by someone else in the meantime. Look at it again before you change it."
	return appsetup.SeveralObjects{Objects: []appsetup.ObjectEffect{
		{ID: o.ID, Name: w.tenants[a.Tenant].canary, Verdict: appsetup.WillMove},
		{ID: o.ID, Name: w.tenants[a.Tenant].canary, Verdict: appsetup.WillNot, Problem: why},
	}, Seen: "x"}, err
}

func (w *world) Order(context.Context, access.Actor, setup.Kind, []string) error { return nil }

func (w *world) FirstSteps(_ context.Context, a access.Actor) (appsetup.FirstSteps, error) {
	return appsetup.FirstSteps{Name: w.tenants[a.Tenant].canary}, nil
}

func (w *world) AddSample(context.Context, access.Actor, setup.Sample, string) error { return nil }

func (w *world) RemoveSample(context.Context, access.Actor, setup.Sample) error { return nil }

func (w *world) Try(context.Context, access.Actor, appsetup.Try) ([]appsetup.Tried, error) {
	return []appsetup.Tried{}, nil
}

func (w *world) MakePhonePassword(context.Context, access.Actor, string) (secret.Text, error) {
	return secret.New("made once"), nil
}

// mailboxes are empty.
type mailboxes struct{ *world }

func (mailboxes) Own(context.Context, access.Actor) (voicemail.Mailbox, error) {
	return voicemail.Mailbox{Items: []voicemail.LeftMessage{}}, nil
}

func (b mailboxes) Mark(ctx context.Context, a access.Actor, interaction string, _ voicemail.Mark) (voicemail.LeftMessage, error) {
	_, err := b.Work(ctx, a, access.DeskUse, interaction)
	return voicemail.LeftMessage{ID: interaction}, err
}

// greetings are everybody's.
type greetings struct{}

func (greetings) Greeting(context.Context, id.Tenant, string) (prompt.Greeting, error) {
	return prompt.Greeting{}, nil
}

func (greetings) SetGreeting(context.Context, access.Actor, string, []byte) (prompt.Greeting, error) {
	return prompt.Greeting{}, nil
}

func (greetings) RemoveGreeting(context.Context, access.Actor, string) error { return nil }

func (greetings) ListenToGreeting(context.Context, id.Tenant, string) ([]byte, error) {
	return []byte("RIFF"), nil
}

// forwards has every phone's calls go nowhere; users have no phones.
type forwards struct{}

func (forwards) Own(context.Context, access.Actor) ([]forward.Forwarding, error) {
	return []forward.Forwarding{}, nil
}

func (forwards) SetOwn(context.Context, access.Actor, string, forward.Change) (forward.Forwarding, error) {
	return forward.Forwarding{}, errs.New(errs.NotFound, "None of theirs.")
}

func (forwards) Of(context.Context, id.Tenant, string) (forward.Forwarding, error) {
	return forward.Forwarding{}, nil
}

func (forwards) Set(context.Context, access.Actor, string, forward.Change) (forward.Forwarding, error) {
	return forward.Forwarding{}, nil
}

func (w *world) TryNumber(context.Context, access.Actor, appsetup.TryNumber) (appsetup.TriedNumber, error) {
	refused := &dialplan.Refusal{Why: dialplan.NoTrunk}
	return appsetup.TriedNumber{Outgoing: []appsetup.TriedWay{}, Why: refused.Why, Refused: refused}, nil
}

func (w *world) CheckFlow(context.Context, access.Actor, appsetup.FlowCheck) (errs.Fields, error) {
	return errs.Fields{{Path: "graph.start", Problem: "is missing; name the step to go on with."}}, nil
}

func (w *world) TryFlow(context.Context, access.Actor, appsetup.FlowTry) (appsetup.FlowTried, error) {
	return appsetup.FlowTried{Actions: []appsetup.FlowAct{}, Ways: []appsetup.FlowWay{}}, nil
}

func (w *world) Serving(_ context.Context, a access.Actor, members []string, rule string) ([]string, string, error) {
	return members, rule, nil
}

func (w *world) Versions(_ context.Context, a access.Actor, _ setup.Kind, object string) ([]api.SetupVersion, error) {
	o, err := w.object(a, object)
	return []api.SetupVersion{{Version: 1, Body: o.Body}}, err
}

func (w *world) Sound(_ context.Context, a access.Actor, object string) (prompt.Sound, error) {
	_, err := w.object(a, object)
	return prompt.Sound{}, err
}

func (w *world) Upload(_ context.Context, a access.Actor, object string, _ []byte) (prompt.Sound, error) {
	_, err := w.object(a, object)
	return prompt.Sound{}, err
}

func (w *world) MakeRight(_ context.Context, a access.Actor, object string, _ bool) (prompt.Sound, error) {
	_, err := w.object(a, object)
	return prompt.Sound{}, err
}

func (w *world) Remove(_ context.Context, a access.Actor, object string) error {
	_, err := w.object(a, object)
	return err
}

func (w *world) Listen(_ context.Context, a access.Actor, object string, _ prompt.Version) ([]byte, error) {
	_, err := w.object(a, object)
	return []byte("RIFF"), err
}

// tapes are a tenant's recordings.
type tapes struct{ *world }

func (p tapes) List(ctx context.Context, a access.Actor, interaction string) ([]recording.Item, error) {
	_, err := p.Work(ctx, a, access.RecListen, interaction)
	return []recording.Item{}, err
}

func (p tapes) Listen(_ context.Context, a access.Actor, rec, _ string) (recording.Listening, error) {
	g, err := p.of(a, access.RecListen, rec, recordings)
	if err != nil {
		return recording.Listening{}, err
	}
	return recording.Listening{Item: recording.Item{ID: g.recording, Interaction: g.interaction}, Ticket: g.canary}, nil
}

func (p tapes) Export(context.Context, access.Actor, recording.Export, io.Writer) error { return nil }

func (p tapes) SigningKey(context.Context, access.Actor) (ed25519.PublicKey, error) {
	return make(ed25519.PublicKey, ed25519.PublicKeySize), nil
}

func (p tapes) Draw(_ context.Context, a access.Actor, rec, _ string) ([][]int, error) {
	_, err := p.of(a, access.RecListen, rec, recordings)
	return [][]int{}, err
}

func (p tapes) Verify(_ context.Context, a access.Actor, rec, _ string) ([]recording.Damage, error) {
	_, err := p.of(a, access.RecListen, rec, recordings)
	return []recording.Damage{}, err
}

func (p tapes) Picture(_ context.Context, a access.Actor, rec, _ string, at time.Duration) (recording.Picture, error) {
	_, err := p.of(a, access.RecListen, rec, recordings)
	return recording.Picture{At: at, Length: time.Second, WebM: []byte{0x1a}}, err
}

func (p tapes) Sound(_ context.Context, a access.Actor, rec, _ string, _, _ time.Duration) (recording.Sound, error) {
	_, err := p.of(a, access.RecListen, rec, recordings)
	return recording.Sound{WAV: []byte("RIFF"), Missing: []recording.Span{{AtMS: 1, LengthMS: 2}}}, err
}

func (p tapes) Share(ctx context.Context, a access.Actor, rec string, _ recording.NewShare) ([]recording.Share, error) {
	return p.Shares(ctx, a, rec)
}

func (p tapes) Shares(_ context.Context, a access.Actor, rec string) ([]recording.Share, error) {
	_, err := p.of(a, access.RecShare, rec, recordings)
	return []recording.Share{}, err
}

func (p tapes) Unshare(ctx context.Context, a access.Actor, rec, _ string) error {
	_, err := p.Shares(ctx, a, rec)
	return err
}

func (p tapes) SharedWith(context.Context, access.Actor) ([]recording.Share, error) {
	return []recording.Share{}, nil
}

// holds has one on each tenant's recording, under the recording's id.
type holds struct{ *world }

func (holds) Place(context.Context, access.Actor, recording.NewHold) (recording.Hold, error) {
	return recording.Hold{}, nil
}

func (p holds) End(_ context.Context, a access.Actor, hold string) error {
	_, err := p.of(a, access.RecRelease, hold, recordings)
	return err
}

func (holds) List(context.Context, access.Actor, string) ([]recording.Hold, error) {
	return []recording.Hold{}, nil
}

// campaigns has one of each tenant's, under its interaction's id, and a list under its
// queue's.
type campaigns struct{ *world }

func (p campaigns) is(a access.Actor, perm access.Permission, thing string, ids func(*goods) []string) error {
	_, err := p.of(a, perm, thing, ids)
	return err
}

func queues(g *goods) []string { return []string{g.queue} }

func (campaigns) Desk(context.Context, access.Actor) (campaign.CallingDesk, error) {
	return campaign.CallingDesk{Campaigns: []campaign.CallingCampaign{}}, nil
}

func (p campaigns) Next(_ context.Context, a access.Actor, one string) (campaign.NextContact, error) {
	return campaign.NextContact{Why: "empty"}, p.is(a, access.CallOut, one, works)
}

func (p campaigns) Call(_ context.Context, a access.Actor, one, _ string) (string, error) {
	return one, p.is(a, access.CallOut, one, works)
}

func (p campaigns) Skip(_ context.Context, a access.Actor, one, _ string, _ campaign.Skipping) error {
	return p.is(a, access.CallOut, one, works)
}

func (campaigns) Again(context.Context, access.Actor, string, time.Time, bool) error { return nil }

func (campaigns) Progress(context.Context, access.Actor) ([]campaign.CampaignProgress, error) {
	return []campaign.CampaignProgress{}, nil
}

func (p campaigns) PreviewImport(_ context.Context, a access.Actor, list string, _ []byte) (campaign.ContactImport, error) {
	return campaign.ContactImport{Columns: []campaign.Column{}, Ignored: []string{}, Lines: []campaign.ContactLine{}}, p.is(a, access.CampaignManage, list, queues)
}

func (p campaigns) Import(ctx context.Context, a access.Actor, list string, file []byte, _ string) (campaign.ContactImport, error) {
	return p.PreviewImport(ctx, a, list, file)
}

func (p campaigns) ListContacts(_ context.Context, a access.Actor, list, _ string, _ int) ([]campaign.ListedContact, string, error) {
	return []campaign.ListedContact{}, "", p.is(a, access.CampaignManage, list, queues)
}

func (p campaigns) RemoveListed(_ context.Context, a access.Actor, list, _ string) error {
	return p.is(a, access.CampaignManage, list, queues)
}

func (campaigns) Sizes(context.Context, access.Actor) ([]campaign.ListSize, error) {
	return []campaign.ListSize{}, nil
}

func (campaigns) AddNever(context.Context, access.Actor, []string) (campaign.NeverAdded, error) {
	return campaign.NeverAdded{Refused: []string{}}, nil
}

func (campaigns) AskNever(context.Context, access.Actor, string) (campaign.AskedNever, error) {
	return campaign.AskedNever{}, nil
}

func (campaigns) EndNever(context.Context, access.Actor, string) error { return nil }

func (campaigns) CountNever(context.Context, access.Actor) (int, error) { return 0, nil }

// evaluations has one of each tenant's recording, and a calibration, under the
// recording's id.
type evaluations struct{ *world }

func (p evaluations) is(a access.Actor, perm access.Permission, thing string) error {
	_, err := p.of(a, perm, thing, recordings)
	return err
}

func (evaluations) List(context.Context, access.Actor, quality.Search) ([]quality.Evaluation, string, error) {
	return []quality.Evaluation{}, "", nil
}

func (p evaluations) Get(_ context.Context, a access.Actor, one string) (quality.Whole, error) {
	return quality.Whole{}, p.is(a, access.QualityRead, one)
}

func (evaluations) Assign(context.Context, access.Actor, quality.NewEvaluation) (quality.Evaluation, error) {
	return quality.Evaluation{}, nil
}

func (p evaluations) Save(_ context.Context, a access.Actor, one string, _ quality.Said) (quality.Whole, error) {
	return quality.Whole{}, p.is(a, access.QualityEvaluate, one)
}

func (p evaluations) Complete(ctx context.Context, a access.Actor, one string, in quality.Said) (quality.Whole, error) {
	return p.Save(ctx, a, one, in)
}

func (p evaluations) Settle(ctx context.Context, a access.Actor, one string, in quality.Said) (quality.Whole, error) {
	return p.Save(ctx, a, one, in)
}

func (p evaluations) Acknowledge(ctx context.Context, a access.Actor, one string, _ int64, _ string) (quality.Whole, error) {
	return p.Get(ctx, a, one)
}

func (p evaluations) Dispute(ctx context.Context, a access.Actor, one string, _ int64, _ string) (quality.Whole, error) {
	return p.Get(ctx, a, one)
}

func (p evaluations) Withdraw(_ context.Context, a access.Actor, one string, _ int64) error {
	return p.is(a, access.QualityManage, one)
}

func (p evaluations) DrawNow(_ context.Context, a access.Actor, sample string) (int, error) {
	_, err := p.object(a, sample)
	return 0, err
}

func (evaluations) Calibrate(context.Context, access.Actor, quality.NewCalibration) (quality.Calibration, error) {
	return quality.Calibration{}, nil
}

func (evaluations) Calibrations(context.Context, access.Actor) ([]quality.Calibration, error) {
	return []quality.Calibration{}, nil
}

func (p evaluations) Compare(_ context.Context, a access.Actor, one string) (quality.Compared, error) {
	return quality.Compared{}, p.is(a, access.QualityEvaluate, one)
}

func (p evaluations) EndCalibration(_ context.Context, a access.Actor, one string) error {
	return p.is(a, access.QualityManage, one)
}

func (evaluations) Scores(context.Context, access.Actor, quality.Wish) (quality.Scores, error) {
	return quality.Scores{}, nil
}

func (evaluations) ExportScores(_ context.Context, _ access.Actor, x quality.Export, each func(quality.Line) error) error {
	l := quality.Line{Evaluation: "evl_1", FormName: "=Calls", Agent: "usr_1", Score: 6_425, State: "completed"}
	if x.Questions {
		l.Asked = &quality.Asked{ID: "q1", Text: "Did it greet?", Weight: 20, Points: -1}
	}
	return each(l)
}

func (evaluations) Waiting(context.Context, access.Actor) (quality.WaitingEvaluations, error) {
	return quality.WaitingEvaluations{}, nil
}

// people are a tenant's contacts.
type people struct{ *world }

func (p people) Find(_ context.Context, a access.Actor, _ string, _ secret.Text, _ string, _ int) ([]api.Contact, string, error) {
	g := p.tenants[a.Tenant]
	if !access.May(a, access.ContactRead, g.thing()) {
		return nil, "", nil
	}
	return []api.Contact{{ID: g.contact, Name: g.canary}}, "", nil
}

func (p people) FindByField(ctx context.Context, a access.Actor, _, _, _ string, _ int) ([]api.Contact, string, error) {
	return p.Find(ctx, a, "", secret.Text{}, "", 0)
}

func (p people) contact(a access.Actor, perm access.Permission, contact string) (api.Contact, error) {
	g, err := p.of(a, perm, contact, contacts)
	if err != nil {
		return api.Contact{}, err
	}
	return api.Contact{ID: g.contact, Name: g.canary}, nil
}

func (p people) Contact(_ context.Context, a access.Actor, contact string) (api.Contact, error) {
	return p.contact(a, access.ContactRead, contact)
}

func (p people) Seen(context.Context, access.Actor, string) error { return nil }

func (p people) Update(_ context.Context, a access.Actor, contact string, _ int64, _ api.ContactChange) (api.Contact, error) {
	return p.contact(a, access.ContactWrite, contact)
}

func (p people) Export(_ context.Context, a access.Actor, contact string, w io.Writer) error {
	c, err := p.contact(a, access.ContactErase, contact)
	if err == nil {
		_, err = io.WriteString(w, c.Name)
	}
	if err == nil && p.breaks.Load() {
		err = errs.New(errs.Unavailable, "The store is away.")
	}
	return err
}

func (p people) Erase(_ context.Context, a access.Actor, contact string) (api.ErasureReceipt, error) {
	_, err := p.contact(a, access.ContactErase, contact)
	return api.ErasureReceipt{Contact: contact}, err
}

func (p people) Receipt(ctx context.Context, a access.Actor, contact string) (api.ErasureReceipt, error) {
	return p.Erase(ctx, a, contact)
}

func (p people) WithdrawConsent(_ context.Context, a access.Actor, contact, consent string) (api.Contact, error) {
	if g := p.tenants[a.Tenant]; g == nil || consent != g.consent {
		return api.Contact{}, gone()
	}
	return p.contact(a, access.ContactWrite, contact)
}

func (w *world) Entries(_ context.Context, a access.Actor, _ api.AuditQuery) ([]api.AuditEntry, string, error) {
	if g := w.tenants[a.Tenant]; g != nil {
		return []api.AuditEntry{{Seq: 1, Object: g.contact}}, "", nil
	}
	return nil, "", nil
}

func (w *world) SecurityAlerts(_ context.Context, a access.Actor, _, _ string, _ int) ([]audit.SecurityAlert, string, error) {
	if g := w.tenants[a.Tenant]; g != nil {
		return []audit.SecurityAlert{{ID: "alt_1", User: g.holder, Why: []unusual.Reason{}}}, "", nil
	}
	return nil, "", nil
}

func (w *world) AcknowledgeSecurityAlert(_ context.Context, a access.Actor, alert string) (audit.SecurityAlert, error) {
	g, err := w.of(a, access.AuditRead, alert, func(g *goods) []string { return []string{g.queue} }) // its id, for the test
	if err != nil {
		return audit.SecurityAlert{}, err
	}
	return audit.SecurityAlert{ID: alert, User: g.holder, Why: []unusual.Reason{}}, nil
}

func (w *world) Inventory(context.Context, access.Actor) ([]api.InventoryEntry, error) {
	return nil, nil
}
func (w *world) Notice(context.Context, access.Actor) ([]api.Clause, error) { return nil, nil }

func (w *world) System(context.Context, access.Actor) (api.SystemView, error) {
	return api.SystemView{Version: "1"}, nil
}

func (w *world) Encryption(context.Context, access.Actor) (api.EncryptionView, error) {
	return api.EncryptionView{Connections: "chosen", Memory: "any", Rules: []api.EncryptionEffect{}}, nil
}

// Replies, kept in memory.

func (w *world) Begin(_ context.Context, a access.Actor, key string, request [32]byte, _ time.Time) (*api.Reply, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	k := w.replies[a.User+"/"+key]
	switch {
	case k == nil:
		w.replies[a.User+"/"+key] = &kept{request: request}
		return nil, nil
	case k.request != request:
		return nil, errs.New(errs.Conflict, "Another request.")
	case k.reply == nil:
		return nil, errs.New(errs.Conflict, "Still running.")
	}
	return k.reply, nil
}

func (w *world) Keep(_ context.Context, a access.Actor, key string, r api.Reply) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.replies[a.User+"/"+key].reply = &r
	return nil
}

func (w *world) Drop(_ context.Context, a access.Actor, key string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.replies, a.User+"/"+key)
	return nil
}

func (w *world) CallerSound(ctx context.Context, t id.Tenant, i string, offer secret.Text) (secret.Text, error) {
	return secret.New("v=0"), nil
}

func (w *world) Runs(ctx context.Context, t id.Tenant, i string) error { return nil }

func (w *world) AgentSound(ctx context.Context, t id.Tenant, i, user string, offer secret.Text) (secret.Text, error) {
	return secret.New("v=0"), nil
}

func (w *world) State(ctx context.Context, t id.Tenant, i, user string) (voice.State, error) {
	return voice.State{Interaction: i}, nil
}

func (w *world) Hold(ctx context.Context, t id.Tenant, i, user string, held bool) (voice.State, error) {
	return voice.State{Interaction: i, Held: held}, nil
}

func (w *world) Talk(ctx context.Context, t id.Tenant, i, user string, with voice.With) (voice.State, error) {
	return voice.State{Interaction: i, With: with}, nil
}

func (w *world) HandOutside(ctx context.Context, t id.Tenant, i, user string) error { return nil }

func (w *world) CallOutside(ctx context.Context, t id.Tenant, i, user, number, caller string, handOver bool) (voice.State, error) {
	return voice.State{Interaction: i}, nil
}

func (w *world) CallBack(ctx context.Context, t id.Tenant, i, caller string) error { return nil }

func (w *world) EndOutside(ctx context.Context, t id.Tenant, i, user string) (voice.State, error) {
	return voice.State{Interaction: i}, nil
}

func (w *world) HandedOver(t id.Tenant) []voice.Handed { return []voice.Handed{} }

func (w *world) EndHandedOver(ctx context.Context, t id.Tenant, i, user string) error { return nil }

func (w *world) Monitor(ctx context.Context, t id.Tenant, i, user string, how voice.Monitor) (voice.State, error) {
	return voice.State{Interaction: i}, nil
}

func (w *world) Record(ctx context.Context, t id.Tenant, i string, a taped.Action, by, reason string) (voice.RecordingState, error) {
	return voice.RecordingState{Status: "paused", By: by, Reason: reason}, nil
}

func (w *world) SecureFlows(context.Context, id.Tenant) ([]voice.SecureFlow, error) {
	return []voice.SecureFlow{{ID: "flw_1", Name: "Card", Takes: []string{"amount"}}}, nil
}

func (w *world) BeginSecure(_ context.Context, _ id.Tenant, i, by string, s voice.SecureWish) (voice.State, error) {
	return voice.State{Interaction: i, Secure: &voice.SecureState{Flow: s.Flow, By: by, Answers: []voice.SecureAnswer{}}}, nil
}

func (w *world) EndSecure(_ context.Context, _ id.Tenant, i, user string) (voice.State, error) {
	return voice.State{Interaction: i, Secure: &voice.SecureState{By: user, Outcome: voice.SecureCancelled, Answers: []voice.SecureAnswer{}}}, nil
}

func (w *world) SecureResult(context.Context, id.Tenant, string) (voice.SecureResult, error) {
	return voice.SecureResult{SecureState: voice.SecureState{Answers: []voice.SecureAnswer{}}, Attributes: map[string]string{}}, nil
}

func (w *world) ScreenRules(context.Context, id.Tenant) (bool, setup.ScreenLimits, error) {
	return true, setup.DefaultScreen(), nil
}

func (w *world) BeginScreen(context.Context, id.Tenant, string, string) (voice.Shown, error) {
	return voice.Shown{Recording: "rec_1", Next: 1}, nil
}

func (w *world) KeepScreen(_ context.Context, _ id.Tenant, _, _, _ string, _ time.Time, p screen.Piece) (bool, int, error) {
	return len(p.WebM) > 0, p.Number + 1, nil
}

func (w *world) EndScreen(_ context.Context, _ id.Tenant, _, _, why string) (voice.ScreenState, error) {
	return voice.ScreenState{Status: why}, nil
}

func (w *world) CallOfUser(t id.Tenant, user string) string {
	if g := w.tenants[t]; g != nil && g.holder == user {
		return g.interaction
	}
	return ""
}

func (w *world) CallOfContact(t id.Tenant, contact string) string { return w.CallOfUser(t, "") }

func (w *world) Named(ctx context.Context, t id.Tenant, kind string, address secret.Text) (string, error) {
	return "con_1", nil
}

func (w *world) RingAgain(ctx context.Context, t id.Tenant, interaction, user string) (voice.State, error) {
	return w.State(ctx, t, interaction, user)
}

func (w *world) CallOut(ctx context.Context, t id.Tenant, agent, queue, number, caller string) (string, error) {
	if g := w.tenants[t]; g != nil {
		return g.interaction, nil
	}
	return "", gone()
}

func (w *world) CallChoices(ctx context.Context, t id.Tenant) (voice.Choices, error) {
	return voice.Choices{Numbers: []string{}}, nil
}

func (w *world) Press(ctx context.Context, t id.Tenant, i, keys string) error { return nil }

// mails is the email channel.
type mails struct{ w *world }

func (e mails) SignIn(_ context.Context, a access.Actor, _, _ string) (string, error) {
	return "https://provider.example/?" + e.w.tenants[a.Tenant].canary, nil
}
func (e mails) SignedIn(_ context.Context, a access.Actor, _, _, _ string) (string, error) {
	return e.w.tenants[a.Tenant].canary, nil
}
func (e mails) Read(_ context.Context, t id.Tenant, _ string) (email.Mail, error) {
	return email.Mail{Text: e.w.tenants[t].canary}, nil
}

func (e mails) File(_ context.Context, t id.Tenant, _ string, _ int) (email.Content, error) {
	return email.Content{File: email.File{Name: "a.html", MediaType: "text/html"}, Octets: []byte(e.w.tenants[t].canary)}, nil
}

func (e mails) Page(_ context.Context, t id.Tenant, _ string, _ bool, _, _ string) ([]byte, error) {
	return []byte(e.w.tenants[t].canary), nil
}

func (e mails) Preview(_ context.Context, a access.Actor, _, _ string) ([]byte, error) {
	return []byte(e.w.tenants[a.Tenant].canary), nil
}

func (mails) Undo(context.Context, access.Actor, string, string) error { return nil }

func (e mails) Draft(_ context.Context, a access.Actor, _ string) (email.Draft, error) {
	return email.Draft{Version: 1, Words: email.DraftWords{Text: e.w.tenants[a.Tenant].canary}}, nil
}

func (mails) Write(_ context.Context, _ access.Actor, _ string, version int, w email.DraftWords) (email.Draft, error) {
	return email.Draft{Version: version + 1, Words: w}, nil
}

func (mails) Discard(context.Context, access.Actor, string) error { return nil }

func (mails) Attach(_ context.Context, _ access.Actor, _ string, f email.DraftFile) (email.DraftFile, error) {
	return f, nil
}

func (mails) Piece(_ context.Context, _ access.Actor, _, file string, from int64, octets []byte) (email.DraftFile, error) {
	return email.DraftFile{ID: file, Received: from + int64(len(octets))}, nil
}

func (mails) Detach(context.Context, access.Actor, string, string) error { return nil }

func (e mails) Reply(_ context.Context, a access.Actor, _ string, w email.Answer) (email.Sent, error) {
	return email.Sent{ClientID: w.ClientID, User: a.User, State: "sent"}, nil
}

func (e mails) Rejection(_ context.Context, t id.Tenant, _ string) (email.Rejection, error) {
	return email.Rejection{Sender: e.w.tenants[t].canary}, nil
}

func (e mails) Reject(_ context.Context, a access.Actor, _ string, w email.RejectAs) (email.Rejecting, error) {
	return email.Rejecting{Reason: w.Reason, User: a.User}, nil
}

func (e mails) Duplicates(_ context.Context, a access.Actor, _ string) ([]email.Duplicate, error) {
	return []email.Duplicate{{Subject: e.w.tenants[a.Tenant].canary}}, nil
}

func (mails) Merge(context.Context, access.Actor, string, string, []string) error { return nil }

func (e mails) Split(_ context.Context, a access.Actor, _ string, _ email.Apart) (string, error) {
	return e.w.tenants[a.Tenant].work().ID, nil
}

func (mails) UndoReject(context.Context, access.Actor, string) error { return nil }

func (e mails) Writers(_ context.Context, t id.Tenant) ([]email.Writer, error) {
	return []email.Writer{{Name: e.w.tenants[t].canary}}, nil
}

func (e mails) Compose(_ context.Context, a access.Actor, _ string, _ secret.Text) (string, error) {
	return e.w.tenants[a.Tenant].work().ID, nil
}

func (e mails) Status(context.Context, id.Tenant, string) (email.Status, error) {
	return email.Status{State: "failing", Fault: &provider.Fault{Step: provider.StepSecure, Reason: provider.CertificateName}}, nil
}

func (e mails) Try(_ context.Context, _ id.Tenant, _ string, m setup.Mailbox, _ secret.Text) (provider.Trial, error) {
	return provider.Trial{IMAP: provider.Tried{OK: true}, SMTP: provider.Tried{Fault: &provider.Fault{Step: provider.StepSignIn, Reason: provider.Denied}}}, nil
}

func (e mails) Discover(context.Context, string) (provider.Found, error) {
	return provider.Found{By: "none"}, nil
}

// ownFields are those of what stands there; nobody has a value.
type ownFields struct {
	accounts api.Accounts
	world    *world
}

func (f ownFields) of(ctx context.Context, a access.Actor, e setup.FieldEntity, object string, p access.Permission) (err error) {
	switch e {
	case setup.OfContact:
		_, err = people{f.world}.contact(a, p, object)
	case setup.OfInteraction:
		_, err = f.world.Work(ctx, a, p, object)
	case setup.OfUser:
		_, err = f.accounts.User(ctx, a, object)
	default:
		_, err = f.world.object(a, object)
	}
	return err
}

func (f ownFields) Values(ctx context.Context, a access.Actor, e setup.FieldEntity, object, _ string) ([]field.Value, error) {
	return []field.Value{}, f.of(ctx, a, e, object, field.Reads(e))
}

func (f ownFields) Set(ctx context.Context, a access.Actor, e setup.FieldEntity, object string, _ []field.Change) ([]field.Value, error) {
	return []field.Value{}, f.of(ctx, a, e, object, field.Writes(e))
}

func (ownFields) Searched(context.Context, access.Actor, setup.FieldEntity, string, string) (string, string, error) {
	return "", "", nil
}

func (f ownFields) Held(_ context.Context, a access.Actor, object string) (field.Held, error) {
	_, err := f.world.object(a, object)
	return field.Held{}, err
}

func (f ownFields) Empty(_ context.Context, a access.Actor, object string, _ int64) error {
	_, err := f.world.object(a, object)
	return err
}

// hooks are webhooks; their ids are the queues', for the test.
type hooks struct{ w *world }

func (k hooks) own(a access.Actor, object string) (webhook.WebhookDelivery, error) {
	_, err := k.w.of(a, access.SetupWrite, object, func(g *goods) []string { return []string{g.queue} })
	return webhook.WebhookDelivery{ID: "dlv_1"}, err
}

func (k hooks) Deliveries(_ context.Context, a access.Actor, object, _, _ string, _ int) ([]webhook.WebhookDelivery, string, error) {
	d, err := k.own(a, object)
	return []webhook.WebhookDelivery{d}, "", err
}

func (k hooks) Try(_ context.Context, a access.Actor, object string) (webhook.WebhookDelivery, error) {
	return k.own(a, object)
}

func (k hooks) Repeat(_ context.Context, a access.Actor, object, _ string) (webhook.WebhookDelivery, error) {
	return k.own(a, object)
}
