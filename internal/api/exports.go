package api

import (
	"context"
	"crypto/ed25519"
	"io"

	"nubitalk/internal/app/export"
	"nubitalk/internal/core/access"
)

// Exports are exports of all that an organisation has.
type Exports interface {
	List(ctx context.Context, a access.Actor) ([]export.Export, error)
	Holdings(ctx context.Context, a access.Actor) (export.Holdings, error)
	Begin(ctx context.Context, a access.Actor, in export.Terms) (export.Export, error)
	End(ctx context.Context, a access.Actor, id string) (export.Export, error)
	Key(ctx context.Context, a access.Actor) (ed25519.PublicKey, error)
	// Open says what Fetch writes.
	Open(ctx context.Context, a access.Actor, id string, volume int) (export.Export, error)
	Fetch(ctx context.Context, a access.Actor, id string, volume int, w io.Writer) error
}

type beginExportInput struct {
	Body struct {
		Reason    string `json:"reason" enum:"leaving,backup,authority,dispute,other" doc:"Why. It stands in the audit log."`
		Recipient string `json:"recipient,omitempty" maxLength:"200" doc:"An age recipient (age1…): each volume is sealed for who has its identity. Missing: they are plain."`
		Sound     string `json:"sound,omitempty" enum:"wav,opus" default:"wav" doc:"Of recordings. wav: all tracks in one file, as it was said. opus: a file for each track, a fifth of that, or less."`
	} `nameHint:"BeginExport"`
}

type volumeInput struct {
	ByID
	Volume int `path:"volume" minimum:"1" maximum:"2000"`
}

func (s *Server) exportRoutes() {
	const tag = "Organisations"
	see := Guard{Permission: access.OrgExport, NoSupport: true}
	fetch := Guard{Permission: access.OrgArchive, Fresh: true, Users: true, NoSupport: true}
	handle(s, "GET", "/api/v1/exports", see, about{id: "exports", tag: tag, summary: "Exports of all that my organisation has, the newest first"},
		func(ctx context.Context, c *caller, _ *none) (*reply[ListOf[export.Export]], error) {
			items, err := s.Exports.List(ctx, c.Actor)
			return list(items, "", err)
		})
	handle(s, "GET", "/api/v1/exports/holdings", see, about{id: "holdings", tag: tag, summary: "What my organisation has, in numbers",
		detail: "What an export tells, and what the organisation's end destroys."},
		func(ctx context.Context, c *caller, _ *none) (*reply[export.Holdings], error) {
			return answer(s.Exports.Holdings(ctx, c.Actor))
		})
	handle(s, "GET", "/api/v1/exports/key", see, about{id: "exportKey", tag: tag, summary: "The public key that my organisation's exports and recordings are signed with",
		detail: "It stays the same. Tell it to those who get archives, by a way that they trust: 'nubitalk organisation verify' checks an archive with it, without a server."},
		func(ctx context.Context, c *caller, _ *none) (*reply[PublicKey], error) {
			key, err := s.Exports.Key(ctx, c.Actor)
			return answer(PublicKey{"Ed25519", key}, err)
		})
	handle(s, "POST", "/api/v1/exports", fetch, about{id: "beginExport", tag: tag, summary: "Begin an export of all that my organisation has", status: 201, once: true,
		detail: "It says of which volumes it is made: the records with the audit log, the files of conversations, the recordings. Who began it fetches them one by one within seven days (fetchVolume). No copy is kept: a volume is read as it is fetched."},
		func(ctx context.Context, c *caller, in *beginExportInput) (*reply[export.Export], error) {
			return answer(s.Exports.Begin(ctx, c.Actor, export.Terms{Reason: in.Body.Reason, Recipient: in.Body.Recipient, Sound: in.Body.Sound}))
		})
	handle(s, "POST", "/api/v1/exports/{id}/volumes/{volume}", fetch, about{id: "openVolume", tag: tag, summary: "Ask for a volume before it is fetched", status: 200, once: true,
		detail: "Whether fetchVolume would give it. A page asks for a fresh proof with it, as what a browser saves cannot."},
		func(ctx context.Context, c *caller, in *volumeInput) (*reply[export.Export], error) {
			if err := s.downloads.room(c.Tenant); err != nil {
				return nil, err
			}
			return answer(s.Exports.Open(ctx, c.Actor, in.ID, in.Volume))
		})
	handle(s, "GET", "/api/v1/exports/{id}/volumes/{volume}", fetch, about{id: "fetchVolume", tag: tag, summary: "A volume of an export, as one archive", once: true, raw: describeArchive,
		detail: "A ZIP file, streamed: of records and files in the form of docs/formats/organisation.md, of recordings in that of exportRecordings; sealed with age where a recipient was named. One that broke off is fetched again. Each time is noted in the audit log."},
		func(ctx context.Context, c *caller, in *volumeInput) (*streamOutput, error) {
			e, err := s.Exports.Open(ctx, c.Actor, in.ID, in.Volume)
			if err != nil {
				return nil, err
			}
			kind := "application/zip"
			if e.Sealed {
				kind = "application/octet-stream"
			}
			return &streamOutput{Body: s.stream(ctx, export.Name(e, in.Volume), kind, func(w io.Writer) error { return s.Exports.Fetch(ctx, c.Actor, in.ID, in.Volume, w) })}, nil
		})
	handle(s, "DELETE", "/api/v1/exports/{id}", see, about{id: "endExport", tag: tag, summary: "End an export", detail: "Nothing more of it is fetched. Whoever sees exports may end one."},
		func(ctx context.Context, c *caller, in *ByID) (*reply[export.Export], error) {
			return answer(s.Exports.End(ctx, c.Actor, in.ID))
		})
}
