package dialog

import (
	"encoding/json"
	"errors"
	"time"

	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/voice/sip/auth"
	"nubitalk/internal/channel/voice/sip/wire"
)

// stored is a dialog as it is kept over a restart (RFC 3261 §12: Call-ID, tags,
// sequence numbers, route set, remote target; RFC 4028: the session timer).
type stored struct {
	V        int      `json:"v"`
	Incoming bool     `json:"in,omitempty"`
	CallID   string   `json:"call"`
	Local    string   `json:"local"`
	Contact  string   `json:"contact,omitempty"`
	LocalSeq uint32   `json:"lseq"`
	Remote   string   `json:"remote"`
	Tag      string   `json:"tag"`
	Target   string   `json:"target"`
	Routes   []string `json:"routes,omitempty"`
	Seq      uint32   `json:"rseq"`
	Allow    string   `json:"allow,omitempty"`
	Source   Source   `json:"src"`
	Back     bool     `json:"back,omitempty"`
	Interval int      `json:"se,omitempty"` // seconds
	Refresh  bool     `json:"ref,omitempty"`
	MinSE    int      `json:"min,omitempty"`
	LastType string   `json:"lt,omitempty"`
	LastData []byte   `json:"ld,omitempty"`
	GotType  string   `json:"gt,omitempty"`
	GotData  []byte   `json:"gd,omitempty"`
}

// storedVersion is that of the form above.
const storedVersion = 1

// leap is how far the sequence number of our requests jumps at Restore, so that
// none is used twice, whatever was sent after the snapshot.
const leap = 1 << 16

// Snapshot is what Restore needs to go on with the dialog: it holds numbers and
// the keys of both session descriptions, so it is sealed before it is stored.
// Empty where there is no call to go on with: before the answer and after the
// end.
func (l *Leg) Snapshot() secret.Bytes {
	p := l.peer
	if p == nil || l.state != Standing && l.state != Answering || l.hung != nil {
		return secret.Bytes{}
	}
	s := stored{
		V: storedVersion, Incoming: l.incoming, CallID: l.callID, Local: l.local.Text(), Contact: l.contact, LocalSeq: l.localSeq,
		Remote: p.remote.Text(), Tag: p.tag, Target: p.target.Text(), Routes: p.routes, Seq: p.seq, Allow: p.allow, Source: p.src, Back: l.back,
		Interval: int(l.interval / time.Second), Refresh: l.refresh, MinSE: int(l.minSE / time.Second),
		LastType: l.last.Type, LastData: l.last.Data, GotType: l.remoteSD.Type, GotData: l.remoteSD.Data,
	}
	b, err := json.Marshal(s)
	if err != nil { // plain values cannot fail
		return secret.Bytes{}
	}
	return secret.NewBytes(b)
}

// ErrSnapshot: it is no snapshot of this version.
var ErrSnapshot = errors.New("sip: the stored dialog cannot be read")

// Restore makes the leg of a stored dialog. It stands; its owner Reinvites, so
// that media find each other again. credentials answer challenges.
func Restore(env *Env, now time.Time, snapshot secret.Bytes, credentials auth.Credentials) (*Leg, error) {
	var s stored
	if json.Unmarshal(snapshot.Reveal(), &s) != nil || s.V != storedVersion {
		return nil, ErrSnapshot
	}
	local, err1 := wire.ParseAddress(s.Local)
	remote, err2 := wire.ParseAddress(s.Remote)
	target, err3 := wire.ParseURI(s.Target)
	if err1 != nil || err2 != nil || err3 != nil || s.CallID == "" || local.Tag() == "" {
		return nil, ErrSnapshot
	}
	s.Source.Flow = 0 // its connection ended with the process
	l := &Leg{
		core: core{env: env, now: now}, incoming: s.Incoming, state: Standing, callID: s.CallID, local: local, localTag: local.Tag(),
		localSeq: (s.LocalSeq + leap) & (1<<31 - 1), contact: s.Contact, back: s.Back,
		peer: &peer{tag: s.Tag, remote: remote, target: target, routes: s.Routes, seq: s.Seq, allow: s.Allow, src: s.Source, won: true},
		cred: credentials,
	}
	l.interval = time.Duration(s.Interval) * time.Second
	l.refresh = s.Refresh
	l.minSE = time.Duration(s.MinSE) * time.Second
	l.sessionWanted()
	l.last, l.remoteSD = Body{s.LastType, s.LastData}, Body{s.GotType, s.GotData}
	l.sessionStarts()
	return l, nil
}
