package api

import (
	"context"
	"time"

	appsetup "nubitalk/internal/app/setup"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/base/wording"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
)

// TrunkBeside is what is sent with a trunk and never answered.
type TrunkBeside struct {
	Password       string `json:"password,omitempty" writeOnly:"true" maxLength:"1024" doc:"A new password. It is sealed and never shown again; absent or empty: it stays as it is."`
	PasswordRemove bool   `json:"password_remove,omitempty" writeOnly:"true" doc:"Remove the password."`
	PasswordSet    bool   `json:"password_set,omitempty" doc:"As it was answered; it changes nothing."`
	ConfirmPlain   bool   `json:"confirm_plain,omitempty" writeOnly:"true" doc:"Confirms that voices may pass unencrypted, when encryption becomes plain. It is noted in the audit log."`
}

func (b TrunkBeside) beside() appsetup.Extra {
	x := appsetup.Extra{Plain: b.ConfirmPlain}
	if b.Password != "" {
		x.Secrets = map[string]secret.Text{setup.Password: secret.New(b.Password)}
	}
	if b.PasswordRemove {
		x.Remove = []string{setup.Password}
	}
	return x
}

type (
	// NewTrunk makes a trunk.
	NewTrunk struct {
		setup.Trunk
		TrunkBeside
	}
	TrunkObject struct {
		SetupHead
		setup.Trunk
		PasswordSet bool `json:"password_set" doc:"There is a password."`
	}
	TrunkChange struct {
		Seen
		setup.Trunk
		TrunkBeside
	}
)

func (o *TrunkObject) setHead(from SetupObject) {
	o.SetupHead.setHead(from)
	o.PasswordSet = len(from.Secrets) > 0
}

func (n NewTrunk) apart() any { return n.Trunk }

// apart gives an object's own fields, and what was sent beside them.
func apart(body any) (own any, x appsetup.Extra) {
	if b, ok := body.(interface{ apart() any }); ok {
		return b.apart(), besideOf(body)
	}
	return body, besideOf(body)
}

func besideOf(body any) (x appsetup.Extra) {
	if b, ok := body.(interface{ beside() appsetup.Extra }); ok {
		x = b.beside()
	}
	return x
}

// TrunkState is how a trunk stands now.
type TrunkState struct {
	Running      bool              `json:"running" doc:"Calls run here and the trunk is in use; the rest means nothing without it."`
	Registration RegistrationState `json:"registration"`
	Gateways     []GatewayState    `json:"gateways" doc:"As they are set up."`
	Calls        int               `json:"calls" doc:"Calls on the trunk now, both ways."`
	Outgoing     int               `json:"outgoing" doc:"Those of them that left."`
	NotAllowed   []string          `json:"not_allowed,omitempty" doc:"Fields of the trunk that the operator's rule for all connections does not allow. It carries no calls while there are any."`
	Line         *CarrierState     `json:"line,omitempty" doc:"With a line of the operator's: how that stands. The trunk has no registration and no gateways of its own then."`
}

// RegistrationState is how a trunk's registration stands.
type RegistrationState struct {
	State string    `json:"state" enum:"off,trying,registered,failing,denied" doc:"off: it is not set up. failing: the registrar does not answer or cannot. denied: it does not accept the account."`
	Code  int       `json:"code,omitempty" doc:"What the registrar answered last (a SIP status), when that was no yes."`
	Since time.Time `json:"since,omitzero"`
}

// GatewayState is how a gateway stands.
type GatewayState struct {
	Host      string `json:"host"`
	Port      int    `json:"port"`
	Transport string `json:"transport"`
	State     string `json:"state" enum:"up,down,unknown" doc:"By OPTIONS and by calls; unknown before the first answer."`
	RTT       int    `json:"rtt_ms,omitempty" doc:"Milliseconds that its last answer took."`
}

type tryNumberInput struct{ Body appsetup.TryNumber }

// TriedNumberView is what the dial plan would decide.
type TriedNumberView struct {
	appsetup.TriedNumber
	Says string `json:"says,omitempty" doc:"Why the call would not leave, in the reader's language."`
}

func (s *Server) trunkRoutes() {
	setupKind[NewTrunk, TrunkObject, TrunkChange](s, setup.KindTrunk, "Trunk", func(c TrunkChange) any { return c.Trunk })
	guard := needs(appsetup.Reads(setup.KindTrunk))
	handle(s, "GET", "/api/v1/trunks/{id}/status", guard, about{id: "trunkStatus", tag: setupTag, summary: "How a trunk stands now"},
		func(ctx context.Context, c *caller, in *ByID) (*reply[TrunkState], error) {
			return answer(s.trunkState(ctx, c.Actor, in.ID))
		})
	s.lineRoutes(guard)
	handle(s, "POST", "/api/v1/trunks/try", guard, about{id: "tryNumber", tag: setupTag, summary: "What would become of a number",
		detail: "The dial plan itself answers where a call to the number would arrive, if it is one of the trunks', and by which trunks a call to it would leave, with which number shown; or why it would not. No call is made, nothing is stored, and what was used up today does not count."},
		func(ctx context.Context, c *caller, in *tryNumberInput) (*reply[TriedNumberView], error) {
			tried, err := s.Setup.TryNumber(ctx, c.Actor, in.Body)
			out := TriedNumberView{TriedNumber: tried}
			if err == nil && tried.Refused != nil {
				out.Says, _ = wording.In(c.language(), errs.As(tried.Refused.Err()).Text)
			}
			return answer(out, err)
		})
}

// trunkState asks those who run calls, of a trunk that the caller may see.
func (s *Server) trunkState(ctx context.Context, a access.Actor, trunk string) (TrunkState, error) {
	o, err := objectOf[TrunkObject](s.Setup.Get(ctx, a, setup.KindTrunk, trunk))
	if err != nil {
		return TrunkState{}, err
	}
	if s.Trunks != nil && o.ArchivedAt.IsZero() {
		// One that was made just now may not be known there yet.
		if state, err := s.Trunks.TrunkState(ctx, a.Tenant, trunk); !errs.Is(err, errs.NotFound) {
			return state, err
		}
	}
	state := TrunkState{Registration: RegistrationState{State: "off"}, Gateways: []GatewayState{}}
	if o.Line != "" {
		state.Line = &CarrierState{o.Line, "unknown"}
	}
	for _, g := range o.Gateways {
		state.Gateways = append(state.Gateways, GatewayState{g.Host, g.Port, g.Transport, "unknown", 0})
	}
	return state, nil
}
