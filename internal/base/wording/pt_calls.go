package wording

// ptCalls are the sentences of calls and of their sound.
var ptCalls = []entry{
	{"This call is somebody else's now.", "Esta chamada já é de outra pessoa."},
	{"Nobody is handling this call at the moment.", "De momento ninguém está a tratar desta chamada."},
	{"These keys cannot be sent at the moment.", "De momento não é possível enviar estas teclas."},
	{"This text cannot be spoken here.", "Este texto não pode ser falado aqui."},
	{"This text could not be spoken.", "Não foi possível falar este texto."},
}
