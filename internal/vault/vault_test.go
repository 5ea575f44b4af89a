package vault_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/vault"
	"nubitalk/internal/vault/vaulttest"
)

const (
	tenA = id.Tenant("ten_a")
	tenB = id.Tenant("ten_b")
)

func TestMemoryStore(t *testing.T) {
	vaulttest.RunStore(t, func(*testing.T) vault.KeyStore { return vaulttest.NewStore() })
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantCode(t testing.TB, err error, code errs.Code) {
	t.Helper()
	if !errs.Is(err, code) {
		t.Errorf("got %v, want %s", err, code)
	}
}

func fileRoot(t testing.TB) vault.RootKey {
	t.Helper()
	root, err := vault.FileRoot(filepath.Join(t.TempDir(), "root.key"))
	must(t, err)
	return root
}

// fixture is a vault over a store that the test can look into, with two tenants
// that have a contact of the same id each.
type fixture struct {
	*vault.Vault
	store *vaulttest.Store
	root  vault.RootKey
	clock *clock.Virtual
}

func setup(t testing.TB) fixture {
	t.Helper()
	f := fixture{store: vaulttest.NewStore(), root: fileRoot(t), clock: clock.NewVirtual(time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC))}
	f.Vault = f.another(t)
	for _, tenant := range []id.Tenant{tenA, tenB} {
		must(t, f.CreateTenant(t.Context(), tenant))
		must(t, f.CreateContact(t.Context(), tenant, "con_1"))
	}
	return f
}

// another is a second node over the same store.
func (f fixture) another(t testing.TB) *vault.Vault {
	t.Helper()
	v, err := vault.Open(vault.Config{Root: f.root, Store: f.store, Clock: f.clock})
	must(t, err)
	return v
}

func (f fixture) sealContact(t testing.TB, tenant id.Tenant, contact, plain string) secret.Sealed {
	t.Helper()
	s, err := f.SealContact(t.Context(), tenant, contact, "here", []byte(plain))
	must(t, err)
	return s
}

func wantOpens(t testing.TB, v *vault.Vault, tenant id.Tenant, contact string, s secret.Sealed, want string) {
	t.Helper()
	got, err := v.OpenContact(t.Context(), tenant, contact, "here", s)
	if err != nil || string(got.Reveal()) != want {
		t.Errorf("opened %q, %v; want %q", got.Reveal(), err, want)
	}
}

func TestWhatIsSealedOpensAndNothingElseDoes(t *testing.T) {
	f := setup(t)
	ctx := t.Context()
	rapid.Check(t, func(r *rapid.T) {
		plain := rapid.SliceOf(rapid.Byte()).Draw(r, "plain")
		s, err := f.SealContact(ctx, tenA, "con_1", "here", plain)
		if err != nil {
			r.Fatal(err)
		}
		got, err := f.OpenContact(ctx, tenA, "con_1", "here", s)
		if err != nil || string(got.Reveal()) != string(plain) {
			r.Fatalf("opened %q, %v", got.Reveal(), err)
		}
		bad := append(secret.Sealed(nil), s...)
		bad[rapid.IntRange(0, len(bad)-1).Draw(r, "at")] ^= byte(1 << rapid.IntRange(0, 7).Draw(r, "bit"))
		if _, err := f.OpenContact(ctx, tenA, "con_1", "here", bad); !errs.Is(err, errs.Internal) {
			r.Fatalf("a changed bit was not noticed: %v", err)
		}
		cut := s[:rapid.IntRange(1, len(s)-1).Draw(r, "cut")]
		if _, err := f.OpenContact(ctx, tenA, "con_1", "here", cut); !errs.Is(err, errs.Internal) {
			r.Fatalf("a cut value was not noticed: %v", err)
		}
	})
}

