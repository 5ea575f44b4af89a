package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"strconv"

	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/server/config"
)

// authority gets certificates by ACME (RFC 8555), with the challenges TLS-ALPN
// (RFC 8737) and, if there is a plain HTTP address, HTTP.
type authority struct {
	domains []string
	magic   *certmagic.Config
	cache   *certmagic.Cache
	issuer  *certmagic.ACMEIssuer
	cancel  context.CancelFunc
	log     *slog.Logger
}

func openAuthority(c *config.Config, dir string, log *slog.Logger) (*authority, error) {
	a := &authority{domains: c.TLS.ACME.Domains, log: log}
	logger := zap.New(zapToSlog{log.With("part", "acme")})
	a.cache = certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return a.magic, nil },
		Logger:           logger,
	})
	a.magic = certmagic.New(a.cache, certmagic.Config{Storage: &certmagic.FileStorage{Path: dir}, Logger: logger,
		OCSP: certmagic.OCSPConfig{DisableStapling: true}}) // see stapler
	issuer := certmagic.ACMEIssuer{
		CA:                   c.TLS.ACME.Directory,
		Email:                c.TLS.ACME.Email,
		Agreed:               c.TLS.ACME.Agree,
		DisableHTTPChallenge: c.TLS.ACME.Listen == "",
		Logger:               logger,
	}
	if _, port, err := net.SplitHostPort(c.TLS.ACME.Listen); err == nil {
		if issuer.AltHTTPPort, err = strconv.Atoi(port); err != nil {
			return nil, errs.Bad("tls.acme.listen", "must have a port number")
		}
	}
	if c.TLS.ACME.Root != "" {
		pem, err := os.ReadFile(c.TLS.ACME.Root)
		if err != nil {
			return nil, errs.Wrap(errs.Invalid, err, "The file in tls.acme.root cannot be read.")
		}
		issuer.TrustedRoots = x509.NewCertPool()
		if !issuer.TrustedRoots.AppendCertsFromPEM(pem) {
			return nil, errs.Bad("tls.acme.root", "holds no certificate")
		}
	}
	a.issuer = certmagic.NewACMEIssuer(a.magic, issuer)
	a.magic.Issuers = []certmagic.Issuer{a.issuer}
	return a, nil
}

// start fetches in the background: the authority may be slow or away, and the
// certificates of before still serve.
func (a *authority) start(ctx context.Context, port int) error {
	a.issuer.AltTLSALPNPort = port // it is ours already; certmagic sees that
	ctx, a.cancel = context.WithCancel(context.WithoutCancel(ctx))
	if err := a.magic.ManageAsync(ctx, a.domains); err != nil {
		return fmt.Errorf("fetching certificates: %w", err)
	}
	return nil
}

func (a *authority) stop() {
	if a.cancel == nil {
		return
	}
	a.cancel()
	a.cancel = nil
	a.cache.Stop()
}

// inUse are the certificates that browsers may get.
func (a *authority) inUse() (out []*tls.Certificate) {
	for _, domain := range a.domains {
		for _, c := range a.cache.AllMatchingCertificates(domain) {
			out = append(out, &c.Certificate)
		}
	}
	return out
}

// replace gets new certificates, with new keys, for names whose certificate was
// revoked.
func (a *authority) replace(ctx context.Context, names []string) {
	for _, name := range names {
		if !slices.Contains(a.domains, name) {
			continue
		}
		before := a.cache.AllMatchingCertificates(name)
		err := a.magic.RenewCertSync(ctx, name, true)
		if err == nil {
			_, err = a.magic.CacheManagedCertificate(ctx, name)
		}
		if err != nil {
			a.log.Error("the revoked certificate could not be replaced", "error", err)
			continue
		}
		for _, c := range before {
			a.cache.Remove([]string{c.Hash()})
		}
	}
}

func (a *authority) get(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	return a.magic.GetCertificate(hello)
}

// zapToSlog hands certmagic's log on, through the guard of ours.
type zapToSlog struct{ log *slog.Logger }

func (z zapToSlog) Enabled(l zapcore.Level) bool {
	return z.log.Enabled(context.Background(), slogLevel(l))
}

func (z zapToSlog) With(fields []zapcore.Field) zapcore.Core {
	return zapToSlog{z.log.With(attrs(fields)...)}
}

func (z zapToSlog) Check(e zapcore.Entry, c *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if z.Enabled(e.Level) {
		return c.AddCore(e, z)
	}
	return c
}

func (z zapToSlog) Write(e zapcore.Entry, fields []zapcore.Field) error {
	z.log.Log(context.Background(), slogLevel(e.Level), e.Message, attrs(fields)...)
	return nil
}

func (z zapToSlog) Sync() error { return nil }

func attrs(fields []zapcore.Field) []any {
	enc := zapcore.NewMapObjectEncoder()
	for _, f := range fields {
		f.AddTo(enc)
	}
	var out []any
	for k, v := range enc.Fields {
		out = append(out, k, v)
	}
	return out
}

func slogLevel(l zapcore.Level) slog.Level {
	switch {
	case l >= zapcore.ErrorLevel:
		return slog.LevelError
	case l == zapcore.WarnLevel:
		return slog.LevelWarn
	case l == zapcore.InfoLevel:
		return slog.LevelInfo
	}
	return slog.LevelDebug
}
