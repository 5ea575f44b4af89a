package email

import (
	"context"
	"encoding/hex"
	"mime"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"crypto/rand"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/email/message"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
)

// How much of answers that are being written is kept in memory.
const (
	draftsOfTenant = 96 << 20
	draftsOfAll    = 384 << 20
	mostFiles      = 20
	// MostPiece is how much of a file is sent at a time, so that every piece gets to
	// the node that has the draft.
	MostPiece = 512 << 10
	// draftLife is how long a draft is kept that nobody touches.
	draftLife = 3 * 24 * time.Hour
	// uploadLife is how long a file that was announced is waited for from piece to piece.
	uploadLife = 10 * time.Minute
)

// Draft is an answer while it is written.
type Draft struct {
	Version int         `json:"version" doc:"Grows with each change; 0: there is none."`
	Words   DraftWords  `json:"words"`
	Files   []DraftFile `json:"files"`
}

// DraftWords is what is written.
type DraftWords struct {
	Text  string `json:"text,omitempty" maxLength:"200000"`
	HTML  string `json:"html,omitempty" maxLength:"400000" doc:"What is written with emphasis, lists and links; empty: it is plain text."`
	Rich  bool   `json:"rich,omitempty" doc:"html is what is written, and not text."`
	Quote bool   `json:"quote,omitempty"`
	// Subject is of what an agent writes of its own accord.
	Subject string   `json:"subject,omitempty" maxLength:"500"`
	From    string   `json:"from,omitempty" maxLength:"254"`
	To      []string `json:"to,omitempty" maxItems:"100"`
	Cc      []string `json:"cc,omitempty" maxItems:"100"`
	Bcc     []string `json:"bcc,omitempty" maxItems:"100"`
	// Of a message that is passed on.
	Forward  bool  `json:"forward,omitempty" doc:"The message is passed on, and not answered."`
	Original []int `json:"original,omitempty" maxItems:"500" doc:"Numbers of its files that go with it."`
}

func (w DraftWords) size() int64 {
	n := len(w.Text) + len(w.HTML) + len(w.From) + len(w.Subject)
	for _, list := range [][]string{w.To, w.Cc, w.Bcc} {
		for _, a := range list {
			n += len(a)
		}
	}
	return int64(n)
}

// DraftFile is a file of it.
type DraftFile struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	MediaType string `json:"media_type"`
	Size      int64  `json:"size"`
	Received  int64  `json:"received" doc:"Octets that are there already."`
}

type draftKey struct {
	tenant      id.Tenant
	interaction string
	user        string
}

type draft struct {
	Draft
	octets  map[string][]byte    // of files, by id
	moved   map[string]time.Time // when a piece of a file came last, or it was announced
	size    int64
	touched time.Time
}

// drafts are answers being written: in memory alone, so that a page that is loaded again
// finds them, and nothing of them is stored.
type drafts struct {
	mu sync.Mutex
	room
	all map[draftKey]*draft
}

func newDrafts() *drafts {
	return &drafts{all: map[draftKey]*draft{}, room: newRoom(draftsOfTenant, draftsOfAll)}
}

// grow takes room, or gives it back.
func (d *drafts) grow(k draftKey, one *draft, by int64) error {
	if !d.take(k.tenant, by) {
		return errs.New(errs.Unavailable, "Too much is being written at this moment to keep more. Send an answer, or remove a file.")
	}
	one.size += by
	return nil
}

func (d *drafts) of(k draftKey, now time.Time) *draft {
	d.sweep(now)
	one := d.all[k]
	if one == nil {
		one = &draft{Draft: Draft{Files: []DraftFile{}}, octets: map[string][]byte{}, moved: map[string]time.Time{}}
		d.all[k] = one
	}
	one.touched = now
	return one
}

// sweep forgets what nobody touches any more: drafts, and files that were announced, hold
// room and do not come.
func (d *drafts) sweep(now time.Time) {
	for k, one := range d.all {
		if now.Sub(one.touched) > draftLife {
			d.drop(k)
			continue
		}
		for i := len(one.Files) - 1; i >= 0; i-- {
			if f := one.Files[i]; f.Received < f.Size && now.Sub(one.moved[f.ID]) > uploadLife {
				d.detach(k, one, i)
			}
		}
	}
}

// tidy sweeps also where nobody writes.
func (d *drafts) tidy(now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sweep(now)
}