func TestValuesCannotBeMoved(t *testing.T) {
	f := setup(t)
	ctx := t.Context()
	must(t, f.CreateContact(ctx, tenA, "con_2"))
	s := f.sealContact(t, tenA, "con_1", "hello")
	own, err := f.SealTenant(ctx, tenA, "here", []byte("hello"))
	must(t, err)
	event, err := f.SealEvent(ctx, tenA, "here", []byte("hello"))
	must(t, err)
	for name, open := range map[string]func() (secret.Bytes, error){
		"to another row":          func() (secret.Bytes, error) { return f.OpenContact(ctx, tenA, "con_1", "there", s) },
		"to a longer place":       func() (secret.Bytes, error) { return f.OpenContact(ctx, tenA, "con_1", "here ", s) },
		"to another contact":      func() (secret.Bytes, error) { return f.OpenContact(ctx, tenA, "con_2", "here", s) },
		"to another tenant":       func() (secret.Bytes, error) { return f.OpenContact(ctx, tenB, "con_1", "here", s) },
		"contact to tenant":       func() (secret.Bytes, error) { return f.OpenTenant(ctx, tenA, "here", s) },
		"tenant to contact":       func() (secret.Bytes, error) { return f.OpenContact(ctx, tenA, "con_1", "here", own) },
		"tenant to tenant":        func() (secret.Bytes, error) { return f.OpenTenant(ctx, tenB, "here", own) },
		"tenant to other row":     func() (secret.Bytes, error) { return f.OpenTenant(ctx, tenA, "there", own) },
		"tenant's to event":       func() (secret.Bytes, error) { return f.OpenEvent(ctx, tenA, "here", own) },
		"event to tenant's":       func() (secret.Bytes, error) { return f.OpenTenant(ctx, tenA, "here", event) },
		"event to another tenant": func() (secret.Bytes, error) { return f.OpenEvent(ctx, tenB, "here", event) },
	} {
		if got, err := open(); !errs.Is(err, errs.Internal) || !got.Empty() {
			t.Errorf("%s: %v", name, err)
		}
	}
	wantOpens(t, f.Vault, tenA, "con_1", s, "hello")
}

func TestTheSameTextNeverLooksTheSame(t *testing.T) {
	f := setup(t)
	seen := map[string]bool{}
	for range 1000 {
		seen[string(f.sealContact(t, tenA, "con_1", "hello"))] = true
	}
	if len(seen) != 1000 {
		t.Errorf("%d different envelopes of 1000", len(seen))
	}
}

func TestAnEmptyColumnOpensAsEmptyAndASealedEmptyTextToo(t *testing.T) {
	f := setup(t)
	wantOpens(t, f.Vault, tenA, "con_1", nil, "")
	wantOpens(t, f.Vault, tenA, "con_1", f.sealContact(t, tenA, "con_1", ""), "")
	if _, err := f.OpenContact(t.Context(), tenA, "con_1", "there", f.sealContact(t, tenA, "con_1", "")); err == nil {
		t.Error("an empty text could be moved")
	}
}

func TestDestroyedIsGoneEverywhere(t *testing.T) {
	f := setup(t)
	ctx := t.Context()
	other := f.another(t)
	must(t, f.CreateContact(ctx, tenA, "con_2"))
	s, kept := f.sealContact(t, tenA, "con_1", "hello"), f.sealContact(t, tenA, "con_2", "stays")
	wantOpens(t, other, tenA, "con_1", s, "hello") // and now holds the key in memory

	must(t, f.DestroyContact(ctx, tenA, "con_1"))
	must(t, f.DestroyContact(ctx, tenA, "con_1"))
	_, err := f.OpenContact(ctx, tenA, "con_1", "here", s)
	wantCode(t, err, errs.Gone)
	_, err = f.SealContact(ctx, tenA, "con_1", "here", []byte("more"))
	wantCode(t, err, errs.Gone)
	_, err = f.another(t).OpenContact(ctx, tenA, "con_1", "here", s)
	wantCode(t, err, errs.Gone)
	wantOpens(t, f.Vault, tenA, "con_2", kept, "stays")
	wantOpens(t, f.Vault, tenB, "con_1", f.sealContact(t, tenB, "con_1", "other tenant"), "other tenant")

	wantOpens(t, other, tenA, "con_1", s, "hello") // not told yet
	other.Forget(tenA, "con_1")
	_, err = other.OpenContact(ctx, tenA, "con_1", "here", s)
	wantCode(t, err, errs.Gone)

	wantOpens(t, other, tenA, "con_2", kept, "stays")
	for _, whose := range []id.Tenant{tenB, tenA, ""} { // only the last two concern it
		other.Forget(whose, "")
		if n := vault.CachedContacts(other); (n == 0) != (whose != tenB) {
			t.Errorf("%d keys in memory after forgetting those of %q", n, whose)
		}
		if whose != tenB {
			wantOpens(t, other, tenA, "con_2", kept, "stays")
		}
	}
}

