package account_test

import (
	"errors"
	"fmt"
	"testing"

	"nubitalk/internal/core/scim"
)

// Several of a directory's processes give one id to several users at once: one gets it.
func TestOneIDIsGivenOnceAtATime(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		const at = 4
		for round := range 5 {
			called := func(i int, external string) map[string]any {
				return map[string]any{"userName": fmt.Sprintf("user%d.%d", round, i), "externalId": external, "active": true}
			}
			var ids []string
			for i := range at {
				r, err := f.ScimCreate(t.Context(), f.a.admin, "User", called(i, ""))
				must(t, err)
				ids = append(ids, r.ID)
			}
			answers := make(chan error, at)
			for i, id := range ids {
				go func() {
					_, err := f.ScimChange(t.Context(), f.a.admin, "User", id, 0, func(map[string]any) (map[string]any, error) { return called(i, fmt.Sprint(round)), nil })
					answers <- err
				}()
			}
			made := 0
			for range at {
				err := <-answers
				var fault *scim.Fault
				switch {
				case err == nil:
					made++
				case !errors.As(err, &fault) || fault.Type != "uniqueness":
					t.Errorf("round %d: %v", round, err)
				}
			}
			if made != 1 {
				t.Errorf("round %d: %d users have one id", round, made)
			}
		}
	})
}
