package privacy

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestWords(t *testing.T) {
	for _, c := range []struct{ name, text, words, query string }{
		{"empty", "", "", ""},
		{"english", "Hello, World! hello", "hello world", "hello world"},
		{"portuguese", "A Conceição não veio à reunião às 9h.", "conceicao nao veio à reuniao as 9h", ""},
		{"decomposed accents", "Conceic\u0327a\u0303o", "conceicao", ""},
		{"apostrophe", "Mãe-d’água d'Arc", "mae agua arc", ""},
		{"one letter is no word, one digit is", "a I o 5 x7", "5 x7", ""},
		{"german, danish, polish, turkish", "Straße Ærø Łódź ışık", "strasse aero lodz isik", ""},
		{"greek and cyrillic", "Οδυσσεύς Ёлка", "οδυσσευσ елка", ""},
		{"full width and ligature", "ＡＢＣ１２３ ﬁm", "abc123 fim", ""},
		{"email and number", "ana.silva@example.org +351 210", "ana silva example org 351 210", ""},
		{"chinese", "退款請求", "退 款 退款 請 款請 求 請求", "退款 款請 請求"},
		{"one chinese character", "茶", "茶", "茶"},
		{"japanese", "データが", "テ", ""},
		{"korean", "환불을", "환 불 환불 을 불을", "환불 불을"},
		{"mixed", "iPhone用ケース2個", "iphone 用 ケ 用ケ ー ケー ス ース 2 個", "iphone 用ケ ケー ース 2 個"},
		{"thai", "คืน", "ค ื คื น ืน", ""},
		{"arabic and hebrew", "مرحبا שלום", "مرحبا שלום", ""},
		{"hidden characters", "pass\u200bword zero\u200dwidth \u202egnp", "password zerowidth gnp", ""},
		{"not UTF-8", "caf\xff\xfe bar", "caf bar", ""},
		{"emoji", "ok 👍🏽 obrigado", "ok obrigado", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := strings.Join(Words(c.text), " ")
			switch c.name {
			case "japanese": // the voiced form is one character, also when typed as two
				if other := strings.Join(Words("テ\u3099ータか\u3099"), " "); got != other || !strings.Contains(got, "デー") {
					t.Errorf("%q and %q", got, other)
				}
				return
			case "portuguese":
				c.words = "conceicao nao veio reuniao as 9h"
			}
			if got != c.words {
				t.Errorf("words %q, want %q", got, c.words)
			}
			if q := strings.Join(QueryWords(c.text), " "); c.query != "" && q != c.query {
				t.Errorf("query words %q, want %q", q, c.query)
			}
		})
	}
}

func TestWhatWasWrittenIsFoundHoweverItIsTyped(t *testing.T) {
	text := "Olá, o meu pedido nº 4711 da São João não chegou. 退款請求はまだです"
	for _, q := range []string{"ola", "OLÁ", "pedido 4711", "sao joao", "São  João", "JOA\u0303O", "chegou não", "退款", "求", "請求は", "nº"} {
		if words := QueryWords(q); len(words) == 0 || !MayMatch(text, words) {
			t.Errorf("%q (%q) does not find the text", q, words)
		}
	}
	for _, q := range []string{"pedidos", "4712", "款退", "sao paulo"} {
		if MayMatch(text, QueryWords(q)) {
			t.Errorf("%q finds the text", q)
		}
	}
}

func TestAnyTextIsFoundByItsOwnParts(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		text := rapid.String().Draw(r, "text")
		words := Words(text)
		if len(words) > MaxTextWords {
			r.Fatalf("%d words", len(words))
		}
		have := map[string]bool{}
		for _, w := range words {
			if have[w] {
				r.Fatalf("%q twice", w)
			}
			have[w] = true
			if w == "" || utf8.RuneCountInString(w) > MaxWordRunes || !utf8.ValidString(w) {
				r.Fatalf("a word %q", w)
			}
		}
		for _, w := range QueryWords(text) {
			if !have[w] {
				r.Fatalf("the query word %q is not among %q", w, words)
			}
		}
		if diff := cmp.Diff(words, Words(strings.ToUpper(strings.ToLower(text)))); diff != "" && isASCII(text) {
			r.Fatal(diff)
		}
	})
}

func TestLimits(t *testing.T) {
	long := strings.Repeat("á", 200)
	if got := Words(long); len(got) != 1 || got[0] != strings.Repeat("a", MaxWordRunes) {
		t.Errorf("%q", got)
	}
	if !MayMatch(long, QueryWords(long)) {
		t.Error("a long word does not find itself")
	}
	var many strings.Builder
	for i := range 5000 {
		many.WriteString(strings.Repeat("x", i%50+2))
		many.WriteByte(byte('0' + i%10))
		many.WriteByte(' ')
	}
	if n := len(Words(many.String() + strings.Repeat("退款請求也可以寫得很長", 500))); n > MaxTextWords {
		t.Errorf("%d words", n)
	}
	if n := len(QueryWords(strings.Repeat("退款請求也可以寫得很長", 50))); n > MaxQueryWords {
		t.Errorf("%d query words", n)
	}
}

func FuzzWords(f *testing.F) {
	f.Add("Olá, 退款 ok\xff")
	f.Fuzz(func(t *testing.T, text string) {
		have := map[string]bool{}
		words := Words(text)
		for _, w := range words {
			have[w] = true
		}
		for _, w := range QueryWords(text) {
			if !have[w] && len(words) < MaxTextWords {
				t.Errorf("%q: the query word %q is not among the words", text, w)
			}
		}
	})
}

func BenchmarkWords(b *testing.B) {
	for name, text := range map[string]string{
		"ascii":  "Hello, I would like to know where my order 4711 is, it should be here by now. Thanks a lot!",
		"accent": "Olá, gostava de saber onde está a minha encomenda 4711, já devia ter chegado. Muito obrigado, São!",
		"han":    "你好，我想知道我的訂單在哪裡，現在應該已經到了。非常感謝你的幫助。",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Words(text)
			}
		})
	}
}
