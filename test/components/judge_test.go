package main

import (
	"slices"
	"strings"
	"testing"
	"time"
)

var now = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

// ago is so many days before.
func ago(days int) time.Time { return now.Add(-time.Duration(days) * day) }

func of(kind, version string, all ...release) component {
	return component{Kind: kind, Name: "x", release: release{Version: version}, All: all}
}

func TestWhatIsLate(t *testing.T) {
	for _, c := range []struct {
		what string
		component
		late, later bool
		says        string
	}{
		{"nothing newer", of(goModule, "v1.2.0", release{"v1.2.0", ago(900)}, release{"v1.1.0", ago(950)}), false, false, ""},
		{"newer, within its time", of(goModule, "v1.2.0", release{"v1.3.0", ago(180)}), false, true, "v1.3.0"},
		{"newer for too long", of(goModule, "v1.2.0", release{"v1.3.0", ago(181)}), true, false, "181 days, 180 are allowed"},
		{"the first newer one counts, not the newest", of(npmPackage, "1.2.0", release{"1.4.0", ago(3)}, release{"1.3.0", ago(200)}), true, false, "1.3.0 is there since 2026-05-15"},
		{"another major version is another component", of(npmPackage, "5.9.3", release{"7.0.2", ago(400)}), false, false, ""},
		{"of 0.x any later one counts", of(goModule, "v0.8.0", release{"v0.9.0", ago(190)}), true, false, ""},
		{"a trial is no release", of(npmPackage, "1.2.0", release{"1.3.0-rc.1", ago(400)}), false, false, ""},
		{"but of who uses one", of(goModule, "v2.0.0-beta.8", release{"v2.0.0-beta.10", ago(400)}), true, false, "beta.10"},
		{"the release after a trial", of(goModule, "v2.0.0-beta.8", release{"v2.0.0", ago(190)}), true, false, ""},
		{"+incompatible and the like", of(goModule, "v2.0.0+incompatible", release{"v2.0.1+incompatible", ago(190)}), true, false, ""},
		{"what is no version", of(npmPackage, "1.2.0", release{"created", ago(2000)}, release{"modified", ago(1)}), false, false, ""},
		{"Go has sixty days", of(goItself, "1.26.8", release{"1.26.9", ago(61)}), true, false, "61 days, 60 are allowed"},
		{"Go's next line is not asked for", of(goItself, "1.26.8", release{"1.27.0", ago(110)}, release{"1.27.1", ago(100)}, release{"1.27rc1", ago(140)}), false, false, ""},
		{"until its authors mend the line no more", of(goItself, "1.26.8", release{"1.27.0", ago(300)}, release{"1.28.0", ago(61)}), true, false, "1.28.0"},
	} {
		v := judge(now, []component{c.component}, nil, nil, nil)
		if (len(v.Breaches) == 1) != c.late || (len(v.Later) == 1) != c.later || len(v.NotLooked) > 0 {
			t.Errorf("%s: %+v", c.what, v)
		}
		if all := strings.Join(append(v.Breaches, v.Later...), "\n"); !strings.Contains(all, c.says) {
			t.Errorf("%s: %s", c.what, all)
		}
	}
}

// Nobody is asked about what is young: no release after it can be late.
func TestAYoungComponentIsNotAskedAbout(t *testing.T) {
	for days, want := range map[int]bool{0: true, 180: true, 181: false} {
		if got := (component{Kind: goModule, release: release{"v1.0.0", ago(days)}}).fresh(now); got != want {
			t.Errorf("after %d days: %v", days, got)
		}
	}
	if of(goModule, "v1.0.0").fresh(now) {
		t.Error("one whose age is not known is young")
	}
}

func TestWhatWasNotLookedAtIsSaid(t *testing.T) {
	for _, c := range []struct {
		v    verdict
		code int
	}{
		{judge(now, nil, nil, nil, nil), 0},
		{judge(now, nil, nil, nil, []string{"known faults: no such host"}), 3},
		{judge(now, []component{of(goModule, "v1.0.0", release{Version: "v1.1.0"})}, nil, nil, nil), 3}, // whose time is not known
		{judge(now, nil, []fault{{Kind: goModule, Name: "x", ID: "GO-1"}}, nil, []string{"npm"}), 1},
	} {
		if c.v.code() != c.code {
			t.Errorf("%d, not %d: %+v", c.v.code(), c.code, c.v)
		}
		var said strings.Builder
		tell(&said, c.v)
		if strings.Contains(said.String(), "All components are within") != (c.code == 0) || strings.Contains(said.String(), "NOT LOOKED") != (len(c.v.NotLooked) > 0) {
			t.Errorf("%+v says:\n%s", c.v, said.String())
		}
	}
}

