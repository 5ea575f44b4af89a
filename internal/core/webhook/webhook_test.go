package webhook

import (
	"encoding/json"
	"testing"
	"time"

	"nubitalk/internal/base/secret"
)

// The example of the standard's own libraries.
func TestASignatureIsTheStandards(t *testing.T) {
	got := Sign(secret.New("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), `{"test": 2432232314}`)
	want := map[string]string{"Webhook-Id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "Webhook-Timestamp": "1614265330", "Webhook-Signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s is %q, want %q", name, got[name], value)
		}
	}
	// A secret that is no base64 is taken as it is written.
	plain := Sign(secret.New("a secret that nobody guesses"), "m", time.Unix(1, 0), "x")
	other := Sign(secret.New("a secret that nobody knows, too"), "m", time.Unix(1, 0), "x")
	if plain["Webhook-Signature"] == other["Webhook-Signature"] {
		t.Error("two secrets sign alike")
	}
}

func TestABody(t *testing.T) {
	at := time.Date(2026, 11, 2, 9, 0, 0, 123456789, time.UTC)
	body, err := Body(Event{AlertRaised, at, Alert{ID: "alt_1", Rule: &Named{"alr_1", "Long waits"}, Measure: "waiting", Queue: &Named{"que_1", "Orders"}, Level: "warning", Worst: "warning", Value: 7, Threshold: 5, RaisedAt: at, LevelAt: at}})
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Type string
		At   time.Time `json:"timestamp"`
		Data map[string]any
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil || got.Type != AlertRaised || !got.At.Equal(at.Truncate(time.Millisecond)) {
		t.Errorf("%s %v", body, err)
	}
	for _, absent := range []string{"agent", "trunk", "activity", "acknowledged_at", "ended_at", "cause"} {
		if _, there := got.Data[absent]; there {
			t.Errorf("%s is in %s", absent, body)
		}
	}
}

func TestWhenAMessageIsSentAgain(t *testing.T) {
	if _, ok := Again(0); ok {
		t.Error("nothing failed")
	}
	last, total := time.Duration(0), time.Duration(0)
	failures := 1
	for ; ; failures++ {
		wait, ok := Again(failures)
		if !ok {
			break
		}
		if wait <= last {
			t.Errorf("after failure %d it waits %v, after the one before %v", failures, wait, last)
		}
		last, total = wait, total+wait
	}
	if failures != 10 || total < 15*time.Hour || total > 24*time.Hour {
		t.Errorf("given up after %d failures and %v", failures, total)
	}
}

func TestWhatIsForReadersOfTheLog(t *testing.T) {
	if AnySecure([]string{AlertRaised, AlertChanged, AlertEnded, Ping}) || !AnySecure([]string{AlertRaised, SecurityAlertEnded}) {
		t.Error("security alerts are for who may read the audit log, and nothing else is")
	}
}
