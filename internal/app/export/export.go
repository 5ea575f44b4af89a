package export

import (
	"context"
	"crypto/ed25519"
	"io"
	"strconv"
	"time"

	"filippo.io/age"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

// Vault opens what is sealed, and signs.
type Vault interface {
	OpenTenant(ctx context.Context, t id.Tenant, where string, sealed secret.Sealed) (secret.Bytes, error)
	OpenContact(ctx context.Context, t id.Tenant, contact, where string, sealed secret.Sealed) (secret.Bytes, error)
	Prepare(ctx context.Context, t id.Tenant, contacts []string) error
	Sign(ctx context.Context, t id.Tenant, message []byte) ([]byte, error)
	SigningKey(ctx context.Context, t id.Tenant) (ed25519.PublicKey, error)
}

// Blobs has the files.
type Blobs interface {
	Get(ctx context.Context, key string) (secret.Sealed, error)
}

// Auditor notes who began, fetched and ended an export, inside a transaction.
type Auditor interface {
	Record(tx *store.Tx, a access.Actor, action, objectKind, object string, detail map[string]string) error
}

// Recordings is a volume of recordings.
type Recordings struct {
	After, Until string // by their ids; Until "": all
	Mailboxes    bool   // also messages by voice in users' own mailboxes
	Reason       string
	Sound        string // wav, opus
}

// Deps are what the service works with.
type Deps struct {
	DB         *store.DB
	Vault      Vault
	Blobs      Blobs
	Audit      Auditor
	Recordings func(ctx context.Context, a access.Actor, in Recordings, w io.Writer) error
	Clock      clock.Clock
	IDs        *id.Source
}

// Service is the exports of all organisations.
type Service struct{ Deps }

// New makes the service.
func New(d Deps) *Service { return &Service{d} }

const (
	// lasts is how long an export may be fetched.
	lasts = 7 * 24 * time.Hour
	// mostOpen is how many exports of an organisation may be open at once.
	mostOpen = 5
	// volumeSize and volumeFiles are how much there is in one volume of files, and
	// mostVolumes how many volumes of a kind: those of who has more are larger.
	volumeSize  = 1 << 30
	volumeFiles = 2000
	mostVolumes = 400
)

// Kinds of volumes.
const (
	Records     = "records"
	Attachments = "attachments"
	Sound       = "recordings"
)

// Terms say what is exported, why, and for whom.
type Terms struct {
	Reason    string // a word for the audit log
	Recipient string // an age recipient: nobody else can open it; "": it is plain
	Sound     string // of recordings: wav, opus
}

// Export is an export as its list shows it.
type Export struct {
	ID      string    `json:"id"`
	By      string    `json:"by" doc:"The user who began it, and who alone fetches it."`
	ByName  string    `json:"by_name,omitempty" doc:"Its user name, while it has one."`
	Reason  string    `json:"reason"`
	Sealed  bool      `json:"sealed" doc:"With age, for a recipient that was named."`
	Sound   string    `json:"sound" enum:"wav,opus"`
	State   string    `json:"state" enum:"open,over,ended" doc:"open: it may be fetched; over: its time is over; ended: somebody ended it."`
	BegunAt time.Time `json:"begun_at"`
	EndsAt  time.Time `json:"ends_at"`
	EndedAt time.Time `json:"ended_at,omitzero"`
	EndedBy string    `json:"ended_by,omitempty"`
	Volumes []Volume  `json:"volumes"`
}

// Volume is a part of an export that is fetched by itself.
type Volume struct {
	Number    int       `json:"number"`
	Kind      string    `json:"kind" enum:"records,attachments,recordings"`
	Count     int64     `json:"count" doc:"Of rows or files, when the export was begun."`
	Size      int64     `json:"size" doc:"Of the files, in bytes as they are kept; a sound is larger as WAV."`
	FetchedAt time.Time `json:"fetched_at,omitzero" doc:"When it was fetched whole."`
}

// Holdings are what an organisation has, in numbers.
type Holdings struct {
	Users        int64 `json:"users"`
	Contacts     int64 `json:"contacts"`
	Interactions int64 `json:"interactions"`
	Messages     int64 `json:"messages"`
	Attachments  int64 `json:"attachments"`
	Recordings   int64 `json:"recordings"`
	Audit        int64 `json:"audit" doc:"Entries of the audit log."`
	Bytes        int64 `json:"bytes" doc:"Of files and recordings, as they are kept."`
}

func (s *Service) view(r store.ExportRow) Export {
	e := Export{ID: r.ID, By: r.UserID, Reason: r.Reason, Sealed: r.Recipient != "", Sound: r.Sound, State: "open", BegunAt: r.BegunAt, EndsAt: r.EndsAt, EndedAt: r.EndedAt, EndedBy: r.EndedBy, Volumes: []Volume{}}
	switch {
	case !r.EndedAt.IsZero():
		e.State = "ended"
	case !s.Clock.Now().Before(r.EndsAt):
		e.State = "over"
	}
	for i, v := range r.Volumes {
		e.Volumes = append(e.Volumes, Volume{i + 1, v.Kind, v.Count, v.Size, clock.FromMicros(v.FetchedUS)})
	}
	return e
}

// may asks for a permission over the whole organisation: who has a part of it does not
// take all of it away.
func may(a access.Actor, p access.Permission) error {
	if access.Reach(a, p) != access.Tenant {
		return errs.New(errs.Forbidden, "You are not allowed to do this.")
	}
	return nil
}

// List are the newest exports, for who watches over them too.
func (s *Service) List(ctx context.Context, a access.Actor) ([]Export, error) {
	if err := may(a, access.OrgExport); err != nil {
		return nil, err
	}
	out := []Export{}
	err := s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) error {
		rows, err := tx.Exports(50)
		out = out[:0]
		for _, r := range rows {
			e := s.view(r)
			if e.ByName, err = nameOf(tx, r.UserID); err != nil {
				return err
			}
			out = append(out, e)
		}
		return err
	})
	return out, err
}

