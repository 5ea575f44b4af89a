package wording

// ptBrand are the sentences about what an organisation's pages look like.
var ptBrand = []entry{
	{"The brand of %s holds here. Please ask there.", "Aqui vale a marca de {1}. Pergunte lá."},
	{"The brand could not be read.", "Não foi possível ler a marca."},
	{"The brand could not be written.", "Não foi possível escrever a marca."},
	{"must have at most %d characters, all of which can be seen", "tem de ter no máximo {1} caracteres, todos visíveis"},
	{"must be a colour such as #0b6e6e", "tem de ser uma cor como #0b6e6e"},
	{"must be there where the colour for dark pages is", "tem de existir onde existe a cor para páginas escuras"},
	{"must be an https address such as https://help.example/, or an email address", "tem de ser um endereço https como https://help.example/, ou um endereço de email"},
	{"must be an https address such as https://example.com/privacy", "tem de ser um endereço https como https://example.com/privacy"},
	{"is for resellers and operators", "é para revendedores e operadores"},
	{"cannot be chosen together with a logo", "não se pode escolher juntamente com um logótipo"},
	{"cannot be read: its contrast is %.1f:1, and 4.5:1 is needed; %s can", "não se consegue ler: o seu contraste é {1}:1 e são precisos 4,5:1; {2} consegue-se"},
	{"must have at most %d kB", "tem de ter no máximo {1} kB"},
	{"must be a PNG of true colour with 8 bits a channel, not interlaced", "tem de ser um PNG de cor verdadeira com 8 bits por canal, não entrelaçado"},
	{"must be %d to %d pixels wide and %d to %d high", "tem de ter {1} a {2} píxeis de largura e {3} a {4} de altura"},
	{"is a damaged PNG", "é um PNG danificado"},
}
