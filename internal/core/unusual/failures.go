package unusual

import "time"

// Together is how close sign-ins that failed are looked at together.
const Together = time.Hour

// Failure is one sign-in that failed, from a browser that was not known.
type Failure struct {
	User    string
	Network string // a digest; "" if it was not noted
}

// Failed are sign-ins that failed within Together.
type Failed []Failure

// From counts the users whose sign-ins failed from a network, and how often they did.
func (f Failed) From(network string) (users, times int) {
	seen := map[string]bool{}
	for _, x := range f {
		if network != "" && x.Network == network {
			seen[x.User] = true
			times++
		}
	}
	return len(seen), times
}

// Of counts the networks from which sign-ins of a user failed, and how often they did.
func (f Failed) Of(user string) (networks, times int) {
	seen := map[string]bool{}
	for _, x := range f {
		if x.Network != "" && x.User == user {
			seen[x.Network] = true
			times++
		}
	}
	return len(seen), times
}
