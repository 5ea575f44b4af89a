package wording

// ptPark are the sentences about parked calls, and about who waits to be called back.
var ptPark = []entry{
	{"is no place where calls are parked", "não é um lugar onde se estacionam chamadas"},
	{"A call is parked there already.", "Já lá está uma chamada estacionada."},
	{"All places for parked calls are taken.", "Todos os lugares para chamadas estacionadas estão ocupados."},
	{"Only calls are parked.", "Só se estacionam chamadas."},
	{"Nobody is talking with this person at the moment.", "Neste momento ninguém está a falar com esta pessoa."},
	{"The person is keying something in at the moment.", "Neste momento a pessoa está a digitar dados."},
	{"Nobody waits to be called back there.", "Aí ninguém espera que lhe devolvam a chamada."},
	{"Somebody has this callback already.", "Alguém já tem esta chamada a devolver."},
	{"The person has hung up.", "A pessoa desligou."},
	{"Only who has a desk takes a call back there.", "Só quem tem uma secretária retoma lá uma chamada."},
	{"This call belongs to no queue: dial its number at a phone.", "Esta chamada não é de nenhuma fila: marque o seu número num telefone."},
	{"It could not be taken back.", "Não foi possível retomá-la."},
	{"This call is not parked any more.", "Esta chamada já não está estacionada."},
	{"No call is parked there.", "Não há lá nenhuma chamada estacionada."},
	{"No call is parked there any more.", "Já não há lá nenhuma chamada estacionada."},
	{"Calls are not parked here.", "Aqui não se estacionam chamadas."},
	{"lead from %s beyond the numbers with as many digits; fewer are accepted.", "levam, a partir de {1}, além dos números com os mesmos algarismos; aceitam-se menos."},
}
