package transport

import (
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"os"
	"sync"
	"time"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/server/config"
)

// lookAgain is how often files are looked at for a change, at most.
const lookAgain = 10 * time.Second

// files is a certificate in two PEM files, read again when they change.
type files struct {
	certFile, keyFile string
	strong            bool // no weaker key is taken
	now               clock.Clock
	log               *slog.Logger

	mu     sync.Mutex
	cert   *tls.Certificate
	stamp  [2]time.Time
	looked time.Time
}

func openFiles(certFile, keyFile string, strong bool, now clock.Clock, log *slog.Logger) (*files, error) {
	f := &files{certFile: certFile, keyFile: keyFile, strong: strong, now: now, log: log}
	stamp, err := f.look()
	if err == nil {
		f.cert, err = f.read()
	}
	if err != nil {
		return nil, errs.Wrap(errs.Invalid, err, "The certificate in tls.certificate and tls.key cannot be used.")
	}
	f.stamp, f.looked = stamp, now.Now()
	if until := f.cert.Leaf.NotAfter; until.Before(now.Now()) {
		log.Warn("the certificate has ended; browsers will refuse it", "until", until)
	}
	return f, nil
}

func (f *files) look() (stamp [2]time.Time, err error) {
	for i, name := range []string{f.certFile, f.keyFile} {
		info, err := os.Stat(name)
		if err != nil {
			return stamp, err
		}
		stamp[i] = info.ModTime()
	}
	return stamp, nil
}

func (f *files) read() (*tls.Certificate, error) {
	cert, err := tls.LoadX509KeyPair(f.certFile, f.keyFile)
	if err != nil {
		return nil, err
	}
	if cert.Leaf == nil {
		if cert.Leaf, err = x509.ParseCertificate(cert.Certificate[0]); err != nil {
			return nil, err
		}
	}
	if f.strong {
		if err := config.StrongKey(&cert); err != nil {
			return nil, err
		}
	}
	return &cert, nil
}

// get answers the certificate in force. While the files are being replaced, or
// are wrong, the one before stays.
func (f *files) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now.Now()
	if d := now.Sub(f.looked); d >= 0 && d < lookAgain {
		return f.cert, nil
	}
	f.looked = now
	stamp, err := f.look()
	if err != nil {
		f.log.Error("the certificate's files cannot be looked at; the one in use stays", "error", err)
		return f.cert, nil
	}
	if stamp == f.stamp {
		return f.cert, nil
	}
	cert, err := f.read()
	if err != nil {
		f.log.Error("the new certificate cannot be used; the one in use stays", "error", err)
		return f.cert, nil
	}
	f.cert, f.stamp = cert, stamp
	f.log.Info("a new certificate is in use", "until", cert.Leaf.NotAfter)
	return cert, nil
}
