package wording

import (
	"slices"
	"strings"
	"testing"
)

func TestIn(t *testing.T) {
	for english, want := range map[string]string{
		"You are not allowed to do this.": "Não tem permissão para fazer isto.",
		// What agrees with a word's gender.
		"This queue does not exist.":                                       "Esta fila não existe.",
		"This flow does not exist.":                                        "Este fluxo não existe.",
		"This opening hours is archived. Restore it before you change it.": "Este horário está arquivado. Restaure antes de alterar.",
		"names a skill that does not exist or is archived.":                "indica uma competência que não existe ou está arquivada.",
		"This hours is used by the flow “A”, the queue “B” and the user “C”. Change that first.": "Este hours é usado por: fluxo “A”, fila “B” e utilizador “C”. Altere isso primeiro.",
		// Arguments are put in as they are, whatever they are.
		`is "a; accepted are b"; accepted are ready, not_ready.`:                                                `é "a; accepted are b"; aceita-se ready, not_ready.`,
		`is that of another queue already; choose another than "Sales".`:                                        `já é de outra fila; escolha algo diferente de "Sales".`,
		"“{1}” is not a team in use; accepted are “A”, “B”, others.":                                            "“{1}” não é uma equipa em uso; aceita-se “A”, “B”, outros.",
		"uses {{nme}}, which is not known; accepted are {{visitor}}, {{agent}}.":                                "usa {{nme}}, que não é conhecido; aceita-se {{visitor}}, {{agent}}.",
		"Too many attempts failed. Please try again in 1 minute, or ask your administrator for a new password.": "Falharam demasiadas tentativas. Tente de novo dentro de 1 minuto, ou peça uma nova palavra-passe ao seu administrador.",
		// A sentence in a sentence, behind its place, without its full stop.
		`The flow "Welcome" uses this and would no longer work: nodes.a.queue: must name an existing queue.`: `O fluxo "Welcome" usa isto e deixaria de funcionar: nodes.a.queue: tem de indicar uma fila existente.`,
		"skills[2].level: is 11; 1 to 10 are accepted.":                                                      "skills[2].level: é 11; aceita-se de 1 a 10.",
		"foo is not known (column 1); this is not accepted here.":                                            "foo não é conhecido (coluna 1); isto não é aceite aqui.",
		"must be a whole number, not string.":                                                                "tem de ser um número inteiro, não texto.",
		`"x" is not a role here; agent, monitor are accepted`:                                                `"x" não é uma função aqui; são aceites agent, monitor`,
		"expected length <= 60":                                                                              "pode ter no máximo 60 caracteres",
		"body.name: expected string":                                                                         "body.name: tem de ser texto",
	} {
		if got, ok := In(Portuguese, english); got != want || !ok {
			t.Errorf("%q is said %q (%v), want %q", english, got, ok, want)
		}
		if got, ok := In(English, english); got != english && !strings.Contains(english, "expected ") || !ok {
			t.Errorf("in English %q became %q", english, got)
		}
	}
	for _, odd := range []string{"", ".", ": ", "a: b", "No part says this.", strings.Repeat("x: ", 50)} {
		if got, ok := In(Portuguese, odd); got != odd || ok {
			t.Errorf("%q became %q (%v)", odd, got, ok)
		}
	}
}

// What the framework says for programs is said to people plainly, in English, too.
func TestPlainEnglish(t *testing.T) {
	for machine, want := range map[string]string{
		"expected length >= 1":                                      "must not be empty",
		"expected length >= 3":                                      "must have at least 3 characters",
		"body.name: expected length <= 60":                          "body.name: must have at most 60 characters",
		"body.name: expected length >= 1.":                          "body.name: must not be empty.",
		`expected value to be one of "a, user, b"`:                  "must be one of: a, user, b",
		"expected required property queue to be present":            "lacks queue",
		"expected string to match pattern ^[0-9]{4}-[0-9]{2}$":      "must be a month, such as 2026-11",
		"expected number <= 200":                                    "must be at most 200",
		"This user does not exist.":                                 "This user does not exist.",
		"must have 1 to 64 letters, digits or any of . _ - @ +":     "must have 1 to 64 letters, digits or any of . _ - @ +",
		"“expected string” is not a team in use; accepted are “A”.": "“expected string” is not a team in use; accepted are “A”.",
	} {
		if got, ok := In(English, machine); got != want || !ok {
			t.Errorf("%q is said %q, want %q", machine, got, want)
		}
	}
	made := strings.NewReplacer("%d", "7", "%s", "Seven", "%v", "Seven")
	for _, s := range framework(t) {
		for _, l := range []Language{English, Portuguese} {
			if got, _ := In(l, made.Replace(s.format)); got == made.Replace(s.format) || strings.Contains(got, "expected") || strings.Contains(got, "schema") {
				t.Errorf("%s is said %q in %s", s.at, got, l)
			}
		}
	}
}

