package api

import (
	"context"
	"time"

	"nubitalk/internal/app/campaign"
	"nubitalk/internal/base/wording"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
)

const maxContactFile = campaign.MaxBytes/3*4 + 64<<10

type campaignContactInput struct {
	ByID
	Contact string `path:"contact" maxLength:"64" doc:"Id of the contact in its list, as next gave it."`
}

type skipInput struct {
	campaignContactInput
	Body campaign.Skipping `nameHint:"SkippedContact"`
}

type againInput struct {
	ByID
	Body struct {
		At  time.Time `json:"at,omitzero" doc:"Within the next 90 days; absent takes it back."`
		Own bool      `json:"own,omitempty" doc:"I call myself; after an hour anybody does."`
	} `nameHint:"CallAgain"`
}

type listFileInput struct {
	ByID
	Body struct {
		File []byte `json:"file" doc:"The file as it is, in base64: at most 4 MB and 10,000 contacts."`
	} `nameHint:"ContactFile"`
}

type listImportInput struct {
	ByID
	Body struct {
		File []byte `json:"file" doc:"The same file, in base64."`
		Seen string `json:"seen" maxLength:"64" doc:"Of the preview."`
	} `nameHint:"ContactFileSeen"`
}

type listedInput struct {
	ByID
	Cursor string `query:"cursor" maxLength:"32"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type removeListedInput struct {
	ByID
	Contact string `path:"contact" maxLength:"64" doc:"Id of the contact in the list."`
}

type neverInput struct {
	Body struct {
		Numbers []string `json:"numbers" minItems:"1" maxItems:"1000" doc:"Telephone numbers, as they are dialled from here or with their country (+351…)."`
	} `nameHint:"DoNotCall"`
}

type oneNeverInput struct {
	Body struct {
		Number string `json:"number" minLength:"2" maxLength:"64"`
	} `nameHint:"DoNotCallNumber"`
}

// NeverCount is how long the do-not-call list is.
type NeverCount struct {
	Numbers int `json:"numbers"`
}

// saidLines says the problems of lines in the caller's language.
func (c *caller) saidLines(lines []campaign.ContactLine) {
	for i := range lines {
		lines[i].Problem, _ = wording.In(c.language(), lines[i].Problem)
	}
}

// campaignRoutes are outbound work: what administrators and supervisors prepare, and what
// agents call.
func (s *Server) campaignRoutes() {
	const tag = "Campaigns"
	setupKind[setup.ContactList, ContactListObject, ContactListChange](s, setup.KindContactList, "ContactList", func(c ContactListChange) any { return c.ContactList })
	setupKind[setup.Campaign, CampaignObject, CampaignChange](s, setup.KindCampaign, "Campaign", func(c CampaignChange) any { return c.Campaign })
	call, manage := needs(access.CallOut), needs(access.CampaignManage)
	handle(s, "GET", "/api/v1/desk/campaigns", call, about{id: "deskCampaigns", tag: tag, summary: "The campaigns in which I may call now, and the contact that I have"},
		func(ctx context.Context, c *caller, _ *none) (*reply[campaign.CallingDesk], error) {
			return answer(s.Campaigns.Desk(ctx, c.Actor))
		})
	handle(s, "POST", "/api/v1/desk/campaigns/{id}/next", call, about{id: "nextContact", tag: tag, summary: "Give me the next contact", status: 200, once: true,
		detail: "It is mine until `until`, and nobody else's; the same again gives the same one. Without one, `why` says why. That I was shown it is noted in the audit log."},
		func(ctx context.Context, c *caller, in *ByID) (*reply[campaign.NextContact], error) {
			return answer(s.Campaigns.Next(ctx, c.Actor, in.ID))
		})
	handle(s, "POST", "/api/v1/desk/campaigns/{id}/contacts/{contact}/call", call, about{id: "callContact", tag: tag, summary: "Call the contact that I have", status: 201, once: true,
		detail: "The answer names a new interaction that I hold, as of callOut. Asked once more before: the do-not-call list, the person's restriction, the campaign and its hours; then the trunks' rules."},
		func(ctx context.Context, c *caller, in *campaignContactInput) (*reply[CalledOut], error) {
			made, err := s.Campaigns.Call(ctx, c.Actor, in.ID, in.Contact)
			return answer(CalledOut{made}, err)
		})
	handle(s, "POST", "/api/v1/desk/campaigns/{id}/contacts/{contact}/skip", call, about{id: "skipContact", tag: tag, summary: "Do not call the contact that I have", once: true},
		func(ctx context.Context, c *caller, in *skipInput) (*none, error) {
			return done(s.Campaigns.Skip(ctx, c.Actor, in.ID, in.Contact, in.Body))
		})
	handle(s, "PUT", "/api/v1/interactions/{id}/call-again", needs(access.WorkHandle), about{id: "callAgain", tag: tag, summary: "Note when the person of a campaign's call is to be called again",
		detail: "It holds before what the campaign says of the disposition, and is in force when the work is closed."},
		func(ctx context.Context, c *caller, in *againInput) (*none, error) {
			if _, err := s.Floor.Work(ctx, c.Actor, access.WorkHandle, in.ID); err != nil {
				return nil, err
			}
			return done(s.Campaigns.Again(ctx, c.Actor, in.ID, in.Body.At, in.Body.Own))
		})
	handle(s, "GET", "/api/v1/campaigns/progress", needs(access.FloorWatch), about{id: "campaignProgress", tag: tag, summary: "How far the campaigns are"},
		func(ctx context.Context, c *caller, _ *none) (*reply[ListOf[campaign.CampaignProgress]], error) {
			all, err := s.Campaigns.Progress(ctx, c.Actor)
			return list(all, "", err)
		})
	handle(s, "GET", "/api/v1/contact-lists/sizes", manage, about{id: "contactListSizes", tag: tag, summary: "How many contacts the lists have"},
		func(ctx context.Context, c *caller, _ *none) (*reply[ListOf[campaign.ListSize]], error) {
			all, err := s.Campaigns.Sizes(ctx, c.Actor)
			return list(all, "", err)
		})
	handle(s, "GET", "/api/v1/contact-lists/{id}/contacts", manage, about{id: "listedContacts", tag: tag, summary: "The contacts of a list, their numbers masked"},
		func(ctx context.Context, c *caller, in *listedInput) (*reply[ListOf[campaign.ListedContact]], error) {
			all, next, err := s.Campaigns.ListContacts(ctx, c.Actor, in.ID, in.Cursor, in.Limit)
			return list(all, next, err)
		})
	handle(s, "DELETE", "/api/v1/contact-lists/{id}/contacts/{contact}", manage, about{id: "removeListed", tag: tag, summary: "Take a contact out of a list",
		detail: "Also out of the campaigns that call it. The contact itself stays."},
		func(ctx context.Context, c *caller, in *removeListedInput) (*none, error) {
			return done(s.Campaigns.RemoveListed(ctx, c.Actor, in.ID, in.Contact))
		})
	handle(s, "POST", "/api/v1/contact-lists/{id}/import/preview", manage, about{id: "previewContactImport", tag: tag, summary: "What a file of contacts would do to a list", status: 200, once: true, body: maxContactFile,
		detail: "Reads CSV with a heading (phone, name, time_zone, in English or Portuguese and in any order) and says what becomes of the lines that do not simply come into the list. Nothing is done."},
		func(ctx context.Context, c *caller, in *listFileInput) (*reply[campaign.ContactImport], error) {
			out, err := s.Campaigns.PreviewImport(ctx, c.Actor, in.ID, in.Body.File)
			c.saidLines(out.Lines)
			return answer(out, err)
		})
	handle(s, "POST", "/api/v1/contact-lists/{id}/import", manage, about{id: "importContacts", tag: tag, summary: "Add the contacts of a file to a list", status: 200, once: true, body: maxContactFile,
		detail: "Does what the preview said, and is refused when that would be something else now. Nothing of the file is kept but the contacts, sealed under the key of each. Done again it changes nothing."},
		func(ctx context.Context, c *caller, in *listImportInput) (*reply[campaign.ContactImport], error) {
			out, err := s.Campaigns.Import(ctx, c.Actor, in.ID, in.Body.File, in.Body.Seen)
			c.saidLines(out.Lines)
			return answer(out, err)
		})
	handle(s, "GET", "/api/v1/do-not-call", manage, about{id: "doNotCall", tag: tag, summary: "How many numbers are on the do-not-call list",
		detail: "The numbers themselves cannot be read: only a keyed index of each is kept."},
		func(ctx context.Context, c *caller, _ *none) (*reply[NeverCount], error) {
			n, err := s.Campaigns.CountNever(ctx, c.Actor)
			return answer(NeverCount{n}, err)
		})
	handle(s, "POST", "/api/v1/do-not-call", manage, about{id: "addDoNotCall", tag: tag, summary: "Put numbers on the do-not-call list", status: 200, once: true,
		detail: "No campaign calls them from now on, also where they are in a list. It is noted in the audit log, without the numbers."},
		func(ctx context.Context, c *caller, in *neverInput) (*reply[campaign.NeverAdded], error) {
			return answer(s.Campaigns.AddNever(ctx, c.Actor, in.Body.Numbers))
		})
	handle(s, "POST", "/api/v1/do-not-call/ask", manage, about{id: "askDoNotCall", tag: tag, summary: "Whether a number is on the do-not-call list", status: 200},
		func(ctx context.Context, c *caller, in *oneNeverInput) (*reply[campaign.AskedNever], error) {
			return answer(s.Campaigns.AskNever(ctx, c.Actor, in.Body.Number))
		})
	handle(s, "POST", "/api/v1/do-not-call/remove", manage, about{id: "removeDoNotCall", tag: tag, summary: "Take a number off the do-not-call list", status: 204},
		func(ctx context.Context, c *caller, in *oneNeverInput) (*none, error) {
			return done(s.Campaigns.EndNever(ctx, c.Actor, in.Body.Number))
		})
}