// nameOf is what a user is called; "" for one who was deleted.
func nameOf(tx *store.Tx, user string) (string, error) {
	u, err := tx.User(user)
	if errs.Is(err, errs.NotFound) || err == nil && u.UserName == u.ID {
		return "", nil
	}
	return u.UserName, err
}

// Key is what anybody checks the organisation's exports with.
func (s *Service) Key(ctx context.Context, a access.Actor) (ed25519.PublicKey, error) {
	if err := may(a, access.OrgExport); err != nil {
		return nil, err
	}
	return s.Vault.SigningKey(ctx, a.Tenant)
}

// Holdings says what there is.
func (s *Service) Holdings(ctx context.Context, a access.Actor) (h Holdings, err error) {
	if err := may(a, access.OrgExport); err != nil {
		return h, err
	}
	err = s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) (err error) {
		h = Holdings{}
		for _, c := range []struct {
			table string
			into  *int64
		}{{"users", &h.Users}, {"contacts", &h.Contacts}, {"interactions", &h.Interactions}, {"messages", &h.Messages}, {"attachments", &h.Attachments}, {"recordings", &h.Recordings}, {"audit", &h.Audit}} {
			if *c.into, err = tx.CountExported(c.table); err != nil {
				return err
			}
		}
		h.Bytes, err = tx.StorageUsed()
		return err
	})
	return h, err
}

// Begin begins an export: it says of which volumes it is made, and lets the actor fetch
// them for a week.
func (s *Service) Begin(ctx context.Context, a access.Actor, in Terms) (Export, error) {
	if err := may(a, access.OrgArchive); err != nil {
		return Export{}, err
	}
	if in.Recipient != "" {
		if _, err := age.ParseX25519Recipient(in.Recipient); err != nil {
			return Export{}, errs.Bad("recipient", "is no age recipient; one begins with age1")
		}
	}
	now := s.Clock.Now()
	row := store.ExportRow{ID: s.IDs.New(id.Export), UserID: a.User, Reason: in.Reason, Recipient: in.Recipient, Sound: in.Sound, BegunAt: now, EndsAt: now.Add(lasts), Version: 1}
	err := s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) (err error) { row.Volumes, err = volumes(tx); return err })
	if err != nil {
		return Export{}, err
	}
	err = s.DB.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		rows, err := tx.Exports(50)
		if err != nil {
			return err
		}
		open := 0
		for _, r := range rows {
			if s.view(r).State == "open" {
				open++
			}
		}
		if open >= mostOpen {
			return errs.New(errs.Conflict, "There are %d open exports already. End one of them first.", mostOpen)
		}
		if err := tx.InsertExport(row); err != nil {
			return err
		}
		return s.Audit.Record(tx, a, "organisation.export_begun", "export", row.ID,
			map[string]string{"reason": in.Reason, "volumes": strconv.Itoa(len(row.Volumes)), "sealed": strconv.FormatBool(in.Recipient != "")})
	})
	return s.view(row), err
}

