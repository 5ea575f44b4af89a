package recording

import (
	"context"
	"io"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/access"
	form "nubitalk/internal/core/recording"
	"nubitalk/internal/media/screen"
	"nubitalk/internal/store"
)

// Picture is the piece of a screen's recording that is shown at a time. Without
// WebM nothing was kept then, and At is when the next piece begins; -1 if none
// comes.
type Picture struct {
	At, Length time.Duration
	WebM       []byte
}

// ahead is how far the next piece is looked for.
const ahead = 24 * time.Hour

// Picture gives what a recorded screen showed at a time.
func (l *Listeners) Picture(ctx context.Context, a access.Actor, recording, ticket string, at time.Duration) (Picture, error) {
	o, err := l.hear(ctx, a, recording, ticket, func(tx *store.Tx) ([]store.RecordingEntryRow, error) {
		return tx.RecordingSegments(recording, at.Milliseconds(), (at + ahead).Milliseconds())
	})
	if err != nil {
		return Picture{}, err
	}
	if o.Row.Kind != Screen {
		return Picture{}, errs.New(errs.Unsupported, "This recording is of no screen.")
	}
	for _, e := range o.Entries {
		pieces, _, err := l.Recordings.segment(ctx, o, e)
		if err != nil {
			return Picture{}, err
		}
		for _, p := range pieces {
			if p.At+p.Length <= at || len(p.Tracks) == 0 || len(p.Tracks[0].Data) == 0 {
				continue
			}
			if p.At > at {
				return Picture{At: p.At}, nil
			}
			return Picture{At: p.At, Length: p.Length, WebM: p.Tracks[0].Data}, nil
		}
	}
	return Picture{At: -1}, nil
}

// noSound refuses what only a recording of sound has.
func noSound(o *Opened) error {
	if o.Row.Kind == Screen {
		return errs.New(errs.Unsupported, "This recording is of a screen; it has no sound.")
	}
	return nil
}

// film writes a screen's recording as one WebM film, and answers what of it could
// not be read.
func (s *Service) film(ctx context.Context, o *Opened, w io.Writer) (missing []Span, err error) {
	var out *screen.Joined
	length := time.Duration(o.Row.LengthMS) * time.Millisecond
	for from := time.Duration(0); from < length; from += exportStep {
		pieces, lost, err := s.hear(ctx, o, from, min(from+exportStep, length))
		if err != nil {
			return nil, err
		}
		missing = append(missing, lost...)
		for _, p := range pieces {
			if p.At < from && from > 0 || len(p.Tracks) == 0 || p.Tracks[0].Codec != form.WebM { // written with what came before
				continue
			}
			film, err := screen.Read(p.Tracks[0].Data)
			if err != nil {
				missing = append(missing, Span{p.At.Milliseconds(), p.Length.Milliseconds()})
				continue
			}
			if out == nil {
				if out, err = screen.Join(w, film.Width, film.Height); err != nil {
					return nil, err
				}
			}
			if err := out.Append(p.At, film); err != nil {
				return nil, err
			}
		}
	}
	return missing, nil
}
