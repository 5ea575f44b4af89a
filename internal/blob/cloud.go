package blob

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"time"
)

// How long a cloud may be silent. A request as a whole is bounded by its context.
const (
	dialWithin   = 5 * time.Second
	answerWithin = 20 * time.Second
)

// transport reaches a cloud. Its certificate is checked by the machine's
// authorities, or by those given.
func transport(authorities *x509.CertPool) *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: dialWithin, KeepAlive: 15 * time.Second}).DialContext,
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: authorities},
		TLSHandshakeTimeout:   dialWithin,
		ResponseHeaderTimeout: answerWithin,
		MaxIdleConnsPerHost:   32,
		IdleConnTimeout:       90 * time.Second,
		ForceAttemptHTTP2:     true,
		DisableCompression:    true, // sealed bytes do not shrink
	}
}
