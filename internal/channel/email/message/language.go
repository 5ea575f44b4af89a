package message

import (
	"strings"
	"unicode"
)

// usual are words that are common in a language and in few of the others; those that
// several have count for each of them.
var usual = func() map[string][]string {
	all := map[string][]string{}
	for language, words := range map[string]string{
		"de": "aber auch auf bitte danke das dem den der die ein eine es für grüße habe hallo ich ihr ihre ihren im in ist kann mein meine mit nicht noch sehr sie sind und von wann was wir wo wurde zu",
		"en": "and are been but can could for from have hello i is it me my not of on order please thank thanks that the this to was we what when where which with would you your",
		"es": "al como con cuando del dónde el ella en es está este esta estoy favor gracias hola la las le lo los más me mi mis muy no para pedido pero por puede que quiero qué saludos se su también un una usted y ya yo",
		"fr": "au aux avec bonjour ce cette commande cordialement dans de des du elle en est et il je la le les ma mais merci mon ne nous où par pas peut plus pour que qui quand sont suis sur très un une votre vous été",
		"it": "anche buongiorno che ciao come con della del di dove e è gli grazie ho il io la lo ma mia mio molto nel non ordine per più può quando questa questo saluti sono su sul un una vi voi",
		"pt": "a ainda ao bom boa com como cumprimentos da das de do dos e ela ele em encomenda está este esta estou eu foi favor já mais mas me meu minha muito na não no nos o obrigada obrigado olá onde os ou para pela pelo por quando que quero se seu sua são também tarde um uma você",
	} {
		for w := range strings.FieldsSeq(words) {
			all[w] = append(all[w], language)
		}
	}
	return all
}()

const (
	mostRead     = 400 // of a text that are looked at
	fewestUsual  = 3   // of them that must be a language's own, for it to be told
	clearlyAhead = 1.3 // times the hits of the next
)

// Language is the language in which somebody wrote: what the message says of itself
// (Content-Language, RFC 3282), else what the words of its text are usual in, without what
// it quotes. It is one of two letters, and "" where nothing is clear: who is not
// understood is not taken for somebody else.
func (m *Message) Language() string {
	said, _, _ := strings.Cut(m.header.get("Content-Language"), ",")
	said, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(said)), "-")
	if len(said) == 2 && !strings.ContainsFunc(said, func(r rune) bool { return r < 'a' || r > 'z' }) {
		return said
	}
	return languageOf(m.Subject.Reveal(), m.Text.Reveal())
}

func languageOf(subject, text string) string {
	hits := map[string]float64{}
	seen := 0
	count := func(line string) {
		for word := range strings.FieldsFuncSeq(strings.ToLower(line), func(r rune) bool { return !unicode.IsLetter(r) }) {
			if seen++; seen > mostRead {
				return
			}
			of := usual[word]
			for _, language := range of {
				hits[language] += 1 / float64(len(of)) // what many have says little
			}
		}
	}
	count(subject)
	for line := range strings.Lines(text[:min(len(text), 20_000)]) {
		if line = strings.TrimSpace(line); line == "--" { // a signature, often in several
			break
		}
		if seen <= mostRead && !strings.HasPrefix(line, ">") {
			count(line)
		}
	}
	best, next := "", ""
	for _, language := range []string{"de", "en", "es", "fr", "it", "pt"} {
		switch {
		case best == "" || hits[language] > hits[best]:
			best, next = language, best
		case next == "" || hits[language] > hits[next]:
			next = language
		}
	}
	if hits[best] < fewestUsual || hits[best] < clearlyAhead*hits[next] {
		return ""
	}
	return best
}
