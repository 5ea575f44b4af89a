package flow

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/base/secret"
)

func mailFlow(t *testing.T, condition string) (*Graph, error) {
	t.Helper()
	g, err := Parse([]byte(fmt.Sprintf(`{"start": "b", "nodes": {"b": {"type": "branch", "cases": [{"if": %q, "next": "yes"}], "next": "no"}, "yes": {"type": "queue", "queue": "que_billing"}, "no": {"type": "queue", "queue": "que_sales"}}}`, condition)))
	if err != nil {
		t.Fatal(err)
	}
	return g, Check(g, usedFor{channels: []string{"email"}, house: house{tenant: shop}})
}

// Conditions look at a message, of other channels at one that says nothing; nothing of it
// comes into what is kept of the run.
func TestConditionsLookAtAMessage(t *testing.T) {
	mail := &Mail{From: secret.New("Rita@Example.ORG"), To: []secret.Text{secret.New("Help@shop.example")}, Subject: secret.New("Fatura nº 7"),
		Text: secret.New("Não recebi a FACTURAÇÃO, quero o meu dinheiro de volta." + strings.Repeat(" x", MaxMailText) + " late"), Size: 50_000, Files: 2, Language: "pt", Automatic: "list",
		Headers: map[string]secret.Text{"x-priority": secret.New("1")}}
	for condition, want := range map[string]bool{
		`mail.domain == "example.org"`: true, `mail.from == "rita@example.org"`: true, `"help@shop.example" in mail.to`: true, `"x@shop.example" in mail.to`: false,
		`mail.subject contains "nº 7"`: true, `lower(mail.text) contains "dinheiro"`: true, `mail.size > 40000 and mail.files == 2`: true, `mail.automatic == "list"`: true, `mail.language == "pt"`: true, `mail.language != "" and mail.language != "pt"`: false,
		`mentions("facturacao")`: true, `mentions("Dinheiro de  volta")`: true, `mentions("fatura")`: true, `mentions("fatur")`: false, `mentions("7 nao")`: false, `mentions(" ")`: false, `mentions("late")`: false,
		`header("X-PRIORITY") == "1"`: true, `header("List-Id") != ""`: false, `mail.subject matches "^Fatura"`: true,
	} {
		g, err := mailFlow(t, condition)
		if err != nil {
			t.Errorf("%s: %v", condition, err)
			continue
		}
		for _, m := range []*Mail{mail, nil} {
			s, actions, err := Start(g, "en", nil, World{Now: time.Now(), Channel: "email", Mail: m})
			if got := len(actions) == 1 && actions[0].Queue == "que_billing"; err != nil || got != (want && m != nil) {
				t.Errorf("%s, with a message %v: %v %v", condition, m != nil, got, err)
			}
			if text := fmt.Sprintf("%+v", s); strings.Contains(text, "Fatura") || strings.Contains(text, "dinheiro") {
				t.Errorf("the run keeps %s", text)
			}
		}
	}
	if text := fmt.Sprintf("%v %+v", *mail, mail); strings.Contains(text, "Fatura") || strings.Contains(text, "help") {
		t.Errorf("it prints %s", text)
	}
}

// What is no part of a message is refused with what there is, and so is a message in a
// script, which would store it, and in a flow that no mailbox runs.
func TestWhatMayLookAtAMessage(t *testing.T) {
	for _, condition := range []string{`mail.body == "x"`, `mail == mail`, `len(mail.to) > 0 and mail`, `mail["text"] == attr.x`, `mentions() == true`, `cites("x")`} {
		if _, err := mailFlow(t, condition); err == nil {
			t.Errorf("%s is accepted", condition)
		}
	}
	for _, line := range []string{"x = mail.subject", `x = header("Subject")`, `x = mentions("x")`} {
		g, err := Parse([]byte(fmt.Sprintf(`{"start": "s", "nodes": {"s": {"type": "script", "lines": [%q], "next": "q", "failed": "q"}, "q": {"type": "queue", "queue": "que_sales"}}}`, line)))
		if err != nil {
			t.Fatal(err)
		}
		if err := Check(g, usedFor{channels: []string{"email"}, house: house{tenant: shop}}); err == nil {
			t.Errorf("%s is accepted", line)
		}
	}
	g, _ := mailFlow(t, `mail.files > 0`)
	for channel, want := range map[string]bool{"chat": false, "email": true} {
		if err := Check(g, usedFor{channels: []string{channel}, house: house{tenant: shop}}); (err == nil) != want {
			t.Errorf("%s: %v", channel, err)
		}
	}
}
