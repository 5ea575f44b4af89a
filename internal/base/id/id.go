package id

import (
	"crypto/rand"
	"encoding/binary"
	"io"
	"strings"
	"sync"
	"time"
)

// Kinds of identifiers, by prefix.
const (
	Operator    = "opr"
	Reseller    = "res"
	TenantKind  = "ten"
	User        = "usr"
	Session     = "ses"
	APIKey      = "key"
	Factor      = "fac"
	Contact     = "con"
	Interaction = "int"
	Segment     = "seg"
	Message     = "msg"
	Offer       = "off"
	Queue       = "que"
	Skill       = "ski"
	Team        = "tea"
	Site        = "sit"
	EntryPoint  = "ent"
	Flow        = "flo"
	Disposition = "dis"
	Reason      = "rea"
	Hours       = "hou"
	Canned      = "can"
	ConsentText = "cst"
	Consent     = "cns"
	Attachment  = "att"
	Audit       = "aud"
	Job         = "job"
	Node        = "nod"
	Label       = "lab"
	Survey      = "sur"
	AlertRule   = "alr"
	Alert       = "alt"
	Trunk       = "trk"
	Phone       = "phn"
	Leg         = "leg"
	Connection  = "cnx"
	Webhook     = "whk"
	Delivery    = "dlv" // of an event, to a webhook
	Recording   = "rec"
	RecordFile  = "rcf"
	Prompt      = "pro"
	Sound       = "snd"
	RingGroup   = "rng"
	Mailbox     = "mbx"
	Reject      = "rej"

	RecordingRule  = "rru"
	RecordingHold  = "hld"
	RecordingShare = "shr"
	QualityForm    = "qfo"
	QualitySample  = "qsa"
	Evaluation     = "eva"
	Calibration    = "cal"
	SupportGrant   = "sup"
	Export         = "exp" // of all that an organisation has
	SignUpLink     = "lnk"
	Role           = "rol"
	Field          = "fld"
	Campaign       = "cmp"
	ContactList    = "lst"
	ListContact    = "lco" // a contact of a list
	Group          = "grp" // of users, as a directory sends it
)

// Tenant is the organisation that owns a row, a key, an event or a file. For
// users of an operator or a reseller it is that organisation's own id.
type Tenant string

func (t Tenant) String() string { return string(t) }

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

// Source makes new ids. It is safe for use by several goroutines and, within
// one Source, later ids sort after earlier ones.
type Source struct {
	mu     sync.Mutex
	random io.Reader
	now    func() time.Time
	last   uint64
	low    [10]byte
}

// NewSource makes a Source. With nil random it reads the operating system's.
func NewSource(now func() time.Time, random io.Reader) *Source {
	if random == nil {
		random = rand.Reader
	}
	return &Source{random: random, now: now}
}

// New makes an id of a kind, e.g. New(id.Message) -> "msg_01jd…".
func (s *Source) New(kind string) string {
	var b [16]byte
	s.mu.Lock()
	ms := uint64(s.now().UnixMilli())
	if ms > s.last {
		s.last = ms
		if _, err := io.ReadFull(s.random, s.low[:]); err != nil {
			s.mu.Unlock()
			panic("id: no randomness: " + err.Error()) // the process cannot go on safely
		}
	} else { // same millisecond, or the clock went back: count up from the last
		for i := len(s.low) - 1; i >= 0; i-- {
			s.low[i]++
			if s.low[i] != 0 {
				break
			}
		}
	}
	binary.BigEndian.PutUint64(b[:8], s.last<<16)
	copy(b[6:], s.low[:])
	s.mu.Unlock()
	return kind + "_" + encode(b)
}

func encode(b [16]byte) string {
	hi, lo := binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])
	var out [26]byte
	for i := 25; i >= 0; i-- {
		out[i] = alphabet[lo&31]
		lo = lo>>5 | hi<<59
		hi >>= 5
	}
	return string(out[:])
}

// Valid says whether s is a well-formed id of the kind.
func Valid(kind, s string) bool {
	rest, ok := strings.CutPrefix(s, kind+"_")
	if !ok || len(rest) != 26 || rest[0] > '7' {
		return false
	}
	for i := range len(rest) {
		if strings.IndexByte(alphabet, rest[i]) < 0 {
			return false
		}
	}
	return true
}

// Kind is the prefix of an id, or "".
func Kind(s string) string {
	k, _, ok := strings.Cut(s, "_")
	if !ok {
		return ""
	}
	return k
}
