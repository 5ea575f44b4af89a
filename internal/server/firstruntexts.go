package server

// startTexts are the words of the first page in one language.
type startTexts struct {
	Title, Intro, NoCode                                     string
	Name, NameHint, Slug, SlugHint                           string
	Administrator, AdministratorHint, Password, PasswordHint string
	LanguageName, Zone, ZoneHint, Make                       string
	Ready, ReadyText, Once, OnceText, OperatorText, SignIn   string
}

var startWords = map[string]*startTexts{
	"en": {
		Title:  "Set up Nubitalk",
		Intro:  "This installation is new. Make its first organisation; you can change everything later.",
		NoCode: "This installation is new. To set it up, open the address that the program printed when it started: it holds the code that this page asks for.",
		Name:   "Organisation", NameHint: "As its people call it.",
		Slug: "Short name", SlugHint: "Typed at sign-in: lower-case letters, digits and hyphens.",
		Administrator: "User name", AdministratorHint: "Of the first administrator. We advise a pseudonym; no e-mail address is needed.",
		Password: "Operator's password", PasswordHint: "At least 10 characters. Of the same user name in the operator's organisation, which runs this installation.",
		LanguageName: "Language", Zone: "Time zone", ZoneHint: "For example Europe/Lisbon.", Make: "Set up",
		Ready: "Ready", ReadyText: "The organisation has a queue, opening hours, a flow and a chat entry point to begin with. Sign in with:",
		Once: "One-time password", OnceText: "It is shown this once, and the first sign-in asks for another.",
		OperatorText: "To run the installation, sign in with the same user name, the password that you chose, and the organisation", SignIn: "Sign in",
	},
	"pt": {
		Title:  "Preparar o Nubitalk",
		Intro:  "Esta instalação é nova. Crie a primeira organização; pode mudar tudo mais tarde.",
		NoCode: "Esta instalação é nova. Para a preparar, abra o endereço que o programa escreveu ao arrancar: contém o código que esta página pede.",
		Name:   "Organização", NameHint: "Como lhe chamam as pessoas.",
		Slug: "Nome curto", SlugHint: "Escreve-se ao iniciar sessão: letras minúsculas, algarismos e hífenes.",
		Administrator: "Nome de utilizador", AdministratorHint: "Do primeiro administrador. Aconselhamos um pseudónimo; não é preciso endereço de email.",
		Password: "Palavra-passe do operador", PasswordHint: "Pelo menos 10 caracteres. Do mesmo nome de utilizador na organização do operador, que gere esta instalação.",
		LanguageName: "Idioma", Zone: "Fuso horário", ZoneHint: "Por exemplo Europe/Lisbon.", Make: "Preparar",
		Ready: "Pronto", ReadyText: "A organização tem uma fila, um horário, um fluxo e um ponto de entrada de chat para começar. Inicie sessão com:",
		Once: "Palavra-passe de uso único", OnceText: "Só é mostrada desta vez, e o primeiro início de sessão pede outra.",
		OperatorText: "Para gerir a instalação, inicie sessão com o mesmo nome de utilizador, a palavra-passe que escolheu e a organização", SignIn: "Iniciar sessão",
	},
}
