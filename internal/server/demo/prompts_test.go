package demo

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"nubitalk/internal/base/secret"
	"nubitalk/internal/media/audio"
	"nubitalk/internal/media/g711"
	"nubitalk/internal/media/speech"
)

var speak = flag.Bool("speak", false, "make the telephone menu's sound anew with espeak-ng")

func TestTheTelephoneMenuIsSpoken(t *testing.T) {
	if *speak {
		speakAll(t)
	}
	r := Recorded()
	for _, p := range Prompts() {
		pcm, err := r.Speak(t.Context(), p.Language, secret.New(p.Text))
		if err != nil {
			t.Errorf("%q has no sound; run: go test ./internal/server/demo -run TheTelephoneMenu -speak", p.Text)
			continue
		}
		if l := audio.Measure(pcm); l.TooQuiet() || l.IsClipped() {
			t.Errorf("%q: %+v", p.Text, l)
		}
	}
	files, err := promptFiles.ReadDir("prompts")
	if err != nil || len(files) != len(Prompts()) {
		t.Errorf("%d files for %d texts (%v)", len(files), len(Prompts()), err)
	}
}

func speakAll(t *testing.T) {
	e, ok := speech.FindEspeak()
	if !ok {
		t.Fatal("espeak-ng is not installed")
	}
	old, _ := filepath.Glob("prompts/*.ulaw")
	for _, f := range old {
		_ = os.Remove(f)
	}
	for _, p := range Prompts() {
		pcm, err := e.Speak(t.Context(), p.Language, secret.New(p.Text))
		if err != nil {
			t.Fatal(err)
		}
		octets := make([]byte, len(pcm))
		g711.Mu.EncodeTo(octets, pcm)
		if err := os.WriteFile(p.File(), octets, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Skip("made anew; run the test once more")
}
