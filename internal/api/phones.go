package api

import (
	"context"
	"time"

	appsetup "nubitalk/internal/app/setup"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
)

// PhoneBeside is what is sent with a phone and not stored with it.
type PhoneBeside struct {
	PasswordSet  bool   `json:"password_set,omitempty" doc:"As it was answered; it changes nothing."`
	Account      string `json:"account,omitempty" maxLength:"64" doc:"As it was answered; it changes nothing."`
	ConfirmPlain bool   `json:"confirm_plain,omitempty" writeOnly:"true" doc:"Confirms that names, numbers and voices may pass unencrypted, when encryption becomes plain. It is noted in the audit log."`
}

func (b PhoneBeside) beside() appsetup.Extra { return appsetup.Extra{Plain: b.ConfirmPlain} }

type (
	// NewPhone makes a phone.
	NewPhone struct {
		setup.Phone
		PhoneBeside
	}
	PhoneObject struct {
		SetupHead
		setup.Phone
		PasswordSet bool   `json:"password_set" doc:"It has a password. Without one it cannot register."`
		Account     string `json:"account" doc:"The user name with which the phone registers."`
	}
	PhoneChange struct {
		Seen
		setup.Phone
		PhoneBeside
	}
)

func (o *PhoneObject) setHead(from SetupObject) {
	o.SetupHead.setHead(from)
	o.PasswordSet, o.Account = len(from.Secrets) > 0, o.PhoneAccount(from.ID)
}

func (n NewPhone) apart() any { return n.Phone }

// PhoneState is how a phone stands now.
type PhoneState struct {
	Running  bool         `json:"running" doc:"Telephones are served here; the rest means nothing without it."`
	Realm    string       `json:"realm"`
	Servers  []string     `json:"servers" doc:"Where phones register, such as tls://voice.example:5061."`
	Bindings []PhonePlace `json:"bindings" doc:"Where it is registered; empty: nowhere."`

	NotAllowed []string `json:"not_allowed,omitempty" doc:"Fields of the phone that the operator's rule for all connections does not allow. It is not let in while there are any."`
}

// PhonePlace is one place where a phone is registered. Where that is, is told to
// nobody.
type PhonePlace struct {
	Transport string    `json:"transport" enum:"tls,tcp,udp"`
	Ends      time.Time `json:"ends" doc:"When the registration lapses, unless it is renewed."`
}

// PhonePassword is shown once.
type PhonePassword struct {
	Account  string `json:"account"`
	Password string `json:"password" doc:"The phone's password. It is not shown again."`
}

func (s *Server) phoneRoutes() {
	setupKind[NewPhone, PhoneObject, PhoneChange](s, setup.KindPhone, "Phone", func(c PhoneChange) any { return c.Phone })
	handle(s, "GET", "/api/v1/phones/{id}/status", needs(appsetup.Reads(setup.KindPhone)), about{id: "phoneStatus", tag: setupTag, summary: "How a phone stands now"},
		func(ctx context.Context, c *caller, in *ByID) (*reply[PhoneState], error) {
			return answer(s.phoneState(ctx, c.Actor, in.ID))
		})
	handle(s, "POST", "/api/v1/phones/{id}/password", Guard{Permission: appsetup.Writes(setup.KindPhone), NoSupport: true}, about{id: "makePhonePassword", tag: setupTag, summary: "Give a phone a new password",
		detail: "Answers with the password, shown once. The one before is void, and the phone has to register anew."},
		func(ctx context.Context, c *caller, in *ByID) (*reply[PhonePassword], error) {
			o, err := objectOf[PhoneObject](s.Setup.Get(ctx, c.Actor, setup.KindPhone, in.ID))
			if err != nil {
				return nil, err
			}
			password, err := s.Setup.MakePhonePassword(ctx, c.Actor, in.ID)
			return answer(PhonePassword{Account: o.Account, Password: password.Reveal()}, err)
		})
}

// phoneState asks those who serve phones, of a phone that the caller may see.
func (s *Server) phoneState(ctx context.Context, a access.Actor, phone string) (PhoneState, error) {
	if _, err := s.Setup.Get(ctx, a, setup.KindPhone, phone); err != nil {
		return PhoneState{}, err
	}
	if s.Phones == nil {
		return PhoneState{Servers: []string{}, Bindings: []PhonePlace{}}, nil
	}
	return s.Phones.PhoneState(ctx, a.Tenant, phone)
}

// HandsetChoice is by what a user talks.
type HandsetChoice struct {
	Phone  string     `json:"phone" doc:"Id of the phone by which I talk; empty: by the browser."`
	Phones []OwnPhone `json:"phones" doc:"My phones."`
}

// OwnPhone is a phone of the user who asks.
type OwnPhone struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	Extension  string `json:"extension"`
	Registered bool   `json:"registered" doc:"It can be rung now."`
}

type handsetInput struct {
	Body struct {
		Phone string `json:"phone" maxLength:"64" doc:"Id of one of my phones; empty: the browser."`
	} `nameHint:"HandsetInput"`
}

// handsetRoutes let users choose by what they talk.
func (s *Server) handsetRoutes() {
	use := needs(access.DeskUse)
	handle(s, "GET", "/api/v1/desk/phone", use, about{id: "handset", tag: "Desk", summary: "By what I talk: the browser, or one of my phones"},
		func(ctx context.Context, c *caller, _ *none) (*reply[HandsetChoice], error) {
			if s.Handsets == nil {
				return answer(HandsetChoice{Phones: []OwnPhone{}}, nil)
			}
			return answer(s.Handsets.Handset(ctx, c.Actor))
		})
	handle(s, "PUT", "/api/v1/desk/phone", use, about{id: "chooseHandset", tag: "Desk", summary: "Choose by what I talk",
		detail: "It is remembered. Calls that are offered ring the phone, and picking up accepts; calls that I hold are rung there, or go on when my browser connects."},
		func(ctx context.Context, c *caller, in *handsetInput) (*reply[HandsetChoice], error) {
			switch {
			case s.Handsets == nil && in.Body.Phone == "":
				return answer(HandsetChoice{Phones: []OwnPhone{}}, nil)
			case s.Handsets == nil:
				return nil, errs.New(errs.Conflict, "No telephone lines are set up on this server.")
			}
			return answer(s.Handsets.ChooseHandset(ctx, c.Actor, in.Body.Phone))
		})
}
