package wording

// ptSignIn are the sentences about how users sign in: second factors, passkeys and
// the rules of an organisation.
var ptSignIn = []entry{
	{"This step could not be begun.", "Não foi possível iniciar este passo."},
	{"This took too long, or was begun elsewhere. Please begin again.", "Demorou demasiado, ou foi iniciado noutro lugar. Comece de novo."},
	{"has expired or is of something else; please begin again", "expirou ou é de outra coisa; comece de novo"},
	{"is not what the app should show now; see whether its clock is right", "não é o que a aplicação devia mostrar agora; veja se o relógio dela está certo"},
	{"You have %d second factors, which is the most. Remove one first.", "Tem {1} segundos fatores, que é o máximo. Remova um primeiro."},
	{"This second factor does not exist.", "Este segundo fator não existe."},
	{"Recovery codes stand in for a second factor. Add one first.", "Os códigos de recuperação substituem um segundo fator. Adicione um primeiro."},
	{"The recovery codes could not be written.", "Não foi possível guardar os códigos de recuperação."},
	{"The recovery codes could not be read.", "Não foi possível ler os códigos de recuperação."},
	{"This code is not right, or was used before. An app shows another every 30 seconds.", "Este código não está certo, ou já foi usado. A aplicação mostra outro a cada 30 segundos."},
	{"This was used in the meantime.", "Foi usado entretanto."},
	{"This was answered before.", "Já foi respondido."},
	{"Passkeys need this service to be opened by a name, not by a number.", "As chaves de acesso precisam que este serviço seja aberto por um nome, não por um número."},
	{"A passkey could not be asked for.", "Não foi possível pedir uma chave de acesso."},
	{"A passkey could not be read.", "Não foi possível ler uma chave de acesso."},
	{"The passkey could not be written.", "Não foi possível guardar a chave de acesso."},
	{"is not a passkey that was made for this account here", "não é uma chave de acesso criada aqui para esta conta"},
	{"is not a passkey of this account", "não é uma chave de acesso desta conta"},
	{"This passkey is not known here. Please sign in with your password.", "Esta chave de acesso não é conhecida aqui. Inicie sessão com a palavra-passe."},
	{"Please enter your password again before you change how you sign in.", "Introduza de novo a palavra-passe antes de alterar a forma como inicia sessão."},
	{"Your organisation asks for a second factor. Please add one first.", "A sua organização pede um segundo fator. Adicione primeiro um."},
	{"Your organisation asks for a second factor, and this is your last one. Add another first.", "A sua organização pede um segundo fator, e este é o seu último. Adicione primeiro outro."},
	{"Your organisation lets its users in from its own networks only, and this is not one of them. Please ask your administrator.", "A sua organização só deixa entrar os seus utilizadores a partir das suas próprias redes, e esta não é uma delas. Fale com o seu administrador."},
	{"do not hold the address from which you save them (%s), so they would lock you out", "não incluem o endereço a partir do qual as guarda ({1}), por isso impediriam a sua entrada"},
	{"is %q; an address or a network is accepted, like 192.0.2.7 or 192.0.2.0/24.", "é {1}; aceita-se um endereço ou uma rede, como 192.0.2.7 ou 192.0.2.0/24."},
}
