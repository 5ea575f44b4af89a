package api

import "nubitalk/internal/core/setup"

type (
	// RingGroupObject is a ring group as answered.
	RingGroupObject struct {
		SetupHead
		setup.RingGroup
	}
	// RingGroupChange changes a ring group.
	RingGroupChange struct {
		Seen
		setup.RingGroup
	}
)

func (s *Server) ringGroupRoutes() {
	setupKind[setup.RingGroup, RingGroupObject, RingGroupChange](s, setup.KindRingGroup, "RingGroup", func(c RingGroupChange) any { return c.RingGroup })
}
