package setup

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/flow"
)

// Languages are those that screens, widgets and default texts exist in.
var Languages = []string{"en", "pt"}

// FileTypes are the media types that a visitor may be allowed to send. Types
// that a browser would run (HTML, SVG, scripts) are not among them.
var FileTypes = []string{
	"image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "text/plain", "text/csv", "application/zip",
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	"application/vnd.oasis.opendocument.text", "audio/mpeg", "video/mp4",
}

func (EntryPoint) Kind() Kind         { return KindEntryPoint }
func (e EntryPoint) Called() string   { return e.Name }
func (e EntryPoint) Unique() []Unique { return byName(e.Name) }

func (e EntryPoint) Uses() []Use {
	var u uses
	u.add("flow", KindFlow, e.Flow)
	u.add("consent_text", KindConsentText, e.ConsentText)
	return u
}

func (e EntryPoint) clean() Object {
	e.Name = tidy(e.Name)
	origins := []string{}
	for _, o := range e.Origins {
		origins = append(origins, strings.TrimSuffix(strings.ToLower(strings.TrimSpace(o)), "/"))
	}
	e.Origins, e.Languages, e.Attachments.Types = once(origins), once(e.Languages), once(e.Attachments.Types)
	if e.AskName == "" {
		e.AskName = AskOptional
	}
	if e.AskEmail == "" {
		e.AskEmail = AskNo
	}
	if e.Calls == "" || e.Channel != acd.Chat {
		e.Calls = CallsOff
	}
	e.Video = e.Video && e.Calls != CallsOff
	e.Theme = e.Theme.clean(e.Languages)
	return e
}

// clean fills in what was left open with the default look and texts.
func (t Theme) clean(languages []string) Theme {
	def := DefaultTheme()
	t.Title, t.Welcome = tidyTexts(t.Title), tidyTexts(t.Welcome)
	for _, l := range languages {
		if t.Title[l] == "" && def.Title[l] != "" {
			t.Title[l] = def.Title[l]
		}
		if t.Welcome[l] == "" && def.Welcome[l] != "" {
			t.Welcome[l] = def.Welcome[l]
		}
	}
	t.Accent = strings.ToLower(strings.TrimSpace(t.Accent))
	for value, otherwise := range map[*string]string{&t.Accent: def.Accent, &t.Position: def.Position, &t.Mode: def.Mode} {
		if *value == "" {
			*value = otherwise
		}
	}
	return t
}

func (e EntryPoint) Validate(refs Refs) error {
	var c checks
	c.name("name", e.Name, 1, 80)
	if e.Channel != acd.Chat && e.Channel != acd.Voice && e.Channel != acd.Email {
		c.Add("channel", "is %q; this version accepts chat, voice and email.", short(string(e.Channel)))
	}
	if e.Flow == "" {
		c.Add("flow", "is missing; name the flow that runs when someone arrives.")
	}
	if g := refs.Graph(e.Flow); g != nil && e.Channel != acd.Voice && flow.OnlyCalls(g, refs.Graph) {
		c.Add("flow", "has a step that only calls can take; only an entry point for calls can run it.")
	}
	if g := refs.Graph(e.Flow); g != nil && g.Secure {
		c.Add("flow", "is a secure flow; only an agent can send a person into it.")
	}
	if g := refs.Graph(e.Flow); g != nil && e.Channel == acd.Email && flow.Asks(g, refs.Graph) {
		c.Add("flow", "has a step that waits for the person's answer; who writes an email is not there to give one.")
	}
	c.count("origins", len(e.Origins), 50)
	for i, o := range e.Origins {
		if !isOrigin(o) {
			c.Add(at("origins", i), "must be like https://shop.example, without a path (http only for this machine itself).")
		}
	}
	e.languages(&c, refs)
	c.oneOf("ask_name", string(e.AskName), string(AskNo), string(AskOptional), string(AskRequired))
	c.oneOf("ask_email", string(e.AskEmail), string(AskNo), string(AskOptional), string(AskRequired))
	c.oneOf("calls", string(e.Calls), string(CallsOff), string(CallsAgent), string(CallsBoth))
	c.texts("theme.title", e.Theme.Title, 1, 60, e.Languages)
	c.texts("theme.welcome", e.Theme.Welcome, 1, 400, nil)
	if _, err := ParseColour(e.Theme.Accent); err != nil {
		c.Add("theme.accent", "is %q; a colour is written #rrggbb.", short(e.Theme.Accent))
	}
	c.oneOf("theme.position", e.Theme.Position, "right", "left")
	c.oneOf("theme.mode", e.Theme.Mode, "auto", "light", "dark")
	if e.Attachments.Allowed || e.Attachments.MaxMB != 0 {
		c.number("attachments.max_mb", e.Attachments.MaxMB, 1, 25)
	}
	if e.Attachments.Allowed && len(e.Attachments.Types) == 0 {
		c.Add("attachments.types", "is empty; name at least one type, such as image/png, or do not allow files.")
	}
	for i, t := range e.Attachments.Types {
		c.oneOf(at("attachments.types", i), t, FileTypes...)
	}
	c.uses(e, refs)
	return c.Err()
}

// languages checks that whatever a visitor is shown exists in each language.
func (e EntryPoint) languages(c *checks, refs Refs) {
	if len(e.Languages) == 0 {
		c.Add("languages", "is empty; name at least one of %s.", strings.Join(Languages, ", "))
	}
	for i, l := range e.Languages {
		if !slices.Contains(Languages, l) {
			c.oneOf(at("languages", i), l, Languages...)
			continue
		}
		for _, u := range e.Uses() {
			if refs.Has(u.Kind, u.ID) && !slices.Contains(refs.WrittenIn(u.Kind, u.ID), l) {
				c.Add(at("languages", i), "is %s, in which the %s has no texts yet.", l, u.Kind.Word())
			}
		}
	}
}

