package api

import (
	"context"
	"slices"

	"nubitalk/internal/app/floor"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/voice"
	"nubitalk/internal/core/access"
)

// soundBody holds a session description (RFC 8829). An offer's addresses are the
// browser's, an answer's are ours; neither is stored.
type soundBody struct {
	Description string `json:"description" minLength:"20" maxLength:"65536" doc:"Session description (SDP) of the browser's connection for sound."`
}

type visitorSoundInput struct {
	Body soundBody `nameHint:"SoundOffer"`
}

type soundInput struct {
	ByID
	Body soundBody `nameHint:"SoundOffer"`
}

// SoundAnswer is the other end of a connection for sound.
type SoundAnswer struct {
	Description string `json:"description" doc:"Session description (SDP) that answers the offer."`
}

type agentTalkInput struct {
	ByID
	Body wantedBody `nameHint:"Wanted"`
}

type holdInput struct {
	ByID
	Body struct {
		Held bool `json:"held" doc:"The caller hears music instead of the agent."`
	}
}

type talkInput struct {
	ByID
	Body struct {
		With voice.With `json:"with" enum:"caller,colleague,all"`
	}
}

type monitorInput struct {
	ByID
	Body struct {
		How voice.Monitor `json:"how" enum:"none,listen,whisper,barge"`
	}
}

type callOutInput struct {
	Body struct {
		Number string `json:"number" minLength:"2" maxLength:"64" doc:"Telephone number, as it is dialled from here or with its country (+351…)."`
		Queue  string `json:"queue" doc:"Id of the queue on whose behalf: its wrap-up and dispositions hold, and the call shows its number."`
		Caller string `json:"caller,omitempty" maxLength:"64" doc:"Number to show, one of those of callChoices."`
	}
}

type outsideInput struct {
	ByID
	Body struct {
		Number   string `json:"number" minLength:"2" maxLength:"64" doc:"Telephone number, as it is dialled from here or with its country (+351…)."`
		Caller   string `json:"caller,omitempty" maxLength:"64" doc:"Number to show, one of those of callChoices."`
		HandOver bool   `json:"hand_over,omitempty" doc:"Hand the caller over as soon as it is answered, without talking with it first."`
	}
}

type callBackInput struct {
	ByID
	Body struct {
		Caller string `json:"caller,omitempty" maxLength:"64" doc:"Number to show, one of those of callChoices."`
	} `nameHint:"CallBack"`
}

// CalledOut is a call that began.
type CalledOut struct {
	Interaction string `json:"interaction"`
}

type keysInput struct {
	ByID
	Body struct {
		Keys string `json:"keys" minLength:"1" maxLength:"32" pattern:"^[0-9*#A-D]+$" doc:"Keys to send to the caller, or to the outside number with which the agent talks alone, such as 1, * or #. Nothing of them is kept."`
	}
}

