package chat

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/bus"
	"nubitalk/internal/channel"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/flow"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/core/talk"
	"nubitalk/internal/store"
)

const (
	tokenPrefix = "nbv_"
	tokenLife   = 30 * 24 * time.Hour // a left message may be answered days later
)

// EntryPoint answers what the widget needs before a conversation, and the web
// origins that may call (empty: any).
func (s *Service) EntryPoint(ctx context.Context, entryPoint, language string) (EntryPointView, []string, id.Tenant, error) {
	t, e, err := s.entry(ctx, entryPoint)
	if err != nil {
		return EntryPointView{}, nil, "", err
	}
	lang := pick(e.Languages, language)
	open, err := s.Floor.EntryOpen(ctx, t, entryPoint)
	if err != nil {
		return EntryPointView{}, nil, "", err
	}
	var shown VisitorBrand
	if s.Brands != nil {
		// Without it who wants help is helped, too.
		if shown, err = s.Brands.VisitorBrand(ctx, t); err != nil {
			s.Log.Warn("visitors do not see the brand", "tenant", t, "code", errs.As(err).Code)
		}
	}
	look, err := setup.NewLook(accentOf(e.Theme, shown))
	if err != nil {
		return EntryPointView{}, nil, "", err
	}
	v := EntryPointView{ID: entryPoint, Channel: string(e.Channel), Open: open, Language: lang, Languages: e.Languages, Title: inLanguage(e.Theme.Title, lang), Welcome: inLanguage(e.Theme.Welcome, lang),
		Look: look, Position: e.Theme.Position, Mode: e.Theme.Mode, AskName: string(e.AskName), AskEmail: string(e.AskEmail), Survey: e.Survey, Transcript: e.Transcript,
		Attachments: FileLimits{Allowed: e.Attachments.Allowed, MaxMB: e.Attachments.MaxMB, Types: orEmpty(e.Attachments.Types)}}
	if e.Channel == acd.Voice && (shown.Logo != "" || shown.Name != "") {
		v.Brand = &shown
	}
	if e.ConsentText != "" {
		text, version, err := s.Setup.ConsentText(ctx, t, e.ConsentText)
		if err != nil {
			return EntryPointView{}, nil, "", err
		}
		v.Consent = &ConsentRequest{Text: e.ConsentText, Version: version, Words: inLanguage(text.Text, lang), Link: text.Link}
	}
	return v, e.Origins, t, nil
}

// accentOf is a theme's colour. One that nobody chose is that of the brand.
func accentOf(t setup.Theme, b VisitorBrand) string {
	if t.Accent == setup.DefaultTheme().Accent && b.Accent != "" {
		return b.Accent
	}
	return t.Accent
}

func (s *Service) entry(ctx context.Context, entryPoint string) (id.Tenant, setup.EntryPoint, error) {
	if !id.Valid(id.EntryPoint, entryPoint) {
		return "", setup.EntryPoint{}, errs.New(errs.NotFound, "There is no such chat.")
	}
	t, e, err := s.Setup.EntryPoint(ctx, entryPoint)
	if err == nil && (!e.Enabled || e.Channel != acd.Chat && e.Channel != acd.Voice) {
		err = errs.New(errs.NotFound, "There is no such chat.")
	}
	return t, e, err
}

// Start begins a conversation. It answers with the token that opens it, what to
// show, and the first messages.
func (s *Service) Start(ctx context.Context, entryPoint string, in Start) (Started, error) {
	t, e, err := s.entry(ctx, entryPoint)
	if err != nil {
		return Started{}, err
	}
	consent, err := s.checkStart(ctx, t, e, &in)
	if err != nil {
		return Started{}, err
	}
	first := draft{author: ByVisitor, kind: KindText, clientID: in.ClientID, body: body{Text: in.Message.Reveal(), Name: in.Name.Reveal()}}
	tokens, err := s.tokens(ctx, t, first)
	if err != nil {
		return Started{}, err
	}
	token, hash := newToken(t)
	now := s.Clock.Now()
	a := channel.Arrival{Tenant: t, Channel: e.Channel, EntryPoint: entryPoint, Language: pick(e.Languages, in.Language), Name: in.Name, Consent: consent, LeftMessage: in.LeftMessage}
	if !in.Email.Empty() {
		a.Addresses = append(a.Addresses, channel.Address{Kind: "email", Value: in.Email})
	}
	a.Open = func(tx *store.Tx, interaction, _ string) error {
		row := store.ChatRow{InteractionID: interaction, TokenHash: hash, VisitorSeenAt: now, ExpiresAt: now.Add(tokenLife)}
		if err := tx.InsertChat(row); err != nil {
			return err
		}
		if in.Message.Empty() {
			return nil
		}
		first.interaction = interaction
		_, err := s.write(tx, first, tokens, anyway)
		return err
	}
	interaction, contact, err := s.Floor.Arrive(ctx, a)
	if err != nil {
		return Started{}, err
	}
	v := Visitor{Tenant: t, Interaction: interaction, Contact: contact, EntryPoint: entryPoint, Origins: e.Origins, Language: a.Language, LeftMessage: in.LeftMessage}
	if e.Channel == acd.Chat { // a call's caller is there as long as its sound is
		s.gone.arrived(v, now)
	}
	c, err := s.Conversation(ctx, v, 0)
	return Started{Token: token.Reveal(), Interaction: interaction, State: c.State, Messages: c.Messages}, err
}

