package provider

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/email/message"
)

// Box is a mailbox that is open over IMAP.
type Box struct {
	n    *Network
	host string
	conn net.Conn
	c    *imapclient.Client
	news chan struct{} // something came or went
}

// Folder is how a folder stands when it is opened.
type Folder struct {
	Validity, Next uint32
	// Changed grows with every message that comes and every flag that is changed
	// (HIGHESTMODSEQ, RFC 7162, 3.1.2.1); 0 where the provider keeps no such number.
	Changed uint64
}

// Open signs in. Close the box.
func (n *Network) Open(ctx context.Context, a Account) (b *Box, err error) {
	err = withToken(ctx, a, func(token secret.Text) error { b, err = n.open(ctx, a, token); return err })
	return b, err
}

func (n *Network) open(ctx context.Context, a Account, token secret.Text) (*Box, error) {
	b, err := n.greet(ctx, a.IMAP)
	if err != nil {
		return nil, err
	}
	err = b.do(ctx, func() error { return b.signIn(a, token) })
	if err != nil {
		b.Close()
		var answer *imap.Error
		if errors.As(err, &answer) {
			reason := Denied
			if limits(answer) {
				reason = Busy
			}
			return nil, &Fault{Step: StepSignIn, Reason: reason, Host: b.host, cause: err}
		}
		return nil, AsFault(err, StepSignIn, b.host)
	}
	return b, nil
}

// greet connects and begins TLS.
func (n *Network) greet(ctx context.Context, s Server) (*Box, error) {
	conn, err := n.dial(ctx, s)
	if err != nil {
		return nil, err
	}
	if s.Security == STARTTLS {
		if err := within(ctx, conn, n.patience(), func() error { return startTLS(conn) }); err != nil {
			_ = conn.Close()
			return nil, AsFault(err, StepSecure, s.Host)
		}
	}
	secured, err := n.secure(ctx, conn, s)
	if err != nil {
		return nil, err
	}
	if s.Security == STARTTLS { // the greeting was said before TLS, and none is said after it
		secured = &greeted{Conn: secured, first: strings.NewReader("* OK ready\r\n")}
	}
	b := boxOver(n, secured, s.Host)
	if err := b.do(ctx, b.c.WaitGreeting); err != nil {
		b.Close()
		f := AsFault(err, StepReach, s.Host)
		if f.Reason == Lost {
			f.Reason = NotThisServer
		}
		return nil, f
	}
	return b, nil
}

// boxOver is a box over a connection, on which it reads from now on.
func boxOver(n *Network, conn net.Conn, host string) *Box {
	b := &Box{n: n, host: host, conn: conn, news: make(chan struct{}, 1)}
	b.c = imapclient.New(&guarded{Conn: conn}, &imapclient.Options{UnilateralDataHandler: &imapclient.UnilateralDataHandler{
		Mailbox: func(d *imapclient.UnilateralDataMailbox) {
			if d.NumMessages != nil {
				b.hear()
			}
		},
		Expunge: func(uint32) { b.hear() },
	}})
	return b
}

// greeted gives a greeting before what the connection says.
type greeted struct {
	net.Conn
	first *strings.Reader
}

func (g *greeted) Read(p []byte) (int, error) {
	if g.first.Len() > 0 {
		return g.first.Read(p)
	}
	return g.Conn.Read(p)
}

// startTLS asks for TLS on a plain connection (RFC 9051, 6.2.1). What came before TLS
// is not believed afterwards.
func startTLS(conn net.Conn) error {
	lines := bufio.NewReader(io.LimitReader(conn, 16<<10))
	say := func(prefix string) error {
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				return err
			}
			if answer, ok := strings.CutPrefix(line, prefix); ok {
				if !strings.HasPrefix(strings.ToUpper(answer), "OK") {
					return &Fault{Step: StepSecure, Reason: NoTLS}
				}
				return nil
			}
			if !strings.HasPrefix(line, "* ") {
				return &Fault{Step: StepReach, Reason: NotThisServer}
			}
		}
	}
	if err := say("* "); err != nil {
		return err
	}
	if _, err := conn.Write([]byte("t STARTTLS\r\n")); err != nil {
		return err
	}
	if err := say("t "); err != nil {
		return err
	}
	if lines.Buffered() > 0 { // somebody put more before TLS
		return &Fault{Step: StepSecure, Reason: NoTLS}
	}
	return nil
}

