package media

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/logging"
	"github.com/pion/webrtc/v4"

	"nubitalk/internal/media/g711"
)

// BrowserConfig is how browsers reach this host.
type BrowserConfig struct {
	// Port is the one UDP port that all browsers share; 0 gives each leg a port
	// of its own, from the host's range.
	Port uint16
	// Servers are STUN servers by which a host behind a router finds its public
	// address, as stun:HOST:PORT. Usually none: Config.Public says it.
	Servers []string
	// Strong has SRTP by AES-GCM alone.
	Strong bool
	// Video bounds the pictures that each browser sends, in kbit/s; 0 is no bound.
	Video int
}

// browsers holds what the legs of browsers share: a certificate, a port, and how
// to make connections.
type browsers struct {
	config      webrtc.Configuration
	apis        [2][2]*webrtc.API // by law, without and with video
	mux         ice.UDPMux
	certificate webrtc.Certificate
}

// mimeKeys is the codec by which browsers send keys.
const mimeKeys = "audio/telephone-event"

// Codecs of video, which is passed on as it is, lower case.
const (
	mimeVP8  = "video/vp8"
	mimeH264 = "video/h264"
)

// eventType is the payload type for keys that we offer browsers.
const eventType = 101

func newBrowsers(c Config) (*browsers, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making a key for browsers: %w", err)
	}
	certificate, err := webrtc.GenerateCertificate(key)
	if err != nil {
		return nil, fmt.Errorf("making a certificate for browsers: %w", err)
	}
	b := &browsers{certificate: *certificate}
	b.config = webrtc.Configuration{
		Certificates: []webrtc.Certificate{*certificate},
		BundlePolicy: webrtc.BundlePolicyMaxBundle, RTCPMuxPolicy: webrtc.RTCPMuxPolicyRequire,
	}
	if len(c.Browser.Servers) > 0 {
		b.config.ICEServers = []webrtc.ICEServer{{URLs: c.Browser.Servers}}
	}
	settings, err := b.settings(c)
	if err != nil {
		return nil, err
	}
	for _, law := range []g711.Law{g711.Mu, g711.A} {
		for i, video := range []bool{false, true} {
			m, err := codecs(law, video)
			if err != nil {
				return nil, errors.Join(fmt.Errorf("registering codecs: %w", err), b.close())
			}
			// No interceptors: sound is neither sent again nor reported by others
			// than ourselves, and reports of video are translated.
			b.apis[law][i] = webrtc.NewAPI(webrtc.WithMediaEngine(m), webrtc.WithInterceptorRegistry(&interceptor.Registry{}), webrtc.WithSettingEngine(settings))
		}
	}
	return b, nil
}

// codecs are those that a browser may agree to: one law, keys, without which it
// could send none, and video.
func codecs(law g711.Law, video bool) (*webrtc.MediaEngine, error) {
	m := &webrtc.MediaEngine{}
	err := errors.Join(
		m.RegisterCodec(webrtc.RTPCodecParameters{
			RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: "audio/" + law.Name(), ClockRate: 8000},
			PayloadType:        webrtc.PayloadType(law.PayloadType()),
		}, webrtc.RTPCodecTypeAudio),
		m.RegisterCodec(webrtc.RTPCodecParameters{
			RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: mimeKeys, ClockRate: 8000, SDPFmtpLine: "0-15"},
			PayloadType:        eventType,
		}, webrtc.RTPCodecTypeAudio),
	)
	if !video {
		return m, err
	}
	feedback := []webrtc.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}, {Type: "ccm", Parameter: "fir"}}
	return m, errors.Join(err,
		m.RegisterCodec(webrtc.RTPCodecParameters{
			RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: mimeVP8, ClockRate: videoRate, RTCPFeedback: feedback},
			PayloadType:        96,
		}, webrtc.RTPCodecTypeVideo),
		m.RegisterCodec(webrtc.RTPCodecParameters{
			RTPCodecCapability: webrtc.RTPCodecCapability{
				MimeType: mimeH264, ClockRate: videoRate, RTCPFeedback: feedback,
				SDPFmtpLine: "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
			},
			PayloadType: 97,
		}, webrtc.RTPCodecTypeVideo),
	)
}

