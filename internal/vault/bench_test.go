package vault_test

import (
	"fmt"
	"testing"
)

func BenchmarkSealContact(b *testing.B) {
	f := setup(b)
	ctx := b.Context()
	for _, size := range []int{100, 4000, 1 << 20} {
		plain := make([]byte, size)
		b.Run(fmt.Sprint(size, "B"), func(b *testing.B) {
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := f.SealContact(ctx, tenA, "con_1", "messages.body/int_01jd0000000000000000000000/12", plain); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkOpenContact(b *testing.B) {
	f := setup(b)
	ctx := b.Context()
	s := f.sealContact(b, tenA, "con_1", string(make([]byte, 100)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.OpenContact(ctx, tenA, "con_1", "here", s); err != nil {
			b.Fatal(err)
		}
	}
}

// A contact whose key is not in memory: read, unwrap, open.
func BenchmarkOpenContactCold(b *testing.B) {
	f := setup(b)
	ctx := b.Context()
	s := f.sealContact(b, tenA, "con_1", string(make([]byte, 100)))
	b.ReportAllocs()
	for b.Loop() {
		f.Forget(tenA, "con_1")
		if _, err := f.OpenContact(ctx, tenA, "con_1", "here", s); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSealContactParallel(b *testing.B) {
	f := setup(b)
	ctx := b.Context()
	plain := make([]byte, 100)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := f.SealContact(ctx, tenA, "con_1", "here", plain); err != nil {
				b.Error(err)
			}
		}
	})
}

func BenchmarkWordTokens(b *testing.B) {
	f := setup(b)
	ctx := b.Context()
	var words []string
	for i := range 20 {
		words = append(words, fmt.Sprint("palavra", i))
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.WordTokens(ctx, tenA, words); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAddressIndex(b *testing.B) {
	f := setup(b)
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.AddressIndex(ctx, tenA, "email", "ana.silva@example.org"); err != nil {
			b.Fatal(err)
		}
	}
}
