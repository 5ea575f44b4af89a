package g711

import (
	"math"
	"testing"
)

// The formulas of the recommendation, in its own units and with its decision
// values, written apart from the tables.

// muValue is note 3 of G.711 table 2: y = 2^S * (2*V + 33) - 33, in 14 bits.
func muValue(code byte) int {
	code = ^code
	s, v := int(code>>4&7), int(code&15)
	y := int(math.Pow(2, float64(s)))*(2*v+33) - 33
	if code&0x80 != 0 {
		return -y
	}
	return y
}

// aValue is G.711 table 1, in 13 bits: segments of 16 intervals whose middle is
// the value; the first two have intervals of 2.
func aValue(code byte) int {
	code ^= 0x55
	s, v := int(code>>4&7), int(code&15)
	y := 2*v + 1
	if s > 0 {
		y = int(math.Pow(2, float64(s-1))) * (2*v + 33)
	}
	if code&0x80 == 0 {
		return -y
	}
	return y
}

func TestDecodeIsTheFormulaForAllCodes(t *testing.T) {
	for i := range 256 {
		if got, want := int(Mu.Decode(byte(i))), muValue(byte(i))*4; got != want {
			t.Errorf("µ %#x: %d, the formula says %d", i, got, want)
		}
		if got, want := int(A.Decode(byte(i))), aValue(byte(i))*8; got != want {
			t.Errorf("A %#x: %d, the formula says %d", i, got, want)
		}
	}
}

// interval gives the number of decision values at or below a magnitude.
func interval(magnitude float64, decisions []float64) int {
	n := 0
	for n < len(decisions) && decisions[n] <= magnitude {
		n++
	}
	return n
}

// TestEncodeObeysTheDecisionValues goes through all 65,536 samples.
func TestEncodeObeysTheDecisionValues(t *testing.T) {
	// Tables 1 and 2, column 4: x1 … x127 in 16-bit units.
	var mu, a []float64
	for n := 1; n < 128; n++ {
		segment, step := n/16, n%16
		low := 33*math.Pow(2, float64(segment)) - 33 // the value that opens the segment
		mu = append(mu, 4*(low+(2*float64(step)-1)*math.Pow(2, float64(segment))))
		if segment == 0 {
			a = append(a, 8*2*float64(step))
		} else {
			a = append(a, 8*(32+2*float64(step))*math.Pow(2, float64(segment-1)))
		}
	}
	for v := -32768; v <= 32767; v++ {
		// µ looks at 14 bits, A at 13, towards minus infinity as a converter does.
		m := float64(v &^ 3)
		code := byte(interval(math.Abs(m), mu))
		want := ^code
		if m < 0 {
			want &= 0x7F
		}
		if got := Mu.Encode(int16(v)); got != want {
			t.Fatalf("µ %d: %#x, the table says %#x", v, got, want)
		}
		s := float64(v&^7) + 4 // the middle of the 13-bit step
		code = byte(interval(math.Abs(s), a))
		want = (code | 0x80) ^ 0x55
		if s < 0 {
			want ^= 0x80
		}
		if got := A.Encode(int16(v)); got != want {
			t.Fatalf("A %d: %#x, the table says %#x", v, got, want)
		}
	}
}

func TestEachCodeComesBack(t *testing.T) {
	for i := range 256 {
		c := byte(i)
		if got := A.Encode(A.Decode(c)); got != c {
			t.Errorf("A %#x came back as %#x", c, got)
		}
		if got := Mu.Encode(Mu.Decode(c)); got != c && c != 0x7F { // 0x7F is minus zero
			t.Errorf("µ %#x came back as %#x", c, got)
		}
		if got, want := Transcoder(Mu, A)[c], A.Encode(Mu.Decode(c)); got != want {
			t.Errorf("µ %#x became %#x in A, not %#x", c, got, want)
		}
		if got, want := Transcoder(A, Mu)[c], Mu.Encode(A.Decode(c)); got != want {
			t.Errorf("A %#x became %#x in µ, not %#x", c, got, want)
		}
		if Transcoder(A, A)[c] != c {
			t.Errorf("A %#x did not stay", c)
		}
	}
	for _, l := range []Law{Mu, A} {
		if v := l.Decode(l.Silence()); v < 0 || v > 8 {
			t.Errorf("silence of %v is %d", l, v)
		}
	}
}

func TestSlicesOfDifferentLength(t *testing.T) {
	pcm := make([]int16, 3)
	if n := A.DecodeTo(pcm, []byte{1, 2, 3, 4}); n != 3 || pcm[2] != A.Decode(3) {
		t.Errorf("%d samples: %v", n, pcm)
	}
	if n := Mu.EncodeTo(make([]byte, 5), pcm); n != 3 {
		t.Errorf("%d octets", n)
	}
}
