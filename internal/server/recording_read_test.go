package server

import (
	"archive/zip"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/app/recording"
	"nubitalk/internal/blob"
	"nubitalk/internal/core/access"
	form "nubitalk/internal/core/recording"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/media/audio"
	"nubitalk/internal/media/g711"
	"nubitalk/internal/server/config"
	"nubitalk/internal/server/drive"
	"nubitalk/internal/store"
)

// tones is a source of so many seconds: 440 Hz on the first track, nothing on the
// second.
type tones struct {
	at   time.Duration
	left int
}

func (s *tones) Take(bool) (form.Piece, bool) {
	if s.left == 0 {
		return form.Piece{}, false
	}
	octets := make([]byte, audio.Rate)
	g711.A.EncodeTo(octets, audio.Tone{Hertz: []float64{440}, Length: time.Second}.PCM())
	p := form.Piece{At: s.at, Length: time.Second, Tracks: []form.Track{{Codec: form.PCMA, Data: octets}, {Codec: form.PCMA}}}
	s.at += time.Second
	s.left--
	return p, true
}
func (s *tones) Pause() time.Duration          { return s.at }
func (s *tones) Resume() (time.Duration, bool) { return s.at, true }
func (s *tones) Lost() time.Duration           { return 0 }

// fetch is a file of the API, and its header.
func fetch(t *testing.T, u *drive.User, path string) (int, http.Header, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, u.Base+"/api/v1/"+path, http.NoBody)
	must(t, err)
	r.AddCookie(u.Cookie)
	res, err := drive.Client().Do(r)
	must(t, err)
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	must(t, err)
	return res.StatusCode, res.Header, b
}