func TestANodeThatIsNotToldForgetsInTime(t *testing.T) {
	f := setup(t)
	other := f.another(t)
	s := f.sealContact(t, tenA, "con_1", "hello")
	wantOpens(t, other, tenA, "con_1", s, "hello")
	must(t, f.DestroyContact(t.Context(), tenA, "con_1"))
	f.clock.Advance(5*time.Minute + time.Second)
	_, err := other.OpenContact(t.Context(), tenA, "con_1", "here", s)
	wantCode(t, err, errs.Gone)

	s = f.sealContact(t, tenB, "con_1", "hello")
	wantOpens(t, other, tenB, "con_1", s, "hello")
	must(t, f.DestroyContact(t.Context(), tenB, "con_1"))
	f.clock.Advance(-time.Hour) // a clock that jumps back must not keep keys for an hour more
	_, err = other.OpenContact(t.Context(), tenB, "con_1", "here", s)
	wantCode(t, err, errs.Gone)
}

func TestDestroyedTenant(t *testing.T) {
	f := setup(t)
	ctx := t.Context()
	s := f.sealContact(t, tenA, "con_1", "hello")
	own, err := f.SealTenant(ctx, tenA, "here", []byte("hello"))
	must(t, err)
	must(t, f.DestroyTenant(ctx, tenA))
	_, err = f.OpenContact(ctx, tenA, "con_1", "here", s)
	wantCode(t, err, errs.Gone)
	_, err = f.OpenTenant(ctx, tenA, "here", own)
	wantCode(t, err, errs.Gone)
	_, err = f.AddressIndex(ctx, tenA, "email", "a@example.org")
	wantCode(t, err, errs.Gone)
	wantCode(t, f.CreateContact(ctx, tenA, "con_9"), errs.Gone)
	wantOpens(t, f.Vault, tenB, "con_1", f.sealContact(t, tenB, "con_1", "other tenant"), "other tenant")

	must(t, f.CreateTenant(ctx, tenA)) // new keys open nothing old
	_, err = f.OpenTenant(ctx, tenA, "here", own)
	wantCode(t, err, errs.Internal)
}

// A store whose Get can be held up: the moment between reading a key and
// keeping it in memory.
type slowStore struct {
	vault.KeyStore
	read, goOn chan struct{}
}

func (s slowStore) Get(ctx context.Context, t id.Tenant, purpose, owner string) (map[int64][]byte, error) {
	m, err := s.KeyStore.Get(ctx, t, purpose, owner)
	if purpose == vault.PurposeContact {
		s.read <- struct{}{}
		<-s.goOn
	}
	return m, err
}

func TestAKeyReadBeforeItsDestructionIsNotKept(t *testing.T) {
	f := setup(t)
	s := f.sealContact(t, tenA, "con_1", "hello")
	slow := slowStore{f.store, make(chan struct{}), make(chan struct{})}
	v, err := vault.Open(vault.Config{Root: f.root, Store: slow})
	must(t, err)
	var reader sync.WaitGroup
	reader.Go(func() {
		if _, err := v.OpenContact(context.Background(), tenA, "con_1", "here", s); err != nil {
			t.Error(err) // it read the key while it still existed
		}
	})
	<-slow.read
	must(t, v.DestroyContact(t.Context(), tenA, "con_1"))
	slow.goOn <- struct{}{}
	reader.Wait()

	reader.Go(func() {
		_, err := v.OpenContact(context.Background(), tenA, "con_1", "here", s)
		wantCode(t, err, errs.Gone)
	})
	<-slow.read
	slow.goOn <- struct{}{}
	reader.Wait()
}

// A store that counts how often it is asked for a single key.
type countingStore struct {
	vault.KeyStore
	single *int
}

func (s countingStore) Get(ctx context.Context, t id.Tenant, purpose, owner string) (map[int64][]byte, error) {
	if purpose == vault.PurposeContact {
		*s.single++
	}
	return s.KeyStore.Get(ctx, t, purpose, owner)
}

func TestPreparedKeysAreNotAskedForAgain(t *testing.T) {
	f, single := setup(t), 0
	v, err := vault.Open(vault.Config{Root: f.root, Store: countingStore{f.store, &single}})
	must(t, err)
	must(t, f.CreateContact(t.Context(), tenA, "con_2"))
	one, two := f.sealContact(t, tenA, "con_1", "hello"), f.sealContact(t, tenA, "con_2", "good bye")
	must(t, f.DestroyContact(t.Context(), tenA, "con_2"))
	must(t, v.Prepare(t.Context(), tenA, []string{"con_1", "con_2"}))
	wantOpens(t, v, tenA, "con_1", one, "hello")
	if single != 0 {
		t.Errorf("it was asked for %d keys one by one", single)
	}
	_, err = v.OpenContact(t.Context(), tenA, "con_2", "here", two)
	wantCode(t, err, errs.Gone)
}

