package server

import (
	"context"
	"crypto/x509"
	"errors"
	"io/fs"
	"log/slog"
	"runtime/debug"
	"time"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/memory"
	"nubitalk/internal/base/service"
	"nubitalk/internal/base/telemetry"
	"nubitalk/internal/server/addition"
	"nubitalk/internal/server/collector"
	"nubitalk/internal/server/config"
	"nubitalk/internal/server/transport"
	"nubitalk/internal/vault"
)

// startWithin bounds a start. A large migration may take longer than anything
// else, and is run apart with `nubitalk migrate` then.
const startWithin = 5 * time.Minute

// Server is one node. Use it once: New, Start, Stop.
type Server struct {
	conf    *config.Config
	log     *slog.Logger
	clock   clock.Clock
	ids     *id.Source
	metrics *telemetry.Metrics
	logs    *collector.Client // nil where the log goes nowhere else
	health  *health
	started time.Time

	data    *dataDir
	keepers *keepers
	parts   *parts
	web     *web
	certs   *transport.Source
	figures *figures
	first   *firstRun
	added   addition.Addition
	machine fs.FS         // the file system of this one; a test's
	binary  string        // of this program; see WithBinary
	absence time.Duration // voice.Deps.Absence; a test's
	rest    time.Duration // floor.Deps.Rest
	silence time.Duration // media.Config.SilentAfter; a test's
	hold    time.Duration // floor.Deps.TrunkHold and RecordingHold; a test's
	group   service.Group
}

// floorsRest is how long nothing must be going on in an organisation before its floor
// rests.
const floorsRest = 10 * time.Minute

// New prepares a node; nothing is opened yet. conf is one that was checked.
func New(conf *config.Config, log *slog.Logger) *Server {
	s := &Server{conf: conf, log: log, clock: clock.NewSteady(), metrics: telemetry.NewMetrics(), rest: floorsRest, machine: machine()}
	if conf.Log.Syslog != "" {
		s.logs = collector.New(collector.Config{Address: conf.Log.Syslog, Certificate: conf.Log.Certificate, Key: conf.Log.Key, Now: s.clock.Now, Log: log.With("part", "log"),
			Authorities: func() (*x509.CertPool, error) { return config.Authorities(conf.Log.Authority) }})
		s.log = s.logs.Tee(log)
	}
	s.ids = id.NewSource(s.clock.Now, nil)
	s.health = &health{now: s.clock.Now}
	if conf.Limits.Memory > 0 {
		debug.SetMemoryLimit(int64(conf.Limits.Memory))
	}
	return s
}

// WithBinary says where this program is, so that it can check the notice against
// a private instance of itself. Call it before Start.
func (s *Server) WithBinary(path string) { s.binary = path }

// Add puts something into the node. Call it before Start.
func (s *Server) Add(a addition.Addition) { s.added = a }

// Start opens and starts all parts. It returns when browsers are served, or why
// they cannot be; what was opened is closed again then.
func (s *Server) Start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	s.started = s.clock.Now()
	if err := s.encryptsMemory(); err != nil {
		return err
	}
	if s.logs != nil {
		if err := s.logs.Start(ctx); err != nil {
			return err
		}
	}
	err := s.open(ctx)
	if err == nil {
		err = s.group.Start(ctx)
	}
	if err != nil {
		return errors.Join(err, s.close(), s.endLog(ctx))
	}
	if s.added.Pages != nil {
		s.added.Pages(s.web.mux, s.web.URL())
	}
	s.log.Info("ready", "url", s.web.URL(), "node", s.data.node, "version", telemetry.ReadBuild().Version,
		"database", s.conf.Database.Driver, "after_ms", s.clock.Now().Sub(s.started).Milliseconds())
	return nil
}