func (d *drafts) detach(k draftKey, one *draft, i int) {
	f := one.Files[i]
	one.Files = append(one.Files[:i:i], one.Files[i+1:]...)
	delete(one.octets, f.ID)
	delete(one.moved, f.ID)
	_ = d.grow(k, one, -f.Size) // giving back is never refused
}

func (d *drafts) drop(k draftKey) {
	if one := d.all[k]; one != nil {
		_ = d.grow(k, one, -one.size) // giving back is never refused
		delete(d.all, k)
	}
}

func (d *drafts) forget(k draftKey) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.drop(k)
}

// forgetAll forgets those of an interaction, or of a tenant where that is "".
func (d *drafts) forgetAll(t id.Tenant, interaction string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for k := range d.all {
		if k.tenant == t && (interaction == "" || k.interaction == interaction) {
			d.drop(k)
		}
	}
}

func (one *draft) view() Draft {
	out := one.Draft
	out.Files = append([]DraftFile{}, one.Files...)
	return out
}

func (one *draft) file(file string) *DraftFile {
	for i := range one.Files {
		if one.Files[i].ID == file {
			return &one.Files[i]
		}
	}
	return nil
}

// to is whom somebody writes to of an interaction, the latest draft's.
func (d *drafts) to(t id.Tenant, interaction string) (list []message.Address) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var latest time.Time
	for k, one := range d.all {
		if k.tenant != t || k.interaction != interaction || len(one.Words.To) == 0 || one.touched.Before(latest) {
			continue
		}
		latest, list = one.touched, nil
		for _, a := range one.Words.To {
			list = append(list, message.Address{Address: secret.New(a)})
		}
	}
	return list
}

// stays forgets a draft whose work ended while it was kept. The end is stored before the
// drafts of the work are forgotten, so one of the two sees it.
func (s *Service) stays(ctx context.Context, k draftKey) error {
	over, err := s.over(ctx, k.tenant, k.interaction)
	if !over {
		return err
	}
	s.drafts.forget(k)
	return errHandled
}

// Draft gives what the agent was writing. The caller has checked who may.
func (s *Service) Draft(ctx context.Context, a access.Actor, interaction string) (Draft, error) {
	if _, err := s.openOwn(ctx, a.Tenant, interaction); err != nil {
		return Draft{}, err
	}
	s.drafts.mu.Lock()
	defer s.drafts.mu.Unlock()
	one := s.drafts.all[draftKey{a.Tenant, interaction, a.User}]
	if one == nil {
		return Draft{Files: []DraftFile{}}, nil
	}
	return one.view(), nil
}

// Write keeps what the agent is writing. version is the one that it goes on from: if
// another page has written meanwhile, that is told.
func (s *Service) Write(ctx context.Context, a access.Actor, interaction string, version int, w DraftWords) (Draft, error) {
	if _, err := s.openOwn(ctx, a.Tenant, interaction); err != nil {
		return Draft{}, err
	}
	k := draftKey{a.Tenant, interaction, a.User}
	out, err := s.write(k, version, w)
	if err == nil {
		err = s.stays(ctx, k)
	}
	return out, err
}

func (s *Service) write(k draftKey, version int, w DraftWords) (Draft, error) {
	s.drafts.mu.Lock()
	defer s.drafts.mu.Unlock()
	one := s.drafts.of(k, s.Clock.Now())
	if version != one.Version && one.Version != 0 {
		return one.view(), errs.New(errs.Conflict, "This answer was changed in another window.")
	}
	w.HTML = message.Written(w.HTML) // whatever was sent, an editor is given no more than it makes itself
	if err := s.drafts.grow(k, one, w.size()-one.Words.size()); err != nil {
		return Draft{}, err
	}
	one.Words = w
	one.Version = max(version, one.Version) + 1
	return one.view(), nil
}

// Discard forgets what the agent was writing.
func (s *Service) Discard(_ context.Context, a access.Actor, interaction string) error {
	s.drafts.forget(draftKey{a.Tenant, interaction, a.User})
	return nil
}

// Attach begins a file of what the agent writes; its octets come in pieces.
func (s *Service) Attach(ctx context.Context, a access.Actor, interaction string, f DraftFile) (DraftFile, error) {
	o, err := s.openOwn(ctx, a.Tenant, interaction)
	if err != nil {
		return DraftFile{}, err
	}
	k := draftKey{a.Tenant, interaction, a.User}
	if f, err = s.attach(k, o.box, f); err == nil {
		err = s.stays(ctx, k)
	}
	return f, err
}

