package contact

import (
	"archive/zip"
	"context"
	"encoding/json"
	"io"
	"mime"
	"slices"
	"strings"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/channel/chat"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// readme is the first thing that a person sees of an export.
const readme = `This archive holds everything that is stored about one person.
Este arquivo contém tudo o que está guardado sobre uma pessoa.

contact.json        name, addresses, language, the organisation's own fields,
                    consents with the texts shown, the contact lists it is in
interactions.json   each time the person was in touch: when, how long, result;
                    of calls the numbers and who took part
conversations/      what was written, one file per conversation, with what the
                    staff noted and told each other in it (note, hint)
attachments/        files that were sent
accesses.json       what was done with this data, and when

The JSON files are UTF-8; times are UTC (RFC 3339).
`

type exportedContact struct {
	Contact
	ConsentTexts []exportedText  `json:"consent_texts"`
	Fields       []ExportedField `json:"fields,omitempty"`
	Lists        []exportedList  `json:"contact_lists,omitempty"`
}

// exportedList is a contact list that a person is in, and how it stands in the campaigns
// that call it.
type exportedList struct {
	List      string             `json:"list"`
	TimeZone  string             `json:"time_zone,omitempty"`
	AddedAt   time.Time          `json:"added_at"`
	Campaigns []exportedCampaign `json:"campaigns,omitempty"`
}

type exportedCampaign struct {
	Campaign string    `json:"campaign"`
	State    string    `json:"state"`
	Reason   string    `json:"reason,omitempty"`
	Calls    int       `json:"calls"`
	DueAt    time.Time `json:"call_again_at,omitzero"`
}

// exportedLists are the contact lists that a person is in.
func exportedLists(tx *store.Tx, contact string) (out []exportedList, err error) {
	rows, err := tx.ListsOf(contact)
	if err != nil {
		return nil, err
	}
	called, err := tx.CampaignsOf(contact)
	for _, r := range rows {
		l := exportedList{List: r.ListID, TimeZone: r.TimeZone, AddedAt: r.AddedAt}
		for _, c := range called {
			if c.EntryID == r.ID {
				l.Campaigns = append(l.Campaigns, exportedCampaign{c.CampaignID, c.State, c.Reason, c.Attempts, c.DueAt})
			}
		}
		out = append(out, l)
	}
	return out, err
}

// ExportedField is what stands in a field of the tenant's own.
type ExportedField struct {
	Key   string          `json:"key"`
	Label string          `json:"label"`
	Value json.RawMessage `json:"value"`
}

// exportedText is a consent text as it was when the person agreed to it.
type exportedText struct {
	ID      string            `json:"id"`
	Version int64             `json:"version"`
	Purpose string            `json:"purpose"`
	Text    map[string]string `json:"text"`
	Link    string            `json:"link,omitempty"`
}

type exportedInteraction struct {
	ID          string            `json:"id"`
	Channel     string            `json:"channel"`
	EntryPoint  string            `json:"entry_point"`
	Name        string            `json:"name"`
	State       string            `json:"state"`
	CloseReason string            `json:"close_reason,omitempty"`
	Language    string            `json:"language"`
	Disposition string            `json:"disposition,omitempty"`
	Labels      []string          `json:"labels,omitempty"`
	Rating      int               `json:"rating,omitempty"`
	Comment     string            `json:"comment,omitempty"`
	FlowAnswers json.RawMessage   `json:"flow_answers,omitempty"`
	ArrivedAt   time.Time         `json:"arrived_at"`
	AnsweredAt  time.Time         `json:"answered_at,omitzero"`
	ClosedAt    time.Time         `json:"closed_at,omitzero"`
	Seconds     int64             `json:"seconds,omitempty"`
	Parts       []exportedSegment `json:"parts"`
	Legs        []exportedLeg     `json:"legs,omitempty"`
	Fields      []ExportedField   `json:"fields,omitempty"`
}

// exportedLeg is one end of a call.
type exportedLeg struct {
	Part       string    `json:"part"`
	Way        string    `json:"way"`
	Number     string    `json:"number,omitempty"`
	StartedAt  time.Time `json:"started_at"`
	AnsweredAt time.Time `json:"answered_at,omitzero"`
	EndedAt    time.Time `json:"ended_at,omitzero"`
}

type exportedSegment struct {
	Holder    string    `json:"holder"`
	StartedAt time.Time `json:"started_at"`
	EndedAt   time.Time `json:"ended_at,omitzero"`
}

type exportedAccess struct {
	At     time.Time `json:"at"`
	Action string    `json:"action"`
	By     string    `json:"by"`
}

// Export writes one ZIP archive of everything about a person, in a form that
// people and programs can read (notice C16, C19). It is noted in the audit log.
func (s *Service) Export(ctx context.Context, a access.Actor, contact string, w io.Writer) error {
	if !access.May(a, access.ContactErase, access.Thing{Tenant: a.Tenant}) {
		return errs.New(errs.Forbidden, "Only a privacy officer exports a contact.")
	}
	var c exportedContact
	var rows []store.InteractionRow
	interactions := []exportedInteraction{}
	err := s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) (err error) {
		if c.Contact, err = s.read(tx, contact); err != nil {
			return err
		}
		if c.ConsentTexts, err = consentTexts(tx, c.Consents); err != nil {
			return err
		}
		if c.Fields, err = s.fields(tx, setup.OfContact, contact, contact); err != nil {
			return err
		}
		if c.Lists, err = exportedLists(tx, contact); err != nil {
			return err
		}
		if rows, err = allWork(tx, contact); err != nil {
			return err
		}
		interactions = interactions[:0]
		for _, r := range rows {
			one, err := s.interaction(tx, r)
			if err != nil {
				return err
			}
			interactions = append(interactions, one)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := s.DB.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		return s.Audit.Record(tx, a, "contact.exported", "contact", contact, nil)
	}); err != nil {
		return err
	}
	out := archive{zip: zip.NewWriter(w), at: s.Clock.Now()}
	out.bytes("README.txt", []byte(readme))
	out.json("contact.json", c)
	out.json("interactions.json", interactions)
	for _, r := range rows {
		if err := s.exportConversation(ctx, a.Tenant, r.ID, &out); err != nil {
			return err
		}
	}
	if err := s.exportAccesses(ctx, a.Tenant, contact, &out); err != nil {
		return err
	}
	return out.close()
}

