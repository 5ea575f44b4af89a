package api

import (
	"context"

	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
)

// CarrierState is how the operator's line stands that carries a trunk.
type CarrierState struct {
	Name  string `json:"name"`
	State string `json:"state" enum:"up,down,unknown,gone" doc:"unknown: nothing was heard of it yet. gone: the operator has no such line any more, or gives no numbers of it here."`
}

// OfferedLine is a line of the operator's that trunks may name.
type OfferedLine struct {
	Name       string              `json:"name"`
	Country    string              `json:"country" doc:"Two-letter country of the line, which is that of its trunks."`
	Encryption setup.Encryption    `json:"encryption" enum:"required,plain" doc:"plain: it may carry voices unencrypted; a trunk over it may require encryption all the same."`
	Numbers    []setup.NumberRange `json:"numbers" doc:"Those that are yours."`
	State      string              `json:"state" enum:"up,down,unknown"`
}

// LineState is how one of the operator's lines stands on the node that answers.
type LineState struct {
	Name          string            `json:"name"`
	Plain         bool              `json:"plain" doc:"Voices may pass unencrypted."`
	Registration  RegistrationState `json:"registration"`
	Gateways      []GatewayState    `json:"gateways"`
	Calls         int               `json:"calls" doc:"Calls on the line now, both ways."`
	MaxCalls      int               `json:"max_calls" doc:"0: no bound."`
	CallsASecond  int               `json:"calls_a_second" doc:"0: no bound."`
	Refused       LineRefusals      `json:"refused"`
	Organisations []LineShareState  `json:"organisations"`
}

// LineRefusals are calls that found no place on a line since the node started.
type LineRefusals struct {
	Full  uint64 `json:"full" doc:"Every place was taken."`
	Share uint64 `json:"share" doc:"The free places were reserved for other organisations."`
	Rate  uint64 `json:"rate" doc:"Too many calls began in a second."`
}

// LineShareState is what an organisation has of a line and uses of it.
type LineShareState struct {
	Organisation string              `json:"organisation" doc:"Its short name, as the file of lines has it."`
	Known        bool                `json:"known" doc:"There is such an organisation, and it works."`
	Numbers      []setup.NumberRange `json:"numbers"`
	Reserved     int                 `json:"reserved" doc:"Places that nobody else gets."`
	Calls        int                 `json:"calls"`
}

func (s *Server) lineRoutes(guard Guard) {
	handle(s, "GET", "/api/v1/trunks/lines", guard, about{id: "offeredLines", tag: setupTag, summary: "The operator's lines that a trunk may name",
		detail: "Lines of the operator of this installation that give the organisation numbers; nothing is said of what other organisations have of them."},
		func(ctx context.Context, c *caller, _ *none) (*reply[ListOf[OfferedLine]], error) {
			if s.Trunks == nil {
				return answer(ListOf[OfferedLine]{Items: []OfferedLine{}}, nil)
			}
			list, err := s.Trunks.OfferedLines(ctx, c.Actor.Tenant)
			return answer(ListOf[OfferedLine]{Items: list}, err)
		})
	handle(s, "GET", "/api/v1/lines", needs(access.SystemRead), about{id: "lines", tag: "System", summary: "How the operator's telephone lines stand",
		detail: "Of the node that answers: health, calls now, calls that found no place, and who has what of each line. Never who calls whom."},
		func(ctx context.Context, c *caller, _ *none) (*reply[ListOf[LineState]], error) {
			if s.Lines == nil {
				return answer(ListOf[LineState]{Items: []LineState{}}, nil)
			}
			list, err := s.Lines.LineStates(ctx)
			return answer(ListOf[LineState]{Items: list}, err)
		})
}
