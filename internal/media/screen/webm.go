package screen

import (
	"encoding/binary"
	"errors"
	"math"
	"math/bits"
	"time"
)

// Film is what a browser recorded: a WebM file with one VP8 track of pictures,
// and nothing else. The first picture stands for itself, as does any other that
// is Key.
type Film struct {
	Width, Height int // the largest of any picture
	Pictures      []Picture
}

// Picture is one of a film; Data is VP8 (RFC 6386).
type Picture struct {
	At   time.Duration // since the film's beginning, whole milliseconds
	Key  bool
	Data []byte
}

// ErrNoFilm says that something is no WebM file as browsers record screens.
var ErrNoFilm = errors.New("screen: this is no WebM film with one VP8 track")

// Bounds of what is read.
const (
	mostPictures = 4096
	mostDepth    = 4
)

// Elements of WebM (RFC 9559).
const (
	idEBML     = 0x1A45DFA3
	idDocType  = 0x4282
	idSegment  = 0x18538067
	idInfo     = 0x1549A966
	idScale    = 0x2AD7B1
	idTracks   = 0x1654AE6B
	idTrack    = 0xAE
	idNumber   = 0xD7
	idType     = 0x83
	idCodec    = 0x86
	idVideo    = 0xE0
	idWidth    = 0xB0
	idHeight   = 0xBA
	idCluster  = 0x1F43B675
	idTime     = 0xE7
	idSimple   = 0xA3
	idGroup    = 0xA0
	idBlock    = 0xA1
	idUID      = 0x73C5
	idDocTypeV = 0x4287
	idDocTypeR = 0x4285
	unknown    = math.MaxInt64 // the size of what ends where its parent, or the next like it
)

type reader struct {
	film    Film
	doc     bool // a document type was told
	tracks  int
	number  uint64
	cluster uint64 // its time
}

// Read reads a film. It never answers a part of one.
func Read(b []byte) (Film, error) {
	r := &reader{}
	id, size, rest, ok := element(b)
	if !ok || id != idEBML || size > int64(len(rest)) || !r.all(rest[:size], 0) || !r.doc {
		return Film{}, ErrNoFilm
	}
	id, size, rest, ok = element(rest[size:])
	if !ok || id != idSegment || size != unknown && size != int64(len(rest)) || !r.all(rest, 0) {
		return Film{}, ErrNoFilm
	}
	if r.tracks != 1 || len(r.film.Pictures) == 0 || !r.film.Pictures[0].Key {
		return Film{}, ErrNoFilm
	}
	return r.film, nil
}

// all reads the elements of one. Of those whose size is unknown the children are
// read as if they were siblings, which is the same here.
func (r *reader) all(b []byte, depth int) bool {
	for len(b) > 0 {
		id, size, rest, ok := element(b)
		if !ok {
			return false
		}
		if size == unknown {
			if id != idCluster || depth != 0 {
				return false
			}
			b = rest
			continue
		}
		if size > int64(len(rest)) || !r.one(id, rest[:size], depth) {
			return false
		}
		b = rest[size:]
	}
	return true
}

func (r *reader) one(id uint32, data []byte, depth int) bool {
	switch id {
	case idDocType:
		r.doc = string(data) == "webm"
		return r.doc
	case idInfo, idTracks, idVideo, idCluster, idGroup:
		return depth < mostDepth && r.all(data, depth+1)
	case idTrack:
		r.tracks++
		return r.tracks == 1 && depth < mostDepth && r.all(data, depth+1)
	case idScale:
		return number(data) == 1_000_000 // milliseconds, as all browsers write
	case idNumber:
		r.number = number(data)
	case idType:
		return number(data) == 1 // pictures
	case idCodec:
		return string(data) == "V_VP8"
	case idTime:
		r.cluster = number(data)
		return r.cluster < math.MaxInt32
	case idSimple, idBlock:
		return r.block(data)
	}
	return true
}

func number(data []byte) (n uint64) {
	if len(data) > 8 {
		return math.MaxUint64
	}
	for _, b := range data {
		n = n<<8 | uint64(b)
	}
	return n
}

// block reads a picture: the track's number, its time since the cluster's, flags,
// and the picture itself.
func (r *reader) block(data []byte) bool {
	track, n := vint(data, true)
	if n == 0 || len(data) < n+3 || r.tracks != 1 || uint64(track) != r.number {
		return false
	}
	at := int64(r.cluster) + int64(int16(binary.BigEndian.Uint16(data[n:])))
	const lacing = 0x06
	if at < 0 || data[n+2]&lacing != 0 || len(r.film.Pictures) == mostPictures {
		return false
	}
	p := Picture{At: time.Duration(at) * time.Millisecond, Data: data[n+3:]}
	if k := len(r.film.Pictures); k > 0 && p.At < r.film.Pictures[k-1].At {
		return false
	}
	w, h, key, ok := vp8(p.Data)
	if !ok {
		return false
	}
	p.Key = key
	r.film.Width, r.film.Height = max(r.film.Width, w), max(r.film.Height, h)
	r.film.Pictures = append(r.film.Pictures, p)
	return true
}

// vp8 reads the head of a picture (RFC 6386, section 9.1): whether it stands for
// itself, and then its size in points.
func vp8(b []byte) (width, height int, key, ok bool) {
	if len(b) < 3 {
		return 0, 0, false, false
	}
	if b[0]&1 != 0 {
		return 0, 0, false, true
	}
	if len(b) < 10 || b[3] != 0x9d || b[4] != 0x01 || b[5] != 0x2a {
		return 0, 0, false, false
	}
	width, height = int(binary.LittleEndian.Uint16(b[6:])&0x3fff), int(binary.LittleEndian.Uint16(b[8:])&0x3fff)
	return width, height, true, width > 0 && height > 0
}

// element reads the head of one: its id, its size, and what follows.
func element(b []byte) (id uint32, size int64, rest []byte, ok bool) {
	v, n := vint(b, false)
	if n == 0 || n > 4 {
		return 0, 0, nil, false
	}
	size, m := vint(b[n:], true)
	if m == 0 {
		return 0, 0, nil, false
	}
	if size == 1<<(7*m)-1 {
		size = unknown
	}
	return uint32(v), size, b[n+m:], true
}

// vint reads a number of one to eight octets; without its marker where it is a
// value. n is 0 where there is none.
func vint(b []byte, value bool) (v int64, n int) {
	if len(b) == 0 || b[0] == 0 {
		return 0, 0
	}
	n = bits.LeadingZeros8(b[0]) + 1
	if len(b) < n {
		return 0, 0
	}
	v = int64(b[0])
	if value {
		v &= 0xff >> n
	}
	for _, o := range b[1:n] {
		v = v<<8 | int64(o)
	}
	return v, n
}
