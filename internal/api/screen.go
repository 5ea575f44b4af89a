package api

import (
	"context"
	"io"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"nubitalk/internal/app/recording"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/channel/voice"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/media/screen"
)

// Screens is channel/voice as those see it who send what screens show.
type Screens interface {
	// ScreenRules says whether any rule records screens, and how.
	ScreenRules(ctx context.Context, t id.Tenant) (wanted bool, l setup.ScreenLimits, err error)
	BeginScreen(ctx context.Context, t id.Tenant, interaction, user string) (voice.Shown, error)
	// KeepScreen answers once a piece is kept, with the number of the next.
	KeepScreen(ctx context.Context, t id.Tenant, interaction, user, recording string, at time.Time, p screen.Piece) (kept bool, next int, err error)
	EndScreen(ctx context.Context, t id.Tenant, interaction, user, why string) (voice.ScreenState, error)
}

// ScreenSharing is what an agent's desk must know to show its screen.
type ScreenSharing struct {
	Wanted bool               `json:"wanted" doc:"Some rule has screens recorded."`
	Limits setup.ScreenLimits `json:"limits"`
	NowMS  int64              `json:"now_ms" doc:"The server's clock, in milliseconds since 1970; all times of pieces are by it."`
}

// ScreenBegun is a recording of a screen that takes pieces.
type ScreenBegun struct {
	Recording string `json:"recording"`
	BeganMS   int64  `json:"began_ms" doc:"Nothing from before is kept."`
	Next      int    `json:"next" doc:"The number of the piece that is to come."`
	NowMS     int64  `json:"now_ms"`
}

// ScreenKept says what became of a piece.
type ScreenKept struct {
	Kept  bool  `json:"kept" doc:"false: it falls into a pause, and is not kept."`
	Next  int   `json:"next" doc:"The number of the piece that is to come."`
	NowMS int64 `json:"now_ms"`
}

type screenPieceInput struct {
	ByID
	Form
	Recording string `query:"recording" maxLength:"64" doc:"As begun."`
	Number    int    `query:"number" minimum:"1" maximum:"10000000"`
	At        int64  `query:"at_ms" minimum:"0" maximum:"99999999999999" doc:"When it begins, by the server's clock."`
	Length    int64  `query:"length_ms" minimum:"100" maximum:"10000"`
}

type endScreenInput struct {
	ByID
	Body struct {
		Why string `json:"why" enum:"closed,refused,failed" doc:"closed: I ended the share. refused: I began none. failed: my browser cannot."`
	} `nameHint:"EndScreen"`
}

type pictureInput struct {
	ByID
	Ticket string `query:"ticket" maxLength:"400" doc:"Of the opening."`
	At     int64  `query:"at_ms" minimum:"0" maximum:"4294967295" doc:"Since the recording's beginning."`
}

// pictureOutput is a piece of a screen's recording; without one, the place of the
// next.
type pictureOutput struct {
	Status       int
	ContentType  string `header:"Content-Type"`
	CacheControl string `header:"Cache-Control"`
	CSP          string `header:"Content-Security-Policy"`
	At           string `header:"Recording-At" doc:"When it begins, in milliseconds since the recording's beginning; with 204, when the next one does. Absent: none comes."`
	Length       string `header:"Recording-Length" doc:"How long it is shown, in milliseconds."`
	Body         []byte
}