func TestCreatingAgainKeepsTheKeys(t *testing.T) {
	f := setup(t)
	ctx := t.Context()
	s := f.sealContact(t, tenA, "con_1", "hello")
	index, err := f.AddressIndex(ctx, tenA, "email", "a@example.org")
	must(t, err)
	must(t, f.CreateTenant(ctx, tenA))
	must(t, f.CreateContact(ctx, tenA, "con_1"))
	must(t, f.CreateContacts(ctx, tenA, []string{"con_1", "con_2"}))
	wantOpens(t, f.Vault, tenA, "con_1", s, "hello")
	wantOpens(t, f.another(t), tenA, "con_1", s, "hello")
	wantOpens(t, f.another(t), tenA, "con_2", f.sealContact(t, tenA, "con_2", "new"), "new")
	again, err := f.AddressIndex(ctx, tenA, "email", "a@example.org")
	if err != nil || string(again) != string(index) {
		t.Errorf("the index changed: %v", err)
	}
}

func TestRefusals(t *testing.T) {
	f := setup(t)
	ctx := t.Context()
	_, err := f.SealTenant(ctx, tenA, "", []byte("x"))
	wantCode(t, err, errs.Internal)
	_, err = f.SealContact(ctx, tenA, "con_1", "here", make([]byte, 64<<20+1))
	wantCode(t, err, errs.TooLarge)
	_, err = f.SealContact(ctx, tenA, "con_never", "here", []byte("x"))
	wantCode(t, err, errs.Gone)
	_, err = f.SealTenant(ctx, "ten_never", "here", []byte("x"))
	wantCode(t, err, errs.Gone)
	_, err = f.AddressIndex(ctx, tenA, "email", "")
	wantCode(t, err, errs.Invalid)
	wantCode(t, f.CreateTenant(ctx, ""), errs.Invalid)
	wantCode(t, f.CreateContact(ctx, tenA, ""), errs.Invalid)
	wantCode(t, f.DestroyContact(ctx, tenA, ""), errs.Invalid)
	if _, err := vault.Open(vault.Config{Store: f.store}); err == nil {
		t.Error("a vault without a root key was opened")
	}
}

func TestIndexesAndTokens(t *testing.T) {
	f := setup(t)
	ctx := t.Context()
	seen := map[string]string{}
	for _, c := range []struct {
		tenant      id.Tenant
		kind, value string
	}{{tenA, "email", "a@example.org"}, {tenB, "email", "a@example.org"}, {tenA, "social", "a@example.org"}, {tenA, "email", "b@example.org"},
		{tenA, "emaila", "@example.org"}, {tenA, "phone", "+351210000000"}, {tenA, "visitor", "+351210000000"}} {
		what := fmt.Sprint(c)
		index, err := f.AddressIndex(ctx, c.tenant, c.kind, c.value)
		must(t, err)
		if other := seen[string(index)]; other != "" {
			t.Errorf("%s and %s have the same index", what, other)
		}
		seen[string(index)] = what
		again, err := f.another(t).AddressIndex(ctx, c.tenant, c.kind, c.value)
		if err != nil || string(again) != string(index) {
			t.Errorf("%s has another index on another node", what)
		}
	}
	for _, c := range []struct {
		tenant       id.Tenant
		where, value string
	}{{tenA, "email", "a@example.org"}, {tenA, "", "a@example.org"}, {tenB, "", "a@example.org"}, {tenA, "", ""}} {
		what := fmt.Sprint("digest", c)
		digest, err := f.Digest(ctx, c.tenant, c.where, []byte(c.value))
		must(t, err)
		if other := seen[string(digest)]; other != "" || len(digest) != 32 {
			t.Errorf("%s is %x, as %s", what, digest, other)
		}
		seen[string(digest)] = what
	}
	tokens, err := f.WordTokens(ctx, tenA, []string{"olá", "mundo", "olá"})
	must(t, err)
	if len(tokens) != 2 || len(tokens[0]) != vault.TokenSize || string(tokens[0]) == string(tokens[1]) {
		t.Errorf("tokens %x", tokens)
	}
	one, err := f.WordTokens(ctx, tenA, []string{"mundo"})
	if err != nil || string(one[0]) != string(tokens[1]) {
		t.Errorf("the same word has the tokens %x and %x", one, tokens[1])
	}
	theirs, err := f.WordTokens(ctx, tenB, []string{"mundo"})
	if err != nil || string(theirs[0]) == string(one[0]) {
		t.Error("two tenants have the same token for a word")
	}
	if none, err := f.WordTokens(ctx, tenA, nil); err != nil || len(none) != 0 {
		t.Error(none, err)
	}
}