// Ring is a call by telephone.
type Ring struct {
	EntryPoint string
	Number     secret.Text // E.164; empty if withheld
	Display    secret.Text // name that the caller's side gives; may be empty
	// Agent, Queue and Language are of a call that an agent makes, which has no
	// entry point.
	Agent, Queue, Language string
	// Campaign is the one in which the agent calls, and Called stores that it does, with
	// the call; nil for none.
	Campaign string
	Called   func(tx *store.Tx, interaction string) error
	// Mailbox is the user for whom a message is taken, and Greeting what it says.
	Mailbox  string
	Greeting channel.Greeting
	// Parking: a phone parks the call.
	Parking *channel.Parking
}

// StartCall begins the conversation of a call by telephone. No token opens it:
// its person reads nothing.
func (s *Service) StartCall(ctx context.Context, t id.Tenant, r Ring) (Visitor, error) {
	if r.Agent != "" || r.Mailbox != "" || r.Parking != nil {
		return s.startCall(ctx, t, r, r.Language)
	}
	owner, e, err := s.entry(ctx, r.EntryPoint)
	if err == nil && (owner != t || e.Channel != acd.Voice) {
		err = errs.New(errs.NotFound, "There is no such number.")
	}
	if err != nil {
		return Visitor{}, err
	}
	return s.startCall(ctx, t, r, pick(e.Languages, ""))
}

func (s *Service) startCall(ctx context.Context, t id.Tenant, r Ring, language string) (Visitor, error) {
	_, hash := newToken(t)
	now := s.Clock.Now()
	a := channel.Arrival{Tenant: t, Channel: acd.Voice, EntryPoint: r.EntryPoint, Language: language, Name: callerName(r), Mailbox: r.Mailbox, Greeting: r.Greeting, Parking: r.Parking}
	if r.Agent != "" {
		a.Outgoing = &channel.Outgoing{Agent: r.Agent, Queue: r.Queue, Campaign: r.Campaign}
	}
	if !r.Number.Empty() {
		a.Addresses = []channel.Address{{Kind: "phone", Value: r.Number}}
	}
	a.Sure = r.Called == nil
	a.Open = func(tx *store.Tx, interaction, _ string) error {
		if r.Called != nil {
			if err := r.Called(tx, interaction); err != nil {
				return err
			}
		}
		return tx.InsertChat(store.ChatRow{InteractionID: interaction, TokenHash: hash, VisitorSeenAt: now, ExpiresAt: now.Add(tokenLife)})
	}
	interaction, contact, err := s.Floor.Arrive(ctx, a)
	return Visitor{Tenant: t, Interaction: interaction, Contact: contact, EntryPoint: r.EntryPoint, Language: a.Language}, err
}

// callerName is what agents see of who calls: the name that came with the call,
// else the number.
func callerName(r Ring) secret.Text {
	name := strings.TrimSpace(strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || !unicode.IsPrint(c) {
			return -1
		}
		return c
	}, strings.ToValidUTF8(r.Display.Reveal(), "")))
	if name == "" {
		name = r.Number.Reveal()
	}
	if utf8.RuneCountInString(name) > MaxName {
		name = string([]rune(name)[:MaxName])
	}
	return secret.New(name)
}

