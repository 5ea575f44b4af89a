package wording

// ptMessages are the sentences about messages by voice, and about calling back.
var ptMessages = []entry{
	{"takes a message by voice, and this flow is used for %s, too; only who calls can leave one.", "grava uma mensagem de voz, e este fluxo também é usado para {1}; só quem liga a pode deixar."},
	{"calls the person back, and this flow is used for %s, too; only who calls can be called back.", "devolve a chamada à pessoa, e este fluxo também é usado para {1}; só a quem liga se pode devolver a chamada."},
	{"must be {{an attribute}} that holds the number, or be left out: then the number that calls is called back.", "tem de ser {{um atributo}} que tenha o número, ou ficar de fora: então devolve-se a chamada ao número que ligou."},
	{"takes a message for the phone's user, and this phone is nobody's.", "grava uma mensagem para o utilizador do telefone, e este telefone não é de ninguém."},
	{"is not one of the prompts in use.", "não é uma das gravações em uso."},
	{"This message does not exist.", "Esta mensagem não existe."},
	{"The person is being called already.", "Já se está a ligar à pessoa."},
	{"The number of this caller is not known.", "Não se sabe o número de quem ligou."},
	{"A number for emergencies is not called back.", "A um número de emergência não se devolve a chamada."},
}
