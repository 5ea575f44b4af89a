package server

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"

	appsetup "nubitalk/internal/app/setup"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/email/localmail"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/server/demo"
)

// mailPage is where somebody writes to the demo's shop and reads its answers.
const mailPage = "/mail/"

// DemoMail is the demonstration's own mail provider, on loopback and in memory.
type DemoMail struct {
	Address     string `json:"address"` // of the mailbox that is connected
	Spare       string `json:"spare"`   // an account to connect by hand
	Password    string `json:"password"`
	IMAP        int    `json:"imap"` // ports of 127.0.0.1, with TLS at once
	SMTP        int    `json:"smtp"`
	Certificate string `json:"certificate"` // PEM
	Page        string `json:"page"`
}

// demoMail runs it. Ports, password and certificate are others at each start.
type demoMail struct {
	provider *localmail.Provider
	password string
}

func openDemoMail() (*demoMail, error) {
	m := &demoMail{password: rand.Text()}
	var err error
	m.provider, err = localmail.Start(m.password, demo.MailAddress, demo.SpareAddress)
	return m, err
}

// trusted are authorities with the provider's; nil are the machine's own.
func (m *demoMail) trusted(pool *x509.CertPool) *x509.CertPool {
	if pool == nil {
		var err error
		if pool, err = x509.SystemCertPool(); err != nil { // there is none here
			pool = x509.NewCertPool()
		}
	}
	pool.AddCert(m.provider.Certificate)
	return pool
}

func (m *demoMail) told(base string) DemoMail {
	return DemoMail{Address: demo.MailAddress, Spare: demo.SpareAddress, Password: m.password, IMAP: m.provider.IMAP, SMTP: m.provider.SMTP,
		Certificate: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: m.provider.Certificate.Raw})), Page: base + mailPage}
}

// connect sets the mailbox up, or anew for where its provider is now.
func (m *demoMail) connect(ctx context.Context, s *appsetup.Service, a access.Actor, made demo.Made) error {
	body, err := json.Marshal(demo.Mailbox(made.ID(setup.KindEntryPoint, demo.MailEntry), m.provider.IMAP, m.provider.SMTP))
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
		if was.(setup.Mailbox).Address != demo.MailAddress {
			continue
		}
		_, err = s.PutWith(ctx, a, setup.KindMailbox, o.ID, o.Version, body, beside)
		return err
	}
	_, err = s.CreateWith(ctx, a, setup.KindMailbox, body, beside)
	return err
}

// Write delivers what somebody wrote on the page.
func (m *demoMail) Write(from string, octets []byte) error {
	return m.provider.Deliver(from, []string{demo.MailAddress}, octets)
}

// Read are the answers that came for somebody, the latest first.
func (m *demoMail) Read(address string) (list [][]byte) {
	for _, one := range m.provider.Inbox(address) {
		list = append(list, one.Octets)
	}
	return list
}
