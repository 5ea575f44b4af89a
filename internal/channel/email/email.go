package email

import (
	"context"
	"log/slog"
	"reflect"
	"sync"
	"time"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/bus"
	"nubitalk/internal/channel"
	"nubitalk/internal/channel/email/pictures"
	"nubitalk/internal/channel/email/provider"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// Setup is the tenants' set-up as the channel asks for it.
type Setup interface {
	// Mailboxes are those in use, with those that are switched off.
	Mailboxes(ctx context.Context, t id.Tenant) (map[string]setup.Mailbox, error)
	// MailboxSecret opens a secret of a mailbox; empty if it has none.
	MailboxSecret(ctx context.Context, t id.Tenant, mailbox, name string) (secret.Text, error)
	// KeepToken stores a token that its provider gave in the place of one before, and
	// SignedIn one that a user had it give. Conflict: the mailbox is another than of, for
	// which it was given.
	KeepToken(ctx context.Context, t id.Tenant, mailbox string, of setup.Mailbox, token secret.Text) error
	SignedIn(ctx context.Context, a access.Actor, mailbox string, of setup.Mailbox, token secret.Text) error
	// EntryPointOf is an entry point in use.
	EntryPointOf(ctx context.Context, t id.Tenant, entryPoint string) (setup.EntryPoint, error)
	// RejectReasons are those in use.
	RejectReasons(ctx context.Context, t id.Tenant) (map[string]RejectReason, error)
}

// Floor is where messages are work (floor.Manager).
type Floor interface {
	channel.Sink
	// Reject ends an email for a reason at a version, if nobody else than holder has it;
	// "": nobody has it.
	Reject(ctx context.Context, a access.Actor, interaction, holder, reason string, version int64) error
	// Mergeable are emails that can go on in one that the actor has, MayMerge says whether
	// one of them can, and Merge has it go on there.
	Mergeable(ctx context.Context, a access.Actor, into string, most int) ([]string, error)
	MayMerge(ctx context.Context, a access.Actor, into, from string) error
	Merge(ctx context.Context, a access.Actor, into, from string) error
}

// Vault makes keyed digests, and seals what is on its way through a browser.
type Vault interface {
	SealTenant(ctx context.Context, t id.Tenant, where string, plain []byte) (secret.Sealed, error)
	OpenTenant(ctx context.Context, t id.Tenant, where string, sealed secret.Sealed) (secret.Bytes, error)
	Digest(ctx context.Context, t id.Tenant, where string, value []byte) ([]byte, error)
}

// Events tells agents what became of their answers (bus.Bus).
type Events interface {
	Publish(e bus.Event) error
}

// Deps is what the service needs.
type Deps struct {
	DB      *store.DB
	Vault   Vault
	Clock   clock.Clock
	IDs     *id.Source
	Setup   Setup
	Floor   Floor
	Network *provider.Network
	Bus     Events
	// Pictures fetches images that are elsewhere; nil: from public addresses.
	Pictures *pictures.Fetcher
	Log      *slog.Logger
	// Contacts says at which addresses a contact is reached.
	Contacts interface {
		AddressesOf(ctx context.Context, t id.Tenant, contact, kind string) ([]secret.Text, error)
	}
	// People says by what name agents are known to the outside, and how they sign.
	People interface {
		PublicName(ctx context.Context, t id.Tenant, user string) string
		// Signature is the agent's own, below the mailbox's; empty if there is none.
		Signature(ctx context.Context, t id.Tenant, user string) (secret.Text, error)
	}
}

// Service is the email channel; safe for use by several goroutines.
type Service struct {
	Deps
	held   *inMemory
	drafts *drafts

	mu      sync.Mutex
	ctx     context.Context // of what runs; nil before Begin and after Halt
	quit    context.CancelFunc
	running sync.WaitGroup
	houses  map[id.Tenant]*house
	lines   map[string]chan struct{} // turns: of a mailbox, connections beside the one that follows; of a tenant, pages with images
	sending map[string]bool          // interactions whose answer is being sent, or held
	holding map[string]*heldAnswer   // by interaction
	rejects map[string]*heldReject   // by interaction
	tokens  map[string]*token        // by mailbox
	away    map[id.Tenant]bool       // tenants whose floor was here and is elsewhere
	letters room                     // of answers that are held or being sent
}

// house is a tenant whose floor is on this node.
type house struct {
	quit  context.CancelFunc
	ctx   context.Context
	boxes map[string]*followed
	stamp uint64          // grows with each reading of the set-up, so that an older one does not win
	anew  map[string]bool // mailboxes that are to be followed anew with the next; "": all
}

// New makes a Service.
func New(d Deps) *Service {
	if d.Pictures == nil {
		d.Pictures = &pictures.Fetcher{}
	}
	return &Service{Deps: d, held: newHeld(), drafts: newDrafts(), houses: map[id.Tenant]*house{}, lines: map[string]chan struct{}{}, sending: map[string]bool{}, holding: map[string]*heldAnswer{}, rejects: map[string]*heldReject{}, tokens: map[string]*token{}, away: map[id.Tenant]bool{}, letters: newRoom(lettersOfTenant, lettersOfAll)}
}

// Begin starts following, as floors open.
func (s *Service) Begin(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ctx, s.quit = context.WithCancel(context.WithoutCancel(ctx))
	for t := range s.houses { // opened before
		s.enter(t)
	}
	return nil
}

// Halt ends following and waits for its end.
func (s *Service) Halt(context.Context) error {
	s.mu.Lock()
	if s.quit == nil {
		s.mu.Unlock()
		return nil
	}
	s.quit()
	s.ctx, s.quit = nil, nil
	clear(s.houses)
	s.mu.Unlock()
	s.running.Wait()
	return nil
}

var (
	_ channel.Driver   = (*Service)(nil)
	_ channel.Follower = (*Service)(nil)
)

// Opened follows a tenant's mailboxes from now on.
func (s *Service) Opened(t id.Tenant, _ []channel.Work) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.away, t)
	s.leave(t)
	s.enter(t)
}

