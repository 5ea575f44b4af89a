package chat

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/blob"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/photo"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// agentTypes are what agents may send; a visitor's come from the entry point.
var agentTypes = []string{"image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "text/plain",
	"application/zip", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}

// Attach sends an agent's file.
func (s *Service) Attach(ctx context.Context, a access.Actor, interaction string, f Upload) (Message, error) {
	d := draft{interaction: interaction, author: ByAgent, user: a.User, kind: KindAttachment, holder: true, body: body{Name: s.People.PublicName(ctx, a.Tenant, a.User)}}
	return s.attach(ctx, a.Tenant, d, f, setup.Attachments{Allowed: true, MaxMB: MaxFile >> 20, Types: agentTypes})
}

// VisitorAttach sends a visitor's file, within the entry point's limits.
func (s *Service) VisitorAttach(ctx context.Context, v Visitor, f Upload) (Message, error) {
	_, e, err := s.Setup.EntryPoint(ctx, v.EntryPoint)
	if err != nil {
		return Message{}, err
	}
	d := draft{interaction: v.Interaction, author: ByVisitor, kind: KindAttachment, open: true}
	m, err := s.attach(ctx, v.Tenant, d, f, e.Attachments)
	return forVisitor(m), err
}

func (s *Service) attach(ctx context.Context, t id.Tenant, d draft, f Upload, limits setup.Attachments) (Message, error) {
	var faults errs.Fields
	if checkClientID(&faults, f.ClientID); faults.Err() != nil {
		return Message{}, faults.Err()
	}
	if !limits.Allowed {
		return Message{}, errs.New(errs.Forbidden, "Files cannot be sent here.")
	}
	limit := min(int64(limits.MaxMB)<<20, MaxFile)
	data, err := io.ReadAll(io.LimitReader(f.Body, limit+1))
	if err != nil {
		return Message{}, errs.Wrap(errs.Invalid, err, "The file did not arrive whole. Please send it again.")
	}
	switch {
	case len(data) == 0:
		return Message{}, errs.Bad("file", "is empty")
	case int64(len(data)) > limit:
		return Message{}, errs.New(errs.TooLarge, "The file is larger than %d MB.", limit>>20)
	}
	kind := MediaType(data, f.Name.Reveal())
	if !slices.Contains(limits.Types, kind) {
		return Message{}, errs.New(errs.Unsupported, "Files of this type cannot be sent here. Accepted: %s.", strings.Join(limits.Types, ", "))
	}
	if data, err = photo.Sent(kind, data); err != nil {
		return Message{}, err
	}
	return s.keep(ctx, t, d, f.ClientID, fileName(f.Name.Reveal()), kind, data)
}

// keep seals the file, stores it, and writes the message that shows it. When
// the message is a repeat or is refused, the file goes again.
func (s *Service) keep(ctx context.Context, t id.Tenant, d draft, clientID, name, kind string, data []byte) (Message, error) {
	p, err := s.party(ctx, t, d.interaction)
	if err != nil {
		return Message{}, err
	}
	if err := mayWrite(p, d); err != nil {
		return Message{}, err
	}
	a := Attachment{ID: s.IDs.New(id.Attachment), Name: name, MediaType: kind, Size: int64(len(data))}
	sealed, err := s.Vault.SealContact(ctx, t, p.ContactID, fileAt(a.ID), data)
	if err != nil {
		return Message{}, err
	}
	sealedName, err := s.Vault.SealContact(ctx, t, p.ContactID, fileNameAt(a.ID), []byte(name))
	if err != nil {
		return Message{}, err
	}
	key := blob.Key(blob.Attachments, t, a.ID)
	if err := s.Blobs.Put(ctx, key, sealed); err != nil {
		return Message{}, err
	}
	d.clientID, d.body.Attachment = clientID, &a
	d.after = func(tx *store.Tx, seq int64) error {
		if err := tx.RoomInStorage(); err != nil {
			return err
		}
		return tx.InsertAttachment(store.AttachmentRow{ID: a.ID, InteractionID: d.interaction, AuthorKind: d.author, AuthorID: d.user, NameSealed: sealedName,
			MediaType: kind, Size: a.Size, BlobKey: key, Seq: seq, CreatedAt: s.Clock.Now()})
	}
	m, fresh, err := s.append(ctx, t, d)
	if err != nil || !fresh {
		if gone := s.Blobs.Delete(context.WithoutCancel(ctx), key); gone != nil {
			s.Log.Warn("an unused file was not removed", "tenant", t, "blob", key, "code", errs.As(gone).Code)
		}
	}
	return m, err
}

func fileAt(attachment string) string     { return "attachments.data/" + attachment }
func fileNameAt(attachment string) string { return "attachments.name/" + attachment }

