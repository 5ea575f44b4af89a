package localmail

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
)

// Sent is the folder of what an account sent.
const Sent = "Sent"

// mostKept is how many messages to others are kept.
const mostKept = 200

// Message is a message to somebody who is no account.
type Message struct {
	At       time.Time
	From, To string // of the envelope
	Octets   []byte
}

// Provider is a running provider.
type Provider struct {
	IMAP, SMTP  int               // ports on 127.0.0.1, with TLS at once
	Certificate *x509.Certificate // by which it is trusted
	password    string

	imap    *imapserver.Server
	box     *imapmemserver.Server
	epoch   uint32
	submit  net.Listener
	running sync.WaitGroup

	mu       sync.Mutex
	accounts map[string]*imapmemserver.User
	others   []Message // the latest last
	open     map[net.Conn]bool
	closed   bool
}

// Start runs a provider with accounts by those addresses, which all have one password.
func Start(password string, addresses ...string) (*Provider, error) {
	p := &Provider{password: password, box: imapmemserver.New(), accounts: map[string]*imapmemserver.User{}, open: map[net.Conn]bool{}, epoch: uint32(time.Now().Unix())}
	for _, a := range addresses {
		u := imapmemserver.NewUser(a, password)
		for _, folder := range []string{"INBOX", Sent} {
			if err := u.Create(folder, nil); err != nil {
				return nil, err
			}
		}
		p.box.AddUser(u)
		p.accounts[strings.ToLower(a)] = u
	}
	secured, err := p.certificate()
	if err != nil {
		return nil, err
	}
	reading, err := tls.Listen("tcp", "127.0.0.1:0", secured)
	if err != nil {
		return nil, err
	}
	if p.submit, err = tls.Listen("tcp", "127.0.0.1:0", secured); err != nil {
		_ = reading.Close()
		return nil, err
	}
	p.IMAP, p.SMTP = reading.Addr().(*net.TCPAddr).Port, p.submit.Addr().(*net.TCPAddr).Port
	p.imap = imapserver.New(&imapserver.Options{Logger: log.New(io.Discard, "", 0), Caps: imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapMove: {}, imap.CapUIDPlus: {}},
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return &session{p.box.NewSession().(inMemory), p.epoch}, nil, nil
		}})
	p.running.Go(func() { _ = p.imap.Serve(reading) }) // it ends with Close
	p.running.Go(p.serveSubmission)
	return p, nil
}

// inMemory is a session of go-imap's server in memory.
type inMemory interface {
	imapserver.Session
	imapserver.SessionMove
}

// session numbers folders anew at each start (RFC 9051, 2.3.1.1): their messages are
// others than those of the start before.
type session struct {
	inMemory
	epoch uint32
}

func (s *session) Select(folder string, o *imap.SelectOptions) (*imap.SelectData, error) {
	d, err := s.inMemory.Select(folder, o)
	if err == nil {
		d.UIDValidity += s.epoch
	}
	return d, err
}

func (s *session) Append(folder string, r imap.LiteralReader, o *imap.AppendOptions) (*imap.AppendData, error) {
	d, err := s.inMemory.Append(folder, r, o)
	if err == nil {
		d.UIDValidity += s.epoch
	}
	return d, err
}

func (s *session) Copy(which imap.NumSet, folder string) (*imap.CopyData, error) {
	d, err := s.inMemory.Copy(which, folder)
	if err == nil {
		d.UIDValidity += s.epoch
	}
	return d, err
}

// Close ends all connections and forgets all mail.
func (p *Provider) Close() {
	p.mu.Lock()
	p.closed = true
	for c := range p.open {
		_ = c.Close()
	}
	p.mu.Unlock()
	_ = p.imap.Close()
	_ = p.submit.Close()
	p.running.Wait()
}

// Roots are those by which the provider is trusted, and no others.
func (p *Provider) Roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(p.Certificate)
	return pool
}

func (p *Provider) certificate() (*tls.Config, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	c := &x509.Certificate{SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "A mail provider on loopback"}, NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	if p.Certificate, err = x509.ParseCertificate(der); err != nil {
		return nil, err
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, nil
}

// Deliver puts a message where each of its recipients reads it.
func (p *Provider) Deliver(from string, to []string, octets []byte) error {
	from = strings.NewReplacer("\r", "", "\n", "").Replace(from)
	octets = append([]byte("Return-Path: <"+from+">\r\n"), octets...)
	var failed error
	for _, address := range to {
		p.mu.Lock()
		u := p.accounts[strings.ToLower(address)]
		if u == nil {
			p.others = append(p.others, Message{At: time.Now(), From: from, To: address, Octets: octets})
			p.others = p.others[max(0, len(p.others)-mostKept):]
		}
		p.mu.Unlock()
		if u == nil {
			continue
		}
		if _, err := u.Append("INBOX", literal{bytes.NewReader(octets)}, &imap.AppendOptions{}); err != nil {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

type literal struct{ *bytes.Reader }

func (l literal) Size() int64 { return l.Reader.Size() }

// Inbox is what came for somebody who is no account, the latest first.
func (p *Provider) Inbox(address string) (list []Message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := len(p.others) - 1; i >= 0; i-- {
		if strings.EqualFold(p.others[i].To, address) {
			list = append(list, p.others[i])
		}
	}
	return list
}
