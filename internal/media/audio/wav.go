package audio

import (
	"encoding/binary"

	"nubitalk/internal/base/errs"
)

// MaxWAV is the longest sound that ReadWAV takes, in samples at 8 kHz: 20 minutes.
const MaxWAV = 20 * 60 * Rate

// ReadWAV reads a WAV file of 16-bit PCM, one or two channels, 8 to 48 kHz, and
// gives it as one channel at 8 kHz. Faults are errs.Invalid about the field
// "file", or errs.TooLarge.
func ReadWAV(b []byte) ([]int16, error) {
	format, data, err := chunks(b)
	if err != nil {
		return nil, err
	}
	kind, bits := coding(format)
	channels := int(binary.LittleEndian.Uint16(format[2:]))
	rate := int(binary.LittleEndian.Uint32(format[4:]))
	switch {
	case kind != wavPCM || bits != 16:
		return nil, errs.Bad("file", "The sound must be PCM with 16 bits a sample.")
	case channels != 1 && channels != 2:
		return nil, errs.Bad("file", "The sound must have one or two channels.")
	case rate < 8000 || rate > 48000:
		return nil, errs.Bad("file", "The sound must have between 8,000 and 48,000 samples a second.")
	case len(data)/2/channels > MaxWAV*(rate/Rate+1) || int64(len(data)/2/channels)*Rate/int64(rate) > MaxWAV:
		return nil, errs.New(errs.TooLarge, "The sound is longer than 20 minutes.")
	}
	pcm := make([]int16, len(data)/2/channels)
	for i := range pcm {
		if channels == 1 {
			pcm[i] = int16(binary.LittleEndian.Uint16(data[2*i:]))
			continue
		}
		left := int16(binary.LittleEndian.Uint16(data[4*i:]))
		right := int16(binary.LittleEndian.Uint16(data[4*i+2:]))
		pcm[i] = int16((int(left) + int(right)) / 2)
	}
	if len(pcm) == 0 {
		return nil, errs.Bad("file", "The file holds no sound.")
	}
	return Resample(pcm, rate, Rate), nil
}

// chunks finds the format and the samples of a RIFF file. A data chunk that
// claims more than there is, as programs write that do not know the length in
// advance, ends with the file.
func chunks(b []byte) (format, data []byte, err error) {
	if len(b) < 12 || string(b[:4]) != "RIFF" || string(b[8:12]) != "WAVE" {
		return nil, nil, errs.Bad("file", "This is not a WAV file.")
	}
	for b = b[12:]; len(b) >= 8; {
		name, size := string(b[:4]), int64(binary.LittleEndian.Uint32(b[4:]))
		body := b[8:]
		size = min(size, int64(len(body)))
		body = body[:size]
		switch name {
		case "fmt ":
			format = body
		case "data":
			if data == nil {
				data = body
			}
		}
		b = b[min(8+size+size%2, int64(len(b))):]
	}
	if len(format) < 16 || data == nil {
		return nil, nil, errs.Bad("file", "The WAV file is damaged.")
	}
	return format, data, nil
}

// wavPCM is the number of plain samples among a WAV file's codings.
const wavPCM = 1

// coding says how samples are written, and with how many bits each.
func coding(format []byte) (kind, bits int) {
	kind, bits = int(binary.LittleEndian.Uint16(format)), int(binary.LittleEndian.Uint16(format[14:]))
	if kind == 0xFFFE && len(format) >= 26 { // extensible: the kind opens its GUID
		kind = int(binary.LittleEndian.Uint16(format[24:]))
	}
	return kind, bits
}

// WriteWAV gives a WAV file of the samples, one channel of 16 bits at rate.
func WriteWAV(pcm []int16, rate int) []byte { return WriteWAVs(pcm, rate, 1) }

// WriteWAVs is WriteWAV for several channels, whose samples stand in turn.
func WriteWAVs(pcm []int16, rate, channels int) []byte {
	return AppendPCM(append(make([]byte, 0, 44+2*len(pcm)), WAVHead(len(pcm)/channels, rate, channels)...), pcm)
}

// WAVHead is how a WAV file of so many samples of each channel begins; what
// AppendPCM makes of them follows. frames is at most what 4 GB hold.
func WAVHead(frames, rate, channels int) []byte {
	size := 2 * frames * channels
	b := make([]byte, 0, 44)
	b = append(b, "RIFF"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(36+size))
	b = append(b, "WAVEfmt "...)
	b = binary.LittleEndian.AppendUint32(b, 16)
	b = binary.LittleEndian.AppendUint16(b, 1)
	b = binary.LittleEndian.AppendUint16(b, uint16(channels))
	b = binary.LittleEndian.AppendUint32(b, uint32(rate))
	b = binary.LittleEndian.AppendUint32(b, uint32(2*channels*rate))
	b = binary.LittleEndian.AppendUint16(b, uint16(2*channels))
	b = binary.LittleEndian.AppendUint16(b, 16)
	b = append(b, "data"...)
	return binary.LittleEndian.AppendUint32(b, uint32(size))
}

// AppendPCM appends samples as WAV files have them.
func AppendPCM(b []byte, pcm []int16) []byte {
	for _, v := range pcm {
		b = binary.LittleEndian.AppendUint16(b, uint16(v))
	}
	return b
}

// Loudness is what a level check found.
type Loudness struct {
	Active  float64 // dBFS of the parts in which there is sound
	Peak    float64 // dBFS of the largest sample
	Clipped float64 // share of samples in runs of three and more at full scale
}

// Measure checks the level of a sound.
func Measure(pcm []int16) Loudness {
	l := Loudness{Active: Floor, Peak: Floor}
	var power float64
	frames, peak, run, clipped := 0, 0, 0, 0
	for at := 0; at < len(pcm); at += Samples {
		part := pcm[at:min(at+Samples, len(pcm))]
		if level := Level(part); level > -55 {
			sum := 0.0
			for _, v := range part {
				sum += float64(v) * float64(v)
			}
			power += sum / float64(len(part)) / (fullScale * fullScale)
			frames++
		}
		for _, v := range part {
			m := max(int(v), -int(v))
			peak = max(peak, m)
			if m < 32700 {
				run = 0
				continue
			}
			switch run++; {
			case run == 3:
				clipped += 3
			case run > 3:
				clipped++
			}
		}
	}
	if frames > 0 {
		l.Active = decibel(power / float64(frames))
	}
	if peak > 0 {
		l.Peak = decibel(float64(peak) * float64(peak) / (fullScale * fullScale))
		l.Clipped = float64(clipped) / float64(len(pcm))
	}
	return l
}

// TooQuiet says that callers would strain to hear it: below -36 dBFS while
// active, where speech on telephone lines is about -26 (ITU-T P.56).
func (l Loudness) TooQuiet() bool { return l.Active < -36 }

// IsClipped says that it sounds torn: more than one sample in a thousand is cut
// off at full scale.
func (l Loudness) IsClipped() bool { return l.Clipped > 0.001 }