// Attachment opens a file of a conversation.
func (s *Service) Attachment(ctx context.Context, t id.Tenant, interaction, attachment string) (Attachment, secret.Bytes, error) {
	var row store.AttachmentRow
	var p store.Party
	err := s.DB.Read(ctx, t, func(tx *store.Tx) (err error) {
		if row, err = tx.Attachment(attachment); err != nil {
			return err
		}
		if row.InteractionID != interaction {
			return errs.New(errs.NotFound, "There is no such file in this conversation.")
		}
		p, err = tx.Party(interaction)
		return err
	})
	if err != nil {
		return Attachment{}, secret.Bytes{}, err
	}
	name, err := s.Vault.OpenContact(ctx, t, p.ContactID, fileNameAt(row.ID), row.NameSealed)
	if err != nil {
		return Attachment{}, secret.Bytes{}, err
	}
	sealed, err := s.Blobs.Get(ctx, row.BlobKey)
	if err != nil {
		return Attachment{}, secret.Bytes{}, err
	}
	data, err := s.Vault.OpenContact(ctx, t, p.ContactID, fileAt(row.ID), sealed)
	return Attachment{ID: row.ID, Name: string(name.Reveal()), MediaType: row.MediaType, Size: row.Size}, data, err
}

// VisitorAttachment opens a file of the visitor's own conversation.
func (s *Service) VisitorAttachment(ctx context.Context, v Visitor, attachment string) (Attachment, secret.Bytes, error) {
	return s.Attachment(ctx, v.Tenant, v.Interaction, attachment)
}

// MediaType looks at the content (WHATWG MIME sniffing); what a sender claims is
// not believed. Office files are ZIPs with a list of their parts (ECMA-376-2,
// 7.2.3), which their name tells apart.
func MediaType(data []byte, name string) string {
	kind, _, err := mime.ParseMediaType(http.DetectContentType(data))
	if err != nil {
		return "application/octet-stream"
	}
	if kind == "application/zip" && bytes.Contains(data, []byte("[Content_Types].xml")) {
		switch strings.ToLower(path.Ext(name)) {
		case ".docx":
			return "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
		case ".xlsx":
			return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
		}
	}
	if kind == "text/plain" && (!utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0) {
		return "application/octet-stream"
	}
	return kind
}

// fileName makes a name safe to show and to save under: no path, no control
// or direction characters, at most 120 characters.
func fileName(s string) string {
	s = path.Base(strings.ReplaceAll(s, "\\", "/"))
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == utf8.RuneError || isDirection(r) || strings.ContainsRune(`<>:"|?*/`, r) {
			return -1
		}
		return r
	}, s)
	s = strings.Trim(s, " .")
	if r := []rune(s); len(r) > 120 {
		s = string(r[:60]) + "…" + string(r[len(r)-59:])
	}
	if s == "" {
		return "file"
	}
	return s
}

// isDirection finds the bidirectional controls of Unicode (UAX 9), with which
// "exe.gnp" can be made to look like a picture.
func isDirection(r rune) bool {
	return r == 0x061c || r >= 0x200e && r <= 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

// Transcript is the conversation as a plain text file, without notes.
func (s *Service) Transcript(ctx context.Context, v Visitor) (secret.Bytes, error) {
	_, e, err := s.Setup.EntryPoint(ctx, v.EntryPoint)
	if err != nil {
		return secret.Bytes{}, err
	}
	if !e.Transcript {
		return secret.Bytes{}, errs.New(errs.Forbidden, "This conversation cannot be downloaded.")
	}
	var out bytes.Buffer
	after := int64(0)
	for {
		all, last, err := s.page(ctx, v.Tenant, v.Interaction, after, 0, MaxHistory)
		if err != nil {
			return secret.Bytes{}, err
		}
		for _, m := range all {
			writeLine(&out, m)
			after = m.Seq
		}
		if len(all) < MaxHistory || after >= last {
			return secret.NewBytes(out.Bytes()), nil
		}
	}
}

func writeLine(out *bytes.Buffer, m Message) {
	at := m.At.UTC().Format("2006-01-02 15:04:05Z")
	who := map[string]string{ByVisitor: "You", ByBot: "Assistant"}[m.AuthorKind]
	if m.AuthorKind == ByAgent {
		who = m.AuthorName
	}
	switch m.Kind {
	case KindText, KindButtons:
		fmt.Fprintf(out, "%s  %s: %s\n", at, who, strings.ReplaceAll(m.Text, "\n", "\n    "))
	case KindAttachment:
		fmt.Fprintf(out, "%s  %s: [%s, %d bytes]\n", at, who, m.Attachment.Name, m.Attachment.Size)
	case KindEvent:
		fmt.Fprintf(out, "%s  (%s)\n", at, strings.ReplaceAll(m.Event, "_", " "))
	}
}
