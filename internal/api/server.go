package api

import (
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"nubitalk/internal/app/live"
	"nubitalk/internal/base/clock"
	"nubitalk/internal/core/relay"
	"nubitalk/internal/core/setup"
)

// Parts are what stands behind the doors.
type Parts struct {
	Accounts   Accounts
	Floor      Floor
	History    History
	Chat       Chat
	Visitors   Visitors
	Calls      Calls
	Setup      Setup
	Prompts    Prompts
	Greetings  Greetings
	Listening  Listening
	Holds      Holds
	Quality    Quality
	Campaigns  Campaigns
	Screens    Screens
	Usage      Usage
	Exports    Exports
	Webhooks   Webhooks
	Trunks     TrunkStatus // nil: no calls run here
	Phones     PhoneStatus // nil: no calls run here
	Handsets   Handsets    // nil: no calls run here
	Forwards   Forwarding  // nil: no calls run here
	Voicemails Voicemails
	Emails     Emails
	Contacts   Contacts
	Fields     Fields
	Audit      Audit
	Refused    Refused // nil: nothing is noted
	Privacy    Privacy
	System     System
	Lines      LineStatus // nil without telephony
	Replies    Replies
	Scanner    FileScanner // nil: nothing looks into files
	Live       *live.Hub
}

// Config is how the doors are set up.
type Config struct {
	Version string
	// PlainHTTP: the program listens without TLS, which it does on loopback
	// only; the cookie is then called nubitalk and is not Secure.
	PlainHTTP bool
	// Visitors is the address of visitors' pages where they have a host name of their own.
	Visitors string
	// Proxies are trusted to say whose call they pass on (X-Forwarded-For).
	Proxies []netip.Prefix
	Limits  Limits
	Relays  relay.Plan
	// Encryption is the operator's rule for all connections.
	Encryption setup.EncryptionRule
	// AllowUnscanned lets files through while the scanner does not answer.
	AllowUnscanned bool
	Clock          clock.Clock
	Log            *slog.Logger
}

// Server is the doors. It is an http.Handler for /api/ and /chat/.
type Server struct {
	Parts
	config  Config
	clock   clock.Clock
	log     *slog.Logger
	mux     *guardedMux
	openapi *huma.OpenAPI
	routes  []Route
	door    http.Handler
	limits  limiters
	refused refusals

	sockets *openSockets

	uploads       *uploads
	downloads     *downloads
	document      sync.Once
	documentBytes []byte
}

// New makes the doors. Parts that are nil answer "unavailable" nowhere: all
// must be given before the first request.
func New(c Config, p Parts) *Server {
	humaChoices()
	if c.Clock == nil {
		c.Clock = clock.Real{}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.NewJSONHandler(io.Discard, nil))
	}
	s := &Server{Parts: p, config: c, clock: c.Clock, log: c.Log, uploads: newUploads(), downloads: newDownloads(), sockets: newOpenSockets(), limits: newLimiters(c.Limits)}
	s.mux = &guardedMux{admitted: map[string]Route{}, guard: s.guard}
	s.openapi = newOpenAPI(c.Version)
	s.accountRoutes()
	s.brandRoutes()
	s.userRoutes()
	s.scimRoutes()
	s.organisationRoutes()
	s.endRoutes()
	s.exportRoutes()
	s.supportRoutes()
	s.systemRoutes()
	s.deskRoutes()
	s.interactionRoutes()
	s.emailRoutes()
	s.emailDraftRoutes()
	s.rejectRoutes()
	s.mergeRoutes()
	s.floorRoutes()
	s.alertRoutes()
	s.securityAlertRoutes()
	s.setupRoutes()
	s.contactRoutes()
	s.fieldRoutes()
	s.privacyRoutes()
	s.visitorRoutes()
	s.callRoutes()
	s.recordingControlRoutes()
	s.secureRoutes()
	s.screenRoutes()
	s.callLegRoutes()
	s.recordingReadRoutes()
	s.recordingShareRoutes()
	s.recordingHoldRoutes()
	s.qualityRoutes()
	s.campaignRoutes()
	s.phoneCallRoutes()
	s.handsetRoutes()
	s.forwardRoutes()
	s.greetingRoutes()
	s.voicemailRoutes()
	s.parkedRoutes()
	s.shelfRoutes()
	s.liveRoutes()
	s.visitorSocketRoutes()
	s.docRoutes()
	s.mux.ServeMux.HandleFunc("/", s.noRoute)
	s.door = s.pipeline(s.mux)
	return s
}

// ServeHTTP serves /api/ and /chat/.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.door.ServeHTTP(w, r) }

// newOpenAPI is the document before any route is in it.
func newOpenAPI(version string) *huma.OpenAPI {
	schemas := huma.NewMapRegistry("#/components/schemas/", schemaName)
	describeWords(schemas)
	return &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{Title: "Nubitalk", Version: version,
			Description: "Everything a screen of Nubitalk can do. See docs/api.md for conventions and the live connections."},
		Components: &huma.Components{Schemas: schemas, SecuritySchemes: map[string]*huma.SecurityScheme{
			"session": {Type: "apiKey", In: "cookie", Name: cookieName, Description: "Set by sign-in."},
			"key":     {Type: "http", Scheme: "bearer", Description: "An API key, nbk_…"},
			"visitor": {Type: "http", Scheme: "bearer", Description: "A conversation's own token, nbv_…"},
		}},
	}
}
