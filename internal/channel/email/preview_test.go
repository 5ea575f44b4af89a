package email

import (
	"context"
	"strings"
	"testing"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/channel/email/message"
)

// What is shown before it is sent is what leaves: its words, signature, quotes, pictures and
// files, and whom it reaches; nothing is sent or kept by looking, and what is still missing
// is no reason not to look.
func TestWhatLeavesIsShownBefore(t *testing.T) {
	r := newRelay(t)
	s, a, interaction := writing(t, r, 0)
	ctx := t.Context()
	m, err := message.Read(strings.NewReader(withFiles), message.Standard)
	if err != nil {
		t.Fatal(err)
	}
	s.held.put(a.Tenant, interaction, m)
	look := func(language string) string {
		t.Helper()
		page, err := s.Preview(ctx, a, interaction, language)
		if err != nil {
			t.Fatal(err)
		}
		return string(page)
	}
	lacks := func(page string, want ...string) {
		t.Helper()
		for _, one := range want {
			if !strings.Contains(page, one) {
				t.Errorf("it lacks %q:\n%s", one, page)
			}
		}
	}
	lacks(look("en"), "rui@example.org", "Re: The leak", "Your shop", "It leaks.") // before anything is written
	version := 0
	write := func(w DraftWords) {
		t.Helper()
		d, err := s.Write(ctx, a, interaction, version, w)
		if err != nil {
			t.Fatal(err)
		}
		version = d.Version
	}
	write(DraftWords{Text: "We <i>come</i>.", From: "sales@shop.example", Cc: []string{"eva@example.org", "nobody"}, Bcc: []string{"boss@shop.example"}})
	page := look("pt")
	lacks(page, "<b>De:</b> <bdi>", "sales@shop.example", "<b>Cc:</b> <bdi>eva@example.org</bdi>", "<b>Bcc:</b> <bdi>boss@shop.example</bdi>", "We &lt;i&gt;come&lt;/i&gt;.", "Your shop")
	if strings.Contains(page, "It leaks") || strings.Contains(page, "nobody") {
		t.Errorf("it shows more:\n%s", page)
	}

	// Passed on to nobody yet: with the pictures and files that go with it, and its quotes.
	write(DraftWords{Forward: true, Quote: true, HTML: "<p>Please <b>look</b>.</p>", Rich: true, Original: []int{0, 1}})
	page = look("en")
	lacks(page, "Fwd: The leak", "<b>look</b>", "Forwarded message", "<b>leaks</b>", "data:image/png;base64,", "<b>Files:</b> <bdi>bill.pdf</bdi>", "older")
	for _, no := range []string{"<details", "<script", "elsewhere.example", "run.exe"} {
		if strings.Contains(page, no) {
			t.Errorf("it has %q:\n%s", no, page)
		}
	}
	if r.count() != 0 {
		t.Errorf("%d were sent by looking", r.count())
	}
	if mail, err := s.Read(ctx, a.Tenant, interaction); err != nil || len(mail.Sends) != 0 {
		t.Errorf("%+v %v", mail.Sends, err)
	}
	// A colleague has a draft of its own.
	other := a
	other.User = "usr_other"
	if page, err := s.Preview(ctx, other, interaction, "en"); err != nil || strings.Contains(string(page), "Please") {
		t.Errorf("a colleague's: %v", err)
	}
}

// However often agents look, few letters are in memory for it at a time.
func TestFewAreShownAtATime(t *testing.T) {
	s, a, interaction := writing(t, newRelay(t), 0)
	var looked []func()
	for range previewing {
		done, err := s.turn(t.Context(), "previews "+string(a.Tenant), previewing)
		if err != nil {
			t.Fatal(err)
		}
		looked = append(looked, done)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := s.Preview(gone, a, interaction, "en"); !errs.Is(err, errs.Limited) {
		t.Errorf("one more was shown: %v", err)
	}
	looked[0]()
	for range 2 * previewing { // each gives its place back
		if _, err := s.Preview(t.Context(), a, interaction, "en"); err != nil {
			t.Fatal(err)
		}
	}
}
