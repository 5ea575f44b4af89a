package wording

// ptOffice are the sentences about calls between the phones of the house.
var ptOffice = []entry{
	{"This user is the last member of the ring group %s. Name other members there first.", "Este utilizador é o último membro do grupo de toque {1}. Indique lá primeiro outros membros."},
	{"No call is taken any more.", "Já não se aceitam chamadas."},
	{"The phones are registered at another node.", "Os telefones estão registados noutro nó."},
	{"is empty; name whom a call rings.", "está vazia; indique a quem uma chamada toca."},
	{"is missing; name a phone or a user.", "falta; indique um telefone ou um utilizador."},
	{"names several; a call goes on at one.", "indica vários; uma chamada continua só num."},
	{"names a phone without an extension; calls lead to one that has an extension.", "indica um telefone sem extensão; as chamadas vão para um que tenha extensão."},
	{"leads back here: %s. A call would go round in circles.", "volta aqui: {1}. Uma chamada andaria às voltas."},
	{"is named beside an entry point; a number leads to one of them.", "está indicado ao lado de um ponto de entrada; um número leva só a um deles."},
}