func (s *Service) fields(tx *store.Tx, e setup.FieldEntity, object, contact string) ([]ExportedField, error) {
	if s.Fields == nil {
		return nil, nil
	}
	return s.Fields(tx, e, object, contact)
}

func consentTexts(tx *store.Tx, consents []Consent) ([]exportedText, error) {
	out := []exportedText{}
	for _, c := range consents {
		if slices.ContainsFunc(out, func(t exportedText) bool { return t.ID == c.Text && t.Version == c.TextVersion }) {
			continue
		}
		row, err := tx.SetupVersion(string(setup.KindConsentText), c.Text, c.TextVersion)
		if errs.Is(err, errs.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		var t setup.ConsentText
		if err := json.Unmarshal([]byte(row.Body), &t); err != nil {
			return nil, errs.Wrap(errs.Internal, err, "A consent text could not be read.")
		}
		out = append(out, exportedText{c.Text, c.TextVersion, t.Purpose, t.Text, t.Link})
	}
	return out, nil
}

// allWork is every interaction of a contact, the oldest first.
func allWork(tx *store.Tx, contact string) (all []store.InteractionRow, err error) {
	var before store.Cursor
	for {
		rows, err := tx.InteractionsOf(contact, before, 200)
		if err != nil {
			return nil, err
		}
		all = append(all, rows...)
		if len(rows) < 200 {
			slices.Reverse(all)
			return all, nil
		}
		last := rows[len(rows)-1]
		before = store.Cursor{At: last.ArrivedAt, ID: last.ID}
	}
}

// interaction reveals a record. The places of its sealed values are those that
// app/floor and channel/chat sealed them for.
func (s *Service) interaction(tx *store.Tx, r store.InteractionRow) (exportedInteraction, error) {
	e := exportedInteraction{ID: r.ID, Channel: r.Channel, EntryPoint: r.EntryPointID, State: r.State, CloseReason: r.CloseReason, Language: r.Language, Disposition: r.DispositionID,
		Labels: r.Labels, Rating: r.Rating, ArrivedAt: r.ArrivedAt, AnsweredAt: r.AnsweredAt, ClosedAt: r.ClosedAt, Parts: []exportedSegment{}}
	if !r.ClosedAt.IsZero() {
		e.Seconds = int64(r.ClosedAt.Sub(r.ArrivedAt) / time.Second)
	}
	openAt := func(place string, sealed []byte) (string, error) {
		b, err := s.Keys.OpenContact(tx.Context(), tx.Tenant(), r.ContactID, place, sealed)
		return string(b.Reveal()), err
	}
	open := func(where string, sealed []byte) (string, error) { return openAt(where+"/"+r.ID, sealed) }
	var err error
	if e.Name, err = open("interactions.name", r.NameSealed); err != nil {
		return e, err
	}
	answers, err := open("interactions.flow", r.FlowSealed)
	if err != nil {
		return e, err
	}
	var flow struct {
		Attributes json.RawMessage `json:"attributes"`
	}
	if json.Unmarshal([]byte(answers), &flow) == nil {
		e.FlowAnswers = flow.Attributes
	}
	talk, err := tx.Chat(r.ID)
	if err == nil {
		e.Comment, err = open("chats.survey", talk.SurveySealed)
	}
	if err != nil && !errs.Is(err, errs.NotFound) {
		return e, err
	}
	segments, err := tx.Segments(r.ID)
	for _, g := range segments {
		e.Parts = append(e.Parts, exportedSegment{g.HolderKind, g.StartedAt, g.EndedAt})
	}
	if err != nil {
		return e, err
	}
	if e.Fields, err = s.fields(tx, setup.OfInteraction, r.ID, r.ContactID); err != nil {
		return e, err
	}
	legs, err := tx.Legs(r.ID)
	for _, l := range legs {
		one := exportedLeg{Part: l.Part, Way: l.Way, StartedAt: l.StartedAt, AnsweredAt: l.AnsweredAt, EndedAt: l.EndedAt}
		if len(l.AddressSealed) > 0 {
			if one.Number, err = openAt("call_legs.address/"+l.ID, l.AddressSealed); err != nil {
				return e, err
			}
		}
		e.Legs = append(e.Legs, one)
	}
	return e, err
}

func (s *Service) exportConversation(ctx context.Context, t id.Tenant, interaction string, out *archive) error {
	all := []chat.Message{}
	for after := int64(0); ; {
		page, err := s.Conversations.Messages(ctx, t, interaction, after, 0, chat.MaxHistory)
		if errs.Is(err, errs.NotFound) || err == nil && len(page) == 0 {
			break
		}
		if err != nil {
			return err
		}
		all = append(all, page...)
		after = page[len(page)-1].Seq
	}
	if len(all) == 0 {
		return nil
	}
	// Notes and hints speak about the person, so the right of access (notice C16)
	// is to them as well. Who of the staff it was is not the person's data; a name
	// is left where the person was told it.
	for i := range all {
		all[i].Author = ""
		if chat.Internal(all[i].Kind) {
			all[i].AuthorName = ""
		}
	}
	out.json("conversations/"+interaction+".json", all)
	for _, m := range all {
		if m.Attachment == nil {
			continue
		}
		file, data, err := s.Conversations.Attachment(ctx, t, interaction, m.Attachment.ID)
		if err != nil {
			return err
		}
		out.bytes("attachments/"+file.ID+ending(file.MediaType), data.Reveal())
	}
	return nil
}

// ending is a file name's ending by media type; the name that the sender gave
// stands in the conversation, where it can do no harm.
func ending(mediaType string) string {
	usual := map[string]string{"image/jpeg": ".jpg", "text/plain": ".txt", "application/pdf": ".pdf", "image/png": ".png"}
	if e := usual[mediaType]; e != "" {
		return e
	}
	if e, err := mime.ExtensionsByType(mediaType); err == nil && len(e) > 0 {
		slices.Sort(e)
		return e[0]
	}
	return ".bin"
}

func (s *Service) exportAccesses(ctx context.Context, t id.Tenant, contact string, out *archive) error {
	accesses := []exportedAccess{}
	err := s.DB.Read(ctx, t, func(tx *store.Tx) error {
		accesses = accesses[:0]
		f := store.AuditFilter{ObjectID: contact, Limit: 500}
		for {
			rows, err := tx.Audit(f)
			if err != nil {
				return err
			}
			for _, r := range rows {
				accesses = append(accesses, exportedAccess{r.At, r.Action, strings.ReplaceAll(r.ActorKind, "_", " ")})
			}
			if len(rows) < f.Limit {
				return nil
			}
			f.Before = rows[len(rows)-1].Seq
		}
	})
	slices.Reverse(accesses)
	out.json("accesses.json", accesses)
	return err
}

// archive writes a ZIP; the first fault is told at the end.
type archive struct {
	zip *zip.Writer
	at  time.Time
	err error
}

func (a *archive) bytes(name string, b []byte) {
	if a.err != nil {
		return
	}
	w, err := a.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: a.at})
	if err == nil {
		_, err = w.Write(b)
	}
	a.err = err
}

func (a *archive) json(name string, v any) {
	b, err := json.MarshalIndent(v, "", "  ")
	if a.err == nil {
		a.err = err
	}
	a.bytes(name, append(b, '\n'))
}

func (a *archive) close() error {
	if a.err == nil {
		a.err = a.zip.Close()
	}
	if a.err != nil {
		return errs.Wrap(errs.Internal, a.err, "The archive could not be written.")
	}
	return nil
}
