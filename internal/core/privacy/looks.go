package privacy

import (
	"regexp"
	"slices"
	"strings"

	"nubitalk/internal/base/order"
)

// Look is what words or a value look like: what a person may take for harmless and is
// personal data (notice C28). It is a hint, never a proof.
type Look string

const (
	LooksName     Look = "name"
	LooksHome     Look = "home_address"
	LooksEmail    Look = "email"
	LooksPhone    Look = "phone"
	LooksBirth    Look = "birth"
	LooksIdentity Look = "identity_number"
	LooksBank     Look = "bank_account"
	LooksCard     Look = "card_number"
	LooksSecret   Look = "password"
	LooksPicture  Look = "picture"
	LooksPlace    Look = "location"
	LooksOnline   Look = "online_identifier"
	LooksFamily   Look = "family"
	LooksIncome   Look = "income"
	// Special categories (GDPR Art. 9) and offences (Art. 10).
	LooksHealth   Look = "health"
	LooksFaith    Look = "religion"
	LooksPolitics Look = "politics"
	LooksUnion    Look = "trade_union"
	LooksOrigin   Look = "ethnic_origin"
	LooksSex      Look = "sexual_life"
	LooksBody     Look = "biometric"
	LooksOffence  Look = "offence"
)

// Looks are all of them.
var Looks = []Look{LooksName, LooksHome, LooksEmail, LooksPhone, LooksBirth, LooksIdentity, LooksBank, LooksCard, LooksSecret, LooksPicture, LooksPlace, LooksOnline, LooksFamily, LooksIncome,
	LooksHealth, LooksFaith, LooksPolitics, LooksUnion, LooksOrigin, LooksSex, LooksBody, LooksOffence}

// Special says whether the law allows it only for few reasons.
func (l Look) Special() bool {
	return slices.Contains([]Look{LooksHealth, LooksFaith, LooksPolitics, LooksUnion, LooksOrigin, LooksSex, LooksBody, LooksOffence}, l)
}

// Unfit says whether no field is the place for it: a card's number is taken by a secure
// flow, a password by nobody.
func (l Look) Unfit() bool { return l == LooksCard || l == LooksSecret }

// Class is the one to propose.
func (l Look) Class() Class {
	switch l {
	case LooksName:
		return DisplayName
	case LooksHome, LooksEmail, LooksPhone:
		return Address
	case LooksIdentity, LooksOnline:
		return Pseudonym
	}
	return Content
}

// Masked says whether to propose that it is shown only to who asks.
func (l Look) Masked() bool {
	return l.Special() || l.Unfit() || slices.Contains([]Look{LooksIdentity, LooksBank, LooksIncome}, l)
}