// isOrigin accepts a web origin: https, or http on this machine.
func isOrigin(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Hostname() == "" || u.User != nil || s != u.Scheme+"://"+u.Host || len(s) > 253 {
		return false
	}
	if u.Scheme == "http" {
		ip, err := netip.ParseAddr(u.Hostname())
		return u.Hostname() == "localhost" || err == nil && ip.IsLoopback()
	}
	return u.Scheme == "https" && !strings.ContainsAny(u.Host, "*%_ ")
}

func (ConsentText) Kind() Kind         { return KindConsentText }
func (t ConsentText) Called() string   { return t.Name }
func (t ConsentText) Unique() []Unique { return byName(t.Name) }
func (ConsentText) Uses() []Use        { return nil }

func (t ConsentText) clean() Object {
	t.Name, t.Text, t.Link = tidy(t.Name), tidyTexts(t.Text), strings.TrimSpace(t.Link)
	return t
}

func (t ConsentText) Validate(Refs) error {
	var c checks
	c.name("name", t.Name, 1, 80)
	c.oneOf("purpose", t.Purpose, "service", "marketing", "recording")
	if len(t.Text) == 0 {
		c.Add("text", "is missing; write it in at least one of %s.", strings.Join(Languages, ", "))
	}
	c.texts("text", t.Text, 1, 4000, nil)
	c.link("link", t.Link)
	return c.Err()
}

func (Flow) Kind() Kind         { return KindFlow }
func (f Flow) Called() string   { return f.Name }
func (f Flow) Unique() []Unique { return byName(f.Name) }

// Uses lists the queues, skills, hours, connections, consent texts, prompts and flows that the graph points at; a graph
// that cannot be read points at nothing.
func (f Flow) Uses() []Use {
	g, err := flow.Parse(f.Graph)
	if err != nil {
		return nil
	}
	var u uses
	for name, n := range g.All() {
		path := "graph.nodes." + name
		u.add(path+".queue", KindQueue, n.Queue)
		u.add(path+".hours", KindHours, n.Hours)
		u.add(path+".reject", KindRejectReason, n.Reject)
		u.add(path+".connection", KindConnection, n.Connection)
		u.add(path+".consent", KindConsentText, n.Consent)
		u.add(path+".flow", KindFlow, n.Flow)
		for language, prompt := range n.Prompt {
			u.add(path+".prompt."+language, KindPrompt, prompt)
		}
		for skill := range n.Skills {
			u.add(path+".skills."+skill, KindSkill, skill)
		}
		for skill := range n.Prefers {
			u.add(path+".prefers."+skill, KindSkill, skill)
		}
	}
	return u
}

// clean writes the graphs in one form, so that equal graphs are stored the
// same. A draft that is the same as what runs is none.
func (f Flow) clean() Object {
	f.Name = tidy(f.Name)
	if g, err := flow.Parse(f.Graph); err == nil {
		f.Graph = rawGraph(*g)
	}
	if string(f.Draft) == "null" {
		f.Draft = nil
	}
	if g, err := flow.Parse(f.Draft); err == nil {
		f.Draft = rawGraph(*g)
	}
	if bytes.Equal(f.Draft, f.Graph) {
		f.Draft = nil
	}
	return f
}

func (f Flow) Validate(refs Refs) error {
	var c checks
	c.name("name", f.Name, 1, 80)
	c.Fields = append(c.Fields, GraphFaults(f.Graph, refs)...)
	if len(f.Draft) > 0 {
		_, err := flow.Parse(f.Draft)
		c.graph("draft", err)
	}
	return c.Err()
}

// GraphFaults says everything that is wrong with a graph in a tenant, as saving
// a flow with it would.
func GraphFaults(raw json.RawMessage, refs Refs) errs.Fields {
	var c checks
	g, err := flow.Parse(raw)
	if err == nil {
		err = flow.Check(g, flowRefs{refs})
	}
	c.graph("graph", err)
	return c.Fields
}

// graph puts the faults of a graph under the field that holds it.
func (c *checks) graph(field string, err error) {
	if err == nil {
		return
	}
	e := errs.As(err)
	for _, f := range e.Fields {
		path := field
		if f.Path != "graph" {
			path = field + "." + f.Path
		}
		c.Fields = append(c.Fields, errs.Field{Path: path, Problem: f.Problem})
	}
	if len(e.Fields) == 0 {
		c.Add(field, "%s", e.Text)
	}
}

// flowRefs shows a tenant's set-up as core/flow asks for it.
type flowRefs struct{ Refs }

func (r flowRefs) HasQueue(id string) bool { return r.Has(KindQueue, id) }
func (r flowRefs) HasSkill(id string) bool { return r.Has(KindSkill, id) }
func (r flowRefs) ConsentText(id string) (languages map[string]bool, known bool) {
	languages = map[string]bool{}
	for _, l := range r.WrittenIn(KindConsentText, id) {
		languages[l] = true
	}
	return languages, r.Has(KindConsentText, id)
}
func (r flowRefs) Flow(id string) (*flow.Graph, string, bool) {
	g := r.Graph(id)
	return g, r.Names(KindFlow)[id], g != nil
}
func (r flowRefs) Prompt(id string) (language string, known bool) {
	written := r.WrittenIn(KindPrompt, id)
	if !r.Has(KindPrompt, id) || len(written) == 0 {
		return "", false
	}
	return written[0], true
}
func (r flowRefs) HasConnection(id string) bool   { return r.Has(KindConnection, id) }
func (r flowRefs) HasRejectReason(id string) bool { return r.Has(KindRejectReason, id) }
func (r flowRefs) HasHours(id string) bool        { return r.Has(KindHours, id) }
