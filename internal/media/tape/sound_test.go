package tape

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"nubitalk/internal/core/recording"
	"nubitalk/internal/media/g711"
)

// drawPieces makes pieces that follow each other, with holes, tracks of either
// law, and tracks without data or with less than the piece is long.
func drawPieces(t *rapid.T) (pieces []recording.Piece, length time.Duration) {
	for range rapid.IntRange(0, 6).Draw(t, "pieces") {
		length += time.Duration(rapid.IntRange(0, 300).Draw(t, "hole")) * time.Millisecond
		p := recording.Piece{At: length, Length: time.Duration(rapid.IntRange(1, 400).Draw(t, "length")) * time.Millisecond}
		for range rapid.IntRange(0, 3).Draw(t, "tracks") {
			n := rapid.SampledFrom([]int{0, int(whole(p.Length)), int(whole(p.Length)) / 2, int(whole(p.Length)) + 5}).Draw(t, "octets")
			data := make([]byte, n)
			for i := range data {
				data[i] = byte(i*7 + n)
			}
			p.Tracks = append(p.Tracks, recording.Track{Codec: rapid.SampledFrom([]byte{recording.PCMU, recording.PCMA, recording.WebM}).Draw(t, "codec"), Data: data})
		}
		pieces = append(pieces, p)
		length += p.Length
	}
	return pieces, length
}

// sampleAt looks for one sample in the plainest way.
func sampleAt(pieces []recording.Piece, track int, n int64) int16 {
	for _, p := range pieces {
		if i := n - whole(p.At); i >= 0 && i < whole(p.Length) && track < len(p.Tracks) && i < int64(len(p.Tracks[track].Data)) {
			switch p.Tracks[track].Codec {
			case recording.PCMA:
				return g711.A.Decode(p.Tracks[track].Data[i])
			case recording.PCMU:
				return g711.Mu.Decode(p.Tracks[track].Data[i])
			}
		}
	}
	return 0
}

func TestAnyTimeSoundsAsItsPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pieces, length := drawPieces(t)
		from := time.Duration(rapid.IntRange(0, 2000).Draw(t, "from")) * time.Millisecond
		until := from + time.Duration(rapid.IntRange(-5, 900).Draw(t, "for"))*time.Millisecond
		tracks := rapid.IntRange(1, 3).Draw(t, "of")
		got := Samples(pieces, from, until, tracks)
		if want := max(0, int(whole(until)-whole(from))) * tracks; len(got) != want {
			t.Fatalf("%d samples, not %d", len(got), want)
		}
		for i, v := range got {
			if want := sampleAt(pieces, i%tracks, whole(from)+int64(i/tracks)); v != want {
				t.Fatalf("sample %d is %d, not %d", i, v, want)
			}
		}
		_ = length
	})
}

func TestAWaveformIsTheLargestSampleOfEachPart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pieces, length := drawPieces(t)
		length += time.Duration(rapid.IntRange(-200, 200).Draw(t, "more")) * time.Millisecond
		w := NewWaveform(length, 2)
		backwards := slices.Clone(pieces)
		slices.Reverse(backwards)
		for _, p := range backwards {
			w.Add(p)
		}
		for track, peaks := range w.Peaks() {
			want := make([]byte, len(peaks))
			samples := max(whole(length), 1)
			for n := range samples {
				v := int(sampleAt(pieces, track, n))
				part := n * int64(len(want)) / samples
				want[part] = max(want[part], byte(min(255, max(v, -v)*256/(1<<15))))
			}
			if !slices.Equal(peaks, want) {
				t.Fatalf("track %d: %v, not %v", track, peaks, want)
			}
		}
	})
}

func TestAWaveformHasABound(t *testing.T) {
	if n := len(NewWaveform(3*time.Hour, 2).Peaks()[1]); n != mostParts {
		t.Errorf("%d parts", n)
	}
	if n := len(NewWaveform(0, 1).Peaks()[0]); n != 1 {
		t.Errorf("%d parts of nothing", n)
	}
}