// terms are words, or several in a row, in English and Portuguese, as Words gives
// them: lower case, without accents. A term that ends in * stands for all words that
// begin so.
var terms = map[Look][]string{
	LooksName:     {"first name", "last name", "full name", "surname", "forename", "given name", "family name", "maiden name", "customer name", "contact name", "person name", "nickname", "name", "nome", "apelido", "sobrenome", "alcunha", "nomes proprios"},
	LooksHome:     {"home address", "postal address", "street", "house number", "postcode", "post code", "postal code", "zip code", "zip", "address", "morada", "endereco", "rua", "codigo postal", "residencia"},
	LooksEmail:    {"email", "emails", "e mail", "mail address", "correio eletronico", "correio electronico"},
	LooksPhone:    {"phone", "phones", "mobile", "telephone", "cell", "cellphone", "phone number", "whatsapp", "fax", "telefone", "telemovel", "celular", "contacto telefonico"},
	LooksBirth:    {"birth", "birthday", "birthdate", "date of birth", "dob", "born", "age", "nascimento", "data de nascimento", "aniversario", "idade"},
	LooksIdentity: {"passport", "id card", "identity card", "identity number", "national id", "ssn", "social security", "tax number", "tax id", "vat number", "driving licence", "driver license", "licence plate", "license plate", "nif", "niss", "nus", "cpf", "rg", "cc number", "numero de contribuinte", "contribuinte", "cartao de cidadao", "bilhete de identidade", "passaporte", "carta de conducao", "seguranca social", "matricula", "numero de utente", "customer number", "numero de cliente"},
	LooksBank:     {"iban", "bank account", "account number", "sort code", "bic", "swift", "nib", "bank", "banco", "conta bancaria", "numero de conta"},
	LooksCard:     {"card number", "credit card", "debit card", "payment card", "cvv", "cvc", "cvv2", "expiry date of card", "card expiry", "pan", "numero do cartao", "cartao de credito", "cartao de debito", "cartao multibanco"},
	LooksSecret:   {"password", "passphrase", "passcode", "pin", "pin code", "secret", "security question", "security answer", "palavra passe", "senha", "codigo pin", "pergunta de seguranca"},
	LooksPicture:  {"photo", "photograph", "picture", "selfie", "foto", "fotografia", "retrato"},
	LooksPlace:    {"gps", "geolocation", "coordinates", "whereabouts", "geolocalizacao", "coordenadas", "paradeiro"},
	LooksOnline:   {"ip address", "ip", "device id", "cookie", "imei", "facebook", "instagram", "linkedin", "twitter", "social media", "username", "endereco ip", "rede social", "redes sociais", "nome de utilizador"},
	LooksFamily:   {"marital status", "married", "spouse", "husband", "wife", "children", "child", "mother", "father", "next of kin", "estado civil", "conjuge", "marido", "esposa", "filhos", "filho", "filha", "mae", "pai", "agregado familiar"},
	LooksIncome:   {"salary", "income", "wage", "debt", "credit score", "salario", "ordenado", "rendimento", "rendimentos", "vencimento", "divida", "dividas"},
	LooksHealth:   {"health", "medical", "medicine", "medication", "diagnos*", "disease", "illness", "allerg*", "disab*", "patient", "blood type", "pregnan*", "therapy", "symptom*", "doctor", "saude", "medico", "medica", "medicacao", "medicamento*", "doenca*", "alergia*", "deficien*", "paciente", "utente", "grupo sanguineo", "gravid*", "terapia", "sintoma*", "incapacidade"},
	LooksFaith:    {"religio*", "faith", "belief*", "church", "religiao", "crenca*", "fe", "igreja", "credo"},
	LooksPolitics: {"politic*", "party membership", "voting", "vote", "partido", "voto", "ideologia"},
	LooksUnion:    {"trade union", "union member", "union membership", "labour union", "sindicat*", "sindical"},
	LooksOrigin:   {"ethnic*", "race", "racial", "skin colour", "skin color", "nationality", "raca", "etnia", "etnic*", "cor da pele", "nacionalidade"},
	LooksSex:      {"gender", "sex", "sexual*", "sexual orientation", "genero", "sexo", "orientacao sexual"},
	LooksBody:     {"fingerprint*", "face recognition", "iris", "biometr*", "voiceprint", "dna", "genetic*", "impressao digital", "impressoes digitais", "adn", "reconhecimento facial"},
	LooksOffence:  {"criminal*", "conviction*", "offence*", "offense*", "arrest*", "cadastro", "registo criminal", "condenac*", "crime*"},
}

// harmless are words in a row that would look like a person's and are things'.
var harmless = []string{"product name", "company name", "campaign name", "file name", "queue name", "project name", "brand name", "shop name", "model name", "site name", "event name", "nome do produto", "nome da empresa", "nome da campanha", "nome do ficheiro", "nome da fila", "nome do projeto", "nome da marca", "nome da loja", "nome do modelo", "nome do evento", "web address", "web page address", "endereco web", "page address"}

