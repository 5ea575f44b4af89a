package demo

import (
	"bytes"
	"crypto/rand"
	_ "embed"
	"encoding/json"
	"html/template"
	"net/http"
	"net/mail"
	"strings"
	"time"

	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/email/message"
	"nubitalk/internal/core/setup"
)

// Addresses at the demo's own mail provider.
const (
	MailAddress  = "help@atlantico.example"
	SpareAddress = "spare@atlantico.example" // not connected: to try how that is done
)

// Mailbox is the shop's, at a provider on these ports of loopback.
func Mailbox(entryPoint string, imap, smtp int) setup.Mailbox {
	return setup.Clean(setup.Mailbox{Name: MailEntry, Enabled: true, Address: MailAddress, Shown: "Atlântico Shoes", HoldSeconds: 10, AttachMB: 15,
		IMAP: setup.MailServer{Host: "127.0.0.1", Port: imap}, SMTP: setup.MailServer{Host: "127.0.0.1", Port: smtp},
		SentFolder: "Sent", Unread: true, EntryPoint: entryPoint, Signature: "Atlântico Shoes\nWhatever the tide brings"})
}

// Mails carries what is written on the page, and what is answered.
type Mails interface {
	Write(from string, octets []byte) error
	Read(address string) [][]byte
}

//go:embed mail.html
var mailHTML string

var mailTemplate = template.Must(template.New("mail").Parse(mailHTML))

// mailTexts are the words of the page.
type mailTexts struct {
	Language, Title, Lead, Name, Address, Subject, Text, Send, Sent, Answers, None, Other, OtherName, Failed string
	SomeName, SomeSubject, SomeText                                                                          string
}

var mailWords = map[string]mailTexts{
	"en": {"en", "Write to the shop", "You are a customer here. What you write goes by email to " + MailAddress + ", where an agent of the demo answers it. It stays on this machine.",
		"Your name", "Your address", "Subject", "Message", "Send", "Sent. An agent who is ready for work sees it within seconds; the answer appears here.", "Answers to this address", "Nothing has come yet.", "?lang=pt", "Português", "It could not be sent: an address such as you@example.org and a message are needed.",
		"Rui", "My parcel", "Hello,\nI ordered the Duna boots in 42 a week ago, and they have not come. Where are they?\n\nRui"},
	"pt": {"pt", "Escrever à loja", "Aqui é cliente. O que escrever segue por email para " + MailAddress + ", onde um agente da demonstração responde. Fica nesta máquina.",
		"O seu nome", "O seu endereço", "Assunto", "Mensagem", "Enviar", "Enviado. Um agente disponível vê-o em segundos; a resposta aparece aqui.", "Respostas a este endereço", "Ainda não chegou nada.", "?lang=en", "English", "Não foi possível enviar: são precisos um endereço como voce@example.org e uma mensagem.",
		"Rui", "A minha encomenda", "Olá,\nEncomendei as botas Duna no 42 há uma semana e ainda não chegaram. Onde estão?\n\nRui"},
}

// longestMail is how long what somebody writes on the page may be, in octets.
const longestMail = 64 << 10

// answered is an answer as the page shows it.
type answered struct {
	From    string    `json:"from"`
	Subject string    `json:"subject"`
	At      time.Time `json:"at,omitzero"`
	Text    string    `json:"text"`
}

// MailHandler serves a page on which somebody writes to the shop as a customer would,
// and reads what comes back.
func MailHandler(m Mails) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		words, ok := mailWords[r.URL.Query().Get("lang")]
		if !ok {
			words = mailWords["en"]
		}
		var b bytes.Buffer
		nonce := rand.Text()
		if err := mailTemplate.Execute(&b, struct {
			mailTexts
			Nonce string
		}{words, nonce}); err != nil {
			http.Error(w, "The page cannot be shown.", http.StatusInternalServerError)
			return
		}
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'nonce-"+nonce+"'; script-src 'nonce-"+nonce+"'; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		_, _ = w.Write(b.Bytes()) // the reader is gone: nothing to do
	})
	mux.HandleFunc("POST /messages", func(w http.ResponseWriter, r *http.Request) { writeMail(m, w, r) })
	mux.HandleFunc("GET /messages", func(w http.ResponseWriter, r *http.Request) { readMail(m, w, r) })
	return mux
}

// writeMail takes JSON alone, which no other site's page can send without being asked.
func writeMail(m Mails, w http.ResponseWriter, r *http.Request) {
	var in struct{ Name, Address, Subject, Text string }
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, longestMail)).Decode(&in)
	from, bad := mail.ParseAddress(in.Address)
	if err != nil || bad != nil || kind != "application/json" || strings.TrimSpace(in.Text) == "" || len(in.Name) > 200 || len(in.Subject) > 500 {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	d := message.Draft{ID: rand.Text() + "@customer.example", Date: time.Now(), From: message.Address{Name: secret.New(in.Name), Address: secret.New(from.Address)},
		To: []message.Address{{Address: secret.New(MailAddress)}}, Subject: secret.New(in.Subject), Text: secret.New(in.Text)}
	if m.Write(from.Address, message.Write(d)) != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func readMail(m Mails, w http.ResponseWriter, r *http.Request) {
	list := []answered{}
	for _, octets := range m.Read(r.URL.Query().Get("address")) {
		one, err := message.Read(bytes.NewReader(octets), message.Standard)
		if err != nil || len(one.From) == 0 || len(list) == 20 {
			continue
		}
		name := one.From[0].Name.Reveal()
		if name == "" {
			name = one.From[0].Address.Reveal()
		}
		list = append(list, answered{name, one.Subject.Reveal(), one.Date, one.Text.Reveal()})
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(list) // the reader is gone: nothing to do
}
