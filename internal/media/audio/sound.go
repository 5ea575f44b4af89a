package audio

import (
	"bytes"
	"encoding/binary"
	"math"

	"nubitalk/internal/base/errs"
)

// Bounds of a sound that a person uploads.
const (
	MaxSoundBytes   = 30 << 20
	MaxSoundSeconds = 5 * 60
)

// Sound is one channel of samples at a rate of its own.
type Sound struct {
	Rate int // samples a second, 8,000 to 48,000
	PCM  []int16
	// Clipped is the share of the file's samples that are cut off at full scale, in
	// runs of three and more, before its channels were mixed.
	Clipped float64
}

// Seconds is how long it sounds.
func (s Sound) Seconds() float64 { return float64(len(s.PCM)) / float64(s.Rate) }

// ReadSound reads a WAV file of PCM with 8, 16 or 24 bits a sample, one or two
// channels, 8 to 48 kHz, at most MaxSoundSeconds long, and gives it as one channel
// at its own rate. Faults are errs.Invalid about the field "file", or errs.TooLarge.
func ReadSound(b []byte) (Sound, error) {
	if len(b) > MaxSoundBytes {
		return Sound{}, errs.New(errs.TooLarge, "The file is larger than %d MB.", MaxSoundBytes>>20)
	}
	if name := otherSound(b); name != "" {
		return Sound{}, errs.Bad("file", "This is %s. Save the sound as WAV (PCM, 16 bits) and send that.", name)
	}
	format, data, err := chunks(b)
	if err != nil {
		return Sound{}, err
	}
	kind, bits := coding(format)
	channels := int(binary.LittleEndian.Uint16(format[2:]))
	rate := int(binary.LittleEndian.Uint32(format[4:]))
	switch {
	case kind != wavPCM || bits != 8 && bits != 16 && bits != 24:
		return Sound{}, errs.Bad("file", "The WAV file must hold PCM with 8, 16 or 24 bits a sample; this one is coded otherwise.")
	case channels != 1 && channels != 2:
		return Sound{}, errs.Bad("file", "The sound must have one or two channels.")
	case rate < 8000 || rate > 48000:
		return Sound{}, errs.Bad("file", "The sound must have between 8,000 and 48,000 samples a second.")
	}
	width := bits / 8
	n := len(data) / (width * channels)
	switch {
	case n == 0:
		return Sound{}, errs.Bad("file", "The file holds no sound.")
	case n > MaxSoundSeconds*rate:
		return Sound{}, errs.New(errs.TooLarge, "The sound is longer than %d minutes.", MaxSoundSeconds/60)
	}
	s := Sound{Rate: rate, PCM: make([]int16, n)}
	clips := make([]clipping, channels)
	for i := range s.PCM {
		sum := 0
		for c := range channels {
			v := sampleOf(data[(i*channels+c)*width:], width) // of 24 bits
			clips[c].add(v, width)
			sum += v
		}
		// Rounded to 16 bits, away from the middle as evenly as towards it.
		s.PCM[i] = int16(max(math.MinInt16, min(math.MaxInt16, math.Round(float64(sum)/float64(channels)/256))))
	}
	for _, c := range clips {
		s.Clipped += float64(c.samples) / float64(n*channels)
	}
	return s, nil
}

// sampleOf reads a sample and gives it with 24 bits. 8 bits are unsigned.
func sampleOf(b []byte, width int) int {
	switch width {
	case 1:
		return (int(b[0]) - 128) << 16
	case 2:
		return int(int16(binary.LittleEndian.Uint16(b))) << 8
	}
	return int(int8(b[2]))<<16 | int(b[1])<<8 | int(b[0])
}

// clipping counts samples that are cut off, in one channel.
type clipping struct{ run, samples int }

// cutRun is how many samples in a row at full scale are a cut, and not a peak that
// happened to reach it.
const cutRun = 3

func (c *clipping) add(v, width int) {
	highest := 1<<23 - 1<<(24-8*width) // the largest that this width can write
	if v < highest && v > -highest {
		c.run = 0
		return
	}
	switch c.run++; {
	case c.run == cutRun:
		c.samples += cutRun
	case c.run > cutRun:
		c.samples++
	}
}

// otherSound names the kind of a file that holds sound but is no WAV file.
func otherSound(b []byte) string {
	for _, k := range []struct {
		at   int
		mark string
		name string
	}{
		{0, "ID3", "an MP3 file"}, {0, "\xff\xfb", "an MP3 file"}, {0, "\xff\xf3", "an MP3 file"}, {0, "OggS", "an Ogg file"}, {0, "fLaC", "a FLAC file"},
		{4, "ftyp", "an MP4 or M4A file"}, {0, "\x1aE\xdf\xa3", "a WebM file"}, {0, "FORM", "an AIFF file"}, {0, "RF64", "a WAV file of 64 bits"},
	} {
		if len(b) > k.at && bytes.HasPrefix(b[k.at:], []byte(k.mark)) {
			return k.name
		}
	}
	return ""
}
