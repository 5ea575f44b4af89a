package quality

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"nubitalk/internal/base/errs"
)

var form = []Question{
	{ID: "greet", Kind: YesNo, Weight: 10},
	{ID: "rude", Kind: YesNo, Weight: 10, Good: "no", Fatal: true},
	{ID: "tone", Kind: Scale, Weight: 30, Most: 5, Skip: true},
	{ID: "solved", Kind: Choice, Weight: 50, Choices: []Option{{"yes", 100}, {"partly", 40}, {"no", 0}}, Skip: true},
}

func answers(greet, rude, tone, solved int) (all []Answer) {
	for i, v := range []int{greet, rude, tone, solved} {
		all = append(all, Answer{Question: form[i].ID, Value: max(v, 0), Skip: v < 0})
	}
	return all
}

func TestScore(t *testing.T) {
	for _, c := range []struct {
		answers []Answer
		score   int
		passed  bool
		fatal   bool
	}{
		{answers(1, 0, 5, 0), 10_000, true, false},
		{answers(0, 0, 5, 0), 9_000, true, false},
		{answers(1, 0, 3, 0), 8_500, true, false},
		{answers(1, 0, 5, 1), 7_000, false, false}, // 10+10+30+20
		{answers(1, 0, -1, 1), 5_714, false, false},
		{answers(1, 0, -1, -1), 10_000, true, false},
		{answers(0, 0, -1, -1), 5_000, false, false},
		{answers(1, 1, 5, 0), 0, false, true},
		{answers(1, 0, 2, 2), 2_750, false, false},
	} {
		r := Score(form, c.answers, 80)
		if err := Check(form, c.answers, true); err != nil || r.Score != c.score || r.Passed != c.passed || r.Fatal != c.fatal {
			t.Errorf("%v: %+v, %v; want %d", c.answers, r, err, c.score)
		}
	}
	r := Score(form, answers(1, 0, 2, -1), 80)
	if want := map[string]int{"greet": 10_000, "rude": 10_000, "tone": 2_500}; !maps.Equal(r.Points, want) {
		t.Errorf("%v", r.Points)
	}
	if r := Score([]Question{form[2]}, []Answer{{Question: "tone", Skip: true}}, 0); r.Score != -1 || r.Passed {
		t.Errorf("nothing applied: %+v", r)
	}
}

func TestCheck(t *testing.T) {
	for what, bad := range map[string][]Answer{
		"unknown":       {{Question: "other", Value: 1}},
		"twice":         {{Question: "greet", Value: 1}, {Question: "greet", Value: 0}},
		"two":           {{Question: "greet", Value: 2}},
		"no scale":      {{Question: "tone", Value: 0}},
		"over":          {{Question: "tone", Value: 6}},
		"no choice":     {{Question: "solved", Value: 3}},
		"always":        {{Question: "greet", Skip: true}},
		"a missing one": nil,
	} {
		if err := Check(form, bad, what == "a missing one"); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := Check(form, nil, false); err != nil {
		t.Error(err)
	}
}

// The score is the formula's to the last digit, between 0 and 100 %, and a better
// answer never makes it worse.
func TestTheFormula(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var questions []Question
		var given []Answer
		sum, weights, fatal := new(big.Rat), int64(0), false
		for i := range rapid.IntRange(1, 12).Draw(t, "questions") {
			q := Question{ID: fmt.Sprint(i), Kind: rapid.SampledFrom([]Kind{YesNo, Scale, Choice}).Draw(t, "kind"), Weight: rapid.IntRange(1, 100).Draw(t, "weight"), Skip: true,
				Good: rapid.SampledFrom([]string{"", "yes", "no"}).Draw(t, "good"), Most: rapid.IntRange(2, MostScale).Draw(t, "most"), Fatal: rapid.IntRange(0, 9).Draw(t, "fatal") == 0}
			for range rapid.IntRange(1, 4).Draw(t, "choices") {
				q.Choices = append(q.Choices, Option{"x", rapid.IntRange(0, 100).Draw(t, "percent")})
			}
			a := Answer{Question: q.ID, Skip: rapid.IntRange(0, 4).Draw(t, "skip") == 0}
			part := new(big.Rat)
			switch q.Kind {
			case YesNo:
				a.Value = rapid.IntRange(0, 1).Draw(t, "value")
				if (a.Value == 1) != (q.Good == "no") {
					part.SetInt64(1)
				}
			case Scale:
				a.Value = rapid.IntRange(1, q.Most).Draw(t, "value")
				part.SetFrac64(int64(a.Value-1), int64(q.Most-1))
			case Choice:
				a.Value = rapid.IntRange(0, len(q.Choices)-1).Draw(t, "value")
				part.SetFrac64(int64(q.Choices[a.Value].Percent), 100)
			}
			questions, given = append(questions, q), append(given, a)
			if !a.Skip {
				fatal = fatal || q.Fatal && part.Sign() == 0
				sum.Add(sum, part.Mul(part, new(big.Rat).SetInt64(int64(q.Weight))))
				weights += int64(q.Weight)
			}
		}
		want := int64(-1)
		if weights > 0 {
			exact := sum.Mul(sum, big.NewRat(10_000, weights))
			twice := new(big.Int).Add(new(big.Int).Mul(exact.Num(), big.NewInt(2)), exact.Denom())
			want = new(big.Int).Div(twice, new(big.Int).Mul(exact.Denom(), big.NewInt(2))).Int64()
		}
		if fatal {
			want = 0
		}
		if got := Score(questions, given, 0); int64(got.Score) != want || got.Fatal != fatal {
			t.Fatalf("%+v, want %d", got, want)
		}
		if err := Check(questions, given, true); err != nil {
			t.Fatal(err)
		}
	})
}

