package verify

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"

	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/channel/voice/sip/auth"
	registrations "nubitalk/internal/channel/voice/sip/gateway"
	"nubitalk/internal/channel/voice/sip/wire"
	"nubitalk/internal/core/privacy/canary"
	"nubitalk/internal/media/negotiate"
	"nubitalk/internal/server/drive"
)

// spoken is a call whose sound, known octet by octet, is recorded.
type spoken struct {
	w           *world
	agent       *drive.User
	agentID     string
	interaction string
	legs        []*sip.Leg // of the agent's telephone and of who is called
	phone       *sip.Registering
	voice       *voice
	recording   string // its id, once it has ended
	kept        int    // packets that were found in it
	shown       shown
	sockets     []*net.UDPConn
	deletes     []string
	fault       error // it did not come about
}

// voice speaks noise that nobody has heard before, so that it is found wherever it
// is: 50 packets of G.711 a second, sealed with what was agreed.
type voice struct {
	socket *net.UDPConn
	to     *net.UDPAddr
	keys   *srtp.Context
	agreed *negotiate.Agreed

	mu    sync.Mutex
	phase string
	said  map[string][][]byte // by phase: the payloads
	stop  chan struct{}
	ended chan struct{}
}

func speak(socket *net.UDPConn, agreed *negotiate.Agreed) (*voice, error) {
	key := agreed.Own.Material.Reveal()
	keys, err := srtp.CreateContext(key[:agreed.Suite.KeyLen()], key[agreed.Suite.KeyLen():], profiles[agreed.Suite])
	if err != nil {
		return nil, err
	}
	v := &voice{socket: socket, to: net.UDPAddrFromAddrPort(agreed.Remote), keys: keys, agreed: agreed, said: map[string][][]byte{}, stop: make(chan struct{}), ended: make(chan struct{})}
	go v.run()
	return v, nil
}

func (v *voice) run() {
	defer close(v.ended)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for n := uint16(0); ; n++ {
		select {
		case <-v.stop:
			return
		case <-tick.C:
		}
		payload := make([]byte, 160)
		_, _ = rand.Read(payload)
		p := rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: v.agreed.Payload, SequenceNumber: n, Timestamp: uint32(n) * 160, SSRC: 7}, Payload: payload}
		plain, err := p.Marshal()
		if err != nil {
			return
		}
		sealed, err := v.keys.EncryptRTP(nil, plain, nil)
		if err != nil {
			return
		}
		v.mu.Lock()
		v.said[v.phase] = append(v.said[v.phase], payload)
		v.mu.Unlock()
		if _, err := v.socket.WriteToUDP(sealed, v.to); err != nil {
			return
		}
	}
}

// enter begins a phase, and leave ends it; what is said between phases counts for
// none.
func (v *voice) enter(phase string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.phase = phase
}

func (v *voice) leave() { v.enter("") }

// of is what was said in a phase. Its first and last tenth of a second may have
// crossed the request that began or ended it.
func (v *voice) of(phase string) [][]byte {
	v.mu.Lock()
	defer v.mu.Unlock()
	all := v.said[phase]
	if len(all) < 20 {
		return nil
	}
	return all[5 : len(all)-5]
}

func (v *voice) close() {
	close(v.stop)
	<-v.ended
}

