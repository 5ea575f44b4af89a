package measure

// Definition is one measure as people read it.
type Definition struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Unit    string `json:"unit" enum:"contacts,percent,seconds,agents"`
	Means   string `json:"means"`
	Formula string `json:"formula"`
	Source  string `json:"source,omitempty"`
}

const (
	cisco    = "Cisco Unified ICM/CCE user guides, table of service level formulas"
	genesys  = "Genesys Cloud glossary, Average handle time"
	planning = "workforce planning"
	own      = "Nubitalk"
)

// Catalogue lists the definitions in the order in which screens show them, in
// Portuguese ("pt") or English.
func Catalogue(language string) []Definition {
	out := make([]Definition, len(catalogue))
	for i, e := range catalogue {
		w := e.en
		if language == "pt" {
			w = e.pt
		}
		out[i] = Definition{e.id, w.name, e.unit, w.means, w.formula, e.source}
	}
	return out
}

type entry struct {
	id, unit, source string
	en, pt           words
}

type words struct{ name, means, formula string }

var catalogue = []entry{
	{"waiting", "contacts", own,
		words{"Waiting", "Contacts in a queue now, not yet accepted by an agent.", "count of open waits"},
		words{"À espera", "Contactos numa fila agora, ainda não aceites por um agente.", "número de esperas em curso"}},
	{"longest_waiting", "seconds", own,
		words{"Longest waiting now", "How long the contact that waits longest is already in its queue.", "now - earliest entry of those who wait"},
		words{"Maior espera agora", "Há quanto tempo está na fila o contacto que espera há mais tempo.", "agora - entrada mais antiga de quem espera"}},
	{"offered", "contacts", own,
		words{"Offered", "Contacts that entered the queue.", "count"},
		words{"Oferecidos", "Contactos que entraram na fila.", "número"}},
	{"answered", "contacts", own,
		words{"Answered", "Contacts that an agent accepted.", "count"},
		words{"Atendidos", "Contactos que um agente aceitou.", "número"}},
	{"abandoned", "contacts", own,
		words{"Abandoned", "Contacts whose person left before an agent accepted. Short abandons are shown apart.", "count"},
		words{"Abandonados", "Contactos cuja pessoa saiu antes de um agente aceitar. Os abandonos curtos mostram-se à parte.", "número"}},
	{"short_abandoned", "contacts", cisco,
		words{"Short abandons", "Abandoned before the queue's short-abandon time: they do not count in the abandon rate or the service level.", "count of abandoned with wait < short"},
		words{"Abandonos curtos", "Abandonados antes do tempo de abandono curto da fila: não contam na taxa de abandono nem no nível de serviço.", "número de abandonados com espera < curto"}},
	{"service_level_ignored", "percent", cisco + ": ignore abandoned calls",
		words{"Service level", "Answered within the goal, leaving out who left within it.", "answered in goal ÷ (answered + abandoned - short + late waiting - abandoned in goal)"},
		words{"Nível de serviço", "Atendidos dentro da meta, sem contar quem saiu dentro dela.", "atendidos na meta ÷ (atendidos + abandonados - curtos + à espera fora da meta - abandonados na meta)"}},
	{"service_level_against", "percent", cisco + ": negative impact",
		words{"Service level, abandons against", "Answered within the goal, of all whose fate is known.", "answered in goal ÷ (answered + abandoned - short + late waiting)"},
		words{"Nível de serviço, abandonos contra", "Atendidos dentro da meta, de todos cujo desfecho se conhece.", "atendidos na meta ÷ (atendidos + abandonados - curtos + à espera fora da meta)"}},
	{"service_level_for", "percent", cisco + ": positive impact",
		words{"Service level, abandons for", "Answered or gone within the goal, of all whose fate is known.", "(answered in goal + abandoned in goal) ÷ (answered + abandoned - short + late waiting)"},
		words{"Nível de serviço, abandonos a favor", "Atendidos ou saídos dentro da meta, de todos cujo desfecho se conhece.", "(atendidos na meta + abandonados na meta) ÷ (atendidos + abandonados - curtos + à espera fora da meta)"}},
	{"abandon_rate", "percent", own,
		words{"Abandon rate", "Who left before an answer, short abandons aside.", "(abandoned - short) ÷ (offered - short)"},
		words{"Taxa de abandono", "Quem saiu antes de ser atendido, sem os abandonos curtos.", "(abandonados - curtos) ÷ (oferecidos - curtos)"}},
	{"short_abandon_rate", "percent", own,
		words{"Short abandon rate", "Who left at once.", "short abandoned ÷ offered"},
		words{"Taxa de abandono curto", "Quem saiu logo.", "abandonos curtos ÷ oferecidos"}},
	{"asa", "seconds", own,
		words{"Average speed of answer", "Mean wait of answered contacts, from entering the queue to acceptance.", "sum of waits of answered ÷ answered"},
		words{"Tempo médio de resposta", "Espera média dos contactos atendidos, da entrada na fila até à aceitação.", "soma das esperas dos atendidos ÷ atendidos"}},
	{"longest_wait", "seconds", own,
		words{"Longest wait", "The longest wait of any contact, still waiting or not.", "max of waits"},
		words{"Espera mais longa", "A maior espera de qualquer contacto, ainda à espera ou não.", "máximo das esperas"}},
	{"aht", "seconds", genesys,
		words{"Average handling time", "Mean time of an agent's work on a contact. Contacts handled at the same time count in full each.", "(talk + hold + wrap-up) ÷ handled"},
		words{"Tempo médio de tratamento", "Tempo médio do trabalho de um agente num contacto. Contactos tratados ao mesmo tempo contam por inteiro cada um.", "(conversa + retenção + pós-contacto) ÷ tratados"}},
	{"offers_missed", "contacts", own,
		words{"Offers missed", "Offers that an agent let pass until their time was over.", "count of offers that expired"},
		words{"Ofertas perdidas", "Ofertas que um agente deixou passar até acabar o tempo.", "número de ofertas expiradas"}},
	{"offers_declined", "contacts", own,
		words{"Offers declined", "Offers that an agent refused.", "count of offers declined"},
		words{"Ofertas recusadas", "Ofertas que um agente recusou.", "número de ofertas recusadas"}},
	{"agents_busy", "agents", own,
		words{"Agents busy", "Agents with a contact or in wrap-up, of all agents signed in.", "busy ÷ (busy + ready + not ready)"},
		words{"Agentes ocupados", "Agentes com um contacto ou em pós-contacto, de todos os agentes ligados.", "ocupados ÷ (ocupados + disponíveis + indisponíveis)"}},
	{"agents_free", "agents", own,
		words{"Free", "Members of the queue that could take one more contact now.", "count"},
		words{"Livres", "Membros da fila que podiam receber mais um contacto agora.", "número"}},
	{"agents_at_work", "agents", own,
		words{"At work", "Members of the queue who are ready at an open desk, with room for a contact or without.", "count"},
		words{"A trabalhar", "Membros da fila que estão disponíveis com o posto aberto, com lugar para um contacto ou sem ele.", "número"}},
	{"time_in_state", "seconds", own,
		words{"Time in state", "How long an agent has been in its state without a break. With contacts or wrap-ups the longest one counts.", "now - begin of the state"},
		words{"Tempo no estado", "Há quanto tempo o agente está no seu estado sem interrupção. Com contactos ou pós-contactos conta o mais longo.", "agora - início do estado"}},
	{"occupancy", "percent", planning,
		words{"Occupancy", "Share of available time with work in hand.", "busy ÷ (busy + idle)"},
		words{"Ocupação", "Parte do tempo disponível com trabalho em mãos.", "ocupado ÷ (ocupado + livre)"}},
	{"utilisation", "percent", own,
		words{"Utilisation", "Share of all signed-in time with work in hand.", "busy ÷ (busy + idle + not ready)"},
		words{"Utilização", "Parte de todo o tempo ligado com trabalho em mãos.", "ocupado ÷ (ocupado + livre + indisponível)"}},
	{"estimated_wait", "seconds", own,
		words{"Estimated wait", "What who enters now is told.", "position × moving average between answers; before three answers: position × handling time ÷ capacity at work"},
		words{"Espera estimada", "O que se diz a quem entra agora.", "posição × média móvel entre atendimentos; antes de três: posição × tempo de tratamento ÷ capacidade a trabalhar"}},
	{"estimate_error", "seconds", "mean absolute error",
		words{"Error of the estimates", "How far estimates were off, on average.", "sum of |told - waited| ÷ estimates"},
		words{"Erro das estimativas", "Quanto falharam as estimativas, em média.", "soma de |dito - esperado| ÷ estimativas"}},
}
