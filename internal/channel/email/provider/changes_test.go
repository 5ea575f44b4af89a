package provider_test

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/email/localmail"
	"nubitalk/internal/channel/email/mailtest"
	"nubitalk/internal/channel/email/provider"
)

// What changed in a folder is asked of a provider that numbers changes (CONDSTORE, RFC
// 7162): what came, what was read, and nothing else.
func TestChanges(t *testing.T) {
	p := mailtest.Start(t, help)
	ctx := t.Context()
	letters := make([]string, 30)
	for i := range letters {
		letters[i] = fmt.Sprintf("From: %s\nMessage-ID: <%d@example.org>\n\nx\n", ana, i)
	}
	p.Drop(help, letters)
	b, err := p.Network().Open(ctx, p.Account(help))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	q := provider.Search{From: 1 << 20, Unread: true}
	find := func() []uint32 {
		t.Helper()
		found, err := b.Find(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	stands := func() provider.Folder {
		t.Helper()
		f, err := b.Select(ctx, "INBOX")
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	first := stands()
	all := find()
	if first.Changed == 0 || len(all) != 30 {
		t.Fatalf("it stands at %d and has %d", first.Changed, len(all))
	}
	if again := stands(); again != first {
		t.Errorf("nothing changed: %+v and then %+v", first, again)
	}
	if err := b.Mark(ctx, all[7], false); err != nil {
		t.Fatal(err)
	}
	p.Copy(help, "INBOX", "Subject: kept as read\n\nx\n")
	p.Drop(help, []string{"From: " + ana + "\nMessage-ID: <new@example.org>\n\nx\n"})
	second := stands()
	changed, found, err := b.Changes(ctx, first.Changed, q)
	if err != nil || len(changed) != 3 || changed[0] != all[7] || len(found) != 1 || found[0] <= all[29] || second.Changed <= first.Changed {
		t.Fatalf("%+v: changed %v, found %v, %v", second, changed, found, err)
	}
	if whole := find(); !slices.Equal(whole, append(slices.DeleteFunc(slices.Clone(all), func(u uint32) bool { return u == all[7] }), found...)) {
		t.Errorf("a search finds %v", whole)
	}
	q.From = found[0]
	if err := b.Mark(ctx, found[0], false); err != nil {
		t.Fatal(err)
	}
	if _, found, err = b.Changes(ctx, second.Changed, q); err != nil || len(found) != 1 {
		t.Errorf("one from From on is found, read or not: %v %v", found, err)
	}
}

// When a folder was numbered anew, what was handled is not compared with what is known: it
// is known by its mark, as long as the provider keeps that.
func TestWhatWasHandledIsNotComparedAnew(t *testing.T) {
	p := mailtest.Start(t, help)
	ctx := t.Context()
	p.Drop(help, []string{"From: " + ana + "\nMessage-ID: <1@example.org>\n\nx\n", "From: " + ana + "\nMessage-ID: <2@example.org>\n\nx\n"})
	b, err := p.Network().Open(ctx, p.Account(help))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if _, err := b.Select(ctx, "INBOX"); err != nil {
		t.Fatal(err)
	}
	q := provider.Search{From: 100, Since: time.Now().AddDate(0, 0, -2)}
	all, err := b.Find(ctx, q)
	if err != nil || len(all) != 2 {
		t.Fatal(all, err)
	}
	if err := b.Mark(ctx, all[0], false); err != nil {
		t.Fatal(err)
	}
	if left, err := b.Find(ctx, q); err != nil || !slices.Equal(left, all[1:]) {
		t.Errorf("%v of %v are compared, %v", left, all, err)
	}
}

// A provider that numbers no changes is not asked for them.
func TestNoChanges(t *testing.T) {
	p, err := localmail.Start("word", help)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	n, a := localOf(p)
	b, err := n.Open(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if f, err := b.Select(t.Context(), "INBOX"); err != nil || f.Changed != 0 || f.Validity == 0 {
		t.Errorf("%+v %v", f, err)
	}
}

func localOf(p *localmail.Provider) (*provider.Network, provider.Account) {
	return &provider.Network{Permit: netip.Addr.IsLoopback, Roots: p.Roots()},
		provider.Account{User: help, Password: secret.New("word"), IMAP: provider.Server{Host: "127.0.0.1", Port: p.IMAP, Security: provider.TLS}}
}
