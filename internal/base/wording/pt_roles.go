package wording

// ptRoles are the sentences about an organisation's own roles, and about who
// may give what.
var ptRoles = []entry{
	{"cannot make %d more agents: your organisation may have %d and has %d. Lock or delete accounts, or ask who hosts you for more",
		"não pode dar mais {1} agentes: a sua organização pode ter {2} e tem {3}. Bloqueie ou elimine contas, ou peça mais a quem a aloja"},
	{"is the name of a built-in role; choose another", "é o nome de uma função de origem; escolha outro"},
	{"is more than you may do yourself", "é mais do que o próprio pode fazer"},
	{"There are %d roles already. Delete those that nobody needs.", "Já há {1} funções. Elimine as de que ninguém precisa."},
	{"This role was changed by someone else in the meantime.", "Esta função foi alterada por outra pessoa entretanto."},
	{"must be another role", "tem de ser outra função"},
	{"%d accounts or keys have this role. Say which role they have instead.", "{1} contas ou chaves têm esta função. Diga que função passam a ter."},
	{"This user may do more than you may yourself. Please ask an administrator.", "Este utilizador pode mais do que o próprio. Peça a um administrador."},
	{"must have at least one permission", "tem de ter pelo menos uma permissão"},
	{"is not a permission that a role can have", "não é uma permissão que uma função possa ter"},
	{"must be one of %s", "tem de ser um de {1}"},
}
