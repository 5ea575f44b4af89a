package opus

import (
	"encoding/binary"
	"fmt"
	"io"

	codec "github.com/tphakala/go-opus/opus"

	"nubitalk/internal/media/audio"
)

const (
	// Bits is how many a second of speech takes, about; silence takes few.
	Bits = 24_000
	// decoded is the rate in which Ogg counts samples (RFC 7845 section 4).
	decoded   = 48_000
	frame     = audio.Samples
	frameAt48 = frame * decoded / audio.Rate
	mostFrame = 1275 // octets (RFC 6716 section 3.4)
)

// Maker names what made a file: another version may make other octets of the same
// samples.
const Maker = "nubitalk, go-opus " + codec.Version

// File is a file that is being written. Make it with New.
type File struct {
	ogg     pages
	encoder *codec.Encoder
	left    []int16 // of a frame that is not full
	samples int64   // so far
	coded   int64   // of these and of what follows them, in frames
	ahead   int64   // what the encoder lags behind, in samples of the file's rate
}

// New begins a file.
func New(w io.Writer) (*File, error) {
	e, err := codec.NewEncoder(codec.EncoderConfig{SampleRate: audio.Rate, Channels: 1, Bitrate: Bits})
	if err != nil {
		return nil, fmt.Errorf("making an encoder: %w", err)
	}
	f := &File{ogg: pages{w: w}, encoder: e, ahead: int64(e.PreSkip())}
	// Identification and comment headers, each alone on a page (RFC 7845 section 5).
	head := append([]byte("OpusHead"), 1, 1)
	head = binary.LittleEndian.AppendUint16(head, uint16(f.ahead))
	head = binary.LittleEndian.AppendUint32(head, audio.Rate)
	head = append(head, 0, 0, 0)
	tags := binary.LittleEndian.AppendUint32([]byte("OpusTags"), uint32(len(Maker)))
	tags = binary.LittleEndian.AppendUint32(append(tags, Maker...), 0)
	for i, packet := range [][]byte{head, tags} {
		f.ogg.add(packet)
		if err := f.ogg.flush(0, i == 0, false); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// Write adds samples.
func (f *File) Write(pcm []int16) error {
	f.samples += int64(len(pcm))
	f.left = append(f.left, pcm...)
	for len(f.left) >= frame {
		if err := f.encode(f.left[:frame]); err != nil {
			return err
		}
		f.left = f.left[frame:]
	}
	f.left = append([]int16(nil), f.left...) // lets go what was taken
	return nil
}

// encode adds a frame. The page before is written first, because only who knows that
// one follows knows that it is not the last.
func (f *File) encode(pcm []int16) error {
	if f.ogg.full() {
		if err := f.ogg.flush(f.coded*frameAt48, false, false); err != nil {
			return err
		}
	}
	var packet [mostFrame]byte
	n, err := f.encoder.Encode(pcm, packet[:])
	if err != nil {
		return fmt.Errorf("encoding a frame: %w", err)
	}
	f.ogg.add(packet[:n])
	f.coded++
	return nil
}

// Close ends the file: what the encoder still has is in it, and its last page says
// how long it is, to the sample.
func (f *File) Close() error {
	last := f.ahead + f.samples*decoded/audio.Rate
	for f.coded*frameAt48 < last || f.coded == 0 {
		full := make([]int16, frame)
		copy(full, f.left)
		f.left = nil
		if err := f.encode(full); err != nil {
			return err
		}
	}
	return f.ogg.flush(last, false, true)
}