// checkStart tells all faults of a pre-chat form at once, and finds the consent.
func (s *Service) checkStart(ctx context.Context, t id.Tenant, e setup.EntryPoint, in *Start) (*channel.Consent, error) {
	var f errs.Fields
	in.Name = secret.New(strings.TrimSpace(in.Name.Reveal()))
	in.Email = secret.New(strings.TrimSpace(in.Email.Reveal()))
	ask := func(path string, a setup.Ask, v *secret.Text) {
		switch {
		case a == setup.AskRequired && v.Empty():
			f.Add(path, "is needed to start")
		case a == setup.AskNo:
			*v = secret.Text{} // never keep what was not asked for
		}
	}
	ask("name", e.AskName, &in.Name)
	if !(in.LeftMessage && e.AskEmail == setup.AskNo) { // who leaves a message may always say where to answer
		ask("email", e.AskEmail, &in.Email)
	}
	if utf8.RuneCountInString(in.Name.Reveal()) > MaxName {
		f.Add("name", "may have at most %d characters", MaxName)
	}
	if !in.Email.Empty() && !plausibleEmail(in.Email.Reveal()) {
		f.Add("email", "is not an email address")
	}
	checkText(&f, "message", in.Message, in.LeftMessage)
	if e.ConsentText == "" {
		return nil, f.Err()
	}
	text, version, err := s.Setup.ConsentText(ctx, t, e.ConsentText)
	if err != nil {
		return nil, err
	}
	switch {
	case in.ConsentText == "":
		f.Add("consent", "is needed to start; read the text and tick the box")
	case in.ConsentText != e.ConsentText || in.ConsentVersion != version:
		f.Add("consent", "the text has changed; please read it again")
	}
	return &channel.Consent{Purpose: text.Purpose, Text: e.ConsentText, Version: version, Language: pick(e.Languages, in.Language)}, f.Err()
}

func checkText(f *errs.Fields, path string, text secret.Text, must bool) {
	s := text.Reveal()
	switch {
	case must && strings.TrimSpace(s) == "":
		f.Add(path, "must not be empty")
	case !utf8.ValidString(s) || strings.ContainsRune(s, 0):
		f.Add(path, "is not valid text")
	case utf8.RuneCountInString(s) > MaxText:
		f.Add(path, "may have at most %d characters", MaxText)
	}
}

// plausibleEmail is a first look; only a mail server knows more (RFC 5321 4.5.3.1
// bounds the length).
func plausibleEmail(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	return ok && local != "" && strings.Contains(domain, ".") && !strings.HasPrefix(domain, ".") && !strings.HasSuffix(domain, ".") &&
		len(s) <= 254 && !strings.ContainsAny(s, " \t\r\n<>,;\"") && !strings.Contains(domain, "@")
}

// Visitor finds the conversation that a token opens.
func (s *Service) Visitor(ctx context.Context, token secret.Text) (Visitor, error) {
	unknown := errs.New(errs.Unauthorised, "This conversation is not known here.")
	t, ok := tokenTenant(token.Reveal())
	if !ok {
		return Visitor{}, unknown
	}
	hash := sha256.Sum256([]byte(token.Reveal()))
	var row store.ChatRow
	var work store.InteractionRow
	err := s.DB.Read(ctx, t, func(tx *store.Tx) (err error) {
		if row, err = tx.ChatByToken(hash[:]); err != nil {
			return err
		}
		work, err = tx.Interaction(row.InteractionID)
		return err
	})
	if errs.Is(err, errs.NotFound) {
		return Visitor{}, unknown
	}
	if err != nil {
		return Visitor{}, err
	}
	if !s.Clock.Now().Before(row.ExpiresAt) {
		return Visitor{}, errs.New(errs.Gone, "This conversation has ended and is no longer open.")
	}
	v := Visitor{Tenant: t, Interaction: row.InteractionID, Contact: work.ContactID, EntryPoint: work.EntryPointID, Language: work.Language, LeftMessage: work.LeftMessage}
	if _, e, err := s.Setup.EntryPoint(ctx, v.EntryPoint); err == nil {
		v.Origins = e.Origins
	}
	return v, nil
}

// newToken makes a conversation's token; only its hash is stored.
func newToken(t id.Tenant) (secret.Text, []byte) {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	s := tokenPrefix + string(t) + "." + base64.RawURLEncoding.EncodeToString(b[:])
	h := sha256.Sum256([]byte(s))
	return secret.New(s), h[:]
}

func tokenTenant(s string) (id.Tenant, bool) {
	rest, ok := strings.CutPrefix(s, tokenPrefix)
	t, random, cut := strings.Cut(rest, ".")
	return id.Tenant(t), ok && cut && len(random) == 43 && id.Valid(id.TenantKind, t)
}

