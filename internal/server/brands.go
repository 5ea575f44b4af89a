package server

import (
	"context"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/id"
	"nubitalk/internal/channel/chat"
)

// brands tell the chat what visitors see of an organisation's brand.
type brands struct{ accounts *account.Service }

func (b brands) VisitorBrand(ctx context.Context, t id.Tenant) (chat.VisitorBrand, error) {
	shown, from, err := b.accounts.BrandForVisitors(ctx, t)
	var out chat.VisitorBrand
	if err != nil {
		return out, err
	}
	if from.Accent >= 0 {
		out.Accent = shown.Light.Accent
	}
	if from.Product >= 0 || shown.Logo != "" {
		out.Name, out.Logo, out.Plate = shown.Product, shown.Logo, string(shown.Plate)
	}
	return out, nil
}
