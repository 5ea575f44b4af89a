package wording

// ptCampaigns are the sentences about campaigns and contact lists: core/setup and
// app/campaign.
var ptCampaigns = []entry{
	{"There is no campaign with this id.", "Não há nenhuma campanha com este id."},
	{"There is no contact list with this id.", "Não há nenhuma lista de contactos com este id."},
	{"This campaign is not running at the moment.", "Esta campanha não está a decorrer neste momento."},
	{"You do not have this contact.", "Não tem este contacto."},
	{"The time for this contact is over. Ask for the next one.", "O tempo para este contacto terminou. Peça o seguinte."},
	{"It is out of the hours in which this contact may be called.", "Está fora do horário em que se pode ligar a este contacto."},
	{"This contact must not be called any more. Ask for the next one.", "Já não se deve ligar a este contacto. Peça o seguinte."},
	{"This contact is being called. Take it out once the call is over.", "Está a decorrer uma chamada para este contacto. Retire-o quando terminar."},
	{"This is no call of a campaign, or it has ended.", "Isto não é uma chamada de uma campanha, ou já terminou."},
	{"This contact has another number now.", "Este contacto tem agora outro número."},
	{"This contact is not in the list.", "Este contacto não está na lista."},
	{"This number is not on the do-not-call list.", "Este número não está na lista de números a não chamar."},
	{"Something else would be done now than what you saw. Please look again.", "Agora seria feito algo diferente do que viu. Veja de novo."},
	{"must be a time within the next 90 days", "tem de ser uma hora nos próximos 90 dias"},
	{"must not have more than %d contacts; part it into several files", "não pode ter mais de {1} contactos; divida-o em vários ficheiros"},
	{"are of calls that agents make; calls that arrive belong to none.", "são de chamadas que os agentes fazem; as que chegam não pertencem a nenhuma."},
	{"is missing; choose whose agents call.", "falta; escolha os agentes de que fila ligam."},
	{"takes no calls; choose a queue that does.", "não recebe chamadas; escolha uma fila que receba."},
	{"is empty; a campaign that runs needs whom to call.", "está vazio; uma campanha que decorre precisa de quem chamar."},
	{"is missing; choose a result.", "falta; escolha um resultado."},
}
