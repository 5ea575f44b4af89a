package email

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/channel"
	"nubitalk/internal/channel/email/message"
	"nubitalk/internal/channel/email/provider"
	"nubitalk/internal/core/flow"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// Whatever becomes of mail at a provider and of the program, each message becomes work
// exactly once. SEEDS and FIRST are how many stories, and from which on.
func TestEachMessageIsWorkOnce(t *testing.T) {
	seeds, first := 40, 0
	for name, to := range map[string]*int{"SEEDS": &seeds, "FIRST": &first} {
		if v := os.Getenv(name); v != "" {
			*to, _ = strconv.Atoi(v)
		}
	}
	db := openStore(t)
	for seed := first; seed < first+seeds; seed++ {
		w := newWorld(t, db, uint64(seed))
		for step := range 60 {
			w.step()
			if err := w.wrong(); err != "" {
				t.Fatalf("seed %d, step %d: %s\n%s", seed, step, err, strings.Join(w.told, "\n"))
			}
		}
		w.settle()
		if err := w.wrong(); err != "" {
			t.Fatalf("seed %d, at the end: %s\n%s", seed, err, strings.Join(w.told, "\n"))
		}
		for mail := range w.wanted {
			if w.works[mail] != 1 {
				t.Fatalf("seed %d: %s is work %d times\n%s", seed, mail, w.works[mail], strings.Join(w.told, "\n"))
			}
		}
	}
}

// world is two mailboxes of a tenant, each with two folders, and the program.
type world struct {
	noFloor
	t      *testing.T
	r      *rand.Rand
	s      *Service
	tenant id.Tenant
	boxes  []*fakeBox
	follow []*followed
	sent   int
	wanted map[string]bool // mail that must be work
	lay    map[string]bool // mail that was there before
	works  map[string]int  // mail by how often it is
	told   []string

	fail, lost bool // the next arrival is refused; is stored and answered with an error
	taking     string
}

// fakeBox is a mailbox at a provider. It is a box.
type fakeBox struct {
	w        *world
	folders  map[string]*fakeFolder
	selected *fakeFolder
	breaks   int  // after so many commands the connection ends; 0: never
	numbers  bool // it has CONDSTORE

	searches, changes int
}

type fakeFolder struct {
	validity, next uint32
	changed        uint64
	mail           []fakeMail
}

// change is the number of a change.
func (f *fakeFolder) change() uint64 { f.changed++; return f.changed }

type fakeMail struct {
	uid  uint32
	at   uint64 // its last change
	id   string
	came time.Time
	seen bool
}

func newWorld(t *testing.T, db *store.DB, seed uint64) *world {
	w := &world{t: t, r: rand.New(rand.NewPCG(seed, 1)), wanted: map[string]bool{}, lay: map[string]bool{}, works: map[string]int{}}
	w.tenant = newTenant(t, db)
	if err := db.Write(t.Context(), w.tenant, func(tx *store.Tx) error { return tx.InsertContact(store.ContactRow{ID: "con_1"}) }); err != nil {
		t.Fatal(err)
	}
	w.s = New(testDeps(t, db))
	w.s.Floor = w
	for n := range 2 {
		b := &fakeBox{w: w, folders: map[string]*fakeFolder{}, numbers: w.r.IntN(2) == 0}
		for _, name := range []string{"INBOX", "Sales", "Elsewhere"} {
			b.folders[name] = &fakeFolder{validity: 1, next: 1, changed: 1}
		}
		for range w.r.IntN(3) { // what lay there before
			w.lay[w.put(b, "INBOX", false)] = true
		}
		w.boxes = append(w.boxes, b)
		m := setup.Mailbox{Folders: []string{"INBOX", "Sales"}, Unread: w.r.IntN(2) == 0, Order: setup.MailOldest, EntryPoint: "ent_1"}
		if w.r.IntN(2) == 0 {
			m.Order = setup.MailNewest
		}
		if m.Unread {
			for _, mail := range b.folders["INBOX"].mail {
				w.wanted[mail.id] = !mail.seen
				if mail.seen {
					delete(w.wanted, mail.id)
				}
			}
		}
		w.follow = append(w.follow, &followed{s: w.s, tenant: w.tenant, id: fmt.Sprintf("mbx_%d", n), Mailbox: m, known: map[string]*seen{}})
	}
	for n := range w.boxes { // the first look, from which on new mail is work
		w.look(n)
	}
	return w
}