func (b *Box) hear() {
	select {
	case b.news <- struct{}{}:
	default:
	}
}

func (b *Box) do(ctx context.Context, fn func() error) error {
	return within(ctx, b.conn, b.n.patience(), fn)
}

// Close ends the connection.
func (b *Box) Close() { _ = b.conn.Close() }

// faulty says what an error of a command is.
func (b *Box) faulty(err error, step Step, otherwise Reason) error {
	var answer *imap.Error
	if !errors.As(err, &answer) {
		return AsFault(err, step, b.host)
	}
	reason := otherwise
	switch answer.Code {
	case imap.ResponseCodeNonExistent, imap.ResponseCodeTryCreate:
		reason = NoFolder
	case imap.ResponseCodeOverQuota:
		reason = Full
	}
	if limits(answer) {
		reason = Busy
	}
	return &Fault{Step: step, Reason: reason, Host: b.host, cause: err}
}

// limits says whether a server refuses a command because it limits us, or is busy: by a
// code (RFC 5530), or in words alone, as the large ones do.
func limits(answer *imap.Error) bool {
	switch answer.Code {
	case imap.ResponseCodeUnavailable, imap.ResponseCodeInUse, imap.ResponseCodeLimit, imap.ResponseCodeServerBug:
		return true
	}
	text := strings.ToLower(answer.Text)
	return slices.ContainsFunc([]string{"throttl", "too many", "bandwidth", "rate limit", "try again later"}, func(said string) bool { return strings.Contains(text, said) })
}

// Select opens a folder.
func (b *Box) Select(ctx context.Context, folder string) (Folder, error) {
	var d *imap.SelectData
	o := &imap.SelectOptions{CondStore: b.c.Caps().Has(imap.CapCondStore)}
	err := b.do(ctx, func() (err error) { d, err = b.c.Select(folder, o).Wait(); return err })
	if err != nil {
		return Folder{}, b.faulty(err, StepFolder, NoFolder)
	}
	out := Folder{Validity: d.UIDValidity, Next: uint32(d.UIDNext)}
	if o.CondStore {
		out.Changed = d.HighestModSeq
	}
	return out, nil
}

// Search says which messages to find: all from From on; and of those before it the
// unread ones, those since a day that were not marked as handled, or none.
type Search struct {
	From   uint32
	Unread bool
	Since  time.Time
}

