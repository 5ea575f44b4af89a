package email

import (
	"context"
	"errors"
	"slices"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel"
	"nubitalk/internal/channel/email/message"
	"nubitalk/internal/channel/email/provider"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/flow"
	core "nubitalk/internal/core/mailbox"
	"nubitalk/internal/core/privacy"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

const (
	// keepAlive is how long IDLE goes on before it is begun anew: less than the half
	// hour after which servers may end it (RFC 2177), and than routers forget.
	keepAlive = 4 * time.Minute
	// round is how often folders beside the first are looked at.
	round = time.Minute

	firstRetry = 2 * time.Second
	lastRetry  = 5 * time.Minute
	// denied is how long to wait after the account was refused: providers lock who asks
	// too often.
	denied = 5 * time.Minute
)

// mostOpen is how many messages of a mailbox are work at a time; the rest waits at the
// provider, so that a backlog of any size costs no more.
const mostOpen = 500

// spare of them are for messages that come while the mailbox is followed: what waited
// there before does not keep them out.
const spare = 100

// batch is how many messages are looked at before the next look at what is new.
const batch = 50

// followed is a mailbox that is followed.
type followed struct {
	s      *Service
	tenant id.Tenant
	id     string
	setup.Mailbox
	quit func()
	done chan struct{}

	known map[string]*seen // by folder
	state state
}

// seen is what was looked at in a folder, as far as it is found again.
type seen struct {
	validity uint32
	begun    uint32 // the number that its next message had when it was first opened
	uids     map[uint32]bool
	last     listing
}

// box is what following needs of a provider; *provider.Box is one.
type box interface {
	Select(ctx context.Context, folder string) (provider.Folder, error)
	Find(ctx context.Context, s provider.Search) ([]uint32, error)
	Changes(ctx context.Context, since uint64, s provider.Search) (changed, found []uint32, err error)
	Heads(ctx context.Context, uids []uint32) ([]provider.Head, error)
	Fetch(ctx context.Context, uid uint32, l message.Limits) (*message.Message, error)
	Mark(ctx context.Context, uid uint32, answered bool) error
	Move(ctx context.Context, uid uint32, folder string) error
}

// run follows the mailbox until the context ends.
func (f *followed) run(ctx context.Context) {
	f.known = map[string]*seen{}
	wait := firstRetry
	for ctx.Err() == nil {
		began := f.s.Clock.Now()
		err := f.session(ctx)
		if ctx.Err() != nil {
			return
		}
		fault := provider.AsFault(err, provider.StepReach, f.IMAP.Host)
		f.s.note(f, state{Since: f.s.Clock.Now(), Fault: fault})
		f.s.Log.Warn("a mailbox is not followed; it is tried again", "tenant", f.tenant, "mailbox", f.id, "step", fault.Step, "reason", fault.Reason)
		if f.s.Clock.Now().Sub(began) > lastRetry {
			wait = firstRetry
		}
		if !sleep(ctx, pauseAfter(fault.Reason, wait)) {
			return
		}
		wait = min(2*wait, lastRetry)
	}
}

// pauseAfter is how long to wait after a fault before the next try: longer where who asks
// again at once makes it worse.
func pauseAfter(why provider.Reason, wait time.Duration) time.Duration {
	switch why {
	case provider.Denied, provider.Busy, provider.SignedOut, provider.NoClient:
		return max(wait, denied)
	}
	return wait
}

// session follows it over one connection.
func (f *followed) session(ctx context.Context) error {
	account, err := f.s.account(ctx, f.tenant, f.id, f.Mailbox)
	if err != nil {
		return err
	}
	turn, err := f.s.turn(ctx, "opening "+f.IMAP.Host, opening)
	if err != nil {
		return err
	}
	b, err := f.s.Network.Open(ctx, account)
	turn()
	if err != nil {
		return err
	}
	defer b.Close()
	folders := f.Looked()
	for {
		more, missing := false, 0
		var fault *provider.Fault
		// The first folder last: IDLE tells of the one that is open.
		for i := len(folders) - 1; i >= 0; i-- {
			left, err := f.look(ctx, b, folders[i])
			if is := new(provider.Fault); errors.As(err, &is) && is.Reason == provider.NoFolder { // the others are followed all the same
				missing, fault = missing+1, is
				continue
			}
			if err != nil {
				return err
			}
			more = more || left
		}
		if missing == len(folders) {
			return fault
		}
		f.s.note(f, state{Connected: missing == 0, Since: f.s.Clock.Now(), Fault: fault})
		if more {
			continue
		}
		rest := keepAlive
		if len(folders) > 1 || f.crowded(ctx) { // also where one is missing
			rest = round
		}
		if err := b.Wait(ctx, rest); err != nil {
			return err
		}
	}
}

// crowded says that messages wait at the provider until others are handled.
func (f *followed) crowded(ctx context.Context) bool {
	room, err := f.room(ctx)
	return err == nil && room <= spare
}

func (f *followed) room(ctx context.Context) (int, error) {
	var open int64
	err := f.s.DB.Read(ctx, f.tenant, func(tx *store.Tx) (err error) { open, err = tx.CountOpenEmails(f.id); return err })
	return mostOpen - int(open), err
}

// look looks at what is new in a folder, and says whether more is left that can be
// looked at now.
func (f *followed) look(ctx context.Context, b box, folder string) (more bool, err error) {
	f.s.drafts.tidy(f.s.Clock.Now())
	opened, err := b.Select(ctx, folder)
	if err != nil {
		return false, err
	}
	before, err := f.folder(ctx, folder)
	if err != nil {
		return false, err
	}
	now := before.Opened(opened.Validity, opened.Next, f.s.Clock.Now())
	known := f.seen(folder, opened)
	q := now.Search(f.Unread)
	found, err := known.find(ctx, b, opened, provider.Search{From: q.From, Unread: q.Unread, Since: q.Since}, f.s.Clock.Now())
	if err != nil {
		return false, err
	}
	known.prune(found)
	room, err := f.room(ctx)
	if err != nil {
		return false, err
	}
	todo := now.Next(found, known.uids, f.Order == setup.MailNewest, core.Room{Most: min(room, batch), Spare: min(room, batch) - max(min(room-spare, batch), 0), New: known.begun})
	if now != before { // before anything is taken: a folder is not begun twice
		if err := f.keep(ctx, folder, now); err != nil {
			return false, err
		}
	}
	if len(todo) == 0 {
		return false, f.advance(ctx, folder, now, now.Done(found, known.uids))
	}
	failed := f.takeAll(ctx, b, folder, opened.Validity, todo, known)
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if err := f.advance(ctx, folder, now, now.Done(found, known.uids)); err != nil {
		return false, err
	}
	return failed == nil, failed
}

func (f *followed) advance(ctx context.Context, folder string, before, now core.State) error {
	if now == before {
		return nil
	}
	return f.keep(ctx, folder, now)
}

// takeAll takes messages; one that fails does not hold up the others.
func (f *followed) takeAll(ctx context.Context, b box, folder string, validity uint32, uids []uint32, known *seen) error {
	heads, err := b.Heads(ctx, uids)
	if err != nil {
		return err
	}
	byUID := map[uint32]*message.Message{}
	for _, h := range heads {
		byUID[h.UID] = h.Mail
	}
	var failed error
	for _, uid := range uids {
		head := byUID[uid]
		if head == nil { // gone in between
			known.uids[uid] = true
			continue
		}
		err := f.take(ctx, b, place{folder, validity, uid}, head)
		switch {
		case err == nil:
			known.uids[uid] = true
		case ctx.Err() != nil:
			return ctx.Err()
		default:
			f.s.Log.Warn("a message could not be taken; it is tried again", "tenant", f.tenant, "mailbox", f.id, "uid", uid, "error", errs.As(err).Code)
			failed = err
		}
	}
	return failed
}

// place is where a message is.
type place struct {
	folder   string
	validity uint32
	uid      uint32
}

// take makes a message work, unless it is already.
func (f *followed) take(ctx context.Context, b box, at place, head *message.Message) error {
	identity, err := f.s.identity(ctx, f.tenant, head)
	if err != nil {
		return err
	}
	if there, err := f.again(ctx, identity, at); err != nil || there {
		return err
	}
	m, err := b.Fetch(ctx, at.uid, message.Standard)
	if err != nil || m == nil {
		return err
	}
	back, err := f.returned(ctx, identity, m)
	if err != nil {
		return err
	}
	if back.told {
		f.putAway(ctx, b, at)
		return nil
	}
	arrival, err := f.arrival(ctx, m)
	if err != nil {
		return err
	}
	arrival.Prefers = back.row.UserID
	row := store.EmailRow{Identity: identity, MailboxID: f.id, Folder: at.folder, Validity: int64(at.validity), UID: int64(at.uid), Automatic: m.Automatic()}
	threads, err := f.s.threads(ctx, f.tenant)
	if err != nil {
		return err
	}
	row.Answers = f.goesOn(ctx, threads.Of(m))
	if arrival.Prefers == "" {
		arrival.Prefers = f.knows(ctx, row.Answers)
	}
	acknowledged := f.s.acknowledges(ctx, f.tenant, f.Mailbox, m)
	arrival.Open = func(tx *store.Tx, interaction, _ string) error {
		row.InteractionID = interaction
		if err := tx.InsertEmail(row); err != nil {
			return err
		}
		if back.row.UserID != "" {
			if err := tx.ReportEmailSend(back.row); err != nil && !errs.Is(err, errs.NotFound) { // erased meanwhile
				return err
			}
		}
		if acknowledged {
			at := f.s.Clock.Now()
			if err := tx.InsertJob(store.JobRow{ID: f.s.IDs.New(id.Job), Kind: JobAcknowledge, ObjectID: interaction, RunAt: at, CreatedAt: at}); err != nil {
				return err
			}
		}
		return tx.InsertChat(notesOnly(interaction, f.s.Clock.Now()))
	}
	interaction, _, err := f.s.Floor.Arrive(ctx, arrival)
	if err != nil {
		if there, known := f.again(ctx, identity, at); known == nil && there { // it was stored all the same, or another was faster
			return nil
		}
		return err
	}
	f.s.keep(ctx, f.tenant, interaction, m)
	return nil
}

// again says whether a message is work already, or was, and notes where it is now.
func (f *followed) again(ctx context.Context, identity []byte, at place) (there bool, err error) {
	var row store.EmailRow
	err = f.s.DB.Read(ctx, f.tenant, func(tx *store.Tx) (err error) { row, err = tx.EmailKnown(identity); return err })
	if errs.Is(err, errs.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	moved := row.Folder != at.folder || row.Validity != int64(at.validity) || row.UID != int64(at.uid)
	if row.MailboxID != f.id || !moved || !row.DoneAt.IsZero() {
		return true, nil
	}
	row.Folder, row.Validity, row.UID = at.folder, int64(at.validity), int64(at.uid)
	return true, f.s.DB.Write(ctx, f.tenant, func(tx *store.Tx) error { return tx.MoveEmail(row) })
}

// goesOn is the interaction in which one goes on that a message answers: another where it
// was merged into that, or taken out of it.
func (f *followed) goesOn(ctx context.Context, interaction string) string {
	var row store.InteractionRow
	if interaction == "" || f.s.DB.Read(ctx, f.tenant, func(tx *store.Tx) (err error) { row, err = tx.Merged(interaction); return err }) != nil {
		return interaction
	}
	return row.ID
}

// knows is the agent who had the interaction that a message answers; "" if that is not
// known any more.
func (f *followed) knows(ctx context.Context, interaction string) string {
	var row store.InteractionRow
	if interaction == "" || f.s.DB.Read(ctx, f.tenant, func(tx *store.Tx) (err error) { row, err = tx.Interaction(interaction); return err }) != nil {
		return ""
	}
	return row.AgentID
}

func (f *followed) arrival(ctx context.Context, m *message.Message) (channel.Arrival, error) {
	a := channel.Arrival{Tenant: f.tenant, Channel: acd.Email, EntryPoint: f.EntryPoint, Language: "en"}
	point, err := f.s.Setup.EntryPointOf(ctx, f.tenant, f.EntryPoint)
	if err != nil && !errs.Is(err, errs.NotFound) {
		return a, err
	}
	if len(point.Languages) > 0 {
		a.Language = point.Languages[0]
	}
	if wrote := m.Language(); slices.Contains(point.Languages, wrote) {
		a.Language = wrote
	}
	return arrivalOf(a, m), nil
}

// arrivalOf says of new work what its message does.
func arrivalOf(a channel.Arrival, m *message.Message) channel.Arrival {
	a.Mail = looked(m)
	if len(m.From) > 0 {
		a.Name = shortened(m.From[0].Name)
		if _, err := privacy.NormalAddress(privacy.Email, m.From[0].Address.Reveal(), ""); err == nil {
			a.Addresses = []channel.Address{{Kind: privacy.Email, Value: m.From[0].Address}}
		}
	}
	return a
}

// longestField is how much of a header's field a flow may look at, in octets.
const longestField = 1000

// looked is what a flow may look at of a message.
func looked(m *message.Message) *flow.Mail {
	out := &flow.Mail{Subject: m.Subject, Text: m.Text, Size: m.Size, Automatic: m.Automatic(), Language: m.Language(), Headers: m.Fields(longestField)}
	if len(m.From) > 0 {
		out.From = m.From[0].Address
	}
	for _, a := range slices.Concat(m.To, m.Cc) {
		out.To = append(out.To, a.Address)
	}
	for _, f := range m.Files {
		if !f.Inline {
			out.Files++
		}
	}
	return out
}

// longestName is how much of a name is kept, in characters.
const longestName = 80

func shortened(name secret.Text) secret.Text {
	r := []rune(name.Reveal())
	return secret.New(string(r[:min(len(r), longestName)]))
}

func (f *followed) seen(folder string, opened provider.Folder) *seen {
	k := f.known[folder]
	if k == nil || k.validity != opened.Validity {
		k = &seen{validity: opened.Validity, begun: opened.Next, uids: map[uint32]bool{}}
		f.known[folder] = k
	}
	return k
}

// prune forgets what is not found any more.
func (k *seen) prune(found []uint32) {
	left := make(map[uint32]bool, len(k.uids))
	for _, uid := range found {
		if k.uids[uid] {
			left[uid] = true
		}
	}
	k.uids = left
}

func (f *followed) folder(ctx context.Context, folder string) (core.State, error) {
	var row store.EmailFolderRow
	err := f.s.DB.Read(ctx, f.tenant, func(tx *store.Tx) (err error) { row, err = tx.EmailFolder(f.id, folder); return err })
	if errs.Is(err, errs.NotFound) {
		return core.State{}, nil
	}
	return core.State{Validity: uint32(row.Validity), From: uint32(row.From), Since: row.Since, Anew: row.Anew}, err
}

func (f *followed) keep(ctx context.Context, folder string, st core.State) error {
	row := store.EmailFolderRow{MailboxID: f.id, Folder: folder, Validity: int64(st.Validity), From: int64(st.From), Since: st.Since, Anew: st.Anew}
	return f.s.DB.Write(ctx, f.tenant, func(tx *store.Tx) error { return tx.PutEmailFolder(row) })
}

func (s *Service) identity(ctx context.Context, t id.Tenant, m *message.Message) ([]byte, error) {
	return s.Vault.Digest(ctx, t, "emails.identity", m.Identity())
}

// threads makes and knows the ids of our own messages.
func (s *Service) threads(ctx context.Context, t id.Tenant) (message.Threads, error) {
	key, err := s.Vault.Digest(ctx, t, "emails.threads", []byte("key"))
	return message.NewThreads(secret.NewBytes(key)), err
}

// state is how a mailbox stands.
type state struct {
	Connected bool
	Since     time.Time
	Fault     *provider.Fault
}

// note keeps how a mailbox stands; Since is when that began.
func (s *Service) note(f *followed, now state) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if was := f.state; was.Connected == now.Connected && !was.Since.IsZero() && (now.Fault == nil || was.Fault != nil && was.Fault.Reason == now.Fault.Reason) {
		now.Since = was.Since
	}
	f.state = now
}
