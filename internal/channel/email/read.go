package email

import (
	"context"
	"io"
	"slices"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/channel/email/message"
	"nubitalk/internal/channel/email/provider"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// Person is somebody in a message.
type Person struct {
	Name    string `json:"name,omitempty"`
	Address string `json:"address"`
}

// File is an attachment, or an image that the message shows.
type File struct {
	Number    int    `json:"number" doc:"By which it is fetched."`
	Name      string `json:"name"`
	MediaType string `json:"media_type"`
	Size      int64  `json:"size"`
	Inline    bool   `json:"inline" doc:"The message shows it within its text."`
}

// Verdict is what the provider says about where the message comes from.
type Verdict struct {
	Method string `json:"method" enum:"spf,dkim,dmarc,arc"`
	Result string `json:"result"`
	Domain string `json:"domain,omitempty"`
}

// Sent is an answer of the interaction.
type Sent struct {
	ClientID string    `json:"client_id"`
	User     string    `json:"user"`
	Kind     string    `json:"kind,omitempty" enum:"forward,new" doc:"forward: the message was passed on; new: an agent wrote of its own accord; absent: it is an answer."`
	State    string    `json:"state" enum:"held,sending,sent,failed,unsure,undone" doc:"held: it leaves at leaves_at, and can be undone until then. unsure: it is not known whether the provider took it; look at the provider's sent folder, and send with again if it is not there."`
	Reason   string    `json:"reason,omitempty" doc:"Why it failed; stopped: the program ended before it left, and it was not sent."`
	BegunAt  time.Time `json:"begun_at"`
	EndedAt  time.Time `json:"ended_at,omitzero"`
	LeavesAt time.Time `json:"leaves_at,omitzero" doc:"When an answer leaves that is held."`
	Delivery *Delivery `json:"delivery,omitempty" doc:"What a mail server reported of it after it was sent; absent if nothing was."`
}

// Mail is the message of an interaction, as its agent reads it.
type Mail struct {
	Mailbox   string    `json:"mailbox" doc:"Id of the mailbox where it came."`
	Address   string    `json:"address" doc:"The mailbox's address that it was sent to, from which it is answered."`
	Addresses []string  `json:"addresses" doc:"The mailbox's addresses, from which it may be answered."`
	AttachMB  int       `json:"attach_mb" doc:"How much the files of one answer may be together."`
	Most      int       `json:"max_recipients" doc:"How many addresses one answer may have, with Cc and Bcc."`
	From      []Person  `json:"from"`
	AnswerTo  []Person  `json:"answer_to" doc:"Whom an answer reaches; of new mail, whom it is for."`
	To        []Person  `json:"to"`
	Cc        []Person  `json:"cc"`
	Date      time.Time `json:"date,omitzero"`
	Subject   string    `json:"subject"`
	Text      string    `json:"text" doc:"Its text; of a message with HTML alone, what that says."`
	HTML      string    `json:"html,omitempty" doc:"Its HTML made safe: no scripts, forms or frames, nothing that is fetched from elsewhere. Show it in a frame with the sandbox attribute all the same, or take it as a page from …/email/html."`
	Remote    int       `json:"remote" doc:"How many images are elsewhere; they are not fetched, since that tells the sender that the message was read."`
	Files     []File    `json:"files"`
	Faults    []string  `json:"faults" doc:"What is wrong with the message; what could be read is there all the same."`
	// QuotesMatter is what a page takes for its default.
	QuotesMatter bool      `json:"quotes_matter,omitempty" doc:"Little would be left of it without what it quotes itself: passed on, it goes with that, unless quote says otherwise."`
	Automatic    string    `json:"automatic,omitempty" doc:"Why it is taken for a machine's: auto_submitted, null_sender, list, bulk, report, robot."`
	Verdicts     []Verdict `json:"verdicts" doc:"What the provider says about where it comes from (SPF, DKIM, DMARC)."`
	Answers      string    `json:"answers,omitempty" doc:"Id of the interaction whose answer it answers, or whose answer came back."`
	Returned     *Delivery `json:"returned,omitempty" doc:"It is a mail server's report that an answer could not be delivered, which was sent in the interaction that answers names."`
	New          bool      `json:"new,omitempty" doc:"An agent began it: there is no message, and what is sent says its subject and whom it reaches."`
	Sends        []Sent    `json:"sends"`
	Merged       []string  `json:"merged" doc:"Ids of interactions whose emails go on here: each is read by its own id, and an answer refers to all."`
	Into         string    `json:"merged_into,omitempty" doc:"The interaction in which it goes on, and is answered."`
	// Rejecting is in memory alone.
	Rejecting *Rejecting `json:"rejecting,omitempty" doc:"It is rejected at ends_at; that can be undone until then."`
	// Acknowledged is remembered for a day.
	Acknowledged time.Time `json:"acknowledged,omitzero" doc:"When its receipt was acknowledged to who wrote it; it is remembered for a day."`
}

// Read gives the message of an interaction that is not closed: from memory, else from
// the provider. The caller has checked who may.
func (s *Service) Read(ctx context.Context, t id.Tenant, interaction string) (Mail, error) {
	o, err := s.open(ctx, t, interaction)
	if err != nil {
		return Mail{}, err
	}
	m := o.m
	to := persons(m.AnswerTo())
	if o.fresh() {
		if to, err = s.meant(ctx, t, interaction, o.contact); err != nil {
			return Mail{}, err
		}
	}
	out := Mail{Mailbox: o.row.MailboxID, Address: o.own().Address.Reveal(), Addresses: o.box.Addresses(), AttachMB: o.box.AttachMB, Most: o.box.MostRecipients(), From: persons(m.From), AnswerTo: to, To: persons(m.To), Cc: persons(m.Cc),
		Date: m.Date, Subject: m.Subject.Reveal(), Text: m.Text.Reveal(), Files: []File{}, Faults: []string{}, QuotesMatter: !o.fresh() && thin(m), Automatic: o.row.Automatic, Verdicts: []Verdict{}, Answers: o.row.Answers, New: o.fresh(), Sends: o.sends, Returned: o.returned, Acknowledged: o.acknowledged, Rejecting: s.rejecting(t, interaction), Merged: append([]string{}, o.merged...), Into: o.into}
	for n, f := range m.Files {
		out.Files = append(out.Files, File{Number: n, Name: f.Name.Reveal(), MediaType: f.MediaType, Size: f.Size, Inline: f.Inline})
	}
	if !m.HTML.Empty() {
		shown := message.Safe(m.HTML.Reveal(), shownAt(m, "/api/v1/interactions/"+interaction+"/email/files/"))
		out.HTML, out.Remote = shown.HTML, len(shown.Remote)
	}
	for _, f := range m.Faults {
		out.Faults = append(out.Faults, string(f))
	}
	for _, v := range m.Verdicts("") {
		out.Verdicts = append(out.Verdicts, Verdict(v))
	}
	return out, nil
}

// shownImages are the types of images that a message may show within its text.
var shownImages = map[string]bool{"image/png": true, "image/jpeg": true, "image/gif": true, "image/webp": true}

func persons(list []message.Address) []Person {
	out := []Person{}
	for _, a := range list {
		out = append(out, Person{a.Name.Reveal(), a.Address.Reveal()})
	}
	return out
}

// Content is what a file holds.
type Content struct {
	File
	Octets []byte
}

// File gives a file of the message.
func (s *Service) File(ctx context.Context, t id.Tenant, interaction string, number int) (Content, error) {
	o, err := s.open(ctx, t, interaction)
	if err != nil {
		return Content{}, err
	}
	if number < 0 || number >= len(o.m.Files) {
		return Content{}, errs.New(errs.NotFound, "There is no such file in this message.")
	}
	f := o.m.Files[number]
	octets, err := io.ReadAll(f.Reader())
	return Content{File{Number: number, Name: f.Name.Reveal(), MediaType: f.MediaType, Size: f.Size, Inline: f.Inline}, octets}, err
}

// opened is a message with what is stored of it.
type opened struct {
	row   store.EmailRow
	sends []Sent
	box   setup.Mailbox
	m     *message.Message
	// beside are the messages of those that were merged into it, of an answer.
	beside []mergedMail

	contact      string   // whose it is
	language     string   // of the interaction
	agent        string   // who has it, or was the last
	into         string   // where it goes on, of one that was merged; what is here is read alone
	merged       []string // interactions whose emails go on here
	acknowledged time.Time
	returned     *Delivery
}

// own is the address of the mailbox that the message was sent to, from which it is
// answered.
func (o opened) own() message.Address {
	for _, list := range [][]message.Address{o.m.To, o.m.Cc} {
		for _, a := range list {
			if o.box.Owns(a.Address.Reveal()) {
				return sender(o.box, a.Address.Reveal())
			}
		}
	}
	return sender(o.box, o.box.Address)
}

// openOwn opens the message of an interaction in which it is handled.
func (s *Service) openOwn(ctx context.Context, t id.Tenant, interaction string) (opened, error) {
	o, err := s.open(ctx, t, interaction)
	if err == nil && o.into != "" {
		return o, errs.New(errs.Conflict, "This email was merged into another. It is handled there.")
	}
	return o, err
}

func (s *Service) open(ctx context.Context, t id.Tenant, interaction string) (opened, error) {
	var o opened
	none := errs.New(errs.Conflict, "This interaction is no email.")
	closed := false
	err := s.DB.Read(ctx, t, func(tx *store.Tx) (err error) {
		if o.row, err = tx.Email(interaction); err != nil {
			return err
		}
		i, err := tx.Interaction(interaction)
		if err != nil {
			return err
		}
		o.language, o.agent, o.contact = i.Language, i.AgentID, i.ContactID
		if i.MergedInto != "" {
			if i, err = tx.Merged(interaction); err != nil {
				return err
			}
			o.into = i.ID
		} else if o.merged, err = tx.MergedEmails(interaction); err != nil {
			return err
		}
		closed = i.State == "closed"
		if o.sends, err = s.sends(tx, interaction); err != nil {
			return err
		}
		if o.returned, err = s.returnedBy(tx, o.row); err != nil {
			return err
		}
		a, err := tx.AcknowledgementOf(interaction)
		o.acknowledged = a.SentAt
		if errs.Is(err, errs.NotFound) {
			err = nil
		}
		return err
	})
	switch {
	case errs.Is(err, errs.NotFound):
		return o, none
	case err != nil:
		return o, err
	case closed:
		return o, errHandled
	}
	boxes, err := s.Setup.Mailboxes(ctx, t)
	if err != nil {
		return o, err
	}
	box, there := boxes[o.row.MailboxID]
	if !there {
		return o, errs.New(errs.Gone, "The mailbox of this email is not in use any more.")
	}
	o.box = box
	if o.fresh() {
		o.m = nothing()
		return o, nil
	}
	if o.m = s.held.get(t, interaction); o.m != nil {
		return o, nil
	}
	o.m, err = s.fetch(ctx, t, o.row, box)
	if err == nil {
		s.keep(ctx, t, interaction, o.m)
	}
	return o, err
}

var errHandled = errs.New(errs.Gone, "This email was handled; its copy is deleted. It is in your mailbox at your provider.")

// keep keeps a message in memory while its work is open and not put aside. If that ended
// meanwhile it is forgotten again: the end is stored before the message is forgotten, so
// one of the two sees it. A node without the tenant's floor, where a job of it is done,
// is not told of the end and keeps nothing.
func (s *Service) keep(ctx context.Context, t id.Tenant, interaction string, m *message.Message) {
	s.mu.Lock()
	here := s.houses[t] != nil
	s.mu.Unlock()
	if !here {
		return
	}
	s.held.put(t, interaction, m)
	if i, over, err := s.stands(ctx, t, interaction); over || i.PutAside() || err != nil { // it can be fetched again
		s.held.forget(t, interaction)
	}
}

// over says whether nothing of an interaction may be in memory any more: it is closed, or
// its tenant's floor went to another node.
func (s *Service) over(ctx context.Context, t id.Tenant, interaction string) (bool, error) {
	_, over, err := s.stands(ctx, t, interaction)
	return over, err
}

// stands gives what is stored of an interaction, or of the one in which its email goes on,
// and says whether it is over.
func (s *Service) stands(ctx context.Context, t id.Tenant, interaction string) (i store.InteractionRow, over bool, err error) {
	s.mu.Lock()
	away := s.away[t]
	s.mu.Unlock()
	if away {
		return i, true, nil
	}
	err = s.DB.Read(context.WithoutCancel(ctx), t, func(tx *store.Tx) (err error) { i, err = tx.Merged(interaction); return err })
	if errs.Is(err, errs.NotFound) { // erased
		return i, true, nil
	}
	return i, i.State == "closed", err
}

// sends are an interaction's answers. One that was begun and is not being sent is
// unsure: the program ended in between; one that was held was not sent.
func (s *Service) sends(tx *store.Tx, interaction string) ([]Sent, error) {
	list, err := s.sendsAlone(tx, interaction)
	if err != nil {
		return nil, err
	}
	merged, err := tx.MergedWork(interaction)
	for _, one := range merged { // what may have left before they were one is not sent again unasked
		theirs, err := s.sendsAlone(tx, one)
		if err != nil {
			return nil, err
		}
		list = append(list, slices.DeleteFunc(theirs, func(x Sent) bool { return x.State != unsure })...)
	}
	return list, err
}

// sendsAlone are those of one interaction, without those that were merged into it.
func (s *Service) sendsAlone(tx *store.Tx, interaction string) ([]Sent, error) {
	rows, err := tx.EmailSends(interaction)
	s.mu.Lock()
	running := s.sending[interaction]
	h := s.holding[interaction]
	s.mu.Unlock()
	list := []Sent{}
	for _, r := range rows {
		one := Sent{ClientID: r.ClientID, User: r.UserID, Kind: r.Kind, State: r.State, Reason: r.Reason, BegunAt: r.BegunAt, EndedAt: r.EndedAt, Delivery: delivery(r)}
		if one.Delivery != nil {
			one.Delivery.Addresses = s.held.notReached(tx.Tenant(), interaction, r.ClientID)
		}
		switch {
		case r.State == sending && !running:
			one.State = unsure
		case r.State == held && !running: // the program ended before it left
			one.State, one.Reason = failed, stopped
		case r.State == held && h != nil && h.row.ClientID == r.ClientID:
			one.LeavesAt = r.BegunAt.Add(h.wait)
		}
		list = append(list, one)
	}
	return list, err
}

// fetch reads a message from the provider again.
func (s *Service) fetch(ctx context.Context, t id.Tenant, row store.EmailRow, m setup.Mailbox) (*message.Message, error) {
	done, err := s.line(ctx, row.MailboxID)
	if err != nil {
		return nil, errs.Wrap(errs.Unavailable, err, "The provider is busy with other messages of this mailbox. Try again in a moment.")
	}
	defer done()
	account, err := s.account(ctx, t, row.MailboxID, m)
	if err != nil {
		return nil, err
	}
	b, err := s.Network.Open(ctx, account)
	if err != nil {
		return nil, provider.AsFault(err, provider.StepReach, m.IMAP.Host).Says()
	}
	defer b.Close()
	at, err := b.Select(ctx, row.Folder)
	if err != nil {
		return nil, provider.AsFault(err, provider.StepFolder, m.IMAP.Host).Says()
	}
	gone := errs.New(errs.Gone, "This email is not in its folder at the provider any more: somebody moved or deleted it there.")
	if int64(at.Validity) != row.Validity { // who follows the mailbox finds it again
		return nil, &errs.Error{Code: errs.Unavailable, Text: "The provider is numbering this folder anew. Try again in a moment.", RetryAfter: 5 * time.Second}
	}
	got, err := b.Fetch(ctx, uint32(row.UID), message.Standard)
	if err != nil {
		return nil, provider.AsFault(err, provider.StepMessage, m.IMAP.Host).Says()
	}
	if got == nil {
		return nil, gone
	}
	return got, nil
}