// open makes the parts and adds them to the group in the order of their start.
func (s *Server) open(ctx context.Context) (err error) {
	if s.data, err = openDataDir(s.conf.Data, s.ids); err != nil {
		return err
	}
	source, err := transport.Open(s.conf, s.certificates(), s.clock, s.log.With("part", "tls"))
	if err != nil {
		return err
	}
	s.certs = source
	if s.keepers, err = openKeepers(ctx, s.conf, s.data.node, s.clock, s.log); err != nil {
		return err
	}
	if err = source.UseHello(ctx, s.conf, s.helloKeys, s.log.With("part", "tls")); err != nil {
		return err
	}
	s.web = newWeb(s.conf, source, s.log.With("part", "web"), s.health, s.metrics)
	if s.parts, err = s.wire(); err != nil {
		return err
	}
	s.watch()
	s.lookAtFiles(ctx)
	s.leak()
	s.figures = &figures{address: s.conf.Metrics.Listen, handler: s.metrics.Handler(), log: s.log}
	s.group.Add("memory", &memory.Calm{Also: []func(context.Context){s.keepers.shrink}})
	s.group.Add("metrics", s.figures)
	if s.added.Fill != nil {
		s.group.Add("content", service.Func{OnStart: func(ctx context.Context) error { return s.added.Fill(ctx, s.contents()) }})
		s.group.Add("email", s.parts.mailboxes(s.keepers.bus)) // whose provider may be elsewhere than before
	}
	s.group.Add("first run", service.Func{OnStart: func(ctx context.Context) error { return s.first.start(ctx, s.keepers.db) }})
	s.group.Add("web", s.web)
	return nil
}

// contents are the parts that content is put into.
func (s *Server) contents() addition.Parts {
	p := s.parts
	return addition.Parts{DB: s.keepers.db, Vault: s.keepers.vault, Clock: s.clock, IDs: s.ids, Accounts: p.accounts, Setup: p.setup, Contacts: p.contacts, Chat: p.chat,
		Recording: p.recording, Quality: p.quality, Usage: p.usage, Founded: s.founded}
}

func (s *Server) certificates() string {
	if s.conf.TLSMode() == "acme" {
		return s.conf.Folder("acme")
	}
	return s.conf.Folder("tls")
}

// helloKeys are the operator's; none before there is one.
func (s *Server) helloKeys(ctx context.Context) ([]vault.HelloKey, error) {
	operator, err := operatorOf(ctx, s.keepers.db)
	if err != nil || operator == "" {
		return nil, err
	}
	return s.keepers.vault.HelloKeys(ctx, operator)
}

