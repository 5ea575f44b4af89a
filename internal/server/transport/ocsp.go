package transport

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"golang.org/x/crypto/ocsp"
)

const (
	ocspMost   = 64 << 10 // octets of an answer; usual ones have one or two thousand
	ocspWithin = 10 * time.Second
	ocspSkew   = 5 * time.Minute // that a responder's clock may be ahead
)

// verdict is what a responder says of a certificate (RFC 6960).
type verdict struct {
	raw     []byte // the answer as it is stapled; only if it is good
	revoked time.Time
	from    time.Time // thisUpdate
	until   time.Time // nextUpdate, or an earlier end of who signed it
}

// judge reads an answer about leaf (RFC 6960 §3.2): it is about this certificate, its
// issuer or whom that named for it has signed it, and it is of now. A revoked
// certificate is no error; one that the responder does not know is.
func judge(answer []byte, leaf, issuer *x509.Certificate, now time.Time) (verdict, error) {
	r, err := ocsp.ParseResponseForCert(answer, leaf, issuer)
	if err != nil {
		return verdict{}, err
	}
	v := verdict{from: r.ThisUpdate, until: r.NextUpdate}
	if by := r.Certificate; by != nil && !by.Equal(issuer) { // §4.2.2.2
		if !slices.Contains(by.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning) {
			return verdict{}, errors.New("it is signed by who may not sign such answers")
		}
		if now.Before(by.NotBefore) || now.After(by.NotAfter) {
			return verdict{}, errors.New("it is signed by a certificate that is not in force")
		}
		if by.NotAfter.Before(v.until) {
			v.until = by.NotAfter
		}
	}
	switch {
	case r.ThisUpdate.After(now.Add(ocspSkew)):
		return verdict{}, errors.New("it is of a time to come")
	case !r.NextUpdate.IsZero() && !now.Before(v.until):
		return verdict{}, errors.New("it is too old")
	case r.Status == ocsp.Revoked:
		v.revoked = r.RevokedAt
		return v, nil
	case r.Status != ocsp.Good:
		return verdict{}, errors.New("the responder does not know the certificate")
	case r.NextUpdate.IsZero():
		return verdict{}, errors.New("it does not say until when it holds") // and could be shown for ever
	}
	v.raw = answer
	return v, nil
}

// againAt is when to ask again after an answer: at half of its life, in an hour if
// the certificate is revoked, and no sooner than in a minute.
func againAt(v verdict, now time.Time) time.Time {
	if v.raw == nil {
		return now.Add(time.Hour)
	}
	at := v.from.Add(v.until.Sub(v.from) / 2)
	if at.Before(now) { // the responder gives out old answers
		at = now.Add(v.until.Sub(now) / 2)
	}
	if least := now.Add(time.Minute); at.Before(least) {
		return least
	}
	return at
}

// afterFault is when to ask again after so many faults in a row.
func afterFault(faults int, now time.Time) time.Time {
	return now.Add(min(time.Minute<<min(faults-1, 6), time.Hour))
}

// askResponder asks a certificate's responder by HTTP (RFC 6960 appendix A.1).
func askResponder(ctx context.Context, client *http.Client, leaf, issuer *x509.Certificate) ([]byte, error) {
	q, err := ocsp.CreateRequest(leaf, issuer, nil) // SHA-1, which all responders know; it hides nothing
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, ocspWithin)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, leaf.OCSPServer[0], bytes.NewReader(q))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/ocsp-request")
	r.Header.Set("Accept", "application/ocsp-response")
	a, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	defer a.Body.Close()
	if a.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the responder answers %d", a.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(a.Body, ocspMost+1))
	if err == nil && len(body) > ocspMost {
		err = errors.New("the responder's answer is too large")
	}
	return body, err
}

// responders is the client that asks. Who made the certificate says where: the
// operator's own choice, which may be inside the house.
func responders() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, MaxResponseHeaderBytes: 16 << 10, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// issuerOf is who signed a certificate, from the chain that is sent with it.
func issuerOf(c *tls.Certificate, leaf *x509.Certificate) *x509.Certificate {
	for _, der := range c.Certificate[1:] {
		if issuer, err := x509.ParseCertificate(der); err == nil && leaf.CheckSignatureFrom(issuer) == nil {
			return issuer
		}
	}
	return nil
}

// mustStaple says that a certificate asks clients to refuse it without an answer
// (RFC 7633: id-pe-tlsfeature with status_request).
func mustStaple(leaf *x509.Certificate) bool {
	for _, e := range leaf.Extensions {
		if e.Id.Equal(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24}) {
			var features []int
			_, err := asn1.Unmarshal(e.Value, &features)
			return err == nil && slices.Contains(features, 5)
		}
	}
	return false
}

// printOf tells certificates apart.
func printOf(c *tls.Certificate) [sha256.Size]byte { return sha256.Sum256(c.Certificate[0]) }