// callIn has an agent make a call for which a rule says that it is recorded; the
// gateway answers it and speaks.
func (w *world) callIn(ctx context.Context) (s *spoken, err error) {
	if w.heard != nil {
		return w.heard, w.heard.fault
	}
	s = &spoken{w: w}
	defer func() { s.fault = err }()
	g, err := w.gateway(ctx)
	if err != nil {
		return s, err
	}
	agents := w.demo.All(ours, "agent")
	if len(agents) < 3 {
		return s, errors.New("there is no third agent to call out")
	}
	if s.agent, err = drive.SignIn(ctx, w.http, w.demo.BaseURL, agents[2]); err != nil {
		return s, err
	}
	w.heard = s // from here it is to be taken back
	live, err := readyDesk(ctx, s.agent)
	if err != nil {
		return s, err
	}
	w.desks = append(w.desks, live)
	go listen(live)
	var me struct{ User struct{ ID string } }
	if err := s.agent.Do(ctx, "GET", "me", nil, &me); err != nil {
		return s, err
	}
	s.agentID = me.User.ID
	account, err := s.telephone(ctx, g)
	if err != nil {
		return s, fmt.Errorf("the agent's telephone: %w", err)
	}
	var queues struct{ Items []struct{ ID string } }
	if err := g.admin.Do(ctx, "GET", "queues", nil, &queues); err != nil || len(queues.Items) == 0 {
		return s, errors.Join(err, errors.New("there is no queue to call for"))
	}
	type m = map[string]any
	var rule struct{ ID string }
	err = g.admin.Do(ctx, "POST", "recording-rules", m{"name": "Calls out " + w.mark, "direction": "out", "percent": 100, "records": "both", "consent": "none", "consent_text": ""}, &rule)
	if err != nil {
		return s, fmt.Errorf("making a rule for recordings: %w", err)
	}
	s.deletes = append(s.deletes, "recording-rules/"+rule.ID)
	var made struct{ Interaction string }
	if err := s.agent.Do(ctx, "POST", "calls", m{"number": "+351210000009", "queue": queues.Items[0].ID}, &made); err != nil {
		return s, fmt.Errorf("calling out: %w", err)
	}
	s.interaction = made.Interaction
	// The agent's own telephone rings first, and then the person's.
	for s.voice == nil {
		select {
		case leg := <-g.called:
			if err := s.answers(leg, leg.Invite().URI.User.Equal(secret.New(account))); err != nil {
				return s, err
			}
		case <-ctx.Done():
			return s, fmt.Errorf("no call left: %w", ctx.Err())
		}
	}
	if err := s.stands(ctx, "recording"); err != nil {
		return s, err
	}
	return s, s.shows(ctx)
}

// telephone gives the agent a telephone at the gateway's end, by which it talks.
func (s *spoken) telephone(ctx context.Context, g *gateway) (account string, err error) {
	type m = map[string]any
	var phone struct{ ID string }
	if err := g.admin.Do(ctx, "POST", "phones", m{"name": "Telephone " + s.w.mark, "enabled": true, "user": s.agentID, "encryption": "plain", "confirm_plain": true}, &phone); err != nil {
		return "", err
	}
	s.deletes = append(s.deletes, "phones/"+phone.ID)
	var made struct{ Account, Password string }
	if err := g.admin.Do(ctx, "POST", "phones/"+phone.ID+"/password", nil, &made); err != nil {
		return "", err
	}
	var state struct{ Realm string }
	if err := g.admin.Do(ctx, "GET", "phones/"+phone.ID+"/status", nil, &state); err != nil {
		return "", err
	}
	// Who registers before the set-up is in force is refused, and tries again late.
	err = until(ctx, "it is not in force", func() (bool, error) {
		var early *drive.Problem
		err := s.agent.Do(ctx, "PUT", "desk/phone", m{"phone": phone.ID}, nil)
		if errors.As(err, &early) && early.Status == 422 {
			return false, nil
		}
		return true, err
	})
	if err != nil {
		return "", err
	}
	s.phone = g.ep.Register(sip.RegisterRequest{Registrar: wire.NewURI("sip", "", g.node.Host, g.node.Port, ""), AOR: wire.NewURI("sip", made.Account, state.Realm, 0, ""), ContactUser: made.Account, Hop: g.node,
		Credentials: auth.Credentials{Realms: []string{state.Realm}, Username: secret.New(made.Account), Password: secret.New(made.Password)}}, nil)
	return made.Account, until(ctx, "it does not register", func() (bool, error) { return s.phone.State() == registrations.Registered, nil })
}

