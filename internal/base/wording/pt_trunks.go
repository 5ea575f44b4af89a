package wording

// ptTrunks are the sentences about trunks, their numbers and calls that leave.
var ptTrunks = []entry{
	// Calls that leave (core/dialplan).
	{"This is not a telephone number.", "Isto não é um número de telefone."},
	{"The number to be shown is not one of your trunks'.", "O número a mostrar não é de nenhum dos seus troncos."},
	{"The trunk %s forbids calls to this number.", "O tronco {1} proíbe chamadas para este número."},
	{"The trunk %s does not call premium numbers.", "O tronco {1} não liga para números de valor acrescentado."},
	{"The trunk %s does not call this country or area.", "O tronco {1} não liga para este país ou esta zona."},
	{"The trunk %s lets no calls out at this hour.", "O tronco {1} não deixa sair chamadas a esta hora."},
	{"The trunk %s has as many calls out as it may. Try again when one has ended.", "O tronco {1} já tem tantas chamadas a sair quantas pode. Tente de novo quando uma terminar."},
	{"The minutes of today for such calls are used up on the trunk %s.", "Os minutos de hoje para estas chamadas estão gastos no tronco {1}."},
	{"The trunk %s does not let calls withhold their number.", "O tronco {1} não deixa ocultar o número."},
	{"The trunk %s has no number to show.", "O tronco {1} não tem nenhum número para mostrar."},
	{"No trunk lets calls out.", "Nenhum tronco deixa sair chamadas."},

	// A trunk as it is set up (core/setup).
	{"is %q; a country is written with two letters, such as PT.", "é {1}; um país escreve-se com duas letras, como PT."},
	{"is empty; name at least one, since calls or the registration go there.", "está vazio; indique pelo menos um, porque é para lá que vão as chamadas ou o registo."},
	{"is %q; a name such as sip.operator.example or an address is accepted.", "é {1}; aceita-se um nome como sip.operator.example ou um endereço."},
	{"is %q; an address such as 203.0.113.7 or a network such as 203.0.113.0/28 is accepted.", "é {1}; aceita-se um endereço como 203.0.113.7 ou uma rede como 203.0.113.0/28."},
	{"is a network of too many addresses; name the trunk's own, at most a /16 (IPv6: a /32).", "é uma rede com endereços a mais; indique os do próprio tronco, no máximo um /16 (IPv6: um /32)."},
	{"may hold letters, digits and signs without spaces, quotation marks and backslashes only.", "só pode ter letras, algarismos e sinais, sem espaços, aspas nem barras invertidas."},
	{"is missing; name the registrar, such as operator.example.", "falta; indique o servidor de registo, como operator.example."},
	{"is missing; name the account at the registrar, here or as user name.", "falta; indique a conta no servidor de registo, aqui ou como nome de utilizador."},
	{"is no user part of a SIP address; letters, digits and . - _ + are accepted.", "não pode ser o utilizador de um endereço SIP; aceitam-se letras, algarismos e . - _ +."},
	{"is missing; the user name cannot stand in a SIP address.", "falta; o nome de utilizador não pode estar num endereço SIP."},
	{"needs an account, which From would have; give a user name.", "precisa de uma conta, que iria em From; dê um nome de utilizador."},
	{"is no telephone number; write it with its country, such as +351 210 000 000.", "não é um número de telefone; escreva-o com o país, como +351 210 000 000."},
	{"is an entry point for %s; calls arrive at one for calls.", "é um ponto de entrada de {1}; as chamadas chegam a um de chamadas."},
	{"is empty, so nobody's calls would be taken; name the addresses that calls come from, register, or ask for the password.",
		"está vazio, pelo que nenhuma chamada seria aceite; indique os endereços de onde vêm as chamadas, registe-se ou peça a palavra-passe."},
	{"is not one of the trunk's numbers.", "não é um dos números do tronco."},
	{"is missing; name a queue.", "falta; indique uma fila."},
	{"is empty; a call that leaves shows one of the trunk's numbers.", "está vazio; uma chamada que sai mostra um dos números do tronco."},
	{"never comes to it: numbers that begin with %s are forbidden.", "nunca se aplica: os números que começam por {1} são proibidos."},
	{"is %q; a prefix is written with its country, such as +351 or +34 91.", "é {1}; um prefixo escreve-se com o país, como +351 ou +34 91."},

	// A trunk as it is stored (app/setup).
	{"is missing; the registration proves itself with it.", "falta; o registo prova-se com ela."},
	{"is missing; calls from the trunk must prove it.", "falta; as chamadas do tronco têm de a provar."},
	{"is missing; a password goes with a user name.", "falta; uma palavra-passe precisa de um nome de utilizador."},
	{"is missing: with encryption plain, voices pass this trunk unencrypted. Confirm that, or require encryption.",
		"falta: com a cifra em plain, as vozes passam neste tronco sem cifra. Confirme-o ou exija cifra."},
	{"is in use already; a number belongs to one trunk.", "já está em uso; um número pertence a um só tronco."},
	{"is not known here.", "não é conhecido aqui."},
	{"is too long; at most %d bytes are accepted.", "é demasiado longo; aceitam-se no máximo {1} bytes."},
	{"is given and removed at once; do one of them.", "é dado e retirado ao mesmo tempo; faça só uma das coisas."},
	// Phones.
	{"You have this call on your phone.", "Tem esta chamada no seu telefone."},
	{"is not one of your phones in use.", "não é um dos seus telefones em uso."},
	{"The phone is not there any more.", "O telefone já não existe."},
	{"is %q; two to six digits are accepted, of which the first is 2 to 8.", "é {1}; aceitam-se de dois a seis algarismos, o primeiro de 2 a 8."},
	{"is missing: with encryption plain, voices pass to this phone unencrypted. Confirm that, or require encryption.",
		"falta: com a cifra em plain, as vozes passam para este telefone sem cifra. Confirme-o ou exija cifra."},
	{"names a trunk that does not exist or is archived.", "indica um tronco que não existe ou está arquivado."},
}