// watch adds the keepers to health and metrics.
func (s *Server) watch() {
	k := s.keepers
	s.health.add("database", k.db.Ping)
	s.health.add("keys", k.keys.Ping)
	written := []string{s.conf.Data}
	if s.conf.Files.Store == "folder" {
		written = append(written, s.conf.FilesFolder())
	}
	s.health.add("disk", diskCheck(written...))
	s.health.add("bus", func(context.Context) error { return k.bus.Healthy() })

	m := s.metrics
	if s.logs != nil {
		m.GaugeFunc("log_collector_connected", "1 while the collector of the log is connected.", func() float64 { return map[bool]float64{true: 1}[s.logs.Stats().Connected] })
		m.CounterFunc("log_lines_sent_total", "Lines of the log sent to the collector.", func() float64 { return float64(s.logs.Stats().Sent) })
		m.CounterFunc("log_lines_dropped_total", "Lines of the log that found no room while the collector was away or too slow.", func() float64 { return float64(s.logs.Stats().Dropped) })
		m.GaugeFunc("log_lines_waiting", "Lines of the log that wait for the collector.", func() float64 { return float64(s.logs.Stats().Waiting) })
	}
	if sender := s.parts.sender; sender != nil {
		m.CounterFunc("audit_entries_sent_total", "Entries of audit logs sent to the collector by this node.", func() float64 { n, _ := sender.Stats(); return float64(n) })
		m.GaugeFunc("audit_entries_waiting", "Entries of audit logs that were not sent yet.", func() float64 { _, n := sender.Stats(); return float64(n) })
	}
	m.GaugeFunc("certificates_unwell", "Certificates in use that clients refuse: revoked, or without the answer of a responder that they must have.", func() float64 { return float64(unwell(s.certs.Standings())) })
	m.CounterFunc("database_commits_total", "Transactions made durable.", func() float64 { return float64(k.db.Stats().Commits) })
	m.CounterFunc("database_writes_total", "Writes that succeeded; a commit may hold several.", func() float64 { return float64(k.db.Stats().Writes) })
	m.CounterFunc("database_writes_failed_total", "Writes that were rolled back.", func() float64 { return float64(k.db.Stats().Failed) })
	m.GaugeFunc("database_writes_waiting", "Writes that wait for their turn.", func() float64 { return float64(k.db.Stats().Waiting) })
	m.CounterFunc("bus_events_published_total", "Live events sent by this node.", func() float64 { return float64(k.bus.Stats().Published) })
	m.CounterFunc("bus_events_received_total", "Live events that reached this node.", func() float64 { return float64(k.bus.Stats().Received) })
	m.CounterFunc("bus_overflows_total", "Times that a part was told it had missed events.", func() float64 { return float64(k.bus.Stats().Overflows) })
	m.CounterFunc("bus_refused_total", "Payloads that could not be opened.", func() float64 { return float64(k.bus.Stats().Refused) })
	m.GaugeFunc("recordings_running", "Recordings that this node makes.", func() float64 { return float64(s.parts.recording.Stats().Running) })
	m.GaugeFunc("recordings_troubled", "Recordings that cannot be written, or lose sound because writing is too slow.", func() float64 { return float64(s.parts.recording.Stats().Troubled) })
	m.GaugeFunc("recordings_segments_waiting", "Sealed segments that wait on this node's disk for the store of files.", func() float64 { return float64(s.parts.recording.Stats().Waiting) })
	m.GaugeFunc("recordings_waiting_bytes", "What sealed segments take of this node's disk.", func() float64 { return float64(s.parts.recording.Stats().Bytes) })
	m.GaugeFunc("recordings_room_bytes", "How much of it they may take (files.room); 0 for any amount.", func() float64 { return float64(s.conf.Files.Room) })
	m.CounterFunc("recordings_lost_seconds_total", "Sound that recordings lost; their manifests say where.", func() float64 { return s.parts.recording.Stats().Lost.Seconds() })
	m.GaugeFunc("call_legs_waiting", "Legs of calls that wait to be noted in the database.", func() float64 { return float64(s.parts.voice.Notes().Waiting) })
	m.CounterFunc("call_legs_failed_total", "Attempts to note legs of calls that failed and were made again.", func() float64 { return float64(s.parts.voice.Notes().Failed) })
	m.CounterFunc("call_legs_lost_total", "Legs of calls that were not noted, or not as they were last.", func() float64 { return float64(s.parts.voice.Notes().Lost) })
	m.GaugeFunc("live_users", "Live connections of signed-in users.", func() float64 { users, _ := s.parts.live.Count(); return float64(users) })
	m.GaugeFunc("live_visitors", "Live connections of visitors.", func() float64 { _, visitors := s.parts.live.Count(); return float64(visitors) })
	m.GaugeFunc("bus_events_waiting", "Events that wait for the slowest part.", func() float64 { return float64(k.bus.Stats().Waiting) })
}

// Stop lets open requests end, stops all parts in reverse order and closes what
// keeps data. It may be called twice.
func (s *Server) Stop(ctx context.Context) error {
	s.log.Info("stopping")
	err := errors.Join(s.group.Stop(ctx), s.close())
	if err != nil {
		s.log.Error("stopped with faults", "error", err)
		return errors.Join(err, s.endLog(ctx))
	}
	s.log.Info("stopped")
	return s.endLog(ctx)
}

// endLog sends what waits for the collector of the log. That it is away is no fault of a
// stop.
func (s *Server) endLog(ctx context.Context) error {
	if s.logs == nil {
		return nil
	}
	if err := s.logs.Stop(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

func (s *Server) close() (err error) {
	if s.keepers != nil {
		err = s.keepers.close()
		s.keepers = nil
	}
	if s.data != nil {
		s.data.close()
		s.data = nil
	}
	return err
}

// Failed tells of a part that ended by itself; the node must stop then.
func (s *Server) Failed() <-chan error { return s.web.failed }

// MetricsURL is where the figures are, after Start; "" where they are not served.
func (s *Server) MetricsURL() string {
	if s.figures.at == nil {
		return ""
	}
	return "http://" + s.figures.at.String() + "/metrics"
}

// URL is the address that people type.
func (s *Server) URL() string { return s.web.URL() }
