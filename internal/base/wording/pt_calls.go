package wording

// ptCalls are the sentences of calls and of their sound.
var ptCalls = []entry{
	{"This call is somebody else's now.", "Esta chamada já é de outra pessoa."},
	{"Nobody is handling this call at the moment.", "De momento ninguém está a tratar desta chamada."},
	{"These keys cannot be sent at the moment.", "De momento não é possível enviar estas teclas."},
	{"This call has ended.", "Esta chamada terminou."},
	{"Calls are not available at the moment. Please try again.", "De momento não há chamadas. Tente de novo."},
	{"No port is free for another call. Please try again.", "Não há porta livre para mais uma chamada. Tente de novo."},
	{"The sound must have one or two channels.", "O som tem de ter um ou dois canais."},
	{"The sound must have between 8,000 and 48,000 samples a second.", "O som tem de ter entre 8000 e 48 000 amostras por segundo."},
	{"The sound is longer than 20 minutes.", "O som dura mais de 20 minutos."},
	{"The file holds no sound.", "O ficheiro não tem som."},
	{"This is not a WAV file.", "Isto não é um ficheiro WAV."},
	{"The WAV file is damaged.", "O ficheiro WAV está danificado."},
	{"The sound must be PCM with 16 bits a sample.", "O som tem de ser PCM com 16 bits por amostra."},
	{"This text cannot be spoken here.", "Este texto não pode ser falado aqui."},
	{"This text could not be spoken.", "Não foi possível falar este texto."},
}
