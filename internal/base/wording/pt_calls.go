package wording

// ptCalls are the sentences of calls and of their sound.
var ptCalls = []entry{
	{"This call is somebody else's now.", "Esta chamada já é de outra pessoa."},
	{"Nobody is handling this call at the moment.", "De momento ninguém está a tratar desta chamada."},
	{"These keys cannot be sent at the moment.", "De momento não é possível enviar estas teclas."},
	{"This text cannot be spoken here.", "Este texto não pode ser falado aqui."},
	{"There is no such number.", "Esse número não existe."},
	{"This call is by telephone: it has no page.", "Esta chamada é por telefone: não tem página."},
	{"No colleague is in the call yet.", "Ainda não há nenhum colega na chamada."},
	{"Calls are not listened to in this organisation.", "Nesta organização não se escutam chamadas."},
	{"You are in this call already.", "Já está nesta chamada."},
	{"It connects anew.", "Liga-se de novo."},
	{"Its work has ended.", "O seu trabalho terminou."},
	{"The call's description is of a kind that is not known.", "A descrição da chamada é de um tipo desconhecido."},
	{"The call's description makes no sense.", "A descrição da chamada não faz sentido."},
	{"There is no port for the call's sound.", "Não há nenhuma porta para o som da chamada."},
	{"Nobody takes the call.", "Ninguém atende a chamada."},
	{"Nobody has this number.", "Ninguém tem este número."},
	{"Nothing answers at this number.", "Nada atende neste número."},
	{"No trunk lets this call in.", "Nenhum tronco deixa entrar esta chamada."},
	{"The trunk is being changed.", "O tronco está a ser alterado."},
	{"The trunk has as many calls as it may.", "O tronco já tem todas as chamadas que pode ter."},
	{"The trunk is not there any more.", "O tronco já não existe."},
	{"What was kept of the call cannot be read.", "Não é possível ler o que se guardou da chamada."},
	{"This text could not be spoken.", "Não foi possível falar este texto."},
}
