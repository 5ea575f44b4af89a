package api

import (
	"context"
	"strconv"
	"time"

	"nubitalk/internal/app/floor"
	"nubitalk/internal/core/access"
)

type callLegsInput struct {
	Page
	Queue     string    `query:"queue" maxLength:"64" doc:"Of calls in this queue."`
	Agent     string    `query:"agent" maxLength:"64" doc:"Of calls that this user held, or had a part in."`
	Entry     string    `query:"entry_point" maxLength:"64" doc:"Of calls at this entry point."`
	Direction string    `query:"direction" enum:"in,out" doc:"out: calls that agents made."`
	From      time.Time `query:"from" doc:"Began then or later."`
	To        time.Time `query:"to" doc:"Began before."`
}

type exportLegsInput struct {
	Body struct {
		Format    string    `json:"format" enum:"csv,json" doc:"csv: a line for each, with a heading. json: a list."`
		Queue     string    `json:"queue,omitempty" maxLength:"64" doc:"Of calls in this queue."`
		Agent     string    `json:"agent,omitempty" maxLength:"64" doc:"Of calls that this user held, or had a part in."`
		Entry     string    `json:"entry_point,omitempty" maxLength:"64" doc:"Of calls at this entry point."`
		Direction string    `json:"direction,omitempty" enum:"in,out" doc:"out: calls that agents made."`
		From      time.Time `json:"from,omitzero" doc:"Began then or later."`
		To        time.Time `json:"to,omitzero" doc:"Began before."`
		Numbers   string    `json:"numbers,omitempty" enum:"masked,clear" default:"masked" doc:"clear needs call.numbers and a reason."`
		Reason    string    `json:"reason,omitempty" maxLength:"200" doc:"With clear: why. It stands in the audit log; name nobody in it."`
	} `nameHint:"ExportCallLegs"`
}

// callLegRoutes are about the ends of many calls.
func (s *Server) callLegRoutes() {
	const tag = "Calls"
	export := needs(access.CallExport)
	handle(s, "GET", "/api/v1/call-legs", export, about{id: "callLegs", tag: tag, summary: "The ends of calls: times, reasons, quality",
		detail: "The oldest first, with cursors; numbers are masked. What runs comes without its end."},
		func(ctx context.Context, c *caller, in *callLegsInput) (*reply[ListOf[floor.CallLeg]], error) {
			return list(s.History.CallLegs(ctx, c.Actor, floor.LegSearch{Queue: in.Queue, Agent: in.Agent, Entry: in.Entry, Direction: in.Direction, From: in.From, To: in.To,
				Cursor: in.Cursor, Limit: in.Limit}))
		})
	handle(s, "POST", "/api/v1/call-legs/export", export, about{id: "exportCallLegs", tag: tag, summary: "The ends of calls, as one file", status: 200, once: true, raw: describeList,
		detail: "All that the filter finds, the oldest first, streamed. In CSV a cell that a spreadsheet would take for a formula begins with an apostrophe. Each export is noted in the audit log, one with clear numbers with its reason."},
		func(ctx context.Context, c *caller, in *exportLegsInput) (*streamOutput, error) {
			b := in.Body
			q := floor.LegSearch{Queue: b.Queue, Agent: b.Agent, Entry: b.Entry, Direction: b.Direction, From: b.From, To: b.To, Clear: b.Numbers == "clear", Reason: b.Reason}
			return &streamOutput{Body: streamList(ctx, s, "calls", b.Format, legHeading, legCells, func(each func(floor.CallLeg) error) error { return s.History.ExportLegs(ctx, c.Actor, q, each) })}, nil
		})
}

type phoneCallsInput struct {
	Page
	Phone string `query:"phone" maxLength:"64" doc:"Made by this phone."`
	User  string `query:"user" maxLength:"64" doc:"Made by this user's phones, at that time."`
}

func (s *Server) phoneCallRoutes() {
	handle(s, "GET", "/api/v1/phone-calls", needs(access.CallExport), about{id: "phoneCalls", tag: "Calls", summary: "Outside calls that phones made",
		detail: "Those that left by a trunk and were answered, the newest first, with cursors. They are no work and have no record: of the number only the last two digits are kept."},
		func(ctx context.Context, c *caller, in *phoneCallsInput) (*reply[ListOf[floor.PhoneCall]], error) {
			return list(s.History.PhoneCalls(ctx, c.Actor, floor.PhoneCallSearch{Phone: in.Phone, User: in.User, Cursor: in.Cursor, Limit: in.Limit}))
		})
}

var legHeading = []string{"interaction", "direction", "entry_point", "queue", "agent", "leg", "part", "user", "way", "trunk", "srtp", "number", "started_at", "answered_at", "ended_at", "seconds",
	"ended_by", "sip_code", "q850", "lost_percent", "jitter_ms", "round_trip_ms", "mos"}

func legCells(l floor.CallLeg) []string {
	count := func(n int) string {
		if n == 0 {
			return ""
		}
		return strconv.Itoa(n)
	}
	seconds := ""
	if !l.AnsweredAt.IsZero() && !l.EndedAt.IsZero() {
		seconds = decimal(l.EndedAt.Sub(l.AnsweredAt).Seconds(), 3)
	}
	heard := []string{"", "", "", ""}
	if l.MOS > 0 {
		heard = []string{decimal(float64(l.Lost)/1e4, 4), decimal(float64(l.Jitter)/1e3, 3), decimal(float64(l.RoundTrip)/1e3, 3), decimal(l.MOS, 2)}
	}
	cells := append([]string{l.Interaction, l.Direction, l.EntryPoint, l.Queue, l.Agent, l.ID, l.Part, l.User, l.Way, l.Trunk, l.Suite, l.Number, moment(l.StartedAt), moment(l.AnsweredAt),
		moment(l.EndedAt), seconds, l.EndedBy, count(l.SIPCode), count(l.Q850)}, heard...)
	return cells
}
