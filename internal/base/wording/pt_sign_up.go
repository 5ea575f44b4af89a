package wording

// ptSignUp are the sentences about who signs up by a link.
var ptSignUp = []entry{
	{"There are %d sign-up links already. Remove those that are no longer needed.", "Já há {1} ligações de inscrição. Remova as que já não são precisas."},
	{"There is no such sample.", "Não há esse exemplo."},
	{"Something has arrived by this sample, so it is yours now. Switch its entry point off, or archive it, when you no longer need it.", "Já chegou algo por este exemplo, por isso agora é seu. Desligue o seu ponto de entrada, ou arquive-o, quando já não precisar dele."},
	{"This link does not exist.", "Esta ligação não existe."},
	{"This sign-up link is over or was used as often as it may be. Please ask who gave it to you for another one.", "Esta ligação de inscrição terminou ou já foi usada tantas vezes quantas podia. Peça outra a quem lha deu."},
	{"This sign-up link is not known, or was removed. Please ask who gave it to you.", "Esta ligação de inscrição não é conhecida, ou foi removida. Pergunte a quem lha deu."},
	{"Who gave you this link has no room for another organisation at the moment. Please ask there.", "Quem lhe deu esta ligação não tem de momento lugar para mais uma organização. Pergunte-lhe."},
}
