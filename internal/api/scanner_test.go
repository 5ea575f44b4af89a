package api_test

import (
	"strings"
	"testing"

	"nubitalk/internal/blob/scan"
	"nubitalk/internal/blob/scan/scantest"
	"nubitalk/internal/core/access"
)

// A harmful file is neither taken nor given out, whoever asks; what the scanner knows of
// later is stopped then; and while it gives no answer it is the operator's to say what
// becomes of files.
func TestAHarmfulFileIsRefused(t *testing.T) {
	h := found(t, noLimits)
	clamd := scantest.Start(t, "tcp://127.0.0.1:0")
	scanner, err := scan.New(clamd.Address)
	must(t, err)
	h.doors.Scanner = scanner
	agent, visitor := h.a.users[access.Agent], h.everybody()[3]
	if visitor.kind != aVisitor {
		t.Fatal(visitor.name)
	}
	of := "/api/v1/interactions/" + h.a.interaction
	multipart := []string{"Content-Type", "multipart/form-data; boundary=x"}
	harmful := strings.Replace(form, "hello", scantest.Harmful, 1)
	downloads := map[string]*who{of + "/attachments/" + h.a.attachment: agent, of + "/email/files/0": agent, "/chat/v1/conversation/attachments/" + h.a.attachment: visitor}
	each := func(fn func(got answered)) {
		t.Helper()
		for path, w := range downloads {
			fn(h.ask(w, "GET", path, nil))
		}
	}
	for path, w := range map[string]*who{of + "/attachments": agent, "/chat/v1/conversation/attachments": visitor} {
		before := clamd.Files()
		if got := h.ask(w, "POST", path, form, multipart...); got.status != 201 || clamd.Files() != before+1 {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
		got := h.ask(w, "POST", path, harmful, multipart...)
		want1(t, got, 422, "invalid")
		if !strings.Contains(got.body, `"location":"body.file"`) && !strings.Contains(got.body, "harmful") {
			t.Errorf("%s", got.body)
		}
	}
	each(func(got answered) {
		if got.status != 200 {
			t.Errorf("%d %s", got.status, got.body)
		}
	})
	if log := h.log.String(); !strings.Contains(log, scantest.Name) || strings.Contains(log, "a.txt") {
		t.Errorf("the log tells of the file, or not of its harm: %s", log)
	}

	clamd.Answer("stream: Later.Known-1 FOUND")
	each(func(got answered) {
		want1(t, got, 409, "conflict")
		if strings.Contains(got.body, h.a.canary) || got.header.Get("Content-Disposition") != "" {
			t.Errorf("%s", got.body)
		}
	})
	clamd.Answer("INSTREAM size limit exceeded. ERROR")
	each(func(got answered) { want1(t, got, 503, "unavailable") })
	want1(t, h.ask(agent, "POST", of+"/attachments", form, multipart...), 503, "unavailable")
	h.doors.AllowUnscanned()
	each(func(got answered) {
		if got.status != 200 {
			t.Errorf("%d %s", got.status, got.body)
		}
	})
	clamd.Answer("stream: Later.Known-1 FOUND") // what is known to be harmful is refused all the same
	each(func(got answered) { want1(t, got, 409, "conflict") })
}
