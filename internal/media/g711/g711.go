package g711

// Law is one of the two companding laws.
type Law uint8

const (
	Mu Law = iota // PCMU, as in North America and Japan
	A             // PCMA, as in Europe and most of the world
)

// Name is the law's encoding name in SDP (RFC 3551).
func (l Law) Name() string {
	if l == A {
		return "PCMA"
	}
	return "PCMU"
}

func (l Law) String() string { return l.Name() }

// PayloadType is the law's static RTP payload type (RFC 3551, table 4).
func (l Law) PayloadType() uint8 {
	if l == A {
		return 8
	}
	return 0
}

// Silence is the octet of the smallest positive value.
func (l Law) Silence() byte {
	if l == A {
		return 0xD5
	}
	return 0xFF
}

// Tables, made once and never changed.
var (
	linear  = [2][256]int16{Mu: decodeAll(decodeMu), A: decodeAll(decodeA)}
	octets  = [2]*[1 << 14]byte{Mu: encodeAll(encodeMu), A: encodeAll(encodeA)}
	muToA   = transcodeAll(Mu, A)
	aToMu   = transcodeAll(A, Mu)
	sameLaw = identity()
)

// Decode gives the linear value of an octet.
func (l Law) Decode(b byte) int16 { return linear[l&1][b] }

// Encode gives the octet of a linear value. Values between two decision values
// of the recommendation give the same octet.
func (l Law) Encode(v int16) byte { return octets[l&1][uint16(v)>>2] }

// DecodeTo decodes src into dst and gives the number of samples, that of the
// shorter one.
func (l Law) DecodeTo(dst []int16, src []byte) int {
	table := &linear[l&1]
	n := min(len(dst), len(src))
	dst, src = dst[:n], src[:n]
	for i, b := range src {
		dst[i] = table[b]
	}
	return n
}

// EncodeTo encodes src into dst and gives the number of octets, that of the
// shorter one.
func (l Law) EncodeTo(dst []byte, src []int16) int {
	table := octets[l&1]
	n := min(len(dst), len(src))
	dst, src = dst[:n], src[:n]
	for i, v := range src {
		dst[i] = table[uint16(v)>>2]
	}
	return n
}

// Transcoder is the table that turns octets of one law into those of another:
// its octet i is what octet i becomes.
func Transcoder(from, to Law) *[256]byte {
	switch {
	case from == to:
		return &sameLaw
	case from == Mu:
		return &muToA
	default:
		return &aToMu
	}
}

func decodeAll(decode func(byte) int16) (t [256]int16) {
	for i := range t {
		t[i] = decode(byte(i))
	}
	return t
}

// encodeAll makes a table over the upper 14 bits of a sample, which hold all
// that either law looks at.
func encodeAll(encode func(int) byte) *[1 << 14]byte {
	t := new([1 << 14]byte)
	for i := range t {
		t[i] = encode(int(int16(uint16(i << 2))))
	}
	return t
}

func transcodeAll(from, to Law) (t [256]byte) {
	for i := range t {
		t[i] = octets[to][uint16(linear[from][i])>>2]
	}
	return t
}

func identity() (t [256]byte) {
	for i := range t {
		t[i] = byte(i)
	}
	return t
}

// decodeMu is G.711 table 2: the octet is sent inverted; 33 is the bias in 14
// bits, 132 in 16.
func decodeMu(b byte) int16 {
	b = ^b
	v := ((int(b&0x0F)<<3)+132)<<(b>>4&7) - 132
	if b&0x80 != 0 {
		return int16(-v)
	}
	return int16(v)
}

func encodeMu(v int) byte {
	sign := byte(0)
	if v < 0 {
		sign, v = 0x80, -v
	}
	v = min(v, 32635) + 132
	segment := byte(0)
	for s := v >> 8; s != 0; s >>= 1 {
		segment++
	}
	return ^(sign | segment<<4 | byte(v>>(segment+3))&0x0F)
}

// decodeA is G.711 table 1: even bits are inverted; the sign bit says positive.
func decodeA(b byte) int16 {
	b ^= 0x55
	v := int(b&0x0F)<<4 + 8
	if segment := b >> 4 & 7; segment > 0 {
		v = (v + 256) << (segment - 1)
	}
	if b&0x80 == 0 {
		return int16(-v)
	}
	return int16(v)
}

func encodeA(v int) byte {
	sign := byte(0x80)
	if v < 0 {
		sign, v = 0, -v-1
	}
	segment := byte(0)
	for s := v >> 8; s != 0; s >>= 1 {
		segment++
	}
	shift := max(segment, 1) + 3
	return (sign | segment<<4 | byte(v>>shift)&0x0F) ^ 0x55
}
