package verify

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"nubitalk/internal/media/screen"
)

// shown is what an agent's screen shows in a call: films whose pictures nobody has
// seen before, so that they are found wherever they are.
type shown struct {
	recording string
	began     time.Time
	next      int
	films     []film
}

type film struct {
	at    time.Time
	kept  bool
	octet []byte
}

// filmed is how long each is.
const filmed = time.Second

// newFilm has one picture, which a recording takes for what a browser sends. Nobody
// decodes it: it is noise after the head of a picture (RFC 6386, section 9.1).
func newFilm() ([]byte, error) {
	picture := make([]byte, 20_000)
	_, _ = rand.Read(picture)
	copy(picture, []byte{0x10, 0, 0, 0x9d, 0x01, 0x2a})
	binary.LittleEndian.PutUint16(picture[6:], 640)
	binary.LittleEndian.PutUint16(picture[8:], 360)
	var b bytes.Buffer
	j, err := screen.Join(&b, 640, 360)
	if err == nil {
		err = j.Append(0, screen.Film{Pictures: []screen.Picture{{Key: true, Data: picture}}})
	}
	return b.Bytes(), err
}

// shows begins to record the agent's screen.
func (s *spoken) shows(ctx context.Context) error {
	err := until(ctx, "the screen is not wanted", func() (bool, error) {
		var now struct {
			Recording struct{ Screen struct{ Status string } }
		}
		err := s.agent.Do(ctx, "GET", "interactions/"+s.interaction+"/call", nil, &now)
		return now.Recording.Screen.Status == "wanted", err
	})
	if err != nil {
		return err
	}
	var begun struct {
		Recording string
		Began     int64 `json:"began_ms"`
		Next      int
	}
	if err := s.agent.Do(ctx, "POST", "interactions/"+s.interaction+"/screen", map[string]any{}, &begun); err != nil {
		return fmt.Errorf("beginning the screen's recording: %w", err)
	}
	s.shown = shown{recording: begun.Recording, began: time.UnixMilli(begun.Began), next: begun.Next}
	return nil
}

// filmed sends what the screen showed in the last second, and is told whether it
// was kept.
func (s *spoken) filmed(ctx context.Context, want bool) error {
	octets, err := newFilm()
	if err != nil {
		return err
	}
	f := film{at: time.Now().Add(-filmed), kept: want, octet: octets}
	path := fmt.Sprintf("interactions/%s/screen/pieces?recording=%s&number=%d&at_ms=%d&length_ms=%d", s.interaction, s.shown.recording, s.shown.next, f.at.UnixMilli(), filmed.Milliseconds())
	var said struct {
		Kept bool
		Next int
	}
	if err := s.agent.Send(ctx, path, "video/webm", octets, &said); err != nil {
		return fmt.Errorf("sending the screen: %w", err)
	}
	if said.Kept != want {
		return fmt.Errorf("a second of the screen is kept: %t, not %t", said.Kept, want)
	}
	s.shown.next = said.Next
	s.shown.films = append(s.shown.films, f)
	return nil
}

// bothRecorded says what was kept of a call as its rule says: its sound, which was
// heard before, and its agent's screen, all but what was paused.
func bothRecorded(ctx context.Context, w *world) (string, error) {
	s, err := w.callIn(ctx)
	if err != nil {
		return "", err
	}
	supervisor, err := w.user(ctx, ours, "supervisor")
	if err != nil {
		return "", err
	}
	if s.recording == "" || s.kept == 0 {
		return "", errors.New("its sound was not recorded")
	}
	if _, err := s.ends(ctx, supervisor); err != nil {
		return "", err
	}
	var open struct {
		Ticket string
		Faults []any
	}
	path := "recordings/" + s.shown.recording
	if err := supervisor.Do(ctx, "POST", path+"/listen", map[string]string{"reason": "other"}, &open); err != nil {
		return "", err
	}
	if len(open.Faults) > 0 {
		return "", fmt.Errorf("the screen's recording has faults: %v", open.Faults)
	}
	kept, holes := 0, 0
	for _, f := range s.shown.films {
		var seen []byte
		at := f.at.Add(filmed / 2).Sub(s.shown.began).Milliseconds()
		if err := supervisor.Do(ctx, "GET", fmt.Sprintf("%s/screen?ticket=%s&at_ms=%d", path, open.Ticket, at), nil, &seen); err != nil {
			return "", err
		}
		switch {
		case f.kept && !bytes.Equal(seen, f.octet):
			return "", errors.New("a second of the screen is not in its recording")
		case f.kept:
			kept++
		case len(seen) > 0:
			return "", errors.New("a second of the screen that was paused is in its recording")
		default:
			holes++
		}
	}
	if kept == 0 || holes == 0 {
		return "", fmt.Errorf("of the screen %d seconds were kept, and %d paused", kept, holes)
	}
	return fmt.Sprintf("a rule had a call's voice and its agent's screen recorded; who may listen hears the voice and sees the %d seconds of the screen that were sent, and none of the %d in pauses", kept, holes), nil
}
