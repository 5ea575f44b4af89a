package server

import (
	"testing"
	"time"

	"nubitalk/internal/server/transport"
)

func TestCertificatesAreToldAsTheyStand(t *testing.T) {
	until := time.Date(2027, 3, 3, 0, 0, 0, 0, time.UTC)
	at := until.AddDate(0, -1, 0)
	for _, test := range []struct {
		standing  transport.Standing
		responder string
		works     bool
	}{
		{transport.Standing{}, "none", true},
		{transport.Standing{Must: true}, "none", false},
		{transport.Standing{Asked: true}, "silent", true},
		{transport.Standing{Asked: true, Must: true}, "silent", false},
		{transport.Standing{Asked: true, Must: true, Stapled: at}, "good", true},
		{transport.Standing{Asked: true, Stapled: at, Revoked: at}, "revoked", false},
	} {
		test.standing.Until = until
		v := certificateView(test.standing)
		if v.Responder != test.responder || v.Works != test.works || !v.EndsAt.Equal(until) {
			t.Errorf("%+v is told as %+v", test.standing, v)
		}
		if (v.AnswerUntil != nil) != (test.responder == "good") || (v.RevokedAt != nil) != (test.responder == "revoked") {
			t.Errorf("%+v is told with the times %v and %v", test.standing, v.AnswerUntil, v.RevokedAt)
		}
	}
}
