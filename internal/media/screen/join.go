package screen

import (
	"encoding/binary"
	"io"
	"math"
	"time"
)

// Joined writes films one after another as one WebM file, each in its place. Make
// it with Join.
type Joined struct{ w io.Writer }

// Join begins a film of a size in points.
func Join(w io.Writer, width, height int) (*Joined, error) {
	head := field(nil, idEBML, join(
		uintField(0x4286, 1), uintField(0x42F7, 1), uintField(0x42F2, 4), uintField(0x42F3, 8), field(nil, idDocType, []byte("webm")), uintField(idDocTypeV, 2), uintField(idDocTypeR, 2)))
	head = append(ident(head, idSegment), 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff) // as long as it comes
	head = field(head, idInfo, join(uintField(idScale, 1_000_000), field(nil, 0x4D80, []byte("nubitalk")), field(nil, 0x5741, []byte("nubitalk"))))
	head = field(head, idTracks, field(nil, idTrack, join(uintField(idNumber, 1), uintField(idUID, 1), uintField(0x9C, 0), uintField(idType, 1), field(nil, idCodec, []byte("V_VP8")),
		field(nil, idVideo, join(uintField(idWidth, uint64(width)), uintField(idHeight, uint64(height)))))))
	_, err := w.Write(head)
	return &Joined{w}, err
}

// Append writes a film's pictures, of which the first is shown at a time.
func (j *Joined) Append(at time.Duration, f Film) error {
	for start := 0; start < len(f.Pictures); {
		base, end := f.Pictures[start].At, start
		var blocks []byte
		for end < len(f.Pictures) && f.Pictures[end].At-base < math.MaxInt16*time.Millisecond {
			p := f.Pictures[end]
			block := binary.BigEndian.AppendUint16([]byte{0x81}, uint16((p.At - base).Milliseconds()))
			flags := byte(0)
			if p.Key {
				flags = 0x80
			}
			blocks = field(blocks, idSimple, append(append(block, flags), p.Data...))
			end++
		}
		if _, err := j.w.Write(field(nil, idCluster, join(uintField(idTime, uint64((at+base).Milliseconds())), blocks))); err != nil {
			return err
		}
		start = end
	}
	return nil
}

func join(parts ...[]byte) (all []byte) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

// ident writes an element's id, which tells its own length.
func ident(b []byte, id uint32) []byte {
	var four [4]byte
	binary.BigEndian.PutUint32(four[:], id)
	n := 0
	for n < 3 && four[n] == 0 {
		n++
	}
	return append(b, four[n:]...)
}

// field writes an element whose size takes eight octets.
func field(b []byte, id uint32, data []byte) []byte {
	b = ident(b, id)
	b = binary.BigEndian.AppendUint64(b, 1<<56|uint64(len(data)))
	return append(b, data...)
}

func uintField(id uint32, n uint64) []byte {
	return field(nil, id, binary.BigEndian.AppendUint64(nil, n))
}
