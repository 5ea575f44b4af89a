package setup

import (
	"cmp"
	"slices"

	"nubitalk/internal/core/quality"
)

// QualityForm is what recordings are evaluated with. Every version of it is kept:
// an evaluation goes on with the one that it was begun with.
type QualityForm struct {
	Name      string             `json:"name" minLength:"1" maxLength:"80"`
	Mark      int                `json:"mark" minimum:"0" maximum:"100" doc:"The percent with which an evaluation has passed; 0: all pass."`
	Questions []quality.Question `json:"questions" maxItems:"60" doc:"In their order."`
}

func (QualityForm) Kind() Kind         { return KindQualityForm }
func (f QualityForm) Called() string   { return f.Name }
func (f QualityForm) Unique() []Unique { return byName(f.Name) }
func (f QualityForm) Uses() []Use      { return nil }

func (f QualityForm) clean() Object {
	f.Name = tidy(f.Name)
	f.Questions = slices.Clone(f.Questions)
	if f.Questions == nil {
		f.Questions = []quality.Question{}
	}
	for i := range f.Questions {
		q := &f.Questions[i]
		q.Section, q.Text, q.Help = tidy(q.Section), tidy(q.Text), tidyText(q.Help)
		q.ID = cmp.Or(q.ID, quality.IDOf(q.Text))
		if q.Kind != quality.YesNo {
			q.Good = ""
		}
		if q.Kind != quality.Scale {
			q.Most = 0
		}
		if q.Kind != quality.Choice {
			q.Choices = nil
		}
		q.Choices = slices.Clone(q.Choices)
		for n := range q.Choices {
			q.Choices[n].Text = tidy(q.Choices[n].Text)
		}
	}
	return f
}

func (f QualityForm) Validate(Refs) error {
	var c checks
	c.name("name", f.Name, 1, 80)
	c.number("mark", f.Mark, 0, 100)
	c.count("questions", len(f.Questions), quality.MostQuestions)
	if len(f.Questions) == 0 {
		c.Add("questions", "is empty; ask at least one question.")
	}
	seen := map[string]bool{}
	for i, q := range f.Questions {
		path := at("questions", i)
		c.name(path+".text", q.Text, 1, 300)
		c.name(path+".section", q.Section, 0, 80)
		c.text(path+".help", q.Help, 0, 1000)
		c.number(path+".weight", q.Weight, 1, 100)
		c.name(path+".id", q.ID, 1, 32)
		if seen[q.ID] {
			c.Add(path+".text", "is asked twice.")
		}
		seen[q.ID] = true
		switch q.Kind {
		case quality.YesNo:
			c.oneOf(path+".good", cmp.Or(q.Good, "yes"), "yes", "no")
		case quality.Scale:
			c.number(path+".most", q.Most, 2, quality.MostScale)
		case quality.Choice:
			c.choices(path+".choices", q.Choices)
		default:
			c.oneOf(path+".kind", string(q.Kind), string(quality.YesNo), string(quality.Scale), string(quality.Choice))
		}
	}
	return c.Err()
}

func (c *checks) choices(path string, all []quality.Option) {
	c.count(path, len(all), quality.MostOptions)
	if len(all) < 2 {
		c.Add(path, "has fewer than two choices.")
	}
	for i, o := range all {
		c.name(at(path, i)+".text", o.Text, 1, 120)
		c.number(at(path, i)+".percent", o.Percent, 0, 100)
	}
}

// QualitySample says which recordings are drawn for evaluation each week.
type QualitySample struct {
	Name       string   `json:"name" minLength:"1" maxLength:"80"`
	Enabled    bool     `json:"enabled" default:"true"`
	Form       string   `json:"form" doc:"Id of the form."`
	Each       int      `json:"each" minimum:"1" maximum:"20" default:"2" doc:"How many recordings of each agent, a week."`
	Teams      []string `json:"teams" doc:"Ids of the teams whose agents it is for; empty means all."`
	Queues     []string `json:"queues" doc:"Ids of the queues whose calls it is for; empty means all."`
	Evaluators []string `json:"evaluators" doc:"User ids of who evaluates, in turn; empty: whoever may takes them."`
	Seconds    int      `json:"seconds" minimum:"0" maximum:"3600" default:"30" doc:"Recordings shorter than that are not drawn."`
}

func (QualitySample) Kind() Kind         { return KindQualitySample }
func (s QualitySample) Called() string   { return s.Name }
func (s QualitySample) Unique() []Unique { return byName(s.Name) }

func (s QualitySample) Uses() []Use {
	var u uses
	u.add("form", KindQualityForm, s.Form)
	for i, t := range s.Teams {
		u.add(at("teams", i), KindTeam, t)
	}
	for i, q := range s.Queues {
		u.add(at("queues", i), KindQueue, q)
	}
	for i, e := range s.Evaluators {
		u.add(at("evaluators", i), KindUser, e)
	}
	return u
}

func (s QualitySample) clean() Object {
	s.Name = tidy(s.Name)
	s.Teams, s.Queues, s.Evaluators = once(s.Teams), once(s.Queues), once(s.Evaluators)
	return s
}

func (s QualitySample) Validate(refs Refs) error {
	var c checks
	c.name("name", s.Name, 1, 80)
	c.number("each", s.Each, 1, 20)
	c.number("seconds", s.Seconds, 0, 3600)
	c.count("teams", len(s.Teams), 2000)
	c.count("queues", len(s.Queues), 2000)
	c.count("evaluators", len(s.Evaluators), 200)
	if s.Form == "" {
		c.Add("form", "is missing; choose what is asked.")
	}
	c.uses(s, refs)
	return c.Err()
}