// A folder is searched once; then a provider that numbers its changes is asked for those,
// and for nothing where there are none. One without is searched each time. What came is
// work all the same.
func TestAFolderIsSearchedForWhatChanged(t *testing.T) {
	db := openStore(t)
	for _, numbers := range []bool{true, false} {
		w := newWorld(t, db, 1)
		b, f := w.boxes[0], w.follow[0]
		now := clock.NewVirtual(time.Now())
		w.s.Clock, b.numbers, f.known, f.Unread = now, numbers, map[string]*seen{}, true
		for range 300 {
			b.folders["INBOX"].mail = append(b.folders["INBOX"].mail, fakeMail{uid: b.folders["INBOX"].next, id: w.newID(), at: b.folders["INBOX"].change()})
			b.folders["INBOX"].next++
		}
		look := func() {
			t.Helper()
			for more := true; more; {
				var err error
				if more, err = f.look(t.Context(), b, "INBOX"); err != nil {
					t.Fatal(err)
				}
			}
		}
		look()
		if len(w.works) < 300 {
			t.Fatalf("%d are work", len(w.works))
		}
		step := func(what string, searches, changes int, does func()) {
			t.Helper()
			does()
			b.searches, b.changes = 0, 0
			look()
			if !numbers {
				searches, changes = max(searches, 1), 0
			}
			if b.searches != searches && !(searches > 0 && b.searches > 0) || b.changes != changes && !(changes > 0 && b.changes > 0) {
				t.Errorf("%v, %s: %d searches and %d for changes", numbers, what, b.searches, b.changes)
			}
		}
		step("nothing changed", 0, 0, func() {})
		before := len(w.works)
		step("one came", 0, 1, func() { w.put(b, "INBOX", true) })
		if len(w.works) != before+1 {
			t.Errorf("%v: what came is not work", numbers)
		}
		step("one was read", 0, 1, func() { m := &b.folders["INBOX"].mail[7]; m.seen, m.at = true, b.folders["INBOX"].change() })
		step("a number was forgotten", 1, 0, func() { w.put(b, "INBOX", true); b.folders["INBOX"].changed-- })
		if len(w.works) != before+2 {
			t.Errorf("%v: what came without a number is not work", numbers)
		}
		step("an hour went by", 1, 0, func() { now.Advance(wholeEvery) })
		step("it was numbered anew", 1, 0, func() { b.folders["INBOX"].validity++ })
	}
}

// What waited in a folder before it was followed leaves room for what comes, in either
// order, and is looked at again when others were handled.
func TestABacklogDoesNotKeepNewMailOut(t *testing.T) {
	db := openStore(t)
	for _, order := range []setup.MailOrder{setup.MailOldest, setup.MailNewest} {
		w := newWorld(t, db, 2)
		b, f := w.boxes[0], w.follow[0]
		inbox := b.folders["INBOX"]
		f.known, f.Unread, f.Order = map[string]*seen{}, true, order
		for range mostOpen {
			inbox.mail = append(inbox.mail, fakeMail{uid: inbox.next, id: w.newID(), at: inbox.change()})
			inbox.next++
		}
		look := func() {
			t.Helper()
			for more := true; more; {
				var err error
				if more, err = f.look(t.Context(), b, "INBOX"); err != nil {
					t.Fatal(err)
				}
			}
		}
		look()
		if n := len(w.works); n != mostOpen-spare || !f.crowded(t.Context()) {
			t.Fatalf("%s: %d are work, crowded %v", order, n, f.crowded(t.Context()))
		}
		for range spare {
			mail := w.put(b, "INBOX", true)
			if look(); w.works[mail] != 1 {
				t.Fatalf("%s: %s is kept out by what waited before", order, mail)
			}
		}
		late := w.put(b, "INBOX", true)
		if look(); w.works[late] != 0 || len(w.works) != mostOpen {
			t.Fatalf("%s: %d are work", order, len(w.works))
		}
	}
}

