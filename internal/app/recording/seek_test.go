package recording_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"nubitalk/internal/app/recording"
	"nubitalk/internal/blob"
	"nubitalk/internal/blob/blobtest"
	"nubitalk/internal/store"
	"nubitalk/internal/store/storetest"
)

// BenchmarkSeek goes to places in a recording of two hours, kept in each kind of
// place, and hears ten seconds from there; open is what the first sight of it takes, draw its waveform.
func BenchmarkSeek(b *testing.B) {
	s3, s3conf := blobtest.S3(b, false)
	azure, azureConf := blobtest.Azure(b)
	_, _ = s3, azure // they run until the end
	for name, open := range map[string]func() (*blob.Store, error){
		"folder": func() (*blob.Store, error) { return blob.OpenDir(b.TempDir()) },
		"s3":     func() (*blob.Store, error) { return blob.OpenS3(s3conf) },
		"azure":  func() (*blob.Store, error) { return blob.OpenAzure(azureConf) },
	} {
		b.Run(name, func(b *testing.B) {
			blobs, err := open()
			must(b, err)
			seeks(b, blobs)
		})
	}
}

func seeks(b *testing.B, blobs *blob.Store) {
	f := setup(b, storetest.Open(b, store.SQLite))
	must(b, f.Stop(b.Context()))
	f.Blobs = blobs
	f = f.another()
	src := &player{}
	r := f.begin(src)
	for range 720 {
		src.say("abcdefghij")
		until(b, "it is not taken", src.waits)
	}
	must(b, r.End(b.Context(), boss, "ended"))
	until(b, "not all is uploaded", func() bool { return len(f.spooled()) == 0 })
	l := f.listeners(&rules{})
	var o recording.Listening
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			var err error
			o, err = l.Listen(b.Context(), sue, r.ID(), "quality")
			must(b, err)
		}
	})
	b.Run("seek", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			from := time.Duration(rand.IntN(7_190)) * time.Second
			s, err := l.Sound(b.Context(), sue, r.ID(), o.Ticket, from, from+10*time.Second)
			if err != nil || len(s.Missing) > 0 {
				b.Fatal(err, s.Missing)
			}
		}
	})
	b.Run("verify", func(b *testing.B) {
		for b.Loop() {
			faults, err := l.Verify(b.Context(), sue, r.ID(), o.Ticket)
			if err != nil || len(faults) > 0 {
				b.Fatal(err, faults)
			}
		}
	})
}
