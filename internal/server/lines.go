package server

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"nubitalk/internal/api"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/telemetry"
	"nubitalk/internal/channel/voice/sip/gateway"
	"nubitalk/internal/core/alert"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/core/share"
	"nubitalk/internal/server/config"
)

// lookAtLines is how often the file of lines is looked at for a change.
const lookAtLines = 10 * time.Second

// lineBook is the operator's lines, as their file says.
type lineBook struct {
	path string
	rule setup.EncryptionRule
	log  *slog.Logger

	mu    sync.Mutex
	lines setup.Lines
	files []string
	stamp map[string]time.Time
}

// newLineBook reads the file; config.Check has refused one that is wrong.
func newLineBook(path string, rule setup.EncryptionRule, log *slog.Logger) *lineBook {
	b := &lineBook{path: path, rule: rule, log: log}
	b.look()
	return b
}

// now are the lines; they must not be changed.
func (b *lineBook) now() setup.Lines {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.lines
}

// look reads the file again if it changed, or a password that it names; true: the
// lines are others now. While it is wrong, the lines of before stay.
func (b *lineBook) look() bool {
	if b.path == "" {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	stamp := stampOf(b.files)
	if b.stamp != nil && sameStamp(stamp, b.stamp) {
		return false
	}
	lines, files, err := config.ReadLines(b.path, b.rule)
	b.files, b.stamp = files, stampOf(files)
	if err != nil {
		var wrong config.Mistakes
		errors.As(err, &wrong)
		for _, m := range wrong {
			b.log.Error("the file of lines is wrong; the lines of before stay", "where", m.Where, "key", m.Key, "problem", m.Problem)
		}
		return false
	}
	for i := range lines {
		if lines[i].Connection.Plain() {
			b.log.Warn("voices may pass unencrypted on a line", "line", lines[i].Name)
		}
	}
	b.lines = lines
	b.log.Info("the operator's lines were read", "lines", len(lines))
	return true
}

func stampOf(files []string) map[string]time.Time {
	m := make(map[string]time.Time, len(files))
	for _, f := range files {
		if info, err := os.Stat(f); err == nil {
			m[f] = info.ModTime()
		} else {
			m[f] = time.Time{}
		}
	}
	return m
}

func sameStamp(a, b map[string]time.Time) bool {
	if len(a) != len(b) {
		return false
	}
	for f, at := range a {
		if !b[f].Equal(at) {
			return false
		}
	}
	return true
}

// line is one of the operator's at work.
type line struct {
	setup.Line
	trunk *trunk // its connection; no tenant's
	pool  *share.Pool
	slugs map[id.Tenant]string // of those who share it and are there
}

// members are the tenants that share a line.
func (l *line) members() (list []share.Member) {
	for t, slug := range l.slugs {
		list = append(list, share.Member{Name: string(t), Reserved: l.Share(slug).Reserved})
	}
	return list
}

// takeLines puts the operator's lines to work beside the trunks that were read: calls
// that were counted stay. slugs are the active tenants' short names. p.mu is held.
func (p *telephone) takeLines(lines setup.Lines, slugs map[id.Tenant]string, fresh map[string]*trunk) {
	now := make(map[string]*line, len(lines))
	for i := range lines {
		l := &line{Line: lines[i], slugs: map[id.Tenant]string{}, pool: p.pools[lines[i].Name]}
		if l.pool == nil {
			l.pool = &share.Pool{}
			p.pools[l.Name] = l.pool
		}
		for t, slug := range slugs {
			if l.Share(slug) != nil {
				l.slugs[t] = slug
			}
		}
		l.pool.Set(l.MaxCalls, float64(l.CallsASecond), l.members())
		l.trunk = &trunk{id: l.Door(), set: l.Connection, password: l.Password, cap: &gateway.Cap{}, out: map[id.Tenant]int{}}
		now[l.Name] = l
		fresh[l.trunk.id] = l.trunk
	}
	p.byLine = now
}

// lineOf is the one that carries a trunk; nil: none does. p.mu is held.
func (p *telephone) lineOf(t *trunk) *line {
	if t.set.Line == "" {
		return nil
	}
	return p.byLine[t.set.Line]
}

// room takes a place for a call of a trunk, on it and on its line; over gives it
// back. Emergency calls always get one. p.mu is held.
func (p *telephone) room(t *trunk, emergency bool) (over func(), ok bool) {
	l := p.lineOf(t)
	switch {
	case emergency:
		return p.stand(t), true
	case t.set.Line != "" && l == nil || !t.cap.Take(p.clock.Now()):
		return nil, false
	case l == nil:
		return t.cap.Give, true
	}
	if v := l.pool.Take(string(t.owner), p.clock.Now()); v != share.Taken {
		t.cap.Give()
		p.figures.refused(l.Name, share.Verdicts[v])
		return nil, false
	}
	p.figures.calls(l)
	return p.leave(t, l), true
}

// stand counts a call of a trunk whatever its bounds are. p.mu is held.
func (p *telephone) stand(t *trunk) (over func()) {
	t.cap.Stand()
	l := p.lineOf(t)
	if l == nil {
		return t.cap.Give
	}
	l.pool.Stand(string(t.owner))
	p.figures.calls(l)
	return p.leave(t, l)
}

// leave gives a call's place back. p.mu is held when what it answers is called.
func (p *telephone) leave(t *trunk, l *line) func() {
	return func() {
		t.cap.Give()
		l.pool.Give(string(t.owner))
		p.figures.calls(l)
	}
}

// lineFigures are what is measured of lines.
type lineFigures struct {
	standing *prometheus.GaugeVec
	turned   *prometheus.CounterVec
	gateways *prometheus.GaugeVec
}

func newLineFigures(m *telemetry.Metrics) *lineFigures {
	return &lineFigures{
		standing: m.Gauge("line_calls", "Calls on a line of the operator's, both ways.", "line"),
		turned:   m.Counter("line_refused_total", "Calls that found no place on a line: full, reserved for others (share), too many in a second (rate).", "line", "kind"),
		gateways: m.Gauge("line_gateways", "Gateways of a line, by how they stand.", "line", "state"),
	}
}

func (f *lineFigures) calls(l *line) {
	if f != nil {
		f.standing.WithLabelValues(l.Name).Set(float64(l.pool.Standing()))
	}
}

func (f *lineFigures) refused(line, why string) {
	if f != nil {
		f.turned.WithLabelValues(line, why).Inc()
	}
}

// stand takes how lines' gateways stand; lines that are not among them have none.
func (f *lineFigures) stand(all []api.LineState) {
	if f == nil {
		return
	}
	f.gateways.Reset()
	for _, l := range all {
		count := map[string]int{"up": 0, "down": 0, "unknown": 0}
		for _, g := range l.Gateways {
			count[g.State]++
		}
		for state, n := range count {
			f.gateways.WithLabelValues(l.Name, state).Set(float64(n))
		}
	}
}

// LineStates are all lines as this node sees them, for the operator.
func (p *telephone) LineStates(ctx context.Context) ([]api.LineState, error) {
	if _, err := p.read(ctx); err != nil {
		return nil, err
	}
	return p.lineStates(), nil
}

func (p *telephone) lineStates() []api.LineState {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := []api.LineState{}
	for _, name := range slices.Sorted(maps.Keys(p.byLine)) {
		w := p.byLine[name]
		l := &w.Line
		st := api.LineState{Name: l.Name, Plain: l.Connection.Plain(), Calls: w.pool.Standing(), MaxCalls: l.MaxCalls, CallsASecond: l.CallsASecond, Organisations: []api.LineShareState{}}
		st.Registration, st.Gateways = w.trunk.began.state(&w.trunk.set)
		r := w.pool.Refused()
		st.Refused = api.LineRefusals{Full: r[share.Full], Share: r[share.Share], Rate: r[share.TooFast]}
		stands := map[string]share.Stand{}
		for _, s := range w.pool.Stands() {
			stands[w.slugs[id.Tenant(s.Name)]] = s
		}
		for _, s := range l.Shares {
			one, known := stands[s.Organisation]
			st.Organisations = append(st.Organisations, api.LineShareState{Organisation: s.Organisation, Known: known, Numbers: s.Numbers, Reserved: one.Reserved, Calls: one.Calls})
		}
		out = append(out, st)
	}
	return out
}

// OfferedLines are the lines that give a tenant numbers, and nothing of what others
// have of them.
func (p *telephone) OfferedLines(ctx context.Context, t id.Tenant) ([]api.OfferedLine, error) {
	if _, err := p.read(ctx); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	out := []api.OfferedLine{}
	for _, name := range slices.Sorted(maps.Keys(p.byLine)) {
		l := p.byLine[name]
		share := l.Share(l.slugs[t])
		if share == nil {
			continue
		}
		out = append(out, api.OfferedLine{Name: l.Name, Country: l.Connection.Country, Encryption: l.Connection.Encryption, Numbers: share.Numbers, State: l.trunk.began.health()})
	}
	return out, nil
}

// health says in a word how a line stands: what its tenants may know.
func (b *begun) health() string {
	if b == nil {
		return "unknown"
	}
	switch s := b.standing(""); {
	case s.Gateways.Sort == alert.Value && s.Gateways.Value > 0, s.Registration.Sort == alert.Value && s.Registration.Value > 0:
		return "down"
	case s.Gateways.Sort != alert.Value, s.Registration.Sort != alert.Value:
		return "unknown"
	}
	return "up"
}