// callRoutes are the sound of calls: a call's written side has the routes of any
// conversation.
func (s *Server) callRoutes() {
	handle(s, "POST", "/chat/v1/conversation/sound", visitorToken, about{id: "visitorSound", tag: visitorTag, summary: "Connect my microphone and loudspeaker",
		detail: "For a conversation that is a call. The same again is a new connection in place of the old one, after a reload or a change of network. 410 when the call has ended."},
		func(ctx context.Context, c *caller, in *visitorSoundInput) (*reply[SoundAnswer], error) {
			return soundAnswer(s.Calls.CallerSound(ctx, c.visitor.Tenant, c.visitor.Interaction, secret.New(in.Body.Description)))
		})
	const tag = "Calls"
	const base = "/api/v1/interactions/{id}"
	hold, part := needs(access.WorkHandle), needs(access.NoteWrite) // a colleague who is consulted and a supervisor have a part, too
	handle(s, "POST", base+"/sound", part, about{id: "sound", tag: tag, summary: "Connect my headset to a call", once: true,
		detail: "For a call that one holds, is offered, is consulted about or monitors; nothing is heard before it is held. The same again is a new connection in place of the old one."},
		func(ctx context.Context, c *caller, in *soundInput) (*reply[SoundAnswer], error) {
			if _, err := s.Floor.Work(ctx, c.Actor, access.NoteWrite, in.ID); err != nil {
				return nil, err
			}
			return soundAnswer(s.Calls.AgentSound(ctx, c.Tenant, in.ID, c.User, secret.New(in.Body.Description)))
		})
	handle(s, "GET", base+"/call", part, about{id: "call", tag: tag, summary: "How a call's sound stands"},
		func(ctx context.Context, c *caller, in *ByID) (*reply[voice.State], error) {
			if _, err := s.Floor.Work(ctx, c.Actor, access.NoteWrite, in.ID); err != nil {
				return nil, err
			}
			return answer(s.Calls.State(ctx, c.Tenant, in.ID, c.User))
		})
	handle(s, "PUT", base+"/spoken", hold, about{id: "agentTalk", tag: tag, summary: "Ask to talk in a chat, agree to it, or end it",
		detail: "For a chat whose calls is set. Wanted: asks the visitor, or agrees when the visitor has asked; then the chat takes the place of a call and its sound is connected as a call's. Not wanted: declines, withdraws, or ends it; the chat goes on in writing. 409 when the agent has no place for a call."},
		func(ctx context.Context, c *caller, in *agentTalkInput) (*reply[floor.Interaction], error) {
			return s.inForce(ctx, c, in.ID)(s.Floor.AgentTalk(ctx, c.Actor, in.ID, in.Body.Wanted))
		})
	handle(s, "PUT", base+"/hold", hold, about{id: "hold", tag: tag, summary: "Hold a call, or go on with it"},
		func(ctx context.Context, c *caller, in *holdInput) (*reply[voice.State], error) {
			if _, err := s.Floor.Work(ctx, c.Actor, access.WorkHandle, in.ID); err != nil {
				return nil, err
			}
			return answer(s.Calls.Hold(ctx, c.Tenant, in.ID, c.User, in.Body.Held))
		})
	handle(s, "POST", base+"/ring", hold, about{id: "ringPhone", tag: tag, summary: "Ring my phone once more",
		detail: "For a call that I hold, when I talk by a phone (PUT /api/v1/desk/phone) that did not answer, or that I hung up."},
		func(ctx context.Context, c *caller, in *ByID) (*reply[voice.State], error) {
			if _, err := s.Floor.Work(ctx, c.Actor, access.WorkHandle, in.ID); err != nil {
				return nil, err
			}
			return answer(s.Calls.RingAgain(ctx, c.Tenant, in.ID, c.User))
		})
	handle(s, "PUT", base+"/talk", hold, about{id: "talk", tag: tag, summary: "Talk with the caller, with colleagues, or with all",
		detail: "caller: colleagues who are consulted hear music. colleague: the caller does. all: a conference. 409 while no colleague's sound is connected."},
		func(ctx context.Context, c *caller, in *talkInput) (*reply[voice.State], error) {
			if _, err := s.Floor.Work(ctx, c.Actor, access.WorkHandle, in.ID); err != nil {
				return nil, err
			}
			return answer(s.Calls.Talk(ctx, c.Tenant, in.ID, c.User, in.Body.With))
		})
	handle(s, "PUT", "/api/v1/floor/interactions/{id}/monitor", needs(access.FloorManage), about{id: "monitor", tag: tag, summary: "Listen to a running call, whisper to its agent, or join it",
		detail: "listen: I hear all and am heard by nobody. whisper: the agent hears me. barge: all do. none: I leave. Connect the sound afterwards. Whether listening is told, and whether it may be at all, says the tenant's rule on monitoring; each beginning is noted in the audit log."},
		func(ctx context.Context, c *caller, in *monitorInput) (*reply[voice.State], error) {
			if _, err := s.Floor.Work(ctx, c.Actor, access.FloorManage, in.ID); err != nil {
				return nil, err
			}
			return answer(s.Calls.Monitor(ctx, c.Tenant, in.ID, c.User, in.Body.How))
		})
	s.relayRoutes()
	s.handedRoutes()
	handle(s, "GET", "/api/v1/calls/choices", needs(access.CallOut), about{id: "callChoices", tag: tag, summary: "Whether I can call out, and which numbers I may show"},
		func(ctx context.Context, c *caller, _ *none) (*reply[voice.Choices], error) {
			return answer(s.Calls.CallChoices(ctx, c.Tenant))
		})
	handle(s, "POST", "/api/v1/calls", needs(access.CallOut), about{id: "callOut", tag: tag, summary: "Call a person", status: 201, once: true,
		detail: "The answer names a new interaction that I hold. Connect its sound; the call's state says when it rings and whether it was answered. Where the call may go decide the trunks' rules."},
		func(ctx context.Context, c *caller, in *callOutInput) (*reply[CalledOut], error) {
			made, err := s.Calls.CallOut(ctx, c.Tenant, c.User, in.Body.Queue, in.Body.Number, in.Body.Caller)
			return answer(CalledOut{made}, err)
		})
	handle(s, "POST", base+"/call-back", hold, about{id: "callBack", tag: tag, summary: "Call back a person who left a message", status: 202, once: true,
		detail: "For a call that one holds and whose person is not there (left_message). From now on it is a call as any other: connect its sound; its state says when it rings. Who is not reached has left_message again. Who may call out may do this; where the call may go decide the trunks' rules. 409 when the person's number is not known."},
		func(ctx context.Context, c *caller, in *callBackInput) (*none, error) {
			if access.Reach(c.Actor, access.CallOut) == access.None {
				return nil, errs.New(errs.Forbidden, "You are not allowed to do this.")
			}
			if _, err := s.Floor.Work(ctx, c.Actor, access.WorkHandle, in.ID); err != nil {
				return nil, err
			}
			return done(s.Calls.CallBack(ctx, c.Tenant, in.ID, in.Body.Caller))
		})
	handle(s, "POST", base+"/outside", hold, about{id: "callOutside", tag: tag, summary: "Call an outside number for the caller", once: true,
		detail: "For a call that one holds. The caller hears music meanwhile. talk goes back and forth between the two, or brings all together; handOver leaves them to each other. If it is not answered, the caller is with the agent again and the call's state says why. Who may call out may do this; where the call may go decide the trunks' rules."},
		func(ctx context.Context, c *caller, in *outsideInput) (*reply[voice.State], error) {
			if access.Reach(c.Actor, access.CallOut) == access.None {
				return nil, errs.New(errs.Forbidden, "You are not allowed to do this.")
			}
			if _, err := s.Floor.Work(ctx, c.Actor, access.WorkHandle, in.ID); err != nil {
				return nil, err
			}
			return answer(s.Calls.CallOutside(ctx, c.Tenant, in.ID, c.User, in.Body.Number, in.Body.Caller, in.Body.HandOver))
		})
	handle(s, "DELETE", base+"/outside", hold, about{id: "endOutside", tag: tag, summary: "Hang up the outside number, or call it no more",
		detail: "The caller is with the agent again."},
		func(ctx context.Context, c *caller, in *ByID) (*reply[voice.State], error) {
			if _, err := s.Floor.Work(ctx, c.Actor, access.WorkHandle, in.ID); err != nil {
				return nil, err
			}
			return answer(s.Calls.EndOutside(ctx, c.Tenant, in.ID, c.User))
		})
	handle(s, "POST", base+"/outside/hand-over", hold, about{id: "handOverOutside", tag: tag, summary: "Leave the caller with the outside number", once: true,
		detail: "My work wraps up; the call goes on until one of the two hangs up. 409 before the outside number has answered."},
		func(ctx context.Context, c *caller, in *ByID) (*none, error) {
			if _, err := s.Floor.Work(ctx, c.Actor, access.WorkHandle, in.ID); err != nil {
				return nil, err
			}
			return done(s.Calls.HandOutside(ctx, c.Tenant, in.ID, c.User))
		})
	handle(s, "POST", base+"/keys", hold, about{id: "pressKeys", tag: tag, summary: "Press keys in a call", once: true},
		func(ctx context.Context, c *caller, in *keysInput) (*none, error) {
			if _, err := s.Floor.Work(ctx, c.Actor, access.WorkHandle, in.ID); err != nil {
				return nil, err
			}
			return done(s.Calls.Press(ctx, c.Tenant, in.ID, in.Body.Keys))
		})
}