// Closed follows them no longer.
func (s *Service) Closed(t id.Tenant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away[t] = true
	s.leave(t)
	s.letGo(t)
	s.held.forgetAll(t)
	s.drafts.forgetAll(t, "")
}

// Changed reads a tenant's mailboxes anew, or all tenants' where that is "". The one that
// changed is followed anew, also for a new password, which does not show in what is set
// up; all are where that is "".
func (s *Service) Changed(t id.Tenant, mailbox string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for of, h := range s.houses {
		if t == "" || t == of {
			h.anew[mailbox] = true
			s.read(of)
		}
	}
}

func (s *Service) enter(t id.Tenant) {
	h := &house{boxes: map[string]*followed{}, anew: map[string]bool{}}
	s.houses[t] = h
	if s.ctx == nil { // Begin comes to it
		return
	}
	h.ctx, h.quit = context.WithCancel(s.ctx)
	s.read(t)
}

func (s *Service) leave(t id.Tenant) {
	if h := s.houses[t]; h != nil && h.quit != nil {
		h.quit()
	}
	delete(s.houses, t)
}

// read begins to follow what is new, and ends what is not the same any more.
func (s *Service) read(t id.Tenant) {
	h := s.houses[t]
	if h == nil || h.ctx == nil {
		return
	}
	h.stamp++
	stamp := h.stamp
	s.running.Go(func() {
		for wait := time.Second; ; wait = min(2*wait, time.Minute) {
			boxes, err := s.Setup.Mailboxes(h.ctx, t)
			if err == nil {
				s.settle(t, h, stamp, boxes)
				return
			}
			s.Log.Warn("the mailboxes could not be read; it is tried again", "tenant", t, "error", err)
			if !sleep(h.ctx, wait) {
				return
			}
		}
	})
}

