package setup

import "strconv"

// UnusualRule says what of exports and sign-ins is unusual, and what of that raises an
// alert for who may read the audit log. What is unusual stands in the log either way.
type UnusualRule struct {
	Exports        bool         `json:"exports" doc:"Unusual exports raise an alert."`
	SignIns        bool         `json:"sign_ins" doc:"Unusual sign-ins raise an alert."`
	Failures       bool         `json:"failures" doc:"Sign-ins that failed together raise an alert."`
	FailedUsers    int          `json:"failed_users" minimum:"3" maximum:"1000" doc:"So many users whose sign-ins failed from one network, within an hour, from browsers that are not known."`
	FailedNetworks int          `json:"failed_networks" minimum:"3" maximum:"100" doc:"So many networks from which sign-ins of one user failed, within an hour, from browsers that are not known."`
	Refusals       bool         `json:"refusals" doc:"Requests that are refused again and again, because of what the caller may not, raise an alert."`
	RefusedOften   int          `json:"refused_often" enum:"50,100,200,400,800" doc:"So many of one caller, within ten minutes."`
	Usual          UsualExports `json:"usual" doc:"How many exports of a user within a day are never unusual."`
}

// UsualExports are how many of each kind of export are never unusual within a day.
type UsualExports struct {
	Users      int `json:"users" minimum:"1" maximum:"10000" doc:"Files of users."`
	Contacts   int `json:"contacts" minimum:"1" maximum:"10000" doc:"Contacts."`
	Calls      int `json:"calls" minimum:"1" maximum:"10000" doc:"Files of calls."`
	Numbers    int `json:"numbers" minimum:"1" maximum:"10000" doc:"Files of calls with telephone numbers."`
	Recordings int `json:"recordings" minimum:"1" maximum:"10000" doc:"Recordings that are exported."`
	Listened   int `json:"listened" minimum:"1" maximum:"10000" doc:"Recordings that are listened to."`
	Scores     int `json:"scores" minimum:"1" maximum:"10000" doc:"Files of scores."`
	Volumes    int `json:"volumes" minimum:"1" maximum:"10000" doc:"Volumes of an export of everything."`
}

// DefaultUnusual is what holds where nothing was chosen.
func DefaultUnusual() UnusualRule {
	return UnusualRule{Exports: true, SignIns: true, Failures: true, FailedUsers: 10, FailedNetworks: 5, Refusals: true, RefusedOften: 50,
		Usual: UsualExports{Users: 5, Contacts: 10, Calls: 10, Numbers: 5, Recordings: 20, Listened: 60, Scores: 10, Volumes: 50}}
}

// OrUsual is the rule, or that which holds where none was chosen.
func (r UnusualRule) OrUsual() UnusualRule {
	if r == (UnusualRule{}) {
		return DefaultUnusual()
	}
	if r.RefusedOften == 0 { // it was chosen before there was this
		usual := DefaultUnusual()
		r.Refusals, r.RefusedOften = usual.Refusals, usual.RefusedOften
	}
	return r
}

func (r UnusualRule) check(c *checks) {
	c.number("unusual.failed_users", r.FailedUsers, 3, 1000)
	c.number("unusual.failed_networks", r.FailedNetworks, 3, 100)
	c.oneOf("unusual.refused_often", strconv.Itoa(r.RefusedOften), "50", "100", "200", "400", "800") // as they are told: unusual.Refusals
	u := r.Usual
	for _, one := range []struct {
		of string
		n  int
	}{{"users", u.Users}, {"contacts", u.Contacts}, {"calls", u.Calls}, {"numbers", u.Numbers}, {"recordings", u.Recordings}, {"listened", u.Listened}, {"scores", u.Scores}, {"volumes", u.Volumes}} {
		c.number("unusual.usual."+one.of, one.n, 1, 10000)
	}
}
