package server

import (
	"testing"
	"time"

	"nubitalk/internal/app/prompt"
	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/media/audio"
	"nubitalk/internal/media/negotiate"
	"nubitalk/internal/server/config"
	"nubitalk/internal/server/drive"
)

// greets records two seconds of a tone as a greeting.
func greets(t *testing.T, u *drive.User, path string, hertz float64) error {
	t.Helper()
	tone := audio.Tone{Hertz: []float64{hertz}, Level: -20, Length: 2 * time.Second}
	return u.Send(t.Context(), path+"/greeting/audio", "audio/wav", audio.WriteWAV(tone.PCM(), audio.Rate), nil)
}

// Who calls and is to leave a message hears the user's own greeting: recorded by the
// user, by an administrator at the phone, and after a restart; taken back, it is heard
// no more. Others have nothing of it.
func TestACallerHearsTheUsersOwnGreeting(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		node := telephony(t, conf)
		n := start(t, conf, nil)
		acme, books := house(t, n)
		ctx := t.Context()
		boID := acme.agent(t, "bo")
		acme.agent(t, "cy")
		acme.user(t, "sue", access.Supervisor)
		books.agent(t, "bo")
		bo, cy, sue, theirs, admin := acme.signIn(t, "bo"), acme.signIn(t, "cy"), acme.signIn(t, "sue"), books.signIn(t, "bo"), acme.signIn(t, "ana")
		bos := acme.ownPhone(t, node, conf, "Bo's", boID, "21")
		hall := acme.ownPhone(t, node, conf, "Hall", "", "25")
		op := newExchange(t, node, nil)
		acme.trunk(t, op, "+351210000001", "", func(v *setup.Trunk) { v.Numbers[0].Rings = bos.id })
		acme.goesOn(t, bo, bos.id, m{"always": "voicemail"})

		// calls is answered by the mailbox, and hears a tone, and then that of a message.
		calls := func(what string, hertz float64, not ...float64) {
			t.Helper()
			call := op.dial(t, "210000001", "+351930000007", negotiate.Policy{})
			must(t, call.Accept(await[sip.Answered](t, call).Body.Data))
			call.hears(t, what, []float64{hertz}, not...)
			call.hears(t, what+", then", []float64{1000}, hertz)
			call.leg.Hangup(sip.Reason{})
			await[sip.Ended](t, call)
		}
		known := func(u *drive.User, path string) *prompt.Greeting {
			t.Helper()
			var k struct{ Greeting *prompt.Greeting }
			must(t, u.Do(ctx, "GET", path, nil, &k))
			return k.Greeting
		}

		if g := known(bo, "desk/greeting"); g != nil {
			t.Errorf("%+v", g)
		}
		refused(t, bo.Do(ctx, "GET", "desk/greeting/audio", nil, nil), 404)
		must(t, greets(t, bo, "desk", 500))
		if g := known(bo, "desk/greeting"); g == nil || g.SetBy != boID || g.Sound.Seconds < 1.5 {
			t.Errorf("%+v", g)
		}
		calls("recorded by the user", 500, 700)

		// Nobody else's, and nobody else may: but for who sets phones up.
		for _, u := range []*drive.User{cy, theirs} {
			if g := known(u, "desk/greeting"); g != nil {
				t.Errorf("%+v", g)
			}
		}
		for _, u := range []*drive.User{bo, cy, sue} {
			refused(t, u.Do(ctx, "GET", "phones/"+bos.id+"/greeting", nil, nil), 403)
			refused(t, greets(t, u, "phones/"+bos.id, 700), 403)
		}
		strangers := books.signIn(t, "ana")
		refused(t, strangers.Do(ctx, "GET", "phones/"+bos.id+"/greeting/audio", nil, nil), 404)
		refused(t, strangers.Do(ctx, "DELETE", "phones/"+bos.id+"/greeting/audio", nil, nil), 404)
		refused(t, admin.Do(ctx, "GET", "phones/"+hall.id+"/greeting", nil, nil), 409)

		// By an administrator; and what was recorded outlives the program.
		must(t, greets(t, admin, "phones/"+bos.id, 700))
		if g := known(admin, "phones/"+bos.id+"/greeting"); g == nil || g.SetBy == boID {
			t.Errorf("%+v", g)
		}
		n.stop(t)
		n = start(t, conf, nil)
		acme.node, bo.Base, admin.Base = n, n.URL(), n.URL()
		calls("recorded by an administrator", 700, 500)

		must(t, bo.Do(ctx, "DELETE", "desk/greeting/audio", nil, nil))
		if g := known(bo, "desk/greeting"); g != nil {
			t.Errorf("taken back: %+v", g)
		}
		call := op.dial(t, "210000001", "+351930000007", negotiate.Policy{})
		must(t, call.Accept(await[sip.Answered](t, call).Body.Data))
		call.hears(t, "the standard greeting, and the tone", []float64{1000}, 700)
		call.leg.Hangup(sip.Reason{})
		await[sip.Ended](t, call)

		// It goes with its user.
		must(t, greets(t, bo, "desk", 500))
		must(t, admin.Do(ctx, "DELETE", "users/"+boID, nil, nil))
		if has, err := n.parts.prompts.HasGreeting(ctx, acme.ID, boID); has || err != nil {
			t.Errorf("a deleted user's greeting is kept: %v", err)
		}
	})
}