// handedRoutes are about calls that go on without any of the tenant's people.
func (s *Server) handedRoutes() {
	const tag = "Floor"
	handle(s, "GET", "/api/v1/floor/callbacks", needs(access.FloorWatch), about{id: "waitingCallbacks", tag: tag, summary: "People who wait to be called back, now",
		detail: "Those in line, and those who were not reached and wait until they are called again. Who came first comes first. `interaction.changed` tells changes live."},
		func(ctx context.Context, c *caller, _ *none) (*reply[ListOf[floor.WaitingCallback]], error) {
			all, err := s.Floor.Callbacks(ctx, c.Actor)
			return list(all, "", err)
		})
	handle(s, "DELETE", "/api/v1/floor/callbacks/{id}", needs(access.FloorManage), about{id: "cancelCallback", tag: tag, summary: "Call a person back no more",
		detail: "By the interaction's id, which is closed (`rejected`). 409 when somebody has it. It is noted in the audit log (`callback.cancelled`)."},
		func(ctx context.Context, c *caller, in *ByID) (*none, error) {
			return done(s.Floor.CancelCallback(ctx, c.Actor, in.ID))
		})
	handle(s, "GET", "/api/v1/floor/handed-over", needs(access.FloorWatch), about{id: "handedOver", tag: tag, summary: "Calls that go on with an outside number, now",
		detail: "They were handed over and take none of the agents' time, but the minutes and the calls of the trunk. The oldest comes first. `handed.changed` tells each change live."},
		func(ctx context.Context, c *caller, _ *none) (*reply[ListOf[voice.Handed]], error) {
			all := s.Calls.HandedOver(c.Tenant)
			if access.Reach(c.Actor, access.FloorWatch) == access.SomeOf { // the interactions say whose they are
				all = slices.DeleteFunc(slices.Clone(all), func(h voice.Handed) bool {
					_, err := s.Floor.Work(ctx, c.Actor, access.FloorWatch, h.Interaction)
					return err != nil
				})
			}
			return list(all, "", nil)
		})
	handle(s, "DELETE", "/api/v1/floor/handed-over/{id}", needs(access.FloorManage), about{id: "endHandedOver", tag: tag, summary: "Hang up a call that goes on with an outside number",
		detail: "Both sides are hung up. It is noted in the audit log (`call.ended`)."},
		func(ctx context.Context, c *caller, in *ByID) (*none, error) {
			if _, err := s.Floor.Work(ctx, c.Actor, access.FloorManage, in.ID); err != nil {
				return nil, err
			}
			return done(s.Calls.EndHandedOver(ctx, c.Tenant, in.ID, c.User))
		})
}

func soundAnswer(description secret.Text, err error) (*reply[SoundAnswer], error) {
	return answer(SoundAnswer{Description: description.Reveal()}, err)
}
