package api

import (
	"context"
	"crypto/ed25519"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"nubitalk/internal/app/recording"
	"nubitalk/internal/core/access"
)

// Listening is app/recording: who hears recordings.
type Listening interface {
	List(ctx context.Context, a access.Actor, interaction string) ([]recording.Item, error)
	// Listen opens one, which the audit log notes.
	Listen(ctx context.Context, a access.Actor, rec, reason string) (recording.Listening, error)
	// Picture is what a recorded screen showed at a time.
	Picture(ctx context.Context, a access.Actor, rec, ticket string, at time.Duration) (recording.Picture, error)
	// Export writes an archive.
	Export(ctx context.Context, a access.Actor, in recording.Export, w io.Writer) error
	// SigningKey is what archives are checked with.
	SigningKey(ctx context.Context, a access.Actor) (ed25519.PublicKey, error)
	// Draw is its waveform.
	Draw(ctx context.Context, a access.Actor, rec, ticket string) ([][]int, error)
	// Verify says what is not as it was made.
	Verify(ctx context.Context, a access.Actor, rec, ticket string) ([]recording.Damage, error)
	// Share lets users hear one for a while, Unshare ends it.
	Share(ctx context.Context, a access.Actor, rec string, in recording.NewShare) ([]recording.Share, error)
	Shares(ctx context.Context, a access.Actor, rec string) ([]recording.Share, error)
	Unshare(ctx context.Context, a access.Actor, rec, share string) error
	// SharedWith is what the actor may hear by shares.
	SharedWith(ctx context.Context, a access.Actor) ([]recording.Share, error)
	// Sound is a part of it.
	Sound(ctx context.Context, a access.Actor, rec, ticket string, from, until time.Duration) (recording.Sound, error)
}

type listenInput struct {
	ByID
	Body struct {
		Reason string `json:"reason,omitempty" enum:"quality,training,complaint,dispute,legal,other" doc:"Why; where the organisation asks for it, it must be there. It stands in the audit log."`
	} `nameHint:"ListenToRecording"`
}

type exportRecordingsInput struct {
	Body struct {
		Recordings []string         `json:"recordings,omitempty" maxItems:"500" doc:"These. Missing: what the filter finds."`
		Queue      string           `json:"queue,omitempty" maxLength:"64" doc:"Of conversations in this queue."`
		Agent      string           `json:"agent,omitempty" maxLength:"64" doc:"Of conversations that this user held last."`
		From       time.Time        `json:"from,omitzero" doc:"Of conversations that arrived then or later."`
		To         time.Time        `json:"to,omitzero" doc:"Of conversations that arrived before."`
		Reason     string           `json:"reason" enum:"quality,training,complaint,dispute,legal,other" doc:"Why. It stands in the audit log with each recording."`
		Sound      recording.Format `json:"sound,omitempty" enum:"wav,opus" default:"wav" doc:"wav: all tracks in one file, as it was said. opus: a file for each track, a fifth of that, or less."`
		Recipient  string           `json:"recipient,omitempty" maxLength:"200" doc:"An age recipient (age1…): the archive is sealed for who has its identity. Missing: it is plain."`
	} `nameHint:"ExportRecordings"`
}

type ticketInput struct {
	ByID
	Ticket string `query:"ticket" maxLength:"400" doc:"Of the opening."`
}

type windowInput struct {
	ByID
	Ticket string `query:"ticket" maxLength:"400" doc:"Of the opening."`
	From   int64  `query:"from_ms" minimum:"0" maximum:"4294967295" doc:"Since the recording's beginning."`
	Until  int64  `query:"until_ms" minimum:"0" maximum:"4294967295" doc:"At most 30 seconds later."`
}

// RecordingWaveform is what a recording looks like.
type RecordingWaveform struct {
	Waveform [][]int `json:"waveform" doc:"The largest sample of each part of each channel, 0 to 255."`
}

// RecordingFaults is what a check of a recording found.
type RecordingFaults struct {
	Faults []recording.Damage `json:"faults" doc:"Empty: it is as it was made."`
}

// RecordingKey is the organisation's public key.
type RecordingKey struct {
	Algorithm string `json:"algorithm" enum:"Ed25519"`
	PublicKey []byte `json:"public_key" doc:"32 octets, in base64."`
}

// soundOutput is a part of a recording.
type soundOutput struct {
	ContentType  string `header:"Content-Type"`
	Disposition  string `header:"Content-Disposition"`
	CacheControl string `header:"Cache-Control"`
	CSP          string `header:"Content-Security-Policy"`
	Missing      string `header:"Recording-Missing" doc:"Times that should be there and are not, or do not open: at+length in milliseconds since the recording's beginning, separated by commas."`
	Body         []byte
}