func TestAnExceptionHoldsForWhatItNames(t *testing.T) {
	old := of(goModule, "v1.0.0", release{"v1.1.0", ago(400)})
	broken := fault{Kind: goModule, Name: "x", Version: "v1.0.0", ID: "GO-1", What: "loops", Reached: true}
	for _, c := range []struct {
		what string
		exception
		late int // of the two
		says string
	}{
		{"none", exception{Component: "go:y", Until: "2027-01-01"}, 2, "GO-1, reached by the program: loops"},
		{"of its age", exception{Component: "go:x", Until: "2027-01-01", Reason: "slow"}, 1, "allowed until 2027-01-01, slow"},
		{"of a fault", exception{Component: "go:x", Fault: "GO-1", Until: "2027-01-01"}, 1, ""},
		{"of another fault", exception{Component: "go:x", Fault: "GO-2", Until: "2027-01-01"}, 2, "is not needed now"},
		{"on its last day", exception{Component: "go:x", Until: "2026-12-01"}, 1, ""},
		{"that ended", exception{Component: "go:x", Until: "2026-11-30"}, 2, "its exception ended on 2026-11-30"},
		{"of another kind", exception{Component: "npm:x", Until: "2027-01-01"}, 2, ""},
	} {
		v := judge(now, []component{old}, []fault{broken}, []exception{c.exception}, nil)
		all := strings.Join(slices.Concat(v.Breaches, v.Allowed, v.Later), "\n")
		if len(v.Breaches) != c.late || v.code() != 1 || !strings.Contains(all, c.says) {
			t.Errorf("%s: %s", c.what, all)
		}
	}
}

func TestExceptionsSayWhyAndHowLong(t *testing.T) {
	good := `[{"component": "npm:vite", "until": "2027-11-30", "reason": "its plugin does not work with it yet"}]`
	if list, err := exceptions(strings.NewReader(good), now); err != nil || len(list) != 1 {
		t.Errorf("%v %v", list, err)
	}
	for bad, says := range map[string]string{
		`[{"component": "npm:vite", "until": "2027-11-30", "reason": " "}]`: "no reason",
		`[{"component": "npm:vite", "until": "next year", "reason": "x"}]`:  "a day is YYYY-MM-DD",
		`[{"component": "npm:vite", "reason": "x"}]`:                        "a day is YYYY-MM-DD",
		`[{"component": "npm:vite", "until": "2028-01-01", "reason": "x"}]`: "more than a year",
		`[{"component": "vite", "until": "2027-01-01", "reason": "x"}]`:     "a component is",
		`[{"component": "npm:vite", "til": "2027-01-01", "reason": "x"}]`:   "unknown field",
		`{}`: "reading the exceptions",
	} {
		if _, err := exceptions(strings.NewReader(bad), now); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestVersionsHaveAnOrder(t *testing.T) {
	order := []string{"v0.0.0-20240606120523-5a60cdf6a761", "v0.1.0", "1.2", "1.2.3-alpha", "1.2.3-alpha.1", "1.2.3-beta.2", "1.2.3-beta.11", "1.2.3-rc.1", "1.2.3", "go1.26rc1", "go1.26.0", "go1.26.10"}
	for i, a := range order {
		for j, b := range order {
			x, okX := parse(a)
			y, okY := parse(b)
			if got := compare(x, y); !okX || !okY || got != map[bool]int{true: -1}[i < j]+map[bool]int{true: 1}[i > j] {
				t.Errorf("%s and %s: %d", a, b, got)
			}
		}
	}
	for _, bad := range []string{"", "latest", "1.2.3.4", "v1.x", "1.-2"} {
		if v, ok := parse(bad); ok {
			t.Errorf("%q is %v", bad, v)
		}
	}
}
