package server

import (
	"net/http"
	"strings"
	"testing"

	"nubitalk/internal/blob/scan/scantest"
	"nubitalk/internal/server/config"
	"nubitalk/internal/server/demo"
)

// The scanner that the settings name looks into what a whole node takes and gives out.
func TestTheScannerOfTheSettings(t *testing.T) {
	engines(t, func(t *testing.T, c *config.Config) {
		clamd := scantest.Start(t, "tcp://127.0.0.1:0")
		c.Files.Scanner, c.Files.Unscanned = clamd.Address, "refuse"
		must(t, c.Check(nil))
		n := start(t, c, nil)
		seed := &demo.Seeder{Parts: n.contents()}
		must(t, seed.Put(t.Context(), demo.Organisations()[0]))
		a, b := putToWork(t, n, seed, "acme"), putToWork(t, n, seed, "brio")
		if clamd.Files() < 2 {
			t.Errorf("%d files were looked into", clamd.Files())
		}
		for _, p := range []*party{a, b} {
			visitor := asker{"the visitor", "Authorization", "Bearer " + p.visitor.Token}
			path := "/api/v1/interactions/" + p.visitor.Interaction + "/attachments"
			if status, answer := p.ask(p.session1(), http.MethodGet, path+"/"+p.attachment, nil); status != 200 {
				t.Errorf("%d %s", status, answer)
			}
			harmful := strings.NewReplacer("hello", scantest.Harmful, "f1", "f2").Replace(fileForm)
			for path, who := range map[string]asker{path: p.session1(), "/chat/v1/conversation/attachments": visitor} {
				if status, answer := p.ask(who, http.MethodPost, path, harmful); status != 422 || !strings.Contains(answer, "harmful") {
					t.Errorf("%s: %d %s", path, status, answer)
				}
			}
		}
		clamd.Answer("stream: Known.Later-1 FOUND")
		if status, answer := a.ask(a.session1(), http.MethodGet, "/api/v1/interactions/"+a.visitor.Interaction+"/attachments/"+a.attachment, nil); status != 409 {
			t.Errorf("%d %s", status, answer)
		}
	})
}