func TestAsked(t *testing.T) {
	for header, want := range map[string]Language{
		"": "", "*": "", "de": "", "en": English, "pt": Portuguese, "pt-BR": Portuguese, "pt-PT,pt;q=0.9,en;q=0.8": Portuguese,
		"en-GB,en;q=0.9,pt;q=0.8": English, "de-DE,de;q=0.9,pt;q=0.5,en;q=0.4": Portuguese, "en;q=0.1,pt;q=0.9": Portuguese, "pt;q=0,en;q=0.1": English,
		"\x00": "", "pt;;;": "", strings.Repeat("de,", 4000) + "pt": "", "EN-us": English,
	} {
		if got := Asked(header); got != want {
			t.Errorf("%.60q asks for %q, want %q", header, got, want)
		}
	}
}

// Every sentence that a part or the framework can say has a translation of its
// own.
func TestEverySentenceIsTranslated(t *testing.T) {
	list, odd := source(t)
	c := catalogues()
	list = append(list, framework(t)...)
	formats := map[string]bool{}
	for _, e := range slices.Concat(ptParts, ptSetup, ptFields, ptCampaigns, ptUsage, ptEnds, ptRoles, ptSupport, ptHelp, ptInput, ptCalls, ptTrunks, ptMail, ptFlows, ptSounds, ptOffice, ptMessages, ptPark, ptSignIn, ptSignOn, ptPeople, ptSignUp, ptBrand) {
		if formats[e.format] {
			t.Errorf("%q stands twice in the catalogue", e.format)
		}
		formats[e.format] = true
		if e.say == "" || strings.HasSuffix(e.format, ".") != strings.HasSuffix(e.say, ".") || strings.HasSuffix(e.format, "?") != strings.HasSuffix(e.say, "?") {
			t.Errorf("%q is said %q, which ends differently", e.format, e.say)
		}
	}
	used := map[string]bool{}
	for _, s := range list {
		used[s.format] = true
		if passed := strings.Trim(s.format, ". …"); passed == "%s" || passed == "%s: %s" { // a sentence passed on
			continue
		}
		if !formats[s.format] && !c.wordsOnly(s.format) {
			t.Errorf("%s says %q, which has no Portuguese text in internal/base/wording", s.at, s.format)
		}
	}
	if len(used) < 250 {
		t.Errorf("only %d sentences were found in the source: the reader of it is blind", len(used))
	}
	for _, at := range odd {
		if !slices.ContainsFunc(passed, func(file string) bool { return strings.HasPrefix(at, file+":") }) {
			t.Errorf("%s gives errs a sentence that is not written out there, so it cannot be translated", at)
		}
	}
}

// wordsOnly says whether a sentence without arguments is another's with known words
// for them: "This user does not exist."
func (c *catalogue) wordsOnly(sentence string) bool {
	if verb.MatchString(sentence) {
		return false
	}
	for _, f := range c.forms {
		if m := f.shape.FindStringSubmatch(sentence); m != nil {
			return !slices.ContainsFunc(m[1:], func(arg string) bool { _, ok := ptWords[arg]; return !ok })
		}
	}
	return false
}

// An entry is found by what its format makes, and not by another's.
func TestEveryEntryIsFound(t *testing.T) {
	c := catalogues()
	for _, f := range c.forms {
		made := strings.NewReplacer("%d", "7", "%q", `"seven"`, "%s", "Seven", "%v", "Seven", "%t", "true").Replace(f.format)
		want := c.fill(f.say, slices.DeleteFunc(f.shape.FindStringSubmatch(made), func(s string) bool { return s == made }))
		if got, ok := In(Portuguese, made); !ok || got != want {
			t.Errorf("%q is said %q, want %q", made, got, want)
		}
	}
}

func FuzzIn(f *testing.F) {
	f.Add(`is "x"; accepted are a, b.`)
	f.Add("a: b: c. ")
	f.Add("This queue is used by the flow “{1}” and others. Change that first.")
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := In(Portuguese, s)
		if !ok && got != s {
			t.Errorf("%q is not known and became %q", s, got)
		}
	})
}