// Find gives the messages' UIDs, the lowest first.
func (b *Box) Find(ctx context.Context, s Search) ([]uint32, error) {
	var all []uint32
	ask := func(c imap.SearchCriteria) error {
		c.NotFlag = []imap.Flag{imap.FlagDeleted}
		var d *imap.SearchData
		if err := b.do(ctx, func() (err error) { d, err = b.c.UIDSearch(&c, nil).Wait(); return err }); err != nil {
			return b.faulty(err, StepFolder, Lost)
		}
		for _, u := range d.AllUIDs() {
			all = append(all, uint32(u))
		}
		return nil
	}
	from := max(s.From, 1)
	var above imap.UIDSet
	above.AddRange(imap.UID(from), 0)
	if err := ask(imap.SearchCriteria{UID: []imap.UIDSet{above}}); err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(u uint32) bool { return u < from }) // n:* names the last one in any case
	if from > 1 {
		var below imap.UIDSet
		below.AddRange(1, imap.UID(from-1))
		if s.Unread {
			if err := ask(imap.SearchCriteria{UID: []imap.UIDSet{below}, Flag: nil, Not: []imap.SearchCriteria{{Flag: []imap.Flag{imap.FlagSeen}}}}); err != nil {
				return nil, err
			}
		}
		if !s.Since.IsZero() {
			// What was handled is known by its mark, also when our record of it is forgotten.
			err := ask(imap.SearchCriteria{UID: []imap.UIDSet{below}, Since: s.Since, Not: []imap.SearchCriteria{{Flag: []imap.Flag{Handled}}}})
			if f := new(Fault); errors.As(err, &f) && errors.As(f.cause, new(*imap.Error)) { // a provider without keywords
				err = ask(imap.SearchCriteria{UID: []imap.UIDSet{below}, Since: s.Since})
			}
			if err != nil {
				return nil, err
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// Changes gives the messages that came or whose flags changed since the folder stood at
// since (RFC 7162, 3.1.4.1), and those of them that a search finds. What is gone is in
// neither. It needs a folder that has a Changed, and a search without Since.
func (b *Box) Changes(ctx context.Context, since uint64, s Search) (changed, found []uint32, err error) {
	var all imap.UIDSet
	all.AddRange(1, 0)
	err = within(ctx, b.conn, 4*b.n.patience(), func() error {
		cmd := b.c.Fetch(all, &imap.FetchOptions{UID: true, Flags: true, ChangedSince: since})
		for one := cmd.Next(); one != nil; one = cmd.Next() {
			m, err := one.Collect()
			if err != nil {
				return errors.Join(cmd.Close(), err)
			}
			uid := uint32(m.UID)
			if uid == 0 {
				continue
			}
			changed = append(changed, uid)
			if !slices.Contains(m.Flags, imap.FlagDeleted) && (uid >= s.From || s.Unread && !slices.Contains(m.Flags, imap.FlagSeen)) {
				found = append(found, uid)
			}
		}
		return cmd.Close()
	})
	if err != nil {
		return nil, nil, b.faulty(err, StepFolder, Lost)
	}
	slices.Sort(changed)
	slices.Sort(found)
	return changed, found, nil
}

// Head is what is read of a message to know it again.
type Head struct {
	UID  uint32
	Mail *message.Message // of the header's fields alone
}

// identifying are the fields by which a message is known.
var identifying = []string{"Message-ID", "From", "To", "Date", "Subject"}

// Heads reads the heads of messages; those that are gone are left out.
func (b *Box) Heads(ctx context.Context, uids []uint32) ([]Head, error) {
	section := &imap.FetchItemBodySection{Specifier: imap.PartSpecifierHeader, HeaderFields: identifying, Peek: true}
	var list []Head
	limits := message.Standard
	limits.Size = 2 * int64(limits.Header) // whatever a server sends as a header is not kept in memory
	err := b.do(ctx, func() error {
		cmd := b.c.Fetch(setOf(uids), &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{section}})
		var bad error
		for one := cmd.Next(); one != nil; one = cmd.Next() {
			var h Head
			for item := one.Next(); item != nil; item = one.Next() {
				switch item := item.(type) {
				case imapclient.FetchItemDataUID:
					h.UID = uint32(item.UID)
				case imapclient.FetchItemDataBodySection:
					if h.Mail != nil || bad != nil {
						continue
					}
					var octets io.Reader = strings.NewReader("") // NIL: it has none of the fields
					if item.Literal != nil {
						octets = item.Literal
					}
					h.Mail, bad = message.Read(octets, limits)
				}
			}
			if h.UID != 0 && h.Mail != nil {
				list = append(list, h)
			}
		}
		return errors.Join(cmd.Close(), bad)
	})
	if err != nil {
		return nil, b.faulty(err, StepMessage, Lost)
	}
	return list, nil
}

func setOf(uids []uint32) imap.UIDSet {
	var set imap.UIDSet
	for _, u := range uids {
		set.AddNum(imap.UID(u))
	}
	return set
}

// Fetch reads a message, without marking it; nil if it is gone.
func (b *Box) Fetch(ctx context.Context, uid uint32, l message.Limits) (m *message.Message, err error) {
	section := &imap.FetchItemBodySection{Peek: true, Partial: &imap.SectionPartial{Size: l.Size + 1}}
	err = within(ctx, b.conn, 4*b.n.patience(), func() error {
		cmd := b.c.Fetch(setOf([]uint32{uid}), &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{section}})
		var bad error
		for one := cmd.Next(); one != nil; one = cmd.Next() {
			for item := one.Next(); item != nil; item = one.Next() {
				if body, ok := item.(imapclient.FetchItemDataBodySection); ok && body.Literal != nil && m == nil && bad == nil {
					m, bad = message.Read(body.Literal, l)
				}
			}
		}
		return errors.Join(cmd.Close(), bad)
	})
	if err != nil {
		return nil, b.faulty(err, StepMessage, Lost)
	}
	return m, nil
}

// Wait waits until something happens in the folder that is open, at most d. Where the
// provider has no IDLE, it asks every minute (Network.Poll).
func (b *Box) Wait(ctx context.Context, d time.Duration) error {
	if !b.c.Caps().Has(imap.CapIdle) {
		return b.poll(ctx, min(d, b.n.poll()))
	}
	var idle *imapclient.IdleCommand
	if err := b.do(ctx, func() (err error) { idle, err = b.c.Idle(); return err }); err != nil {
		return b.faulty(err, StepFolder, Lost)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-b.news:
	case <-timer.C:
	case <-b.c.Closed():
	case <-ctx.Done():
	}
	// go-imap may wait for ever here on a connection that is gone; that closes it.
	err := b.do(ctx, func() error { return errors.Join(idle.Close(), idle.Wait()) })
	if err != nil {
		return b.faulty(err, StepFolder, Lost)
	}
	return ctx.Err()
}

func (b *Box) poll(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := b.do(ctx, b.c.Noop().Wait); err != nil {
		return b.faulty(err, StepFolder, Lost)
	}
	return nil
}

// Handled is the keyword that marks a message as handled here.
const Handled imap.Flag = "$NubitalkHandled"

// Mark flags a message as read and handled, and as answered if it was.
func (b *Box) Mark(ctx context.Context, uid uint32, answered bool) error {
	flags := []imap.Flag{imap.FlagSeen, Handled}
	if answered {
		flags = append(flags, imap.FlagAnswered)
	}
	store := func(flags []imap.Flag) error {
		return b.do(ctx, func() error {
			return b.c.Store(setOf([]uint32{uid}), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: flags}, nil).Close()
		})
	}
	err := store(flags)
	var answer *imap.Error
	if errors.As(err, &answer) { // a provider without keywords
		err = store(slices.DeleteFunc(flags, func(f imap.Flag) bool { return f == Handled }))
	}
	if err != nil {
		return b.faulty(err, StepMessage, Rejected)
	}
	return nil
}