func TestTheCacheIsBounded(t *testing.T) {
	f := setup(t)
	v, err := vault.Open(vault.Config{Root: f.root, Store: f.store, CachedContacts: 10})
	must(t, err)
	var sealed []secret.Sealed
	for i := range 50 {
		must(t, v.CreateContact(t.Context(), tenA, fmt.Sprint("con_", i+100)))
		s, err := v.SealContact(t.Context(), tenA, fmt.Sprint("con_", i+100), "here", []byte{byte(i)})
		must(t, err)
		sealed = append(sealed, s)
	}
	if n := vault.CachedContacts(v); n != 10 {
		t.Errorf("%d keys in memory, want 10", n)
	}
	for i, s := range sealed {
		wantOpens(t, v, tenA, fmt.Sprint("con_", i+100), s, string([]byte{byte(i)}))
	}
}

// More keys are in memory than are ready, and all of them open.
func TestMoreKeysThanAreReady(t *testing.T) {
	f := setup(t)
	var sealed []secret.Sealed
	for i := range vault.Ready + 500 {
		c := fmt.Sprint("con_", i+100)
		must(t, f.CreateContact(t.Context(), tenA, c))
		s, err := f.SealContact(t.Context(), tenA, c, "here", []byte(c))
		must(t, err)
		sealed = append(sealed, s)
	}
	if n := vault.ReadyContacts(f.Vault); n != vault.Ready {
		t.Errorf("%d keys are ready, want %d", n, vault.Ready)
	}
	for range 2 {
		for i, s := range sealed {
			wantOpens(t, f.Vault, tenA, fmt.Sprint("con_", i+100), s, fmt.Sprint("con_", i+100))
		}
	}
	if n := vault.ReadyContacts(f.Vault); n != vault.Ready {
		t.Errorf("%d keys are ready, want %d", n, vault.Ready)
	}
}

// A key that nobody asks for any more does not stay in memory either.
func TestKeysLeaveMemoryByThemselves(t *testing.T) {
	f := setup(t)
	v, err := vault.Open(vault.Config{Root: f.root, Store: f.store, CacheFor: 50 * time.Millisecond})
	must(t, err)
	for i := range 3 {
		must(t, v.CreateContact(t.Context(), tenA, fmt.Sprint("con_", i+100)))
	}
	for deadline := time.Now().Add(time.Minute); vault.CachedContacts(v) > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d keys are in memory", vault.CachedContacts(v))
		}
	}
}

// After a busy time the keys of those whom nobody is with any more leave memory long
// before they would by themselves; all still open what they sealed.
func TestKeysOfABusyTimeLeaveMemory(t *testing.T) {
	f := setup(t)
	now := clock.NewVirtual(time.Unix(1_700_000_000, 0))
	v, err := vault.Open(vault.Config{Root: f.root, Store: f.store, Clock: now})
	must(t, err)
	seal := func(contact string) secret.Sealed {
		must(t, v.CreateContact(t.Context(), tenA, contact))
		s, err := v.SealContact(t.Context(), tenA, contact, "here", []byte(contact))
		must(t, err)
		return s
	}
	early := seal("con_101")
	now.Advance(9 * time.Second)
	late := seal("con_102")
	v.Shrink()
	if n := vault.CachedContacts(v); n != 2 {
		t.Errorf("%d keys are in memory, want both", n)
	}
	now.Advance(time.Second)
	v.Shrink()
	if n := vault.CachedContacts(v); n != 1 {
		t.Errorf("%d keys are in memory, want that of who came last", n)
	}
	wantOpens(t, v, tenA, "con_101", early, "con_101")
	wantOpens(t, v, tenA, "con_102", late, "con_102")
}

func TestManyAtOnce(t *testing.T) {
	f := setup(t)
	ctx := t.Context()
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			for i := range 40 {
				contact := fmt.Sprint("con_", 100+i) // all use the same ones
				if err := f.CreateContact(ctx, tenA, contact); err != nil {
					t.Error(err)
				}
				s, err := f.SealContact(ctx, tenA, contact, "here", []byte{byte(n)})
				if err != nil {
					t.Error(err)
					continue
				}
				wantOpens(t, f.Vault, tenA, contact, s, string([]byte{byte(n)}))
				if n == 0 && i == 20 {
					if err := f.RotateTenant(ctx, tenA); err != nil {
						t.Error(err)
					}
				}
				if _, err := f.WordTokens(ctx, tenA, []string{"um", "dois"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}