func (s *Service) attach(k draftKey, box setup.Mailbox, f DraftFile) (DraftFile, error) {
	s.drafts.mu.Lock()
	defer s.drafts.mu.Unlock()
	one := s.drafts.of(k, s.Clock.Now())
	var faults errs.Fields
	most := int64(box.AttachMB) << 20
	left := most // not a sum, which one that is large enough turns round
	for _, other := range one.Files {
		left -= other.Size
	}
	switch {
	case most == 0:
		faults.Add("size", "is of a file; this mailbox sends none.")
	case f.Size > left:
		faults.Add("size", "makes more than %d MB of files, which is the most that this mailbox sends.", box.AttachMB)
	case f.Size <= 0:
		faults.Add("size", "is 0; an empty file is not sent.")
	case len(one.Files) >= mostFiles:
		faults.Add("size", "is of one file more than %d, which is the most.", mostFiles)
	}
	f.Name = path.Base(strings.ReplaceAll(f.Name, "\\", "/"))
	if kind, _, err := mime.ParseMediaType(f.MediaType); err == nil {
		f.MediaType = kind
	} else {
		f.MediaType = "application/octet-stream"
	}
	if !box.Attaches(f.Name) {
		faults.Add("name", "has an ending that this mailbox does not send.")
	}
	if err := faults.Err(); err != nil {
		return DraftFile{}, err
	}
	if err := s.drafts.grow(k, one, f.Size); err != nil { // its room is taken at once
		return DraftFile{}, err
	}
	name := make([]byte, 8)
	_, _ = rand.Read(name) // never fails
	f.ID, f.Received = hex.EncodeToString(name), 0
	one.Files = append(one.Files, f)
	one.moved[f.ID] = one.touched
	return f, nil
}

// Piece takes a piece of a file that begins at from. One that is there already is taken
// again without a word, so that a lost answer does no harm.
func (s *Service) Piece(ctx context.Context, a access.Actor, interaction, file string, from int64, octets []byte) (DraftFile, error) {
	if _, err := s.openOwn(ctx, a.Tenant, interaction); err != nil {
		return DraftFile{}, err
	}
	s.drafts.mu.Lock()
	defer s.drafts.mu.Unlock()
	one := s.drafts.all[draftKey{a.Tenant, interaction, a.User}]
	if one == nil || one.file(file) == nil {
		return DraftFile{}, errs.New(errs.NotFound, "There is no such file in this answer.")
	}
	f := one.file(file)
	end := from + int64(len(octets))
	switch {
	case end <= f.Received:
		return *f, nil
	case from != f.Received || end > f.Size || len(octets) > MostPiece:
		return *f, errs.New(errs.Conflict, "This piece of the file does not go on from what is there.")
	}
	if one.octets[file] == nil {
		one.octets[file] = make([]byte, 0, f.Size)
	}
	one.octets[file] = append(one.octets[file], octets...)
	f.Received = end
	one.touched = s.Clock.Now()
	one.moved[file] = one.touched
	return *f, nil
}

// Detach takes a file away.
func (s *Service) Detach(ctx context.Context, a access.Actor, interaction, file string) error {
	if _, err := s.openOwn(ctx, a.Tenant, interaction); err != nil {
		return err
	}
	k := draftKey{a.Tenant, interaction, a.User}
	s.drafts.mu.Lock()
	defer s.drafts.mu.Unlock()
	one := s.drafts.all[k]
	if one == nil {
		return nil
	}
	if i := slices.IndexFunc(one.Files, func(f DraftFile) bool { return f.ID == file }); i >= 0 {
		s.drafts.detach(k, one, i)
	}
	return nil
}

// attached are the files with which an answer is sent.
func (s *Service) attached(a access.Actor, interaction string, files []string) (out []message.Attached, err error) {
	s.drafts.mu.Lock()
	defer s.drafts.mu.Unlock()
	one := s.drafts.all[draftKey{a.Tenant, interaction, a.User}]
	var faults errs.Fields
	for i, file := range files {
		if slices.Contains(files[:i], file) { // one that is named again is not sent again
			continue
		}
		var f *DraftFile
		if one != nil {
			f = one.file(file)
		}
		if f == nil || f.Received != f.Size {
			faults.Add("files", "has one that is not there, or not whole. Attach it again.")
			break
		}
		out = append(out, message.Attached{Name: secret.New(f.Name), MediaType: f.MediaType, Octets: secret.NewBytes(one.octets[file])})
	}
	return out, faults.Err()
}