// until asks until it is so; else says what is not.
func until(ctx context.Context, what string, so func() (bool, error)) error {
	for {
		if is, err := so(); is || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", what, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// answers picks up the agent's telephone, which says nothing, or the person's, which
// speaks.
func (s *spoken) answers(leg *sip.Leg, agents bool) error {
	policy := negotiate.Policy{}
	if agents {
		policy.Security = negotiate.Plain
	}
	socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return err
	}
	s.sockets = append(s.sockets, socket)
	session, err := negotiate.New(policy, socket.LocalAddr().(*net.UDPAddr).AddrPort(), rand.Reader)
	if err != nil {
		return err
	}
	answer, agreed, err := session.Answer(leg.Offer().Data)
	if err != nil {
		return err
	}
	leg.Answer(sip.SDP(answer))
	s.legs = append(s.legs, leg)
	if !agents {
		s.voice, err = speak(socket, agreed)
	}
	return err
}

// hangsUp ends the call at both ends.
func (s *spoken) hangsUp() {
	for _, leg := range s.legs {
		leg.Hangup(sip.Reason{Q850: 16})
	}
}

// stands waits until the call's recording stands so.
func (s *spoken) stands(ctx context.Context, status string) error {
	return until(ctx, "the recording does not stand as "+status, func() (bool, error) {
		var now struct{ Recording struct{ Status string } }
		err := s.agent.Do(ctx, "GET", "interactions/"+s.interaction+"/call", nil, &now)
		return now.Recording.Status == status, err
	})
}

// speaks lets so much be said in a phase.
func (s *spoken) speaks(ctx context.Context, phase string) error {
	s.voice.enter(phase)
	defer s.voice.leave()
	return until(ctx, "nothing is said", func() (bool, error) { return len(s.voice.of(phase)) >= 50, nil })
}

// does asks for the recording to be paused, resumed or stopped, by whom it is.
func does(ctx context.Context, u *drive.User, path, action, agent string, want string) error {
	in := map[string]string{"action": action, "reason": "card"}
	if agent != "" {
		in["agent"] = agent
	}
	var got struct{ Recording struct{ Status string } }
	if err := u.Do(ctx, "POST", path, in, &got); err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	if got.Recording.Status != want {
		return fmt.Errorf("after %s it is %q", action, got.Recording.Status)
	}
	return nil
}

// staffPauses lets an agent and a supervisor pause, go on with and stop a recording.
func staffPauses(ctx context.Context, w *world) (string, error) {
	s, err := w.callIn(ctx)
	if err != nil {
		return "", err
	}
	supervisor, err := w.user(ctx, ours, "supervisor")
	if err != nil {
		return "", err
	}
	path := "interactions/" + s.interaction + "/recording"
	if err := s.speaks(ctx, "kept"); err != nil {
		return "", err
	}
	if err := s.filmed(ctx, true); err != nil {
		return "", err
	}
	for _, one := range []struct {
		u     *drive.User
		phase string
	}{{s.agent, "paused by the agent"}, {supervisor, "paused by a supervisor"}} {
		if err := does(ctx, one.u, path, "pause", "", "paused"); err != nil {
			return "", err
		}
		if err := s.speaks(ctx, one.phase); err != nil {
			return "", err
		}
		if err := s.filmed(ctx, false); err != nil {
			return "", err
		}
		if err := does(ctx, one.u, path, "resume", "", "recording"); err != nil {
			return "", err
		}
	}
	return "a call was recorded; its agent and a supervisor paused it and went on", nil
}

// systemPauses lets a system with a key do so, which knows the agent alone.
func systemPauses(ctx context.Context, w *world) (string, error) {
	s, err := w.callIn(ctx)
	if err != nil {
		return "", err
	}
	// A key may do no more than its maker, who must both make keys and pause.
	id, maker, err := w.newUser(ctx, w.gate.admin, ours, "payments-"+w.mark, []string{"administrator", "supervisor"}, nil)
	if err != nil {
		return "", err
	}
	s.deletes = append(s.deletes, "users/"+id)
	var key struct {
		APIKey struct{ ID string } `json:"api_key"`
		Secret string
	}
	in := map[string]any{"name": "Payment page " + w.mark, "roles": []string{"supervisor"}, "scopes": []string{"recording.control"}}
	if err := maker.Do(ctx, "POST", "api-keys", in, &key); err != nil {
		return "", fmt.Errorf("making a key: %w", err)
	}
	s.deletes = append([]string{"api-keys/" + key.APIKey.ID}, s.deletes...)
	system := &drive.User{Base: w.demo.BaseURL, HTTP: w.http, Token: key.Secret}
	if err := does(ctx, system, "calls/recording", "pause", s.agentID, "paused"); err != nil {
		return "", err
	}
	if err := s.speaks(ctx, "paused by a system"); err != nil {
		return "", err
	}
	if err := does(ctx, system, "calls/recording", "resume", s.agentID, "recording"); err != nil {
		return "", err
	}
	if err := s.speaks(ctx, "kept, too"); err != nil {
		return "", err
	}
	if err := s.filmed(ctx, true); err != nil {
		return "", err
	}
	return "a key that may do nothing else paused the recording by the agent's id alone, and went on; the agent did nothing", nil
}

// recordingSealed looks for what was said in every file, while the call lasts and
// afterwards, and then hears it: all but what was paused.
func recordingSealed(ctx context.Context, w *world) (string, error) {
	s, err := w.callIn(ctx)
	if err != nil {
		return "", err
	}
	files, err := s.search(w.data)
	if err != nil {
		return "", err
	}
	s.hangsUp()
	supervisor, err := w.user(ctx, ours, "supervisor")
	if err != nil {
		return "", err
	}
	length, err := s.ends(ctx, supervisor)
	if err != nil {
		return "", err
	}
	if _, err := s.search(w.data); err != nil {
		return "", err
	}
	heard, err := s.hears(ctx, supervisor, length)
	if err != nil {
		return "", err
	}
	kept, holes := 0, 0
	for phase, all := range map[string][][]byte{"kept": s.voice.of("kept"), "kept, too": s.voice.of("kept, too"), "paused by the agent": s.voice.of("paused by the agent"),
		"paused by a supervisor": s.voice.of("paused by a supervisor"), "paused by a system": s.voice.of("paused by a system")} {
		n := 0
		for _, payload := range all {
			if bytes.Contains(heard, samples(s.voice.agreed, payload)) {
				n++
			}
		}
		switch {
		case phase == "kept" || phase == "kept, too":
			if n < len(all)*9/10 || n == 0 { // a packet may be late on a busy machine
				return "", fmt.Errorf("of %d packets that were said, %d are in the recording", len(all), n)
			}
			kept += n
		case n > 0:
			return "", fmt.Errorf("%d of %d packets said while it was %s are in the recording", n, len(all), phase)
		default:
			holes += len(all)
		}
	}
	s.kept = kept
	return fmt.Sprintf("of a call's noise and its agent's screen nothing was found in %d files (raw, base64, hex), while it was recorded and afterwards; who may listen hears its %d packets, and none of the %d said in pauses", files, kept, holes), nil
}

// search looks for what was said and shown in every file.
func (s *spoken) search(folder string) (files int, err error) {
	var list []canary.Canary
	var control []byte
	s.voice.mu.Lock()
	for phase, all := range s.voice.said {
		for i := 0; i < len(all); i += 10 {
			list = append(list, canary.Canary{Name: "sound " + phase, Value: string(all[i][:48])})
			control = append(control, all[i]...)
		}
	}
	s.voice.mu.Unlock()
	for _, f := range s.shown.films {
		noise := f.octet[len(f.octet)-10_000:]
		list = append(list, canary.Canary{Name: "a screen", Value: string(noise[:48])})
		control = append(control, noise...)
	}
	c, err := canary.New(list...)
	if err != nil {
		return 0, err
	}
	if len(c.Bytes(control)) != len(list) {
		return 0, errors.New("the search does not find sound and screen where they are")
	}
	err = filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		f, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		files++
		found, err := c.Reader(f)
		if err == nil && len(found) > 0 {
			err = fmt.Errorf("a recording is in the clear in %s: %s", filepath.Base(path), found[0])
		}
		return err
	})
	if err == nil && files == 0 {
		err = errors.New("there was nothing to look at")
	}
	return files, err
}

