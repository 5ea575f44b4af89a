package demo

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"encoding/pem"

	appsetup "nubitalk/internal/app/setup"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/email/localmail"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
)

// mailPage is where somebody writes to the demo's shop and reads its answers.
const mailPage = "/mail/"

// Mail is the demonstration's own mail provider, on loopback and in memory.
type Mail struct {
	Address     string `json:"address"` // of the mailbox that is connected
	Spare       string `json:"spare"`   // an account to connect by hand
	Password    string `json:"password"`
	IMAP        int    `json:"imap"` // ports of 127.0.0.1, with TLS at once
	SMTP        int    `json:"smtp"`
	Certificate string `json:"certificate"` // PEM
	Page        string `json:"page"`
}

// provided runs it. Ports, password and certificate are others at each start.
type provided struct {
	provider *localmail.Provider
	password string
}

func openMail() (*provided, error) {
	m := &provided{password: rand.Text()}
	var err error
	m.provider, err = localmail.Start(m.password, MailAddress, SpareAddress)
	return m, err
}

func (m *provided) told(base string) Mail {
	return Mail{Address: MailAddress, Spare: SpareAddress, Password: m.password, IMAP: m.provider.IMAP, SMTP: m.provider.SMTP,
		Certificate: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: m.provider.Certificate.Raw})), Page: base + mailPage}
}

// connect sets the mailbox up, or anew for where its provider is now.
func (m *provided) connect(ctx context.Context, s *appsetup.Service, a access.Actor, made Made) error {
	body, err := json.Marshal(Mailbox(made.ID(setup.KindEntryPoint, MailEntry), m.provider.IMAP, m.provider.SMTP))
	if err != nil {
		return err
	}
	beside := appsetup.Extra{Secrets: map[string]secret.Text{setup.Password: secret.New(m.password)}}
	list, err := s.List(ctx, a, setup.KindMailbox, false)
	if err != nil {
		return err
	}
	for _, o := range list {
		was, err := setup.Stored(setup.KindMailbox, o.Body)
		if err != nil {
			return err
		}
		if was.(setup.Mailbox).Address != MailAddress {
			continue
		}
		_, err = s.PutWith(ctx, a, setup.KindMailbox, o.ID, o.Version, body, beside)
		return err
	}
	_, err = s.CreateWith(ctx, a, setup.KindMailbox, body, beside)
	return err
}

// Write delivers what somebody wrote on the page.
func (m *provided) Write(from string, octets []byte) error {
	return m.provider.Deliver(from, []string{MailAddress}, octets)
}

// Read are the answers that came for somebody, the latest first.
func (m *provided) Read(address string) (list [][]byte) {
	for _, one := range m.provider.Inbox(address) {
		list = append(list, one.Octets)
	}
	return list
}
