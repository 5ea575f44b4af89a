package server

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	appsetup "nubitalk/internal/app/setup"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/media/audio"
	"nubitalk/internal/server/config"
	"nubitalk/internal/server/drive"
)

// recorded makes a prompt with a tone for its sound, and gives its id.
func (c *company) recorded(t *testing.T, u *drive.User, name string, hertz, level float64) string {
	t.Helper()
	var made struct{ ID string }
	must(t, u.Do(t.Context(), "POST", "prompts", m{"name": name, "language": "en", "text": name + "."}, &made))
	pcm := audio.Tone{Hertz: []float64{hertz}, Level: level, Length: 4 * time.Second}.PCM()
	r, err := http.NewRequestWithContext(t.Context(), "POST", c.node.URL()+"/api/v1/prompts/"+made.ID+"/audio", bytes.NewReader(audio.WriteWAV(pcm, audio.Rate)))
	must(t, err)
	r.Header.Set("Content-Type", "audio/wav")
	r.AddCookie(u.Cookie)
	res, err := drive.Client().Do(r)
	must(t, err)
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("upload: %d", res.StatusCode)
	}
	return made.ID
}

// A caller hears a flow's recorded prompt, made right, and its queue's own music; who
// writes reads the prompt's words. A prompt in use stays, and the refusal says where.
func TestRecordedPromptsAreHeard(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		n := start(t, conf, nil)
		acme, _ := house(t, n)
		ctx := t.Context()
		admin := acme.signIn(t, "ana")
		welcome, music := acme.recorded(t, admin, "Welcome", 700, -45), acme.recorded(t, admin, "Music", 1200, -20)
		must(t, admin.Do(ctx, "POST", "prompts/"+welcome+"/level", m{"right": true}, nil))

		queue := m{}
		must(t, admin.Do(ctx, "GET", "queues/"+acme.queue, nil, &queue))
		queue = own(queue)
		queue["music"] = music
		must(t, admin.Do(ctx, "PUT", "queues/"+acme.queue, queue, nil))
		var flow struct{ ID string }
		must(t, admin.Do(ctx, "POST", "flows", m{"name": "Recorded", "graph": m{"start": "ask", "nodes": m{
			"ask":   m{"type": "ask", "prompt": m{"en": welcome}, "text": m{"pt": "Olá"}, "options": []m{{"value": "go", "label": m{"en": "Go on", "pt": "Continuar"}, "next": "queue"}}},
			"queue": m{"type": "queue", "queue": acme.queue}}}}, &flow))
		point := setup.DefaultEntryPoint("Recorded", flow.ID, "")
		point.Channel = acd.Voice
		entry, err := appsetup.Create(ctx, n.parts.setup, acme.admin, point)
		must(t, err)
		must(t, n.parts.floor.Reload(ctx, acme.ID))

		v, c, err := drive.Chat(ctx, drive.Client(), n.URL(), entry.ID, "rita", "", "", "c1")
		must(t, err)
		if len(c.Messages) != 1 || c.Messages[0].Text != "Welcome." {
			t.Fatalf("what is written: %+v", c.Messages)
		}
		caller := acme.callerSound(t, v)
		caller.Talk(500)
		listens(t, "the caller, in the menu", caller, []float64{700}, 500, 1200)
		_, err = v.Choose(ctx, "k1", "go")
		must(t, err)
		listens(t, "the caller, who waits", caller, []float64{1200}, 500, 700)
		must(t, v.Do(ctx, "POST", "/end", m{}, nil))

		for prompt, user := range map[string]string{welcome: "Recorded", music: queue["name"].(string)} {
			err := admin.Do(ctx, "DELETE", "prompts/"+prompt+"?version=1", nil, nil)
			if err == nil || !strings.Contains(err.Error(), user) {
				t.Errorf("a prompt in use: %v", err)
			}
		}
	})
}
