package api

import (
	appsetup "nubitalk/internal/app/setup"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/setup"
)

// ConnectionBeside is what is sent with a connection and never answered.
type ConnectionBeside struct {
	Secret       string `json:"secret,omitempty" writeOnly:"true" maxLength:"1024" doc:"What the header carries, e.g. Bearer and a token. It is sealed and never shown again; absent or empty: it stays as it is, unless the address leads to another host."`
	SecretRemove bool   `json:"secret_remove,omitempty" writeOnly:"true" doc:"Remove the secret."`
	SecretSet    bool   `json:"secret_set,omitempty" doc:"As it was answered; it changes nothing."`
}

func (b ConnectionBeside) beside() appsetup.Extra {
	var x appsetup.Extra
	if b.Secret != "" {
		x.Secrets = map[string]secret.Text{setup.ConnectionSecret: secret.New(b.Secret)}
	}
	if b.SecretRemove {
		x.Remove = []string{setup.ConnectionSecret}
	}
	return x
}

type (
	// NewConnection makes a connection.
	NewConnection struct {
		setup.Connection
		ConnectionBeside
	}
	ConnectionObject struct {
		SetupHead
		setup.Connection
		SecretSet bool `json:"secret_set" doc:"There is a secret."`
	}
	ConnectionChange struct {
		Seen
		setup.Connection
		ConnectionBeside
	}
)

func (o *ConnectionObject) setHead(from SetupObject) {
	o.SetupHead.setHead(from)
	o.SecretSet = len(from.Secrets) > 0
}

func (n NewConnection) apart() any { return n.Connection }