// Conversation is everything a visitor's browser shows after a sequence number.
func (s *Service) Conversation(ctx context.Context, v Visitor, after int64) (Conversation, error) {
	c := Conversation{Interaction: v.Interaction}
	var err error
	if c.State, err = s.state(ctx, v); err != nil {
		return c, err
	}
	all, last, err := s.page(ctx, v.Tenant, v.Interaction, after, 0, MaxHistory)
	if err != nil {
		return c, err
	}
	c.More = len(all) == MaxHistory
	c.Last = last
	c.Messages = make([]Message, 0, len(all))
	for _, m := range all {
		if !Internal(m.Kind) {
			c.Messages = append(c.Messages, forVisitor(m))
		}
	}
	return c, nil
}

// forVisitor takes away what is not the visitor's business.
func forVisitor(m Message) Message {
	m.Author = ""
	return m
}

// state is what a visitor is told now.
func (s *Service) state(ctx context.Context, v Visitor) (VisitorState, error) {
	var row store.InteractionRow
	var chat store.ChatRow
	err := s.DB.Read(ctx, v.Tenant, func(tx *store.Tx) (err error) {
		if row, err = tx.Interaction(v.Interaction); err != nil {
			return err
		}
		chat, err = tx.Chat(v.Interaction)
		return err
	})
	if err != nil {
		return VisitorState{}, err
	}
	w := channel.Work{ID: v.Interaction, Tenant: v.Tenant, Contact: row.ContactID, Entry: row.EntryPointID, State: row.State, Queue: row.QueueID, Agent: row.AgentID, Language: row.Language, Channel: acd.Channel(row.Channel), Talk: talk.Stage(row.Talk), Kept: row.LeftMessage, Outside: row.Outside, Apart: row.Apart, Closed: row.ClosedAt, Estimate: -1}
	if row.State == "queued" || row.State == "offered" {
		if w.Position, w.Estimate, err = s.Floor.Wait(ctx, v.Tenant, v.Interaction); err != nil {
			return VisitorState{}, err
		}
	}
	st := s.stateOf(ctx, w, v.EntryPoint)
	st.AgentRead = chat.AgentReadSeq
	st.Survey = st.Survey && row.Rating == 0 && !row.AnsweredAt.IsZero()
	return st, nil
}

// stateOf turns what the floor says into what a visitor is told.
func (s *Service) stateOf(ctx context.Context, w channel.Work, entryPoint string) VisitorState {
	over := w.State == "wrapping" || w.State == "closed"
	st := VisitorState{State: w.State, Position: w.Position, EstimateSeconds: w.Estimate, Outside: w.Outside && over, Ended: over && !w.Outside}
	if w.State == "offered" { // the visitor still waits
		st.State = "queued"
	}
	st.Open = !over
	st.Kept = w.Kept && !over
	if w.Queue != "" {
		st.QueueName = s.Setup.QueueName(ctx, w.Tenant, w.Queue)
	}
	if w.State == "active" || w.State == "held" {
		st.AgentName = s.People.PublicName(ctx, w.Tenant, w.Agent)
	}
	if _, e, err := s.Setup.EntryPoint(ctx, entryPoint); err == nil {
		st.Survey, st.Transcript = e.Survey && st.Ended, e.Transcript
		st.Talk = talkOf(w, e, st.Ended)
	}
	return st
}

// Say sends a visitor's message. The same clientID again is the same message.
func (s *Service) Say(ctx context.Context, v Visitor, clientID string, text secret.Text) (Message, error) {
	var f errs.Fields
	checkText(&f, "text", text, true)
	checkClientID(&f, clientID)
	if err := f.Err(); err != nil {
		return Message{}, err
	}
	m, _, err := s.append(ctx, v.Tenant, draft{interaction: v.Interaction, author: ByVisitor, kind: KindText, clientID: clientID, body: body{Text: text.Reveal()}, open: true})
	if err != nil {
		return m, err
	}
	// Also for a repeat: the first may have been stored and not come this far.
	return forVisitor(m), s.Floor.CustomerInput(ctx, v.Tenant, v.Interaction, m.Seq, flow.Input{Text: text.Reveal(), Masked: m.Masked})
}

