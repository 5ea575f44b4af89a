package account

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/store"
)

// knownSkills refuses skills that are not the tenant's. One that was taken out of
// use stays with those who have it.
func knownSkills(tx *store.Tx, skills map[string]int) error {
	var f errs.Fields
	for _, skill := range slices.Sorted(maps.Keys(skills)) {
		_, err := tx.Setup("skills", skill)
		if errs.Is(err, errs.NotFound) {
			f.Add("skills."+skill, "must be a skill of this organisation")
		} else if err != nil {
			return err
		}
	}
	return f.Err()
}

// knownPlaces refuses teams and a site that the tenant does not have in use. It
// waits for changes of the set-up, so that none is archived meanwhile.
func (s *Service) knownPlaces(tx *store.Tx, teams []string, site string) error {
	if len(teams) == 0 && site == "" {
		return nil
	}
	// The lease is app/setup's own: always granted, it makes this wait for a change that is under way.
	if _, _, err := tx.Lease("setup", "setup", time.Second, s.now()); err != nil {
		return err
	}
	var f errs.Fields
	known := func(kind, object, path, word string) error {
		row, err := tx.Setup(kind, object)
		if errs.Is(err, errs.NotFound) || err == nil && !row.ArchivedAt.IsZero() {
			f.Add(path, "must be a %s of this organisation", word)
			return nil
		}
		return err
	}
	for i, team := range teams {
		if err := known("teams", team, fmt.Sprintf("teams[%d]", i), "team"); err != nil {
			return err
		}
	}
	if site != "" {
		if err := known("sites", site, "site", "site"); err != nil {
			return err
		}
	}
	return f.Err()
}

// movesTo checks the teams and the site that a change gives.
func (s *Service) movesTo(tx *store.Tx, before, after store.UserRow) error {
	teams, site := after.Teams, after.Site
	if slices.Equal(before.Teams, teams) {
		teams = nil
	}
	if before.Site == site {
		site = ""
	}
	return s.knownPlaces(tx, teams, site)
}
