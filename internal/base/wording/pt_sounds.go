package wording

// ptSounds are the sentences about prompts and other sounds that are kept.
var ptSounds = []entry{
	{"This prompt has no sound yet.", "Esta gravação ainda não tem som."},
	{"must name an existing prompt.", "tem de indicar uma gravação existente."},
	{"names a prompt that is spoken in another language (%s).", "indica uma gravação falada noutro idioma ({1})."},
	{"stands beside a text in the same language; give one of them.", "está ao lado de um texto no mesmo idioma; indique só um deles."},
	{"has {{ or }}, which nothing fills in: a sound says the same to everybody.", "tem {{ ou }}, que nada preenche: um som diz o mesmo a toda a gente."},
	{"This is %s. Save the sound as WAV (PCM, 16 bits) and send that.", "Isto é {1}. Guarde o som como WAV (PCM, 16 bits) e envie esse ficheiro."},
	{"The WAV file must hold PCM with 8, 16 or 24 bits a sample; this one is coded otherwise.", "O ficheiro WAV tem de conter PCM com 8, 16 ou 24 bits por amostra; este está codificado de outra forma."},
	{"Nothing is heard in this sound.", "Neste som não se ouve nada."},
	{"A greeting may be %d seconds long.", "Uma saudação pode ter {1} segundos."},
	{"This phone is nobody's: no messages are left at it.", "Este telefone não é de ninguém: não se deixam mensagens nele."},
	{"The sound is longer than %d minutes.", "O som tem mais de {1} minutos."},
}