// Weeks of made-up calls: of each agent as many as asked for or all there are, each
// interaction once for ever, nobody evaluates itself, and the work is spread evenly.
func TestDraws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := Draw{Each: rapid.IntRange(0, 4).Draw(t, "each")}
		evaluators := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"usr_a", "usr_b", "usr_1", "usr_2"}), 1, 4, func(s string) string { return s }).Draw(t, "evaluators")
		taken, ever := map[string]bool{}, map[string]bool{}
		open := map[string]int{}
		for week := range rapid.IntRange(1, 4).Draw(t, "weeks") {
			d.Seed = fmt.Sprint("rule ", week)
			var all []Candidate
			have := map[string]int{}
			for call := range rapid.IntRange(0, 30).Draw(t, "calls") {
				agent := fmt.Sprint("usr_", rapid.IntRange(1, 3).Draw(t, "agent"))
				work := fmt.Sprintf("int_%d_%d", week, call)
				have[agent]++
				for part := range rapid.IntRange(1, 2).Draw(t, "recordings") { // of one interaction
					all = append(all, Candidate{fmt.Sprintf("rec_%s_%d", work, part), work, agent})
				}
			}
			first := d.Pick(all, nil, taken)
			turned := slices.Clone(all)
			slices.Reverse(turned)
			if !slices.Equal(d.Pick(turned, nil, taken), first) {
				t.Fatal("another order draws others")
			}
			count := map[string]int{}
			for _, p := range first {
				if ever[p.Interaction] {
					t.Fatalf("%s is drawn twice", p.Interaction)
				}
				ever[p.Interaction], taken[p.Interaction] = true, true
				count[p.Agent]++
			}
			for agent, n := range have {
				if want := min(n, d.Each); count[agent] != want {
					t.Fatalf("%d of %s, want %d", count[agent], agent, want)
				}
			}
			if again := d.Pick(all, count, taken); len(again) != 0 {
				t.Fatalf("the same draw again takes %v", again)
			}
			for i, who := range Assign(first, evaluators, open) {
				if who == first[i].Agent || who == "" && (len(evaluators) > 1 || evaluators[0] != first[i].Agent) {
					t.Fatalf("%q evaluates %s", who, first[i].Agent)
				}
				open[who]++
			}
		}
		if outside := slices.DeleteFunc(slices.Clone(evaluators), func(e string) bool { return e[4] < 'a' }); len(outside) == len(evaluators) && len(outside) == 2 {
			if a, b := open["usr_a"], open["usr_b"]; a-b > 1 || b-a > 1 {
				t.Fatalf("%d and %d", a, b)
			}
		}
	})
}