// While a folder is compared with what is known it is searched each time: what changed
// says nothing of when a message came.
func TestAFolderThatIsComparedIsSearched(t *testing.T) {
	now := time.Now()
	l, opened := listing{at: 5, next: 9, whole: now}, provider.Folder{Changed: 6, Next: 9}
	if !l.goesOn(opened, provider.Search{From: 9}, now) || l.goesOn(opened, provider.Search{From: 9, Since: now}, now) || l.goesOn(opened, provider.Search{From: 9, Unread: true}, now) {
		t.Error("it goes on from what another search found")
	}
	l.q.Since = now
	if l.goesOn(opened, provider.Search{From: 9}, now) {
		t.Error("it goes on from a comparison")
	}
}

func (w *world) newID() string { w.sent++; return fmt.Sprintf("m%d", w.sent) }

func (w *world) say(format string, args ...any) {
	w.told = append(w.told, fmt.Sprintf(format, args...))
}

func (w *world) put(b *fakeBox, folder string, wanted bool) string {
	w.sent++
	mail := fmt.Sprintf("m%d", w.sent)
	f := b.folders[folder]
	f.mail = append(f.mail, fakeMail{f.next, f.change(), mail, w.s.Clock.Now(), w.r.IntN(2) == 0})
	f.next++
	if wanted {
		w.wanted[mail] = true
	}
	return mail
}

// step is one thing that happens.
func (w *world) step() {
	n := w.r.IntN(2)
	b := w.boxes[n]
	folder := []string{"INBOX", "INBOX", "Sales"}[w.r.IntN(3)]
	switch w.r.IntN(12) {
	case 0, 1, 2:
		w.say("%s comes to %d/%s", w.put(b, folder, true), n, folder)
	case 3: // the same message in the other mailbox as well
		mail := w.put(b, folder, true)
		o := w.boxes[1-n].folders[folder]
		o.mail = append(o.mail, fakeMail{o.next, o.change(), mail, w.s.Clock.Now(), false})
		o.next++
		w.say("%s comes to both %s", mail, folder)
	case 4, 5: // its owner moves one, which may come back later
		from, to := folder, []string{"INBOX", "Sales", "Elsewhere"}[w.r.IntN(3)]
		if w.r.IntN(2) == 0 {
			from, to = "Elsewhere", from
		}
		w.move(n, from, to)
	case 6:
		f := b.folders[folder]
		f.validity++
		for i := range f.mail {
			f.mail[i].uid = uint32(i + 1)
		}
		f.next = uint32(len(f.mail) + 1)
		w.say("%d/%s is numbered anew", n, folder)
	case 7: // the program ends and starts
		w.follow[n].known = map[string]*seen{}
		w.say("%d is followed anew", n)
	case 8:
		w.fail = true
	case 9:
		w.lost = true
	case 10:
		b.breaks = 1 + w.r.IntN(6)
	case 11: // its owner reads one, or takes that back
		if f := b.folders[folder]; len(f.mail) > 0 {
			one := &f.mail[w.r.IntN(len(f.mail))]
			if old := w.lay[one.id]; !old || w.works[one.id] > 0 {
				one.seen, one.at = !one.seen, f.change()
				w.say("%s is read or not: %v", one.id, one.seen)
			}
		}
	}
	if w.r.IntN(2) == 0 {
		w.look(n)
	}
}

func (w *world) move(n int, from, to string) {
	f, o := w.boxes[n].folders[from], w.boxes[n].folders[to]
	if len(f.mail) == 0 || from == to {
		return
	}
	i := w.r.IntN(len(f.mail))
	mail := f.mail[i]
	if w.works[mail.id] == 0 && w.wanted[mail.id] && to == "Elsewhere" {
		return // who takes it away before it was seen does not want it to be work
	}
	f.mail = slices.Delete(f.mail, i, i+1)
	mail.uid, mail.at = o.next, o.change()
	o.next++
	o.mail = append(o.mail, mail)
	if to != "Elsewhere" {
		w.wanted[mail.id] = true
	}
	w.say("%s is moved from %d/%s to %s", mail.id, n, from, to)
}