func (s *Service) settle(t id.Tenant, h *house, stamp uint64, boxes map[string]setup.Mailbox) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h.stamp != stamp || h.ctx.Err() != nil || s.ctx == nil {
		return
	}
	anew := h.anew
	h.anew = map[string]bool{}
	for mailbox, f := range h.boxes {
		if _, there := boxes[mailbox]; !there {
			f.quit()
			delete(h.boxes, mailbox)
		}
	}
	for mailbox, m := range boxes {
		f := h.boxes[mailbox]
		if f != nil && m.Enabled && !anew[""] && !anew[mailbox] && reflect.DeepEqual(m, f.Mailbox) {
			continue
		}
		delete(s.tokens, mailbox) // of what was set up before
		if f != nil {
			f.quit()
		}
		if !m.Enabled {
			delete(h.boxes, mailbox)
			continue
		}
		f = &followed{s: s, tenant: t, id: mailbox, Mailbox: m}
		var ctx context.Context
		ctx, f.quit = context.WithCancel(h.ctx)
		before := h.boxes[mailbox]
		h.boxes[mailbox] = f
		f.done = make(chan struct{})
		s.running.Go(func() {
			defer close(f.done)
			if before != nil {
				<-before.done // never two at a time
			}
			f.run(ctx)
		})
	}
}

// sleep waits; false when the context ended.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// JobDone tells the provider that a message was handled.
const JobDone = "email.done"

// JobAcknowledge acknowledges the receipt of a message to who wrote it.
const JobAcknowledge = "email.acknowledge"

// Carry lets the copies of messages go once their work is closed, and has the provider
// told. One that was merged into another goes with that. What a flow says is said to
// nobody.
func (s *Service) Carry(tx *store.Tx, w channel.Work, _ []channel.Act) (func(), error) {
	over := w.State == "closed"
	if !over && !w.Shelved {
		return nil, nil
	}
	if over && w.Merged != "" { // its message goes on there; what was written of an answer ends
		return func() { s.drafts.forgetAll(w.Tenant, w.ID) }, nil
	}
	all, err := tx.MergedEmails(w.ID)
	if err != nil {
		return nil, err
	}
	all = append(all, w.ID)
	now := s.Clock.Now()
	for _, one := range all {
		if !over { // where it is is all that is kept of it until it comes back
			break
		}
		if err := tx.InsertJob(store.JobRow{ID: s.IDs.New(id.Job), Kind: JobDone, ObjectID: one, RunAt: now, CreatedAt: now}); err != nil {
			return nil, err
		}
	}
	return func() {
		for _, one := range all {
			s.held.forget(w.Tenant, one)
			if over {
				s.drafts.forgetAll(w.Tenant, one)
			}
		}
	}, nil
}

// Waits has nobody to tell.
func (*Service) Waits(id.Tenant, string, []string, int) {}

// perMailbox is how many connections one mailbox may have beside the one that follows
// it.
const perMailbox = 3

// opening is how many mailboxes are connected to one host at a time: a node that starts
// with many neither floods their provider nor is slow for others, and what one that does
// not answer holds up are its own.
const opening = 16

// line waits for a connection's turn; call what it returns afterwards.
func (s *Service) line(ctx context.Context, mailbox string) (func(), error) {
	return s.turn(ctx, mailbox, perMailbox)
}

// turn waits until less than most others do the same; call what it returns afterwards.
func (s *Service) turn(ctx context.Context, what string, most int) (func(), error) {
	s.mu.Lock()
	room := s.lines[what]
	if room == nil {
		room = make(chan struct{}, most)
		s.lines[what] = room
	}
	s.mu.Unlock()
	select {
	case room <- struct{}{}:
		return func() { <-room }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// account is a mailbox as its provider knows it.
func (s *Service) account(ctx context.Context, t id.Tenant, mailbox string, m setup.Mailbox) (provider.Account, error) {
	if m.Sign == setup.MailToken {
		out := accountOf(m, secret.Text{})
		out.Token = func(ctx context.Context, refused secret.Text) (secret.Text, error) {
			return s.token(ctx, t, mailbox, m, refused)
		}
		return out, nil
	}
	password, err := s.Setup.MailboxSecret(ctx, t, mailbox, setup.Password)
	return accountOf(m, password), err
}

func accountOf(m setup.Mailbox, password secret.Text) provider.Account {
	return provider.Account{User: m.Account(), Password: password,
		IMAP: provider.Server{Host: m.IMAP.Host, Port: m.IMAP.PortOf(993, 143), Security: provider.Security(m.IMAP.Security)},
		SMTP: provider.Server{Host: m.SMTP.Host, Port: m.SMTP.PortOf(465, 587), Security: provider.Security(m.SMTP.Security)}}
}