// Who may opens a recording, says why where that is asked, hears it in parts and
// is told what is missing; each opening is in the audit log.
func TestARecordingIsHeard(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		n := start(t, conf, nil)
		acme, books := house(t, n)
		ctx := t.Context()
		ana := acme.signIn(t, "ana")
		acme.user(t, "sue", access.Supervisor)
		books.user(t, "sue", access.Supervisor)
		cyID := acme.agent(t, "cy")
		acme.agent(t, "bo")
		bo, _ := acme.ready(t, "bo")
		sue, theirs, cy := acme.signIn(t, "sue"), books.signIn(t, "sue"), acme.signIn(t, "cy")
		v := acme.visitor(t, "rita")
		take(t, bo, v.Interaction)
		var work struct {
			Interaction struct{ Contact, Agent string }
		}
		must(t, sue.Do(ctx, "GET", "interactions/"+v.Interaction, nil, &work))
		r, err := n.parts.recording.Begin(ctx, recording.Start{Tenant: acme.ID, Interaction: v.Interaction, Contact: work.Interaction.Contact, Kind: recording.Voice,
			Parties: []string{"person", "agent"}, Source: &tones{left: 12}})
		must(t, err)
		must(t, r.End(ctx, "system", "ended"))
		listen := "recordings/" + r.ID() + "/listen"

		rule := func(l setup.Listening) {
			t.Helper()
			var rules struct {
				Version int64 `json:"version"`
				setup.Rules
			}
			must(t, ana.Do(ctx, "GET", "rules", nil, &rules))
			rules.Listening = l
			must(t, ana.Do(ctx, "PUT", "rules", rules, nil))
		}
		var list struct{ Items []recording.Item }
		must(t, sue.Do(ctx, "GET", "interactions/"+v.Interaction+"/recordings", nil, &list))
		if len(list.Items) != 1 || list.Items[0].ID != r.ID() || list.Items[0].LengthMS != 12_000 || list.Items[0].EndedAt.IsZero() {
			t.Fatalf("%+v", list)
		}
		for _, path := range []string{"interactions/" + v.Interaction + "/recordings", "recordings/" + r.ID() + "/sound?until_ms=1000"} {
			refused(t, theirs.Do(ctx, "GET", path, nil, nil), 404)
			refused(t, cy.Do(ctx, "GET", path, nil, nil), 404) // never held it
		}
		refused(t, bo.Do(ctx, "GET", "recordings/"+r.ID()+"/sound?until_ms=1000", nil, nil), 403) // agents do not listen here
		var none struct{ Items []recording.Item }
		must(t, bo.Do(ctx, "GET", "interactions/"+v.Interaction+"/recordings", nil, &none))
		if len(none.Items) != 0 {
			t.Errorf("an agent who does not listen is shown %+v", none)
		}
		refused(t, sue.Do(ctx, "GET", "recordings/"+r.ID()+"/sound?until_ms=1000", nil, nil), 409)

		var opened recording.Listening
		must(t, sue.Do(ctx, "POST", listen, m{}, &opened))
		if len(opened.Tracks) != 2 || len(opened.Faults) != 0 || len(opened.Waveform) != 0 || len(opened.Marks) != 1 || opened.Marks[0].Kind != form.Stopped {
			t.Errorf("%+v", opened)
		}
		part := func(u *drive.User, window string) (http.Header, []byte) {
			t.Helper()
			status, header, wav := fetch(t, u, "recordings/"+r.ID()+"/sound?ticket="+opened.Ticket+"&"+window)
			if status != http.StatusOK || header.Get("Content-Type") != "audio/wav" || header.Get("Cache-Control") != "private, no-store" {
				t.Fatalf("%d %v %s", status, header, wav)
			}
			return header, wav
		}
		header, wav := part(sue, "from_ms=4500&until_ms=6500")
		if len(wav) != 44+2*2*2*audio.Rate || header.Get("Recording-Missing") != "" {
			t.Fatalf("%d bytes, %v", len(wav), header)
		}
		left := make([]int16, 0, 2*audio.Rate)
		for i := 44; i < len(wav); i += 4 {
			left = append(left, int16(uint16(wav[i])|uint16(wav[i+1])<<8))
			if wav[i+2] != 8 && wav[i+2] != 0xf8 && wav[i+2] != 0 { // the smallest value of A-law, or none
				t.Fatal("the silent side sounds")
			}
		}
		if !audio.Heard(left, 440) || audio.Heard(left, 880) {
			t.Error("it is not the tone")
		}
		for _, window := range []string{"from_ms=5000&until_ms=5000", "from_ms=0&until_ms=30001"} {
			if status, _, _ := fetch(t, sue, "recordings/"+r.ID()+"/sound?ticket="+opened.Ticket+"&"+window); status != 422 {
				t.Errorf("%s: %d", window, status)
			}
		}
		// A ticket is of one sign-in.
		if status, _, _ := fetch(t, acme.signIn(t, "sue"), "recordings/"+r.ID()+"/sound?until_ms=1000&ticket="+opened.Ticket); status != 409 {
			t.Errorf("with somebody else's ticket: %d", status)
		}

		// A waveform is drawn once and then comes with the opening.
		var wave struct{ Waveform [][]int }
		must(t, sue.Do(ctx, "GET", "recordings/"+r.ID()+"/waveform?ticket="+opened.Ticket, nil, &wave))
		if len(wave.Waveform) != 2 || len(wave.Waveform[0]) != 240 || wave.Waveform[0][100] < 30 || wave.Waveform[1][100] > 1 {
			t.Errorf("%v", wave.Waveform)
		}

		rule(setup.Listening{Agents: true, Reason: true})
		refused(t, sue.Do(ctx, "POST", listen, m{}, nil), 422)
		refused(t, sue.Do(ctx, "POST", listen, m{"reason": "because I like it"}, nil), 422)
		var again recording.Listening
		must(t, bo.Do(ctx, "POST", listen, m{"reason": "quality"}, &again))
		if len(again.Waveform) != 2 || len(again.Waveform[0]) != 240 {
			t.Errorf("it is not kept: %v", again.Waveform)
		}
		refused(t, cy.Do(ctx, "POST", listen, m{"reason": "quality"}, nil), 404)

		// Who it is shared with hears it, and only until that ends.
		var shared struct{ Items []recording.Share }
		must(t, sue.Do(ctx, "POST", "recordings/"+r.ID()+"/shares", m{"users": []string{cyID}, "reason": "training"}, &shared))
		must(t, cy.Do(ctx, "POST", listen, m{}, &again))
		if status, _, _ := fetch(t, cy, "recordings/"+r.ID()+"/sound?until_ms=1000&ticket="+again.Ticket); status != 200 {
			t.Errorf("who it is shared with: %d", status)
		}
		must(t, cy.Do(ctx, "GET", "recordings/shared", nil, &shared))
		if len(shared.Items) != 1 || shared.Items[0].Recording != r.ID() || time.Until(shared.Items[0].EndsAt) > 7*24*time.Hour {
			t.Errorf("%+v", shared)
		}
		must(t, sue.Do(ctx, "DELETE", "recordings/"+r.ID()+"/shares/"+shared.Items[0].ID, nil, nil))
		if status, _, _ := fetch(t, cy, "recordings/"+r.ID()+"/sound?until_ms=1000&ticket="+again.Ticket); status != 404 {
			t.Errorf("after the share: %d", status)
		}

		// A segment that is lost is silence, and said so.
		var whole struct{ Faults []recording.Damage }
		must(t, sue.Do(ctx, "GET", "recordings/"+r.ID()+"/verify?ticket="+opened.Ticket, nil, &whole))
		if len(whole.Faults) != 0 {
			t.Errorf("%v", whole.Faults)
		}
		o, err := n.parts.recording.Open(ctx, acme.ID, r.ID())
		must(t, err)
		within(t, "it is not uploaded", func() bool {
			_, err := n.keepers.blobs.Get(ctx, blob.Key(blob.Recordings, acme.ID, o.Entries[1].Segment))
			return err == nil
		})
		must(t, n.keepers.blobs.Delete(ctx, blob.Key(blob.Recordings, acme.ID, o.Entries[1].Segment)))
		header, wav = part(sue, "from_ms=4500&until_ms=6500")
		if header.Get("Recording-Missing") != "5000+1500" || len(wav) != 44+2*2*2*audio.Rate {
			t.Errorf("%v", header)
		}
		must(t, sue.Do(ctx, "GET", "recordings/"+r.ID()+"/verify?ticket="+opened.Ticket, nil, &whole))
		if len(whole.Faults) != 1 || whole.Faults[0] != (recording.Damage{AtMS: 5000, LengthMS: 5000, What: form.FaultMissing}) {
			t.Errorf("%+v", whole.Faults)
		}

		acme.user(t, "dora", access.PrivacyOfficer)
		dora := acme.signIn(t, "dora")
		var file []byte
		refused(t, sue.Do(ctx, "POST", "recordings/export", m{"reason": "legal"}, nil), 403)
		refused(t, dora.Do(ctx, "POST", "recordings/export", m{}, nil), 422)
		must(t, dora.Do(ctx, "POST", "recordings/export", m{"recordings": []string{r.ID()}, "reason": "legal"}, &file))
		if z, err := zip.NewReader(bytes.NewReader(file), int64(len(file))); err != nil || len(z.File) != 6 || z.File[0].UncompressedSize64 != 44+12*4*audio.Rate {
			t.Errorf("%v, %d bytes", err, len(file))
		}

		var noted []string
		must(t, n.keepers.db.Read(ctx, acme.ID, func(tx *store.Tx) error {
			rows, err := tx.Audit(store.AuditFilter{Action: recording.ActionListened})
			noted = noted[:0]
			for _, row := range rows {
				noted = append(noted, row.ObjectID+" "+row.Detail)
			}
			return err
		}))
		if all := strings.Join(noted, "\n"); len(noted) != 3 || strings.Count(all, r.ID()) != 3 || !strings.Contains(all, `"reason":"training","share":"shr_`) || !strings.Contains(all, `"reason":"quality"`) || !strings.Contains(all, v.Interaction) {
			t.Errorf("the audit log has %s", all)
		}
	})
}