// Move moves a message to another folder, which it makes if there is none.
func (b *Box) Move(ctx context.Context, uid uint32, folder string) error {
	move := func() error {
		return b.do(ctx, func() error { _, err := b.c.Move(setOf([]uint32{uid}), folder).Wait(); return err })
	}
	err := move()
	var answer *imap.Error
	if errors.As(err, &answer) {
		if made := b.Make(ctx, folder); made == nil {
			err = move()
		}
	}
	if err != nil {
		return b.faulty(err, StepMessage, NoFolder)
	}
	return nil
}

// Make makes a folder.
func (b *Box) Make(ctx context.Context, folder string) error {
	if err := b.do(ctx, b.c.Create(folder, nil).Wait); err != nil {
		return b.faulty(err, StepFolder, Rejected)
	}
	return nil
}

// Keep puts a copy of a message into a folder, as read.
func (b *Box) Keep(ctx context.Context, folder string, octets []byte) error {
	err := within(ctx, b.conn, 4*b.n.patience(), func() error {
		cmd := b.c.Append(folder, int64(len(octets)), &imap.AppendOptions{Flags: []imap.Flag{imap.FlagSeen}})
		_, err := cmd.Write(octets)
		err = errors.Join(err, cmd.Close())
		_, answered := cmd.Wait()
		return errors.Join(answered, err)
	})
	if err != nil {
		return b.faulty(err, StepMessage, NoFolder)
	}
	return nil
}

// Folders lists the folders that can be opened, and which holds what was sent, if the
// provider says so (RFC 6154).
func (b *Box) Folders(ctx context.Context) (folders []string, sent string, err error) {
	var list []*imap.ListData
	err = b.do(ctx, func() (err error) { list, err = b.c.List("", "*", nil).Collect(); return err })
	if err != nil {
		return nil, "", b.faulty(err, StepFolder, Lost)
	}
	for _, f := range list {
		if slices.Contains(f.Attrs, imap.MailboxAttrNoSelect) || slices.Contains(f.Attrs, imap.MailboxAttrNonExistent) || len(folders) >= 500 {
			continue
		}
		folders = append(folders, f.Mailbox)
		if slices.Contains(f.Attrs, imap.MailboxAttrSent) {
			sent = f.Mailbox
		}
	}
	return folders, sent, nil
}
