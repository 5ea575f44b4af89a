package api

import (
	"context"

	"nubitalk/internal/core/access"
	"nubitalk/internal/core/holiday"
	"nubitalk/internal/core/setup"
)

type importHoursInput struct {
	TimeZone string `query:"time_zone" required:"true" maxLength:"64" doc:"That of the hours, like Europe/Lisbon: a time in the file is a time there."`
	Years    int    `query:"years" minimum:"1" maximum:"10" default:"2" doc:"From today to the end of so many years later."`
	RawBody  []byte `contentType:"text/calendar" doc:"An iCalendar file (.ics) in UTF-8."`
}

// hoursRoutes are those of opening hours that no other kind of set-up has.
func (s *Server) hoursRoutes() {
	handle(s, "POST", "/api/v1/hours/import", needs(access.SetupWrite), about{id: "importHours", tag: setupTag, summary: "Read holidays from an iCalendar file",
		detail: "Answers which days the file says are closed, and what was left out, by line and with the reason. Nothing is stored: put the days that are wanted into the hours and save those.",
		once:   true, body: holiday.MaxFile + 1},
		func(_ context.Context, _ *caller, in *importHoursInput) (*reply[holiday.Calendar], error) {
			zone, err := setup.Zone(in.TimeZone)
			if err != nil {
				return nil, err
			}
			return answer(holiday.Read(in.RawBody, zone, s.clock.Now(), in.Years))
		})
}
