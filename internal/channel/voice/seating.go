package voice

import "slices"

// With is whom the agent of a call talks with.
type With string

const (
	WithCaller    With = "caller"
	WithColleague With = "colleague" // those consulted, while the caller hears music
	WithAll       With = "all"       // a conference
)

// Monitor is how a supervisor takes part in a call.
type Monitor string

const (
	MonitorNone    Monitor = "none"
	MonitorListen  Monitor = "listen"  // hears all, is heard by nobody
	MonitorWhisper Monitor = "whisper" // is heard by the agent only
	MonitorBarge   Monitor = "barge"   // is heard by all
)

// Rooms of a call: who shares one hears the others of it.
const (
	alone = iota
	callersRoom
	aside
)

// manner is what a party does in its room.
type manner string

const (
	talks    manner = "talks"
	listens  manner = "listens"
	waits    manner = "waits"    // hears music, is heard by nobody
	whispers manner = "whispers" // to the agent
)

// seat is a party's place in a call.
type seat struct {
	room   int
	manner manner
	sound  sound // while it hears nobody
}

// sound is what a party hears while it hears nobody.
type sound uint8

const (
	silence sound = iota
	melody
	ringback // the person who is called is being rung
)

// outsider names the party at an outside number.
const outsider = "outside"

// view is what decides who hears whom. Parties are named by their user's id; ""
// is the caller, and outsider who is called for it.
type view struct {
	state     string
	agent     string
	held      bool
	with      With
	consulted []string
	monitors  map[string]Monitor
	present   map[string]bool // whose sound is connected
	ringing   bool            // the caller is one who is called, and rung
	dials     bool            // the outside number is called
	rings     bool            // and rung
	apart     bool            // the caller is in a secure flow: nobody hears it, and it hears nobody
	parked    bool            // it waits where it is parked
	rests     bool            // who has it from there holds at its phone
	handed    bool            // the caller talks with the outside number, and nobody else does
}

// seats gives every party that is present its place.
func seats(v view) map[string]seat {
	running := v.state == active && v.present[v.agent] && v.agent != ""
	asked := v.dials || v.present[outsider] || slices.ContainsFunc(v.consulted, func(u string) bool { return v.present[u] && u != v.agent })
	room := callersRoom
	if v.with == WithColleague && asked {
		room = aside
	}
	out := map[string]seat{}
	for who, here := range v.present {
		switch {
		case !here:
		case v.handed && v.rests && who == "":
			out[who] = seat{room: callersRoom, manner: waits, sound: melody}
		case v.handed && (who == "" || who == outsider):
			out[who] = seat{room: callersRoom, manner: talks, sound: melody}
		case who == "" && v.apart:
			out[who] = seat{room: alone}
		case who == "":
			out[who] = callerSeat(v, running, room)
		case !running:
			out[who] = seat{room: alone}
			if who == outsider {
				out[who] = seat{room: alone, sound: melody}
			}
		case who == v.agent:
			out[who] = seat{room: room, manner: talks}
			if v.ringing || v.rings && room == aside {
				out[who] = seat{room: room, manner: talks, sound: ringback}
			}
		case who == outsider || slices.Contains(v.consulted, who):
			out[who] = colleagueSeat(v.with)
		default:
			out[who] = seat{room: room, manner: map[Monitor]manner{MonitorWhisper: whispers, MonitorBarge: talks}[v.monitors[who]]}
			if out[who].manner == "" {
				out[who] = seat{room: room, manner: listens}
			}
		}
	}
	return out
}

func callerSeat(v view, running bool, room int) seat {
	switch {
	case !running:
		switch {
		case v.state == inFlow && v.rings:
			return seat{room: alone, sound: ringback}
		case v.state == inFlow && !v.dials && !v.parked:
			return seat{room: alone}
		}
		return seat{room: alone, sound: melody}
	case v.held || room == aside:
		return seat{room: callersRoom, manner: waits, sound: melody}
	}
	return seat{room: callersRoom, manner: talks, sound: melody}
}

func colleagueSeat(with With) seat {
	switch with {
	case WithColleague:
		return seat{room: aside, manner: talks, sound: melody}
	case WithAll:
		return seat{room: callersRoom, manner: talks, sound: melody}
	}
	return seat{room: aside, manner: waits, sound: melody}
}