// screenRoutes take what agents' screens show, and show it to those who may.
func (s *Server) screenRoutes() {
	const tag = "Calls"
	const path = "/api/v1/interactions/{id}/screen"
	hold := needs(access.WorkHandle)
	now := func() int64 { return s.clock.Now().UnixMilli() }
	handle(s, "GET", "/api/v1/desk/screen", hold, about{id: "screenSharing", tag: "Desk", summary: "Whether my screen is to be recorded, how, and the server's clock"},
		func(ctx context.Context, c *caller, _ *struct{}) (*reply[ScreenSharing], error) {
			wanted, l, err := s.Screens.ScreenRules(ctx, c.Tenant)
			return answer(ScreenSharing{wanted, l, now()}, err)
		})
	handle(s, "POST", path, hold, about{id: "beginScreen", tag: tag, summary: "Begin the recording of my screen, or go on with it", status: 200, once: true,
		detail: "For the call that I have, while its state says that the screen is wanted; 409 otherwise, 410 when the call has ended. What is being recorded already is answered again."},
		func(ctx context.Context, c *caller, in *ByID) (*reply[ScreenBegun], error) {
			if _, err := s.Floor.Work(ctx, c.Actor, access.WorkHandle, in.ID); err != nil {
				return nil, err
			}
			b, err := s.Screens.BeginScreen(ctx, c.Tenant, in.ID, c.User)
			return answer(ScreenBegun{b.Recording, b.Began.UnixMilli(), b.Next, now()}, err)
		})
	handle(s, "POST", path+"/pieces", hold, about{id: "keepScreen", tag: tag, summary: "Send a piece of my screen", status: 200, once: true, body: screen.MostBytes + 1, raw: describeWebM,
		detail: "A WebM film of its own, with one VP8 track and nothing else, as MediaRecorder makes it in a few seconds. The answer comes when it is kept. Pieces are numbered from 1, without a gap; one that came before has no effect, one that comes too early is refused with 409. 410: begin again. 413 and 415: it is not what the limits let it be."},
		func(ctx context.Context, c *caller, in *screenPieceInput) (*reply[ScreenKept], error) {
			if _, err := s.Floor.Work(ctx, c.Actor, access.WorkHandle, in.ID); err != nil {
				return nil, err
			}
			end, err := s.uploads.begin(string(c.Tenant)+c.User+"screen", screen.MostBytes)
			if err != nil {
				return nil, err
			}
			defer end()
			film, err := io.ReadAll(in.request.Body)
			if err != nil {
				return nil, errs.Wrap(errs.TooLarge, err, "This piece of a screen is larger than the rules let it be.")
			}
			p := screen.Piece{Number: in.Number, Length: time.Duration(in.Length) * time.Millisecond, WebM: film}
			kept, next, err := s.Screens.KeepScreen(ctx, c.Tenant, in.ID, c.User, in.Recording, time.UnixMilli(in.At), p)
			return answer(ScreenKept{kept, next, now()}, err)
		})
	handle(s, "POST", path+"/end", hold, about{id: "endScreen", tag: tag, summary: "Say that my screen is not shown any more", status: 200,
		detail: "Supervisors see it, and the audit log notes it. The same again changes nothing. It may be begun again."},
		func(ctx context.Context, c *caller, in *endScreenInput) (*reply[voice.ScreenState], error) {
			if _, err := s.Floor.Work(ctx, c.Actor, access.WorkHandle, in.ID); err != nil {
				return nil, err
			}
			return answer(s.Screens.EndScreen(ctx, c.Tenant, in.ID, c.User, in.Body.Why))
		})
	handle(s, "GET", "/api/v1/recordings/{id}/screen", needs(access.RecListen), about{id: "recordingScreen", tag: "Recordings", summary: "What a recorded screen showed at a time", raw: describePicture,
		detail: "The piece that holds it: a WebM film with a VP8 track, whose first picture stands for itself. 204 where nothing was kept."},
		func(ctx context.Context, c *caller, in *pictureInput) (*pictureOutput, error) {
			if err := s.listens(c, 1); err != nil {
				return nil, err
			}
			p, err := s.Listening.Picture(ctx, c.Actor, in.ID, in.Ticket, time.Duration(in.At)*time.Millisecond)
			if err != nil {
				return nil, err
			}
			return picture(p), nil
		})
}

func picture(p recording.Picture) *pictureOutput {
	ms := func(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
	out := &pictureOutput{Status: 204, CacheControl: "private, no-store"}
	if p.At >= 0 {
		out.At = ms(p.At)
	}
	if len(p.WebM) > 0 {
		out.Status, out.ContentType, out.CSP, out.Length, out.Body = 200, "video/webm", "default-src 'none'; sandbox", ms(p.Length), p.WebM
	}
	return out
}

func describeWebM(op *huma.Operation) {
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"video/webm": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}}
}

func describePicture(op *huma.Operation) {
	op.Responses["200"].Content = map[string]*huma.MediaType{"video/webm": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}
	op.Responses["204"] = &huma.Response{Description: "Nothing was kept at that time."}
}
