package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"nubitalk/internal/base/secret"
)

// Events that another system may be told of.
const (
	AlertRaised          = "alert.raised"
	AlertChanged         = "alert.changed" // another level, or somebody saw it
	AlertEnded           = "alert.ended"
	SecurityAlertRaised  = "security_alert.raised"
	SecurityAlertChanged = "security_alert.changed" // more were counted
	SecurityAlertEnded   = "security_alert.ended"   // somebody saw it
)

// Ping is sent when somebody tries a webhook. Nobody asks for it.
const Ping = "ping"

// Events are those that can be asked for, in the order of screens.
var Events = []string{AlertRaised, AlertChanged, AlertEnded, SecurityAlertRaised, SecurityAlertChanged, SecurityAlertEnded}

// Secure says that an event is for those only who may read the audit log.
func Secure(event string) bool { return strings.HasPrefix(event, "security_alert.") }

// AnySecure says that one of several is.
func AnySecure(events []string) bool { return slices.ContainsFunc(events, Secure) }

// Event is something to tell. Data is written as JSON and holds ids, words, numbers and
// times, and names of queues, rules and trunks.
type Event struct {
	Type string
	At   time.Time
	Data any
}

// Named is a thing with what the organisation calls it.
type Named struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
}

// Alert is the data of the events of alerts. An agent has no name here.
type Alert struct {
	ID           string    `json:"id"`
	Rule         *Named    `json:"rule,omitempty"` // none for trunks and recordings, which are watched without one
	Measure      string    `json:"measure"`
	Activity     string    `json:"activity,omitempty"`
	Queue        *Named    `json:"queue,omitempty"`
	Agent        *Named    `json:"agent,omitempty"`
	Trunk        *Named    `json:"trunk,omitempty"`
	Level        string    `json:"level"`
	Worst        string    `json:"worst"`
	Value        int       `json:"value"`
	Threshold    int       `json:"threshold"`
	RaisedAt     time.Time `json:"raised_at"`
	LevelAt      time.Time `json:"level_at"`
	Acknowledged time.Time `json:"acknowledged_at,omitzero"`
	EndedAt      time.Time `json:"ended_at,omitzero"`
	Cause        string    `json:"cause,omitempty"`
}

// SecurityAlert is the data of the events of security alerts.
type SecurityAlert struct {
	ID           string    `json:"id"`
	Kind         string    `json:"kind"`
	User         string    `json:"user,omitempty"` // an id
	Action       string    `json:"action,omitempty"`
	Why          []string  `json:"why"`
	Times        int       `json:"times"`
	RaisedAt     time.Time `json:"raised_at"`
	LastAt       time.Time `json:"last_at"`
	Acknowledged time.Time `json:"acknowledged_at,omitzero"`
}

// Body is what is sent of an event.
func Body(e Event) (string, error) {
	b, err := json.Marshal(struct {
		Type string    `json:"type"`
		At   time.Time `json:"timestamp"`
		Data any       `json:"data"`
	}{e.Type, e.At.UTC().Truncate(time.Millisecond), e.Data})
	return string(b), err
}

// LeastSecret is how many bytes a secret for signing has at least.
const LeastSecret = 24

// secretPrefix begins a secret that holds its bytes in base64.
const secretPrefix = "whsec_"

// Sign gives the headers of a message. message is the same whenever it is sent again.
func Sign(key secret.Text, message string, now time.Time, body string) map[string]string {
	bytes := []byte(key.Reveal())
	if text, ok := strings.CutPrefix(key.Reveal(), secretPrefix); ok {
		if plain, err := base64.StdEncoding.DecodeString(text); err == nil {
			bytes = plain
		}
	}
	at := strconv.FormatInt(now.Unix(), 10)
	mac := hmac.New(sha256.New, bytes)
	mac.Write([]byte(message + "." + at + "." + body))
	return map[string]string{
		"Webhook-Id":        message,
		"Webhook-Timestamp": at,
		"Webhook-Signature": "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)),
	}
}

// waits are those before a message is sent again, after its first, second … failure. A
// system that is away over night still gets it.
var waits = []time.Duration{10 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour}

// Again says how long to wait after so many failures; false: it is given up.
func Again(failures int) (time.Duration, bool) {
	if failures < 1 || failures > len(waits) {
		return 0, false
	}
	return waits[failures-1], true
}
