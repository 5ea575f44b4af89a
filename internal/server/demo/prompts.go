package demo

import (
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"slices"

	"nubitalk/internal/base/order"
	"nubitalk/internal/channel"
	"nubitalk/internal/channel/voice"
	"nubitalk/internal/core/flow"
	"nubitalk/internal/media/g711"
	"nubitalk/internal/media/speech"
)

// The telephone menu of the shop, spoken beforehand, so that a machine without
// espeak-ng can be called as well. Each file is G.711 mu-law of one text; a test
// makes them anew and fails when one is missing.
//
//go:embed prompts
var promptFiles embed.FS

// Prompt is one text that the telephone menu says.
type Prompt struct{ Language, Text string }

// File is where its sound is kept.
func (p Prompt) File() string {
	h := sha256.Sum256([]byte(p.Language + "\x00" + p.Text))
	return "prompts/" + hex.EncodeToString(h[:8]) + ".ulaw"
}

// Prompts are all texts of the telephone menu.
func Prompts() (all []Prompt) {
	graph := phoneFlow()
	for _, n := range graph.All() {
		for _, l := range []string{"en", "pt"} {
			a := channel.Act{Kind: channel.ActSay, Text: n.Text[l]}
			for _, o := range n.Options {
				a.Buttons = append(a.Buttons, flow.Button{Value: o.Value, Label: o.Label[l]})
			}
			for _, text := range voice.Spoken(l, a) {
				all = append(all, Prompt{l, text})
			}
		}
	}
	order.By(all, func(a, b Prompt) int {
		return cmp.Or(cmp.Compare(a.Language, b.Language), cmp.Compare(a.Text, b.Text))
	})
	return slices.Compact(all)
}

// Voices are the English texts of the telephone menu as they sound, 8 kHz: voices
// for what is shown of recordings.
func Voices() (all [][]int16) {
	for _, p := range Prompts() {
		if octets, err := promptFiles.ReadFile(p.File()); err == nil && p.Language == "en" {
			pcm := make([]int16, len(octets))
			g711.Mu.DecodeTo(pcm, octets)
			all = append(all, pcm)
		}
	}
	return all
}

// Recorded speaks the telephone menu of the shop.
func Recorded() *speech.Recorded {
	var r speech.Recorded
	for _, p := range Prompts() {
		octets, err := promptFiles.ReadFile(p.File())
		if err != nil {
			continue // a test sees to it that there are none
		}
		pcm := make([]int16, len(octets))
		g711.Mu.DecodeTo(pcm, octets)
		r.Add(p.Language, p.Text, pcm)
	}
	return &r
}
