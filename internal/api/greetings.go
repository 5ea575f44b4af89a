package api

import (
	"context"
	"io"

	"nubitalk/internal/app/prompt"
	appsetup "nubitalk/internal/app/setup"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/media/audio"
)

// Greetings is app/prompt: what callers hear before they leave a user a message.
type Greetings interface {
	// Greeting is a user's own; NotFound if callers hear the standard one.
	Greeting(ctx context.Context, t id.Tenant, user string) (prompt.Greeting, error)
	// SetGreeting takes a WAV file in the place of the greeting that was there.
	SetGreeting(ctx context.Context, a access.Actor, user string, file []byte) (prompt.Greeting, error)
	RemoveGreeting(ctx context.Context, a access.Actor, user string) error
	// ListenToGreeting gives a WAV file.
	ListenToGreeting(ctx context.Context, t id.Tenant, user string) ([]byte, error)
}

// GreetingKnown is what is known of a user's greeting.
type GreetingKnown struct {
	Greeting *prompt.Greeting `json:"greeting,omitempty" doc:"Absent: callers hear the standard greeting, or the prompt that the phone names."`
}

type ownGreetingInput struct{ Form }

// greetingRoutes let users, and who sets phones up, say what callers hear who leave
// a message.
func (s *Server) greetingRoutes() {
	own := func(_ context.Context, c *caller, _ string) (string, error) { return c.User, nil }
	greetingDoors(s, "/api/v1/desk", needs(access.DeskUse), greetingTexts{"own", "Own", "Desk", "my mailbox"},
		func(*none) string { return "" }, func(in *ownGreetingInput) (string, io.Reader) { return "", in.request.Body }, own)
	// The greeting is that of the phone's user, whichever of its phones it is.
	user := func(ctx context.Context, c *caller, phone string) (string, error) {
		object, err := s.Setup.Get(ctx, c.Actor, setup.KindPhone, phone)
		if err != nil {
			return "", err
		}
		stored, err := setup.Stored(setup.KindPhone, object.Body)
		if err != nil {
			return "", err
		}
		if p, _ := stored.(setup.Phone); p.User != "" {
			return p.User, nil
		}
		return "", errs.New(errs.Conflict, "This phone is nobody's: no messages are left at it.")
	}
	greetingDoors(s, "/api/v1/phones/{id}", needs(appsetup.Writes(setup.KindPhone)), greetingTexts{"phone", "Phone", setupTag, "the mailbox of a phone's user"},
		func(in *ByID) string { return in.ID }, func(in *promptUploadInput) (string, io.Reader) { return in.ID, in.request.Body }, user)
}

// greetingTexts are a door's: the start of its ids, alone and within one, its tag,
// and of what the greeting is.
type greetingTexts struct{ first, within, tag, of string }

// greetingDoors are the routes of greetings below a path. whose says which user's,
// and whether the caller may.
func greetingDoors[In, File any](s *Server, path string, guard Guard, is greetingTexts, read func(*In) string, sent func(*File) (string, io.Reader), whose func(ctx context.Context, c *caller, object string) (string, error)) {
	handle(s, "GET", path+"/greeting", guard, about{id: is.first + "Greeting", tag: is.tag, summary: "The greeting of " + is.of, detail: "What callers hear before they leave a message by voice."},
		func(ctx context.Context, c *caller, in *In) (*reply[GreetingKnown], error) {
			user, err := whose(ctx, c, read(in))
			if err != nil {
				return nil, err
			}
			g, err := s.Greetings.Greeting(ctx, c.Tenant, user)
			if errs.Is(err, errs.NotFound) {
				return answer(GreetingKnown{}, nil)
			}
			return answer(GreetingKnown{&g}, err)
		})
	handle(s, "POST", path+"/greeting/audio", guard, about{id: "set" + is.within + "Greeting", tag: is.tag, summary: "Give the greeting of " + is.of, once: true, body: audio.MaxSoundBytes + 1, raw: describeWAV,
		detail: "A WAV file: PCM with 8, 16 or 24 bits a sample, one or two channels, 8 to 48 kHz, at most a minute without the silence at its ends. It is brought to the loudness that docs/prompts.md names, takes the place of the greeting that was there, and is heard from now on, at all phones of the user."},
		func(ctx context.Context, c *caller, in *File) (*reply[prompt.Greeting], error) {
			object, body := sent(in)
			user, err := whose(ctx, c, object)
			if err != nil {
				return nil, err
			}
			// Its samples take the file's room once more.
			end, err := s.uploads.begin(string(c.Tenant)+c.User, 2*audio.MaxSoundBytes)
			if err != nil {
				return nil, err
			}
			defer end()
			file, err := io.ReadAll(body)
			if err != nil {
				return nil, unreadable(err)
			}
			if len(file) == 0 {
				return nil, errs.Bad("file", "is empty")
			}
			return answer(s.Greetings.SetGreeting(ctx, c.Actor, user, file))
		})
	handle(s, "GET", path+"/greeting/audio", guard, about{id: "listenTo" + is.within + "Greeting", tag: is.tag, summary: "Listen to the greeting of " + is.of, raw: describeListen},
		func(ctx context.Context, c *caller, in *In) (*fileOutput, error) {
			user, err := whose(ctx, c, read(in))
			if err != nil {
				return nil, err
			}
			return wavFile(s.Greetings.ListenToGreeting(ctx, c.Tenant, user))
		})
	handle(s, "DELETE", path+"/greeting/audio", guard, about{id: "remove" + is.within + "Greeting", tag: is.tag, summary: "Take the greeting of " + is.of + " away", detail: "Callers hear the standard greeting, or the prompt that the phone names."},
		func(ctx context.Context, c *caller, in *In) (*none, error) {
			user, err := whose(ctx, c, read(in))
			if err != nil {
				return nil, err
			}
			return done(s.Greetings.RemoveGreeting(ctx, c.Actor, user))
		})
}
