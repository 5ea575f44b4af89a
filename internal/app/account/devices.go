package account

import (
	"context"
	"strings"
	"time"

	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
)

// A browser in which a user has signed in keeps a ticket that says so. Guesses
// from there are counted apart from those of strangers, who therefore cannot lock
// the user out (OWASP, device cookies).
const (
	// DeviceTime is how long it does.
	DeviceTime = 180 * 24 * time.Hour
	// maxDevices is how many users one browser is remembered for: a desk in a
	// contact center has several.
	maxDevices   = 8
	devicesApart = "~"
)

// knownDevice is the id of a device in which the user has signed in, or "".
func (s *Service) knownDevice(ctx context.Context, t id.Tenant, user string, from From) string {
	for i, token := range strings.Split(from.Devices.Reveal(), devicesApart) {
		if i >= maxDevices || !strings.HasPrefix(token, ticketPrefix+string(t)+".") {
			continue
		}
		if _, k, err := s.redeem(ctx, forDevice, secret.New(token)); err == nil && k.User == user {
			return k.Device
		}
	}
	return ""
}

// remember answers with what the browser is to keep: that this user has signed
// in, and what it kept of others.
func (s *Service) remember(ctx context.Context, t id.Tenant, user, device string, from From) (secret.Text, error) {
	if device == "" {
		device = s.IDs.New(id.Session)
	}
	mine, err := s.issue(ctx, t, forDevice, ticket{User: user, Device: device})
	if err != nil {
		return secret.Text{}, err
	}
	keep := []string{mine.Reveal()}
	for i, token := range strings.Split(from.Devices.Reveal(), devicesApart) {
		if i >= maxDevices || len(keep) >= maxDevices || token == "" {
			continue
		}
		if of, k, err := s.redeem(ctx, forDevice, secret.New(token)); err == nil && (of != t || k.User != user) {
			keep = append(keep, token)
		}
	}
	return secret.New(strings.Join(keep, devicesApart)), nil
}

// closedUntil says until when an account is closed to who comes from a device
// ("": from one that is not known).
func (s *Service) closedUntil(user string, stored time.Time, device string) time.Time {
	if device == "" {
		return stored
	}
	return s.devices.locked(user, device, s.now())
}
