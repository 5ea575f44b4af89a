package server

import (
	"cmp"
	"context"
	"strings"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/order"
	"nubitalk/internal/channel/voice"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/flow"
	"nubitalk/internal/core/setup"
)

// secureFlows are a tenant's flows into which the person of a running call is sent.
type secureFlows struct {
	setups *setups
	clock  clock.Clock
	looks  lookups
}

// lookups asks systems outside on behalf of flows.
type lookups interface {
	Look(ctx context.Context, t id.Tenant, key string, r flow.Request) (map[string]string, error)
}

func (s secureFlows) Secure(ctx context.Context, t id.Tenant) ([]voice.SecureFlow, error) {
	snap, err := s.setups.of(ctx, t)
	if err != nil {
		return nil, err
	}
	all := []voice.SecureFlow{}
	for id, f := range snap.Flows {
		if f.Graph != nil && f.Graph.Secure {
			all = append(all, voice.SecureFlow{ID: id, Name: f.Name, Takes: append([]string{}, f.Graph.Takes...), Graph: f.Graph})
		}
	}
	order.By(all, func(a, b voice.SecureFlow) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
	})
	return all, nil
}

// World is that of the set-up as it is now: a run that began goes on with it.
func (s secureFlows) World(ctx context.Context, t id.Tenant, entry string) (flow.World, error) {
	snap, err := s.setups.of(ctx, t)
	if err != nil {
		return flow.World{}, err
	}
	plan := snap.plan
	return flow.World{Now: s.clock.Now().In(plan.TimeZone), Channel: string(acd.Voice), Languages: plan.EntryPoints[entry].Languages,
		IsOpen: func(hours string) bool {
			h, known := plan.Hours[hours]
			return !known || setup.IsOpen(h, s.clock.Now())
		},
		Prompt: func(prompt string) (string, bool) {
			words, known := plan.Prompts[prompt]
			return words, known
		},
		Flow: func(id string, _ int64) (*flow.Graph, int64) {
			f := plan.Flows[id]
			return f.Graph, f.Version
		}}, nil
}

func (s secureFlows) Look(ctx context.Context, t id.Tenant, key string, r flow.Request) (map[string]string, error) {
	return s.looks.Look(ctx, t, key, r)
}
