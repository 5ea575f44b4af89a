package wording

// ptUsage are the sentences about what organisations may have: core/usage and
// those who keep within it.
var ptUsage = []entry{
	{"must not be less than what this reseller has given to its own organisations", "não pode ser menos do que este revendedor já deu às suas organizações"},
	{"cannot make one more agent: your organisation may have %d. Lock or delete an account, or ask who hosts you for more",
		"não pode dar mais um agente: a sua organização pode ter {1}. Bloqueie ou elimine uma conta, ou peça mais a quem a aloja"},
	{"must be your own organisation or a reseller below it", "tem de ser a sua própria organização ou um revendedor abaixo dela"},
	{"must be active", "tem de estar ativa"},
	{"must be a reseller right below you, because resellers have resellers once only", "tem de ser um revendedor logo abaixo de si, porque só há revendedores de revendedores uma vez"},
	{"must be your own organisation, because this reseller has resellers itself", "tem de ser a sua própria organização, porque este revendedor também tem revendedores"},
	{"must be tenant, or reseller if you are the operator or right below it", "tem de ser tenant, ou reseller se for o operador ou estiver logo abaixo dele"},
	{"is not one that your organisation may have; ask who hosts you", "não é um que a sua organização possa ter; fale com quem a aloja"},
	{"cannot be added: your organisation may not have email; ask who hosts you", "não pode ser acrescentada: a sua organização não pode ter correio; fale com quem a aloja"},
	{"cannot be added: your organisation may not have calls; ask who hosts you", "não pode ser acrescentado: a sua organização não pode ter chamadas; fale com quem a aloja"},
	{"would be %d of your organisation's, which may have %d; remove some, or ask who hosts you for more", "seriam {1} da sua organização, que pode ter {2}; retire alguns, ou peça mais a quem a aloja"},
	{"must be a month, such as 2026-11", "tem de ser um mês, como 2026-11"},
	{"must be name or the name of an amount", "tem de ser name ou o nome de uma quantidade"},
	{"must be set, because your own organisation is limited to %d", "tem de ser indicado, porque a sua própria organização está limitada a {1}"},
	{"must be at most %d: your own organisation is limited to %d, and the rest is given to others", "tem de ser no máximo {1}: a sua própria organização está limitada a {2}, e o resto está dado a outras"},
	{"must name some of voice, chat and email", "tem de indicar alguns de voice, chat e email"},
	{"must be some of those that your own organisation may have", "tem de ser alguns dos que a sua própria organização pode ter"},
	{"Your organisation's storage of %d MB is used up. Remove recordings or files, or ask who hosts you for more.",
		"O armazenamento da sua organização, de {1} MB, está esgotado. Retire gravações ou ficheiros, ou peça mais a quem a aloja."},
}
