package api

import (
	"context"
	"io"

	"github.com/danielgtaylor/huma/v2"

	"nubitalk/internal/app/prompt"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/media/audio"
)

// Prompts is app/prompt: the sounds of prompts.
type Prompts interface {
	// Sound is what is known of a prompt's sound; NotFound if it has none.
	Sound(ctx context.Context, a access.Actor, prompt string) (prompt.Sound, error)
	// Upload takes a WAV file in the place of the sound that was there.
	Upload(ctx context.Context, a access.Actor, prompt string, file []byte) (prompt.Sound, error)
	// MakeRight says whether callers hear it made right, or as it was uploaded.
	MakeRight(ctx context.Context, a access.Actor, prompt string, right bool) (prompt.Sound, error)
	Remove(ctx context.Context, a access.Actor, prompt string) error
	// Listen gives a WAV file.
	Listen(ctx context.Context, a access.Actor, prompt string, as prompt.Version) ([]byte, error)
}

type (
	// PromptObject is a prompt as answered.
	PromptObject struct {
		SetupHead
		setup.Prompt
	}
	// PromptChange changes a prompt.
	PromptChange struct {
		Seen
		setup.Prompt
	}
)

// PromptLevel is what is known of a prompt's sound.
type PromptLevel struct {
	Sound *prompt.Sound `json:"sound,omitempty" doc:"Absent: it has none."`
}

type promptUploadInput struct {
	ByID
	Form
}

type promptListenInput struct {
	ByID
	As prompt.Version `query:"as" enum:"uploaded,right,heard" default:"heard" doc:"As it was uploaded, made right, or as callers hear it now (8 kHz)."`
}

type promptLevelInput struct {
	ByID
	Body struct {
		Right bool `json:"right" doc:"Callers hear it made right; false: as it was uploaded."`
	} `nameHint:"PromptLevelInput"`
}

func (s *Server) promptRoutes() {
	setupKind[setup.Prompt, PromptObject, PromptChange](s, setup.KindPrompt, "Prompt", func(c PromptChange) any { return c.Prompt })
	path := "/api/v1/" + string(setup.KindPrompt) + "/{id}"
	read, write := needs(access.SetupRead), needs(access.SetupWrite)
	handle(s, "GET", path+"/level", read, about{id: "promptSound", tag: setupTag, summary: "What is known of a prompt's sound",
		detail: "Without a sound its words are spoken."},
		func(ctx context.Context, c *caller, in *ByID) (*reply[PromptLevel], error) {
			if _, err := s.Setup.Get(ctx, c.Actor, setup.KindPrompt, in.ID); err != nil {
				return nil, err
			}
			sound, err := s.Prompts.Sound(ctx, c.Actor, in.ID)
			if errs.Is(err, errs.NotFound) {
				return answer(PromptLevel{}, nil)
			}
			return answer(PromptLevel{&sound}, err)
		})
	handle(s, "POST", path+"/level", write, about{id: "promptLevel", tag: setupTag, summary: "Make a prompt's sound right, or leave it as it was uploaded",
		detail: "Made right, it has the loudness that docs/prompts.md names, as near as it can come without clipping, and little silence at its ends. The file stays as it was uploaded."},
		func(ctx context.Context, c *caller, in *promptLevelInput) (*reply[prompt.Sound], error) {
			return answer(s.Prompts.MakeRight(ctx, c.Actor, in.ID, in.Body.Right))
		})
	handle(s, "POST", path+"/audio", write, about{id: "uploadPrompt", tag: setupTag, summary: "Give a prompt its sound", once: true, body: audio.MaxSoundBytes + 1, raw: describeWAV,
		detail: "A WAV file: PCM with 8, 16 or 24 bits a sample, one or two channels, 8 to 48 kHz, at most 5 minutes and 30 MB. It takes the place of the sound that was there, and is heard from now on."},
		func(ctx context.Context, c *caller, in *promptUploadInput) (*reply[prompt.Sound], error) {
			// Its samples take the file's room once more.
			end, err := s.uploads.begin(string(c.Tenant)+c.User, 2*audio.MaxSoundBytes)
			if err != nil {
				return nil, err
			}
			defer end()
			file, err := io.ReadAll(in.request.Body)
			if err != nil {
				return nil, unreadable(err)
			}
			if len(file) == 0 {
				return nil, errs.Bad("file", "is empty")
			}
			return answer(s.Prompts.Upload(ctx, c.Actor, in.ID, file))
		})
	handle(s, "GET", path+"/audio", read, about{id: "listenToPrompt", tag: setupTag, summary: "Listen to a prompt's sound", raw: describeListen},
		func(ctx context.Context, c *caller, in *promptListenInput) (*fileOutput, error) {
			file, err := s.Prompts.Listen(ctx, c.Actor, in.ID, in.As)
			return wavFile(file, err)
		})
	handle(s, "DELETE", path+"/audio", write, about{id: "removePromptSound", tag: setupTag, summary: "Take a prompt's sound away", detail: "Its words are spoken from now on."},
		func(ctx context.Context, c *caller, in *ByID) (*none, error) {
			return done(s.Prompts.Remove(ctx, c.Actor, in.ID))
		})
}

// wavFile answers with sound that a page plays.
func wavFile(file []byte, err error) (*fileOutput, error) {
	if err != nil {
		return nil, err
	}
	return &fileOutput{ContentType: "audio/wav", Disposition: "inline", CacheControl: "private, no-store", CSP: "default-src 'none'; sandbox", Body: file}, nil
}

func describeWAV(op *huma.Operation) {
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"audio/wav": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}}
}

func describeListen(op *huma.Operation) {
	op.Responses["200"].Content = map[string]*huma.MediaType{"audio/wav": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}
}
