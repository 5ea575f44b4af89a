package demo

import (
	"context"
	"slices"
	"sync"
	"time"

	"nubitalk/internal/app/recording"
	"nubitalk/internal/base/id"
	form "nubitalk/internal/core/recording"
	"nubitalk/internal/media/audio"
	"nubitalk/internal/media/g711"
	"nubitalk/internal/store"
)

// recordings are at most how many the demonstration has.
const recordings = 6

// recorded gives the newest conversation of the demonstration's first agent, and one
// of each day before, a recording: such that an agent answered and that ended well,
// with consent and a pause for a payment; once.
func (d *Seeder) recorded(ctx context.Context, t id.Tenant, first string) error {
	var works []store.InteractionRow
	err := d.DB.Read(ctx, t, func(tx *store.Tx) error {
		works = works[:0]
		before, err := tx.SearchInteractions(store.InteractionFilter{Recorded: true, Limit: 1})
		if err != nil || len(before) > 0 {
			return err
		}
		f := store.InteractionFilter{States: []string{"closed"}, Agent: first, Limit: 100}
		for range recordings {
			rows, err := tx.SearchInteractions(f)
			if err != nil {
				return err
			}
			i := slices.IndexFunc(rows, func(r store.InteractionRow) bool {
				return r.AgentID != "" && !r.AnsweredAt.IsZero() && r.ClosedAt.Sub(r.AnsweredAt) > time.Minute
			})
			if i < 0 {
				break
			}
			works = append(works, rows[i])
			f.Agent, f.To = "", rows[i].ArrivedAt.Truncate(24*time.Hour)
		}
		return nil
	})
	for i, work := range works {
		if err == nil {
			err = d.record(ctx, t, work, i)
		}
	}
	return err
}

// record records one; each begins with another voice.
func (d *Seeder) record(ctx context.Context, t id.Tenant, work store.InteractionRow, voice int) error {
	src := &talkTape{voices: Voices(), said: voice}
	r, err := d.Recording.Begin(ctx, recording.Start{Tenant: t, Interaction: work.ID, Contact: work.ContactID, Kind: recording.Voice, Parties: []string{"person", work.AgentID},
		Source: src, At: work.AnsweredAt})
	if err != nil {
		return err
	}
	if err := r.Agreed(ctx, "flow", "key"); err != nil {
		return err
	}
	src.talk(16)
	if _, err := r.Pause(ctx, work.AgentID, "payment"); err != nil {
		return err
	}
	src.talk(9)
	if _, err := r.Resume(); err != nil {
		return err
	}
	src.talk(21)
	return r.End(ctx, "system", "ended")
}

// talkTape is the sound of two who talk in turn: voices, the one of them lower.
type talkTape struct {
	voices [][]int16

	mu     sync.Mutex
	ready  []form.Piece
	at     time.Duration
	paused bool
	said   int     // voices that were begun
	left   []int16 // of the one that speaks
}

// talk goes on for so many seconds.
func (s *talkTape) talk(seconds int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range seconds {
		tracks := [2][]int16{make([]int16, audio.Rate), make([]int16, audio.Rate)}
		for at := audio.Rate / 10; at < audio.Rate && len(s.voices) > 0; {
			if len(s.left) == 0 {
				s.left = s.voices[s.said%len(s.voices)]
				if s.said%2 == 0 {
					s.left = audio.Resample(s.left, audio.Rate*9/10, audio.Rate)
				}
				s.said++
			}
			n := copy(tracks[(s.said+1)%2][at:], s.left)
			s.left = s.left[n:]
			at += n + audio.Rate/5
		}
		p := form.Piece{At: s.at, Length: time.Second}
		for _, pcm := range tracks {
			octets := make([]byte, audio.Rate)
			g711.A.EncodeTo(octets, pcm)
			p.Tracks = append(p.Tracks, form.Track{Codec: form.PCMA, Data: octets})
		}
		if !s.paused {
			s.ready = append(s.ready, p)
		}
		s.at += time.Second
	}
}

func (s *talkTape) Take(bool) (p form.Piece, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.ready) == 0 {
		return p, false
	}
	p, s.ready = s.ready[0], s.ready[1:]
	return p, true
}

func (s *talkTape) Pause() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.paused = true
	return s.at
}

func (s *talkTape) Resume() (time.Duration, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.paused
	s.paused = false
	return s.at, was
}

func (s *talkTape) Lost() time.Duration { return 0 }