// Over many seeds each call is as likely as another.
func TestDrawsAreFair(t *testing.T) {
	var all []Candidate
	for i := range 10 {
		all = append(all, Candidate{fmt.Sprint("rec_", i), fmt.Sprint("int_", i), "usr_1"})
	}
	count := map[string]int{}
	for seed := range 10_000 {
		for _, p := range (Draw{Seed: fmt.Sprint(seed), Each: 2}).Pick(all, nil, nil) {
			count[p.Recording]++
		}
	}
	for rec, n := range count {
		if n < 1_800 || n > 2_200 { // 5 standard deviations
			t.Errorf("%s is drawn %d times of 10000", rec, n)
		}
	}
}

func TestStates(t *testing.T) {
	allowed := map[string]State{"assigned complete": Completed, "assigned withdraw": Withdrawn, "completed acknowledge": Acknowledged, "completed dispute": Disputed,
		"disputed settle": Settled, "settled acknowledge": Acknowledged}
	for _, s := range States {
		for _, a := range []Act{Complete, Acknowledge, Dispute, Settle, Withdraw, "other"} {
			got, err := s.After(a)
			want, ok := allowed[fmt.Sprint(s, " ", a)]
			if ok != (err == nil) || ok && got != want || !ok && (got != s || !errs.Is(err, errs.Conflict)) {
				t.Errorf("%s %s: %s, %v", s, a, got, err)
			}
		}
	}
}

func TestCompare(t *testing.T) {
	all := Compare(form, []Judged{{"usr_1", answers(1, 0, 5, 0)}, {"usr_2", answers(1, 0, -1, 1)}, {"usr_3", answers(0, 0, 3, 0)}})
	if len(all) != 5 || all[0].Question != "" || all[0].Spread != 10_000-5_714 || all[0].Points["usr_3"] != 7_500 {
		t.Fatalf("%+v", all)
	}
	if d := all[3]; d.Question != "tone" || d.Spread != 5_000 || d.Skipped != 1 || len(d.Points) != 2 {
		t.Errorf("%+v", d)
	}
	if d := all[2]; d.Question != "rude" || d.Spread != 0 {
		t.Errorf("%+v", d)
	}
}

func TestMeans(t *testing.T) {
	var s Sum
	if m := s.Mean(); m != (Mean{Score: -1}) {
		t.Errorf("%+v", m)
	}
	s.Take(10_000, true, false)
	s.Take(-1, false, false)
	s.Take(0, false, true)
	s.Take(9_001, true, false)
	if m := s.Mean(); m != (Mean{Count: 3, Score: 6_334, Passed: 2, Fatal: 1}) {
		t.Errorf("%+v", m)
	}
}

func TestWeeks(t *testing.T) {
	lisbon, err := time.LoadLocation("Europe/Lisbon")
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]string{
		"2026-11-29T23:59:59Z": "2026-W48 2026-11-23T00:00:00Z 2026-11-30T00:00:00Z",
		"2026-11-30T00:00:00Z": "2026-W49 2026-11-30T00:00:00Z 2026-12-07T00:00:00Z",
		"2027-01-02T12:00:00Z": "2026-W53 2026-12-28T00:00:00Z 2027-01-04T00:00:00Z",
		"2026-03-29T23:30:00Z": "2026-W14 2026-03-30T00:00:00+01:00 2026-04-06T00:00:00+01:00", // summer time began that day
		"2026-10-20T12:00:00Z": "2026-W43 2026-10-19T00:00:00+01:00 2026-10-26T00:00:00Z",
	} {
		moment, _ := time.Parse(time.RFC3339, at)
		name, from, to := Week(moment, lisbon)
		if got := name + " " + from.Format(time.RFC3339) + " " + to.Format(time.RFC3339); got != want {
			t.Errorf("%s: %s, want %s", at, got, want)
		}
	}
}