// volumes divides what there is.
func volumes(tx *store.Tx) ([]store.ExportVolume, error) {
	records := store.ExportVolume{Kind: Records}
	for _, e := range store.ExportedTables() {
		n, err := tx.CountExported(e.Table)
		if err != nil {
			return nil, err
		}
		records.Count += n
	}
	all := []store.ExportVolume{records}
	for _, kind := range []string{Attachments, Sound} {
		total, err := tx.CountExported(kind)
		if err != nil {
			return nil, err
		}
		most, size := max(volumeFiles, total/mostVolumes+1), int64(volumeSize)
		if total/volumeFiles > mostVolumes {
			size = 1 << 62
		}
		begun := len(all)
		err = tx.EachSize(kind == Sound, func(file string, n int64) error {
			last := &all[len(all)-1]
			if len(all) == begun || last.Count >= most || last.Size+n > size {
				next := store.ExportVolume{Kind: kind}
				if len(all) > begun {
					next.After = last.Until
				}
				all = append(all, next)
				last = &all[len(all)-1]
			}
			last.Until, last.Count, last.Size = file, last.Count+1, last.Size+n
			return nil
		})
		if err != nil {
			return nil, err
		}
		if len(all) > begun {
			all[len(all)-1].Until = "" // what comes until it is fetched, too
		}
	}
	return all, nil
}

// End ends an export: nobody fetches any more of it. Whoever may see exports may end
// one.
func (s *Service) End(ctx context.Context, a access.Actor, export string) (e Export, err error) {
	if err := may(a, access.OrgExport); err != nil {
		return e, err
	}
	err = s.DB.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		r, err := tx.Export(export)
		if err != nil {
			return err
		}
		e = s.view(r)
		if e.State != "open" {
			return nil
		}
		r.EndedAt, r.EndedBy = s.Clock.Now(), a.User
		if err := tx.UpdateExport(r); err != nil {
			return err
		}
		e = s.view(r)
		return s.Audit.Record(tx, a, "organisation.export_ended", "export", r.ID, nil)
	})
	return e, err
}

// find is an export that the actor may fetch now, and one of its volumes.
func (s *Service) find(tx *store.Tx, a access.Actor, export string, number int) (store.ExportRow, error) {
	r, err := tx.Export(export)
	switch {
	case err != nil:
		return r, err
	case r.UserID != a.User:
		return r, errs.New(errs.Forbidden, "Only who began an export fetches it.")
	case s.view(r).State != "open":
		return r, errs.New(errs.Conflict, "This export is over. Begin another one.")
	case number < 1 || number > len(r.Volumes):
		return r, errs.New(errs.NotFound, "This export has no such volume.")
	}
	return r, nil
}

// Name is what a volume's file is called.
func Name(e Export, number int) string {
	name := e.ID + "-" + strconv.Itoa(number)
	if number >= 1 && number <= len(e.Volumes) {
		name += "-" + e.Volumes[number-1].Kind
	}
	if name += ".zip"; e.Sealed {
		name += ".age"
	}
	return name
}

// Open says what Fetch would give, or why it would not.
func (s *Service) Open(ctx context.Context, a access.Actor, export string, number int) (Export, error) {
	if err := may(a, access.OrgArchive); err != nil {
		return Export{}, err
	}
	var row store.ExportRow
	err := s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) (err error) { row, err = s.find(tx, a, export, number); return err })
	if err != nil {
		return Export{}, err
	}
	return s.view(row), nil
}

// Fetch writes a volume, as one archive. It is noted in the audit log before anything
// is read, and in the export once all of it was written.
func (s *Service) Fetch(ctx context.Context, a access.Actor, export string, number int, w io.Writer) error {
	if err := may(a, access.OrgArchive); err != nil {
		return err
	}
	var row store.ExportRow
	var org store.OrganisationRow
	err := s.DB.Write(ctx, a.Tenant, func(tx *store.Tx) (err error) {
		if row, err = s.find(tx, a, export, number); err != nil {
			return err
		}
		if org, err = tx.Organisation(); err != nil {
			return err
		}
		return s.Audit.Record(tx, a, "organisation.export_fetched", "export", row.ID, map[string]string{"volume": strconv.Itoa(number), "kind": row.Volumes[number-1].Kind})
	})
	if err != nil {
		return err
	}
	into := io.WriteCloser(nopCloser{w})
	if row.Recipient != "" {
		to, err := age.ParseX25519Recipient(row.Recipient)
		if err != nil {
			return err
		}
		if into, err = age.Encrypt(w, to); err != nil {
			return err
		}
	}
	v := row.Volumes[number-1]
	if v.Kind == Sound {
		err = s.Recordings(ctx, a, Recordings{After: v.After, Until: v.Until, Mailboxes: !org.EndsAt.IsZero(), Reason: row.Reason, Sound: row.Sound}, into)
	} else {
		err = s.write(ctx, a, org, row, number, into)
	}
	if err == nil {
		err = into.Close()
	}
	if err != nil {
		return err
	}
	return s.fetched(context.WithoutCancel(ctx), a.Tenant, export, number)
}

func (s *Service) fetched(ctx context.Context, t id.Tenant, export string, number int) error {
	return s.DB.Write(ctx, t, func(tx *store.Tx) error {
		r, err := tx.Export(export)
		if err != nil {
			return err
		}
		r.Volumes[number-1].FetchedUS = clock.Micros(s.Clock.Now())
		return tx.UpdateExport(r)
	})
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }
