package api

import (
	"context"

	"nubitalk/internal/app/field"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
)

type fieldValuesInput struct {
	ByID
	Show string `query:"show" maxLength:"40" doc:"Key of a masked field whose value you ask for; the audit log notes it."`
}

type fieldChangesInput struct {
	ByID
	Body struct {
		Changes []field.Change `json:"changes" maxItems:"50" doc:"All of them are made, or none; fields that are not named stay as they are."`
	} `nameHint:"FieldChanges"`
}

type fieldAdviceInput struct{ Body setup.Field }

type fieldEmptyInput struct {
	ByID
	Values int64 `query:"values" required:"true" minimum:"0" doc:"How many you saw that there are; 409 if there are others by now."`
}

func (s *Server) fieldRoutes() {
	const tag = "Fields"
	setupKind[setup.Field, FieldObject, FieldChange](s, setup.KindField, "Field", func(c FieldChange) any { return c.Field })
	setupVersions[setup.Field](s, setup.KindField, "Field")
	handle(s, "POST", "/api/v1/fields/advice", needs(access.SetupWrite), about{id: "fieldAdvice", tag: tag, summary: "What a field looks like, before it is saved",
		detail: "Words that speak of personal data, with the class to choose for them. A hint, which is never sure. Nothing is stored."},
		func(_ context.Context, _ *caller, in *fieldAdviceInput) (*reply[field.Advice], error) {
			return answer(field.Advise(setup.Clean(in.Body)), nil)
		})
	handle(s, "GET", "/api/v1/fields/{id}/values", needs(access.SetupWrite), about{id: "fieldHeld", tag: tag, summary: "How many values a field has"},
		func(ctx context.Context, c *caller, in *ByID) (*reply[field.Held], error) {
			return answer(s.Fields.Held(ctx, c.Actor, in.ID))
		})
	handle(s, "DELETE", "/api/v1/fields/{id}/values", needs(access.SetupWrite), about{id: "emptyField", tag: tag, summary: "Erase all values of a field",
		detail: "Whether it is in use or archived. It cannot be undone."},
		func(ctx context.Context, c *caller, in *fieldEmptyInput) (*none, error) {
			return done(s.Fields.Empty(ctx, c.Actor, in.ID, in.Values))
		})
	for _, e := range []struct {
		entity     setup.FieldEntity
		path, name string
	}{{setup.OfContact, "contacts", "Contact"}, {setup.OfUser, "users", "User"}, {setup.OfInteraction, "interactions", "Interaction"}, {setup.OfQueue, "queues", "Queue"}} {
		path := "/api/v1/" + e.path + "/{id}/fields"
		handle(s, "GET", path, needs(field.Reads(e.entity)), about{id: "fieldsOf" + e.name, tag: tag, summary: "What stands in the own fields of one of " + e.path,
			detail: "Those that you see, in their order, also without a value."},
			func(ctx context.Context, c *caller, in *fieldValuesInput) (*reply[ListOf[field.Value]], error) {
				items, err := s.Fields.Values(ctx, c.Actor, e.entity, in.ID, in.Show)
				return list(items, "", err)
			})
		handle(s, "PUT", path, needs(field.Writes(e.entity)), about{id: "setFieldsOf" + e.name, tag: tag, summary: "Change own fields of one of " + e.path},
			func(ctx context.Context, c *caller, in *fieldChangesInput) (*reply[ListOf[field.Value]], error) {
				items, err := s.Fields.Set(ctx, c.Actor, e.entity, in.ID, in.Body.Changes)
				return list(items, "", err)
			})
	}
}