// Choose sends the choice of a button: the words of the choice become the
// visitor's message.
func (s *Service) Choose(ctx context.Context, v Visitor, clientID, value string) (Message, error) {
	var f errs.Fields
	checkClientID(&f, clientID)
	label, ok, err := s.offered(ctx, v, clientID, value)
	if err != nil {
		return Message{}, err
	}
	if !ok {
		f.Add("value", "is not one of the choices")
	}
	if err := f.Err(); err != nil {
		return Message{}, err
	}
	m, _, err := s.append(ctx, v.Tenant, draft{interaction: v.Interaction, author: ByVisitor, kind: KindText, clientID: clientID, body: body{Text: label}, open: true})
	if err != nil {
		return m, err
	}
	return forVisitor(m), s.Floor.CustomerInput(ctx, v.Tenant, v.Interaction, m.Seq, flow.Input{Choice: value})
}

// offered finds the label of a choice among the last buttons; for a repeat, among
// those before the message that made the choice.
func (s *Service) offered(ctx context.Context, v Visitor, clientID, value string) (string, bool, error) {
	recent, err := s.Messages(ctx, v.Tenant, v.Interaction, 0, math.MaxInt64, MaxHistory)
	if err != nil {
		return "", false, err
	}
	for i, m := range recent {
		if m.AuthorKind == ByVisitor && m.ClientID == clientID {
			recent = recent[:i]
			break
		}
	}
	for _, m := range slices.Backward(recent) {
		if m.Kind != KindButtons {
			continue
		}
		for _, b := range m.Buttons {
			if b.Value == value {
				return b.Label, true, nil
			}
		}
		return "", false, nil
	}
	return "", false, nil
}

// Callback lets a visitor who waits go and keep the place: the agent reads where
// to answer when the turn comes. The same clientID again is the same wish.
func (s *Service) Callback(ctx context.Context, v Visitor, clientID string, reach secret.Text) error {
	var f errs.Fields
	if n := utf8.RuneCountInString(reach.Reveal()); n < 3 || n > maxReach {
		f.Add("reach", "must be a phone number or an email address, 3 to %d characters", maxReach)
	}
	checkText(&f, "reach", reach, true)
	checkClientID(&f, clientID)
	if err := f.Err(); err != nil {
		return err
	}
	if err := s.Floor.KeepPlace(ctx, v.Tenant, v.Interaction); err != nil {
		return err
	}
	s.gone.keep(v)
	d := draft{interaction: v.Interaction, author: BySystem, kind: KindEvent, clientID: clientID, open: true,
		body: body{Event: string(channel.EventCallback), Text: reach.Reveal()}}
	if _, _, err := s.append(ctx, v.Tenant, d); err != nil {
		return err
	}
	st, err := s.state(ctx, v)
	if err != nil {
		return err
	}
	s.publish(bus.Event{Tenant: v.Tenant, Kind: "visitor.state", Interaction: v.Interaction, Visitor: frame("state", st)})
	return nil
}

// maxReach is the longest address to be called back at: an email address's
// (RFC 5321 section 4.5.3.1.3).
const maxReach = 254

// End is the visitor's own end of the conversation.
func (s *Service) End(ctx context.Context, v Visitor) error {
	return s.Floor.CustomerLeft(ctx, v.Tenant, v.Interaction)
}

// Survey keeps the visitor's satisfaction, 1-5, with a comment.
func (s *Service) Survey(ctx context.Context, v Visitor, rating int, comment secret.Text) error {
	var f errs.Fields
	if rating < 1 || rating > 5 {
		f.Add("rating", "must be 1 to 5")
	}
	checkText(&f, "comment", comment, false)
	if err := f.Err(); err != nil {
		return err
	}
	if !comment.Empty() {
		sealed, err := s.Vault.SealContact(ctx, v.Tenant, v.Contact, surveyAt(v.Interaction), []byte(comment.Reveal()))
		if err != nil {
			return err
		}
		if err := s.DB.Write(ctx, v.Tenant, func(tx *store.Tx) error { return tx.SetSurvey(v.Interaction, sealed) }); err != nil {
			return err
		}
	}
	return s.Floor.Rate(ctx, v.Tenant, v.Interaction, rating)
}

func surveyAt(interaction string) string { return "chats.survey/" + interaction }

// pick is the wanted language if it is offered, else the first.
func pick(offered []string, wanted string) string {
	wanted, _, _ = strings.Cut(strings.ToLower(wanted), "-")
	if slices.Contains(offered, wanted) {
		return wanted
	}
	if len(offered) > 0 {
		return offered[0]
	}
	return "en"
}

func inLanguage(texts map[string]string, lang string) string {
	if s, ok := texts[lang]; ok {
		return s
	}
	return texts["en"]
}

func orEmpty(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}