// ends waits until the recordings have ended, and says how long that of the sound
// is.
func (s *spoken) ends(ctx context.Context, u *drive.User) (length time.Duration, err error) {
	err = until(ctx, "the recording does not end", func() (bool, error) {
		var list struct {
			Items []struct {
				ID     string
				Kind   string
				Ended  *time.Time `json:"ended_at"`
				Length int64      `json:"length_ms"`
			}
		}
		if err := u.Do(ctx, "GET", "interactions/"+s.interaction+"/recordings", nil, &list); err != nil {
			return false, err
		}
		ended := 0
		for _, one := range list.Items {
			if one.Ended == nil {
				continue
			}
			ended++
			if one.Kind == "voice" {
				s.recording, length = one.ID, time.Duration(one.Length)*time.Millisecond
			}
		}
		return ended == 2, nil
	})
	return length, err
}

// hears is the sound of who was called, as samples of 16 bits.
func (s *spoken) hears(ctx context.Context, u *drive.User, length time.Duration) ([]byte, error) {
	var open struct {
		Ticket string
		Tracks []any
		Faults []any
	}
	path := "recordings/" + s.recording
	if err := u.Do(ctx, "POST", path+"/listen", map[string]string{"reason": "other"}, &open); err != nil {
		return nil, err
	}
	if len(open.Faults) > 0 {
		return nil, fmt.Errorf("the recording has faults: %v", open.Faults)
	}
	var wav []byte
	if err := u.Do(ctx, "GET", fmt.Sprintf("%s/sound?ticket=%s&from_ms=0&until_ms=%d", path, open.Ticket, min(length, 30*time.Second).Milliseconds()), nil, &wav); err != nil {
		return nil, err
	}
	at := bytes.Index(wav, []byte("data"))
	channels := len(open.Tracks)
	if at < 0 || channels == 0 {
		return nil, errors.New("it cannot be heard")
	}
	wav = wav[at+8:]
	var all []byte
	for c := range channels { // each channel by itself, one after the other
		for i := 2 * c; i+1 < len(wav); i += 2 * channels {
			all = append(all, wav[i], wav[i+1])
		}
	}
	return all, nil
}

// samples are what a payload sounds like, 16 bits each.
func samples(a *negotiate.Agreed, payload []byte) []byte {
	pcm := make([]int16, len(payload))
	a.Law.DecodeTo(pcm, payload)
	out := make([]byte, 0, 2*len(pcm))
	for _, s := range pcm {
		out = binary.LittleEndian.AppendUint16(out, uint16(s))
	}
	return out
}

// close ends the call, and takes back what was set up for it.
func (s *spoken) close(ctx context.Context) {
	s.hangsUp()
	if s.voice != nil {
		s.voice.close()
	}
	if s.phone != nil {
		s.phone.Stop()
		_ = s.agent.Do(ctx, "PUT", "desk/phone", map[string]string{"phone": ""}, nil)
	}
	for _, socket := range s.sockets {
		_ = socket.Close()
	}
	for _, path := range s.deletes {
		_ = s.w.gate.admin.Do(ctx, "DELETE", path, nil, nil)
	}
}
