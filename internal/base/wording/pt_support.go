package wording

// ptSupport are sentences about who is let in from the organisation above.
var ptSupport = []entry{
	{"Who asked is no longer of an organisation above yours.", "Quem pediu já não é de uma organização acima da sua."},
	{"must name at least one", "tem de indicar pelo menos um"},
	{"must be the id of an interaction, as its page shows it", "tem de ser o identificador de uma interação, como a página dela o mostra"},
	{"must be left out unless an interaction is among what is granted", "tem de ficar de fora se não se concede uma interação"},
	{"must be from %d to %d", "tem de ser de {1} a {2}"},
	{"This organisation is not active, so nobody there can grant access.", "Esta organização não está ativa, por isso ninguém ali pode conceder acesso."},
	{"Access can be asked of tenants only.", "Só se pode pedir acesso a clientes."},
	{"must be the operator, or a reseller above you", "tem de ser o operador, ou um revendedor acima de si"},
	{"is nobody's there; ask the person for the name they sign in with", "não é de ninguém dali; pergunte à pessoa com que nome inicia sessão"},
	{"There are %d requests and grants already. End those that are no longer needed.", "Já há {1} pedidos e concessões. Termine os que já não são precisos."},
	{"is none of yours", "não é uma das suas"},
	{"This was changed by someone else in the meantime.", "Isto foi entretanto alterado por outra pessoa."},
	{"This was answered already.", "Isto já teve resposta."},
	{"This access is not granted, or has ended.", "Este acesso não está concedido, ou terminou."},
	{"You are in your own organisation already.", "Já está na sua própria organização."},
	{"This access has ended.", "Este acesso terminou."},
	{"This access has ended. You are in your own organisation again.", "Este acesso terminou. Está de novo na sua própria organização."},
	{"This is about your own account. Please leave the other organisation first.", "Isto é da sua própria conta. Saia primeiro da outra organização."},
}