func (w *world) look(n int) {
	f, b := w.follow[n], w.boxes[n]
	for _, folder := range []string{"Sales", "INBOX"} {
		if _, err := f.look(w.t.Context(), b, folder); err != nil {
			w.say("%d/%s: %v", n, folder, err)
			f.known = map[string]*seen{} // another connection
			return
		}
	}
}

func (w *world) settle() {
	w.fail, w.lost = false, false
	for n, b := range w.boxes {
		b.breaks = 0
		w.look(n)
		w.look(n)
	}
}

func (w *world) wrong() string {
	for mail, n := range w.works {
		if n > 1 {
			return fmt.Sprintf("%s is work %d times", mail, n)
		}
	}
	return ""
}

// Mark and Move change nothing: no report comes here.
func (*fakeBox) Mark(context.Context, uint32, bool) error   { return nil }
func (*fakeBox) Move(context.Context, uint32, string) error { return nil }

// Arrive is the floor's.
func (w *world) Arrive(ctx context.Context, a channel.Arrival) (string, string, error) {
	if w.fail {
		w.fail = false
		return "", "", errs.New(errs.Unavailable, "no")
	}
	interaction := w.s.IDs.New(id.Interaction)
	err := w.s.DB.Write(ctx, w.tenant, func(tx *store.Tx) error {
		if err := tx.InsertInteraction(store.InteractionRow{ID: interaction, ContactID: "con_1", Channel: "email", State: "queued", Version: 1}); err != nil {
			return err
		}
		return a.Open(tx, interaction, "con_1")
	})
	if err != nil {
		return "", "", err
	}
	w.works[w.taking]++
	w.say("%s is work", w.taking)
	if w.lost {
		w.lost = false
		return "", "", errs.New(errs.Unavailable, "stored, but nobody knows")
	}
	return interaction, "", nil
}
func (w *world) CustomerInput(context.Context, id.Tenant, string, int64, flow.Input) error {
	return nil
}
func (w *world) CustomerLeft(context.Context, id.Tenant, string) error { return nil }
func (w *world) KeepPlace(context.Context, id.Tenant, string) error    { return nil }
func (w *world) Talk(context.Context, id.Tenant, string, bool) error   { return nil }

func (b *fakeBox) works() error {
	if b.breaks > 0 {
		if b.breaks--; b.breaks == 0 {
			return &provider.Fault{Step: provider.StepFolder, Reason: provider.Lost}
		}
	}
	return nil
}

func (b *fakeBox) Select(_ context.Context, folder string) (provider.Folder, error) {
	b.selected = b.folders[folder]
	out := provider.Folder{Validity: b.selected.validity, Next: b.selected.next}
	if b.numbers {
		out.Changed = b.selected.changed
	}
	return out, b.works()
}

func (b *fakeBox) Changes(_ context.Context, since uint64, s provider.Search) (changed, uids []uint32, err error) {
	b.changes++
	for _, m := range b.selected.mail {
		if m.at <= since {
			continue
		}
		changed = append(changed, m.uid)
		if m.uid >= s.From || s.Unread && !m.seen {
			uids = append(uids, m.uid)
		}
	}
	return changed, uids, b.works()
}

func (b *fakeBox) Find(_ context.Context, s provider.Search) (uids []uint32, err error) {
	b.searches++
	for _, m := range b.selected.mail {
		if m.uid >= s.From || s.Unread && !m.seen || !s.Since.IsZero() && !m.came.Before(s.Since) {
			uids = append(uids, m.uid)
		}
	}
	return uids, b.works()
}

func (b *fakeBox) Heads(_ context.Context, uids []uint32) (list []provider.Head, err error) {
	for _, uid := range uids {
		if m, _ := b.Fetch(context.Background(), uid, message.Standard); m != nil {
			list = append(list, provider.Head{UID: uid, Mail: m})
		}
	}
	return list, b.works()
}

func (b *fakeBox) Fetch(_ context.Context, uid uint32, l message.Limits) (*message.Message, error) {
	for _, m := range b.selected.mail {
		if m.uid == uid {
			b.w.taking = m.id
			return message.Read(strings.NewReader("Message-ID: <"+m.id+"@x>\r\nFrom: a@example.org\r\n\r\nx"), l)
		}
	}
	return nil, nil
}