// LooksOf says what texts look like, by their words.
func LooksOf(texts ...string) []Look {
	var out []Look
	for _, text := range texts {
		said := " " + strings.Join(inOrder(text), " ") + " "
		for _, h := range harmless {
			said = strings.ReplaceAll(said, " "+h+" ", " ")
		}
		for _, l := range Looks {
			if !slices.Contains(out, l) && slices.ContainsFunc(terms[l], func(t string) bool { return says(said, t) }) {
				out = append(out, l)
			}
		}
	}
	order.By(out, func(a, b Look) int { return slices.Index(Looks, a) - slices.Index(Looks, b) })
	return out
}

func says(said, term string) bool {
	if begin, ok := strings.CutSuffix(term, "*"); ok {
		return strings.Contains(said, " "+begin)
	}
	return strings.Contains(said, " "+term+" ")
}

var notWord = regexp.MustCompile(`[^\p{L}\p{N}]+`)

// inOrder are a text's words, folded as those of Words, in their order and again
// where they are said again.
func inOrder(text string) []string {
	return strings.Fields(notWord.ReplaceAllString(fold(text), " "))
}

var (
	cardLike  = regexp.MustCompile(`[0-9](?:[ -]?[0-9]){12,18}`)
	ibanLike  = regexp.MustCompile(`\b[A-Za-z]{2}[0-9]{2}(?: ?[A-Za-z0-9]){11,30}\b`)
	emailLike = regexp.MustCompile(`[\p{L}\p{N}._%+-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+`)
	phoneLike = regexp.MustCompile(`(?:^|[^0-9A-Za-z])(?:\+|00)[1-9](?:[ ().-]?[0-9]){7,14}(?:$|[^0-9])`)
)

// LookOf says what a value looks like: the number of a payment card or of a bank
// account, both by their check digits, an email address or a phone number with its
// country; "" is nothing of these.
func LookOf(value string) Look {
	for _, m := range cardLike.FindAllStringIndex(value, -1) {
		if m[0] > 0 && isDigit(value[m[0]-1]) || m[1] < len(value) && isDigit(value[m[1]]) {
			continue // longer than a card's
		}
		for end := m[0] + 13; end <= m[1]; end++ { // its last date may follow it
			whole := end == m[1] || !isDigit(value[end])
			if digits := onlyDigits(value[m[0]:end]); whole && len(digits) >= 13 && card(digits) {
				return LooksCard
			}
		}
	}
	for _, m := range ibanLike.FindAllString(value, -1) {
		if iban(m) {
			return LooksBank
		}
	}
	switch {
	case emailLike.MatchString(value):
		return LooksEmail
	case phoneLike.MatchString(value):
		return LooksPhone
	}
	return ""
}

func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r > '9' || !isDigit(byte(r)) {
			return -1
		}
		return r
	}, s)
}

// card checks by ISO/IEC 7812: those of the payment networks begin with 2 to 6, and
// the last digit is Luhn's.
func card(digits string) bool {
	if digits[0] < '2' || digits[0] > '6' {
		return false
	}
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

// ibanLengths are how long they are in some countries; of others what looks like one
// is taken as it stands.
var ibanLengths = map[string]int{"PT": 25, "ES": 24, "FR": 27, "DE": 22, "IT": 27, "GB": 22, "IE": 22, "NL": 18, "BE": 16, "LU": 20, "CH": 21, "AT": 20, "PL": 28, "SE": 24, "DK": 18, "NO": 15, "FI": 18, "BR": 29}

// iban checks by ISO 13616: with its first four moved to the end and read as a number,
// it leaves 1 of 97.
func iban(s string) bool {
	s = strings.ToUpper(strings.ReplaceAll(s, " ", ""))
	if n, known := ibanLengths[s[:2]]; known && len(s) >= n {
		s = s[:n] // words may follow it
	}
	rest := 0
	for _, r := range s[4:] + s[:4] {
		if r >= 'A' {
			rest = (rest*100 + int(r-'A') + 10) % 97
		} else {
			rest = (rest*10 + int(r-'0')) % 97
		}
	}
	return rest == 1
}
