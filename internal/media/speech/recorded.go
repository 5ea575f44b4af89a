package speech

import (
	"context"
	"crypto/sha256"

	"nubitalk/internal/base/secret"
)

// Recorded says texts whose sound there is already.
type Recorded struct{ by map[key][]int16 }

// Add takes the sound of a text.
func (r *Recorded) Add(language, text string, pcm []int16) {
	if r.by == nil {
		r.by = map[key][]int16{}
	}
	r.by[key(sha256.Sum256([]byte(language+"\x00"+text)))] = pcm
}

// Speak implements Speaker.
func (r *Recorded) Speak(_ context.Context, language string, text secret.Text) ([]int16, error) {
	if pcm, ok := r.by[key(sha256.Sum256([]byte(language+"\x00"+text.Reveal())))]; ok {
		return pcm, nil
	}
	return nil, unsaid()
}
