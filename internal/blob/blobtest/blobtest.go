package blobtest

import (
	"bytes"
	"context"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/blob"
)

// Keeper is what the suite tests.
type Keeper interface {
	Put(ctx context.Context, key string, sealed secret.Sealed) error
	Get(ctx context.Context, key string) (secret.Sealed, error)
	Create(ctx context.Context, key string, sealed secret.Sealed) error
	Delete(ctx context.Context, key string) error
	List(ctx context.Context, prefix string) iter.Seq2[blob.Object, error]
}

// Run tests a keeper; open gives an empty one each time.
func Run(t *testing.T, open func(t *testing.T) Keeper) {
	for name, test := range map[string]func(*testing.T, Keeper){
		"what was put is got, and replaced as a whole":                replaces,
		"what is not there is not found, and deleting it is no error": deletes,
		"a list has what begins with the prefix, in order":            lists,
		"keys that are not ids are refused":                           refusesNames,
		"nothing and too much are refused":                            refusesSizes,
		"a cancelled write leaves what was there":                     cancels,
		"what is created stays, and of many who create it one does":   creates,
		"a list has more than one page":                               listsPages,
		"the largest file is kept":                                    keepsLargest,
		"readers see one whole version while writers replace it":      isWhole,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

var (
	ids  = id.NewSource(time.Now, nil)
	a, b = id.Tenant(ids.New(id.TenantKind)), id.Tenant(ids.New(id.TenantKind))
)

func key(tenant id.Tenant) string { return blob.Key("attachments", tenant, ids.New(id.Attachment)) }

func replaces(t *testing.T, s Keeper) {
	k := key(a)
	for _, size := range []int{1, 100, 1 << 20, 7} {
		want := secret.Sealed(bytes.Repeat([]byte{byte(size), 0, 255}, size))
		must(t, s.Put(t.Context(), k, want))
		got, err := s.Get(t.Context(), k)
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("got %d bytes and %v, want %d bytes", len(got), err, len(want))
		}
	}
}

func deletes(t *testing.T, s Keeper) {
	k := key(a)
	if _, err := s.Get(t.Context(), k); !errs.Is(err, errs.NotFound) {
		t.Errorf("got %v, want not_found", err)
	}
	must(t, s.Delete(t.Context(), k))
	must(t, s.Put(t.Context(), k, secret.Sealed("x")))
	must(t, s.Delete(t.Context(), k))
	if _, err := s.Get(t.Context(), k); !errs.Is(err, errs.NotFound) {
		t.Errorf("after Delete: got %v, want not_found", err)
	}
}

func lists(t *testing.T, s Keeper) {
	var want []string
	for range 30 {
		k := key(a)
		want = append(want, k)
		must(t, s.Put(t.Context(), k, secret.Sealed("sealed")))
		must(t, s.Put(t.Context(), key(b), secret.Sealed("other tenant")))
	}
	slices.Sort(want)
	var got []string
	for o, err := range s.List(t.Context(), "attachments/"+string(a)+"/") {
		must(t, err)
		if o.Size != int64(len("sealed")) || o.At.IsZero() {
			t.Errorf("%s: size %d at %v", o.Key, o.Size, o.At)
		}
		got = append(got, o.Key)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
	for _, err := range s.List(t.Context(), "attachments/"+string(a)+"x/") {
		t.Errorf("an empty prefix has an entry, %v", err)
	}
}

func refusesNames(t *testing.T, s Keeper) {
	good := ids.New(id.Attachment)
	for _, k := range []string{"", "/", good + "/", "/" + good, "a//" + good, "../" + good, "a/../../" + good, "attachments/ana silva",
		"attachments/ana@example.org/" + good, good + ".png", "a/b/c/d/e/" + good, strings.Repeat("a", 41) + "/" + good, "Ana/" + good,
		"ana_silva", "attachments/" + string(a) + "/photo_of_ana", "a\x00/" + good} {
		if err := s.Put(t.Context(), k, secret.Sealed("x")); !errs.Is(err, errs.Internal) {
			t.Errorf("Put(%q): %v, want a refusal", k, err)
		}
		if _, err := s.Get(t.Context(), k); !errs.Is(err, errs.Internal) {
			t.Errorf("Get(%q): %v, want a refusal", k, err)
		}
		if err := s.Delete(t.Context(), k); !errs.Is(err, errs.Internal) {
			t.Errorf("Delete(%q): %v, want a refusal", k, err)
		}
	}
}

func refusesSizes(t *testing.T, s Keeper) {
	if err := s.Put(t.Context(), key(a), nil); !errs.Is(err, errs.Internal) {
		t.Errorf("nothing: %v", err)
	}
	if err := s.Put(t.Context(), key(a), make(secret.Sealed, blob.MaxSize+1)); !errs.Is(err, errs.TooLarge) {
		t.Errorf("too much: %v", err)
	}
}

func cancels(t *testing.T, s Keeper) {
	k := key(a)
	must(t, s.Put(t.Context(), k, secret.Sealed("first")))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Put(ctx, k, secret.Sealed("second")); !errs.Is(err, errs.Unavailable) {
		t.Errorf("got %v, want unavailable", err)
	}
	if got, err := s.Get(t.Context(), k); err != nil || string(got) != "first" {
		t.Errorf("got %q, %v", got, err)
	}
}

func creates(t *testing.T, s Keeper) {
	k := key(a)
	var all sync.WaitGroup
	var mu sync.Mutex
	var won []byte
	for n := range 6 {
		all.Go(func() {
			err := s.Create(t.Context(), k, bytes.Repeat([]byte{byte(n + 1)}, 4096))
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				won = append(won, byte(n+1))
			case !errs.Is(err, errs.Conflict):
				t.Errorf("%v, want a conflict", err)
			}
		})
	}
	all.Wait()
	if len(won) != 1 {
		t.Fatalf("%d have created it", len(won))
	}
	if got, err := s.Get(t.Context(), k); err != nil || !bytes.Equal(got, bytes.Repeat(won, 4096)) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	must(t, s.Put(t.Context(), k, secret.Sealed("put")))
	if err := s.Create(t.Context(), k, secret.Sealed("again")); !errs.Is(err, errs.Conflict) {
		t.Errorf("%v, want a conflict", err)
	}
	if got, err := s.Get(t.Context(), k); err != nil || string(got) != "put" {
		t.Errorf("%q, %v", got, err)
	}
	must(t, s.Delete(t.Context(), k))
	must(t, s.Create(t.Context(), k, secret.Sealed("anew")))
	n := 0
	for range s.List(t.Context(), "attachments/"+string(a)+"/") {
		n++
	}
	if n != 1 {
		t.Errorf("%d files are there", n)
	}
}

// pageful is more than clouds list at a time.
const pageful = 1050

func listsPages(t *testing.T, s Keeper) {
	var want []string
	for range pageful {
		want = append(want, key(a))
	}
	slices.Sort(want)
	var all sync.WaitGroup
	for part := range slices.Chunk(want, pageful/16+1) {
		all.Go(func() {
			for _, k := range part {
				if err := s.Put(t.Context(), k, secret.Sealed("x")); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	var got []string
	for o, err := range s.List(t.Context(), "attachments/") {
		must(t, err)
		got = append(got, o.Key)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d files are listed, want %d in their order", len(got), len(want))
	}
	for o, err := range s.List(t.Context(), "attachments/") { // and no more is asked for
		must(t, err)
		if o.Key != want[0] {
			t.Errorf("the first is %s, want %s", o.Key, want[0])
		}
		break
	}
}

func keepsLargest(t *testing.T, s Keeper) {
	k := key(a)
	want := bytes.Repeat([]byte{1, 2, 3, 5, 8, 13, 21, 0}, blob.MaxSize/8)
	must(t, s.Put(t.Context(), k, want))
	if got, err := s.Get(t.Context(), k); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func isWhole(t *testing.T, s Keeper) {
	k := key(a)
	must(t, s.Put(t.Context(), k, bytes.Repeat([]byte{1}, 4096)))
	var writers, readers sync.WaitGroup
	for n := range 4 {
		writers.Go(func() {
			for range 10 {
				if err := s.Put(t.Context(), k, bytes.Repeat([]byte{byte(n + 1)}, 4096)); err != nil {
					t.Error(err)
				}
			}
		})
		readers.Go(func() {
			for range 40 {
				got, err := s.Get(t.Context(), k)
				if err != nil || len(got) != 4096 || bytes.Count(got, got[:1]) != 4096 {
					t.Errorf("a torn file of %d bytes, %v", len(got), err)
				}
			}
		})
	}
	writers.Wait()
	readers.Wait()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