func (b *browsers) settings(c Config) (webrtc.SettingEngine, error) {
	s := webrtc.SettingEngine{LoggerFactory: quiet{}}
	// As DTLS client the cipher would be the server's choice: browsers prefer the
	// weaker one. So we are the server, AES-GCM first.
	if err := s.SetAnsweringDTLSRole(webrtc.DTLSRoleServer); err != nil {
		return s, fmt.Errorf("setting up DTLS: %w", err)
	}
	s.SetDTLSCipherSuites(dtls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, dtls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, dtls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256)
	profiles := []dtls.SRTPProtectionProfile{dtls.SRTP_AEAD_AES_256_GCM, dtls.SRTP_AEAD_AES_128_GCM}
	if !c.Browser.Strong {
		profiles = append(profiles, dtls.SRTP_AES128_CM_HMAC_SHA1_80)
	}
	s.SetSRTPProtectionProfiles(profiles...)
	s.SetSRTPReplayProtectionWindow(replayWindow)
	s.SetSRTCPReplayProtectionWindow(replayWindow)
	// Browsers hide their addresses behind names of mDNS; they call us anyway.
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6})
	s.SetICETimeouts(4*time.Second, 30*time.Second, 2*time.Second)
	s.DisableActiveTCP(true)
	address := c.Address.Unmap()
	if address.IsLoopback() {
		s.SetIncludeLoopbackCandidate(true)
	}
	if !address.IsUnspecified() {
		s.SetIPFilter(func(ip net.IP) bool {
			a, ok := netip.AddrFromSlice(ip)
			return ok && a.Unmap() == address
		})
	}
	if len(c.Public) > 0 {
		var external []string
		for _, a := range c.Public {
			external = append(external, a.String())
		}
		if err := s.SetICEAddressRewriteRules(webrtc.ICEAddressRewriteRule{External: external, AsCandidateType: webrtc.ICECandidateTypeHost, Mode: webrtc.ICEAddressRewriteReplace}); err != nil {
			return s, fmt.Errorf("the public addresses: %w", err)
		}
	}
	switch {
	case c.Browser.Port != 0 && address.IsUnspecified():
		mux, err := ice.NewMultiUDPMuxFromPort(int(c.Browser.Port), ice.UDPMuxFromPortWithLogger(quiet{}.NewLogger("")),
			ice.UDPMuxFromPortWithReadBufferSize(muxBuffer), ice.UDPMuxFromPortWithWriteBufferSize(muxBuffer))
		if err != nil {
			return s, fmt.Errorf("opening the port for browsers: %w", err)
		}
		b.mux = mux
	case c.Browser.Port != 0:
		conn, err := bind(netip.AddrPortFrom(address, c.Browser.Port))
		if err != nil {
			return s, err
		}
		if err := errors.Join(conn.SetReadBuffer(muxBuffer), conn.SetWriteBuffer(muxBuffer)); err != nil {
			return s, errors.Join(fmt.Errorf("sizing the port for browsers: %w", err), conn.Close())
		}
		b.mux = ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: conn, Logger: quiet{}.NewLogger("")})
	case c.From != 0 || c.To != 0:
		if err := s.SetEphemeralUDPPortRange(c.From, c.To); err != nil {
			return s, fmt.Errorf("the range of media ports: %w", err)
		}
	}
	if b.mux != nil {
		s.SetICEUDPMux(b.mux)
	}
	return s, nil
}

// muxBuffer is the kernel's buffer of the shared port, for many calls at once.
const muxBuffer = 4 << 20

func (b *browsers) close() error {
	if b.mux == nil {
		return nil
	}
	return b.mux.Close()
}

// quiet keeps pion from logging: it would print what strangers send.
type quiet struct{}

func (quiet) NewLogger(string) logging.LeveledLogger { return quietLogger{} }

type quietLogger struct{}

func (quietLogger) Trace(string)          {}
func (quietLogger) Tracef(string, ...any) {}
func (quietLogger) Debug(string)          {}
func (quietLogger) Debugf(string, ...any) {}
func (quietLogger) Info(string)           {}
func (quietLogger) Infof(string, ...any)  {}
func (quietLogger) Warn(string)           {}
func (quietLogger) Warnf(string, ...any)  {}
func (quietLogger) Error(string)          {}
func (quietLogger) Errorf(string, ...any) {}
