package privacy

import (
	"slices"
	"testing"
)

func TestWhatWordsLookLike(t *testing.T) {
	for _, c := range []struct {
		text string
		want []Look
	}{
		{"Product", nil},
		{"Product name", nil},
		{"Nome do produto", nil},
		{"Order number", nil},
		{"Número da encomenda", nil},
		{"Page", nil},     // no age
		{"Passage", nil},  // no age
		{"Topic", nil},    // no pic
		{"Shipping", nil}, // no pin
		{"Priority", nil}, //
		{"Renamed", nil},  // no name
		{"Web address", nil},
		{"First name", []Look{LooksName}},
		{"NOME", []Look{LooksName}},
		{"Customer's name", []Look{LooksName}},
		{"Date of birth", []Look{LooksBirth}},
		{"data-de-nascimento", []Look{LooksBirth}},
		{"Idade", []Look{LooksBirth}},
		{"Home address", []Look{LooksHome}},
		{"Código   postal", []Look{LooksHome}},
		{"E-mail", []Look{LooksEmail}},
		{"Telemóvel", []Look{LooksPhone}},
		{"NIF", []Look{LooksIdentity}},
		{"Cartão de Cidadão", []Look{LooksIdentity}},
		{"IBAN", []Look{LooksBank}},
		{"Credit card", []Look{LooksCard}},
		{"Número do cartão", []Look{LooksCard}},
		{"PIN code", []Look{LooksSecret}},
		{"Palavra-passe", []Look{LooksSecret}},
		{"Fotografia", []Look{LooksPicture}},
		{"IP address", []Look{LooksHome, LooksOnline}},
		{"Estado civil", []Look{LooksFamily}},
		{"Salário", []Look{LooksIncome}},
		{"Diagnosis", []Look{LooksHealth}},
		{"Alergias alimentares", []Look{LooksHealth}},
		{"Religião", []Look{LooksFaith}},
		{"Political party", []Look{LooksPolitics}},
		{"Sindicato", []Look{LooksUnion}},
		{"Nacionalidade", []Look{LooksOrigin}},
		{"Género", []Look{LooksSex}},
		{"Impressão digital", []Look{LooksBody}},
		{"Registo criminal", []Look{LooksOffence}},
		{"GPS", []Look{LooksPlace}},
		{"Name and health", []Look{LooksName, LooksHealth}},
	} {
		if got := LooksOf(c.text); !slices.Equal(got, c.want) {
			t.Errorf("%q looks like %v, want %v", c.text, got, c.want)
		}
	}
	if got := LooksOf("Product", "Religion", "Name"); !slices.Equal(got, []Look{LooksName, LooksFaith}) {
		t.Errorf("several texts: %v", got)
	}
	for _, l := range Looks { // each is found by some word of its own, in its list only
		if len(terms[l]) == 0 {
			t.Errorf("nothing says %s", l)
		}
		if !l.Class().Personal() {
			t.Errorf("%s is proposed as %s", l, l.Class())
		}
		for _, term := range terms[l] {
			if folded := inOrder(term); !slices.Equal(folded, inOrder(fold(term))) || term != fold(term) {
				t.Errorf("%q is not written as words are", term)
			}
		}
	}
}

func TestWhatValuesLookLike(t *testing.T) {
	for value, want := range map[string]Look{
		"":                                 "",
		"4111 1111 1111 1111":              LooksCard,
		"pays with 4111-1111-1111-1111 ok": LooksCard,
		"5500000000000004":                 LooksCard,
		"378282246310005":                  LooksCard, // 15 digits
		"4111 1111 1111 1111 12/27":        LooksCard,
		"4111 1111 1111 1112":              "", // a wrong check digit
		"1111 1111 1111 1117":              "", // of no network
		"00004111111111111111000000":       "", // longer than a card's
		"PT50 0002 0123 1234 5678 9015 4":  LooksBank,
		"GB82WEST12345698765432":           LooksBank,
		"GB82WEST12345698765432 please":    LooksBank,
		"GB82WEST12345698765433":           "",
		"ana@example.org":                  LooksEmail,
		"write to josé.silva@exemplo.pt":   LooksEmail,
		"a@b":                              "",
		"+351 912 345 678":                 LooksPhone,
		"call 00351912345678":              LooksPhone,
		"order 912345678":                  "",
		"2026-11-29 17:30":                 "",
		"AB12-34":                          "",
	} {
		if got := LookOf(value); got != want {
			t.Errorf("%q looks like %q, want %q", value, got, want)
		}
	}
}

func FuzzLooks(f *testing.F) {
	f.Add("4111 1111 1111 1111")
	f.Add("PT50 0002")
	f.Add("é@\xff")
	f.Fuzz(func(t *testing.T, s string) {
		if l := LookOf(s); l != "" && !slices.Contains(Looks, l) {
			t.Errorf("%q", l)
		}
		for _, l := range LooksOf(s) {
			if !slices.Contains(Looks, l) {
				t.Errorf("%q", l)
			}
		}
	})
}
