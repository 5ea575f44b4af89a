package speech

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/media/audio"
)

// fake says a text as its length in samples, and counts.
type fake struct {
	mu    sync.Mutex
	asked []string
	wait  chan struct{} // when not nil, until it closes
	err   error
	size  int
}

func (f *fake) Speak(ctx context.Context, language string, text secret.Text) ([]int16, error) {
	f.mu.Lock()
	f.asked = append(f.asked, language+" "+text.Reveal())
	f.mu.Unlock()
	if f.wait != nil {
		select {
		case <-f.wait:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return make([]int16, max(f.size, text.Len())), f.err
}

func (f *fake) times() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.asked)
}

func say(t *testing.T, s Speaker, text string) []int16 {
	t.Helper()
	pcm, err := s.Speak(t.Context(), "en", secret.New(text))
	if err != nil {
		t.Fatal(err)
	}
	return pcm
}

func TestMemorySaysTheSameOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{wait: make(chan struct{})}
		m := NewMemory(f, time.Now)
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() { say(t, m, "hello") })
		}
		synctest.Wait()
		close(f.wait)
		all.Wait()
		say(t, m, "hello")
		if f.times() != 1 {
			t.Errorf("made %d times", f.times())
		}
		if _, err := m.Speak(t.Context(), "pt", secret.New("hello")); err != nil || f.times() != 2 {
			t.Errorf("another language: %v, made %d times", err, f.times())
		}
		time.Sleep(keepFor - time.Second)
		say(t, m, "hello")
		time.Sleep(keepFor - time.Second) // said since
		say(t, m, "hello")
		if f.times() != 2 {
			t.Errorf("forgotten too early: made %d times", f.times())
		}
		time.Sleep(keepFor)
		say(t, m, "hello")
		if f.times() != 3 {
			t.Errorf("kept too long: made %d times", f.times())
		}
	})
}

func TestMemoryIsBounded(t *testing.T) {
	f := &fake{size: keepBytes / 8} // a quarter of the bound each
	m := NewMemory(f, time.Now)
	for _, text := range []string{"a", "b", "c", "d", "e", "f"} {
		say(t, m, text)
		if m.bytes > keepBytes {
			t.Fatalf("%d bytes are kept", m.bytes)
		}
	}
	if len(m.said) != m.recent.Len() || len(m.said) == 0 || len(m.said) > 4 {
		t.Errorf("%d texts, %d in order", len(m.said), m.recent.Len())
	}
}

func TestMemoryForgetsFaults(t *testing.T) {
	f := &fake{err: errs.New(errs.Internal, "broken")}
	m := NewMemory(f, time.Now)
	for range 2 {
		if _, err := m.Speak(t.Context(), "en", secret.New("x")); err == nil {
			t.Fatal("no fault")
		}
	}
	if f.times() != 2 || len(m.said) != 0 || m.bytes != 0 {
		t.Errorf("made %d times, %d kept, %d bytes", f.times(), len(m.said), m.bytes)
	}
}

// Who had a text made goes away: who waits for the same has it made again.
func TestMemoryAndWhoGoesAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{wait: make(chan struct{})}
		m := NewMemory(f, time.Now)
		first, leave := context.WithCancel(t.Context())
		gone := make(chan error, 1)
		go func() { _, err := m.Speak(first, "en", secret.New("x")); gone <- err }()
		synctest.Wait()
		heard := make(chan error, 1)
		go func() { _, err := m.Speak(t.Context(), "en", secret.New("x")); heard <- err }()
		synctest.Wait()
		leave()
		if err := <-gone; !errors.Is(err, context.Canceled) {
			t.Errorf("who left got %v", err)
		}
		close(f.wait)
		if err := <-heard; err != nil {
			t.Errorf("who waited got %v", err)
		}
	})
}

func TestTheFirstWhoCanSpeaks(t *testing.T) {
	var r Recorded
	r.Add("en", "hello", []int16{1, 2, 3})
	f := &fake{}
	c := Chain{&r, f}
	if pcm := say(t, c, "hello"); !slices.Equal(pcm, []int16{1, 2, 3}) || f.times() != 0 {
		t.Errorf("%v", pcm)
	}
	if say(t, c, "other"); f.times() != 1 {
		t.Error("the second was not asked")
	}
	if _, err := (Chain{&r}).Speak(t.Context(), "en", secret.New("other")); !errs.Is(err, errs.NotFound) {
		t.Error(err)
	}
}

// espeak-ng gets texts of any kind without taking them for commands.
func TestEspeak(t *testing.T) {
	e, ok := FindEspeak()
	if !ok {
		t.Fatal("espeak-ng is missing; scripts/need espeak-ng installs it")
	}
	for _, text := range []string{"Hello, how can we help you?", "-v xx --help", "<speak>hello</speak> [[h@l'oU]] \x00\n\tthere", "Olá, João: 50 € – ок 你好"} {
		for _, language := range []string{"en", "pt", "pt-BR", "en-US"} {
			pcm, err := e.Speak(t.Context(), language, secret.New(text))
			if err != nil || len(pcm) < audio.Rate/4 || audio.Measure(pcm).TooQuiet() {
				t.Errorf("%q in %s: %d samples, %v", text, language, len(pcm), err)
			}
		}
	}
	for language, text := range map[string]string{"xx": "hello", "en": " \n "} {
		if _, err := e.Speak(t.Context(), language, secret.New(text)); !errs.Is(err, errs.NotFound) {
			t.Errorf("%q in %s: %v", text, language, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.Speak(ctx, "en", secret.New("hello")); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
