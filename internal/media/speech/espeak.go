package speech

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/media/audio"
)

// Espeak speaks by the program espeak-ng (Debian package espeak-ng).
type Espeak struct{ path string }

// sayWithin bounds one text; a thousand characters take some 50 ms.
const sayWithin = 10 * time.Second

// voices are espeak-ng's, by our languages.
var voices = map[string]string{"en": "en-gb", "pt": "pt", "pt-br": "pt-br"}

// FindEspeak finds the program; ok is false where it is not installed.
func FindEspeak() (e Espeak, ok bool) {
	path, err := exec.LookPath("espeak-ng")
	return Espeak{path}, err == nil
}

// Speak implements Speaker.
func (e Espeak) Speak(ctx context.Context, language string, text secret.Text) ([]int16, error) {
	voice := voiceOf(language)
	words := strings.Map(plain, text.Reveal())
	if voice == "" || strings.TrimSpace(words) == "" {
		return nil, unsaid()
	}
	ctx, cancel := context.WithTimeout(ctx, sayWithin)
	defer cancel()
	c := exec.CommandContext(ctx, e.path, "-v", voice, "-s", "160", "-b", "1", "--stdin", "--stdout")
	c.Stdin = strings.NewReader(words)
	c.Env = []string{"LC_ALL=C.UTF-8"}
	var out bytes.Buffer
	c.Stdout = &out
	if err := c.Run(); err != nil { // its messages may repeat the text
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, errs.Wrap(errs.Internal, fmt.Errorf("espeak-ng: %w", err), "This text could not be spoken.")
	}
	pcm, err := audio.ReadWAV(out.Bytes())
	if err != nil {
		return nil, errs.Wrap(errs.Internal, err, "This text could not be spoken.")
	}
	return pcm, nil
}

// voiceOf is the voice of a language, or of the language without its region.
func voiceOf(language string) string {
	l := strings.ToLower(strings.ReplaceAll(language, "_", "-"))
	if v, ok := voices[l]; ok {
		return v
	}
	l, _, _ = strings.Cut(l, "-")
	return voices[l]
}

// plain leaves out what espeak-ng may take for a command or cannot read.
func plain(r rune) rune {
	switch {
	case r == '\n' || r == '\t':
		return ' '
	case r < ' ' || r == 0x7f || r == '[' || r == ']' || r == '<' || r == '>':
		return -1
	}
	return r
}