func (s *Server) recordingReadRoutes() {
	const tag = "Recordings"
	hear := needs(access.RecListen)
	handle(s, "GET", "/api/v1/interactions/{id}/recordings", hear, about{id: "recordings", tag: tag, summary: "The recordings of an interaction",
		detail: "Agents: of what they held last, where the organisation's rules let them listen; otherwise none."},
		func(ctx context.Context, c *caller, in *ByID) (*reply[ListOf[recording.Item]], error) {
			items, err := s.Listening.List(ctx, c.Actor, in.ID)
			return list(items, "", err)
		})
	handle(s, "POST", "/api/v1/recordings/export", needs(access.RecExport), about{id: "exportRecordings", tag: tag, summary: "Recordings, as one archive", status: 200, once: true, raw: describeArchive,
		detail: "A ZIP file, streamed: for each recording its sound as WAV or Opus and a manifest, and a manifest of all with the SHA-256 of each file; sealed with age where a recipient is named (docs/recording-listening.md). Each recording is noted in the audit log."},
		func(ctx context.Context, c *caller, in *exportRecordingsInput) (*streamOutput, error) {
			if err := s.listens(c, 20); err != nil {
				return nil, err
			}
			b := in.Body
			name, kind := "recordings.zip", "application/zip"
			if b.Recipient != "" {
				name, kind = "recordings.zip.age", "application/octet-stream"
			}
			x := recording.Export{Recordings: b.Recordings, Queue: b.Queue, Agent: b.Agent, From: b.From, To: b.To, Reason: b.Reason, Recipient: b.Recipient, Sound: b.Sound}
			return &streamOutput{Body: s.stream(ctx, name, kind, func(w io.Writer) error { return s.Listening.Export(ctx, c.Actor, x, w) })}, nil
		})
	handle(s, "GET", "/api/v1/recordings/key", hear, about{id: "recordingKey", tag: tag, summary: "The public key that the organisation's recordings are signed with",
		detail: "It stays the same. Tell it to those who get archives, by a way that they trust: 'nubitalk recording verify' checks an archive with it, without a server."},
		func(ctx context.Context, c *caller, _ *struct{}) (*reply[RecordingKey], error) {
			key, err := s.Listening.SigningKey(ctx, c.Actor)
			return answer(RecordingKey{"Ed25519", key}, err)
		})
	const path = "/api/v1/recordings/{id}"
	handle(s, "POST", path+"/listen", hear, about{id: "listenToRecording", tag: tag, summary: "Open a recording to listen to it", status: 200, once: true,
		detail: "Noted in the audit log. What it answers is what a player shows; the sound itself is asked for in parts, with its ticket."},
		func(ctx context.Context, c *caller, in *listenInput) (*reply[recording.Listening], error) {
			if err := s.listens(c, 5); err != nil {
				return nil, err
			}
			return answer(s.Listening.Listen(ctx, c.Actor, in.ID, in.Body.Reason))
		})
	handle(s, "GET", path+"/waveform", hear, about{id: "recordingWaveform", tag: tag, summary: "What a recording looks like",
		detail: "The first time all of the recording is read for it; then it is kept, sealed."},
		func(ctx context.Context, c *caller, in *ticketInput) (*reply[RecordingWaveform], error) {
			if err := s.listens(c, 5); err != nil {
				return nil, err
			}
			wave, err := s.Listening.Draw(ctx, c.Actor, in.ID, in.Ticket)
			return answer(RecordingWaveform{wave}, err)
		})
	handle(s, "GET", path+"/verify", hear, about{id: "verifyRecording", tag: tag, summary: "Read all of a recording, and say what is not as it was made"},
		func(ctx context.Context, c *caller, in *ticketInput) (*reply[RecordingFaults], error) {
			if err := s.listens(c, 10); err != nil {
				return nil, err
			}
			faults, err := s.Listening.Verify(ctx, c.Actor, in.ID, in.Ticket)
			return answer(RecordingFaults{faults}, err)
		})
	handle(s, "GET", path+"/sound", hear, about{id: "recordingSound", tag: tag, summary: "A part of a recording's sound", raw: describeListen,
		detail: "WAV: PCM of 16 bits, 8,000 samples a second, a channel for each track. Pauses, and what is missing, are silence; the header Recording-Missing names the latter."},
		func(ctx context.Context, c *caller, in *windowInput) (*soundOutput, error) {
			if err := s.listens(c, 1); err != nil {
				return nil, err
			}
			sound, err := s.Listening.Sound(ctx, c.Actor, in.ID, in.Ticket, time.Duration(in.From)*time.Millisecond, time.Duration(in.Until)*time.Millisecond)
			if err != nil {
				return nil, err
			}
			return &soundOutput{ContentType: "audio/wav", Disposition: "inline", CacheControl: "private, no-store", CSP: "default-src 'none'; sandbox", Missing: spans(sound.Missing), Body: sound.WAV}, nil
		})
}

func describeArchive(op *huma.Operation) {
	file := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	op.Responses["200"].Content = map[string]*huma.MediaType{"application/zip": file, "application/octet-stream": file}
}

// listens bounds how fast one user takes recordings; n is what a call weighs.
func (s *Server) listens(c *caller, n int) error {
	return s.limits.listen.take(string(c.Tenant)+c.User, n, s.clock.Now())
}

func spans(all []recording.Span) string {
	parts := make([]string, 0, len(all))
	for _, m := range all {
		parts = append(parts, strconv.FormatInt(m.AtMS, 10)+"+"+strconv.FormatInt(m.LengthMS, 10))
	}
	return strings.Join(parts, ", ")
}
