package message

import (
	"strings"
	"testing"
)

func TestLanguage(t *testing.T) {
	for text, want := range map[string]string{
		"Boa tarde,\nainda não recebi a minha encomenda. Quando chega?\nObrigado, Rui":                                                 "pt",
		"Olá, o meu pedido ainda não chegou e queria saber onde está.":                                                                 "pt",
		"Podem dizer-me o estado da encomenda 4711? Com os melhores cumprimentos":                                                      "pt",
		"Hello,\nwhere is my order? It should have come on Monday.\nThanks, Rita":                                                      "en",
		"I would like to cancel the order that I placed yesterday.":                                                                    "en",
		"Hola, todavía no he recibido mi pedido. ¿Cuándo llega? Muchas gracias por su ayuda":                                           "es",
		"Buenos días, quiero devolver el producto que compré y no sé cómo hacerlo.":                                                    "es",
		"Bonjour,\nje n'ai pas encore reçu ma commande. Pouvez-vous me dire où elle est ? Merci":                                       "fr",
		"Guten Tag,\nich habe meine Bestellung noch nicht erhalten. Wann kommt sie? Danke":                                             "de",
		"Buongiorno, non ho ancora ricevuto il mio ordine. Quando arriva? Grazie":                                                      "it",
		"Hello,\nwhere is my order, and when is it here? Thank you\n> Olá, não recebemos ainda o seu pedido. Obrigado pela sua espera": "en",
		"Hello, where is my order please? I have not got it.\n-- \nEste email é confidencial e não se destina a ser lido por outros; se o recebeu por engano, pedimos que nos avise e que o apague. Obrigado": "en",
		"4711":      "",
		"ok":        "",
		"Rui Costa": "",
		"Заказ не пришёл, где он? Спасибо большое за ответ и помощь": "",
		"": "",
	} {
		if got := languageOf("", text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if got := languageOf("Onde está a minha encomenda", ""); got != "pt" {
		t.Errorf("a subject alone: %q", got)
	}
	for header, want := range map[string]string{"Content-Language: pt-PT, en\r\n": "pt", "Content-Language: x-unknown\r\n": "en", "": "en", "Content-Language: \r\n": "en"} {
		m, err := Read(strings.NewReader("From: a@example.org\r\n"+header+"\r\nHello, where is my order please? I have not got it.\r\n"), Standard)
		if err != nil || m.Language() != want {
			t.Errorf("%q: %q, %v", header, m.Language(), err)
		}
	}
}

// Whatever a text is, it is told at once, as one of the languages or none.
func FuzzLanguage(f *testing.F) {
	f.Add("Hello", "where is my order")
	f.Add("", strings.Repeat("> x\n", 1000))
	f.Add("\xff", "\xff não")
	f.Fuzz(func(t *testing.T, subject, text string) {
		if got := languageOf(subject, text); got != "" && !strings.Contains("de en es fr it pt", got) {
			t.Errorf("%q", got)
		}
	})
}
