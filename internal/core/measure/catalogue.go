package measure

// Definition is one measure as people read it.
type Definition struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Unit    string `json:"unit"` // percent, seconds, contacts
	Means   string `json:"means"`
	Formula string `json:"formula"`
	Source  string `json:"source,omitempty"`
}

const (
	ciscoCCE = "Cisco Unified ICM/CCE user guides, table of service level formulas"
	own      = "Nubitalk"
)

// Catalogue lists the definitions in the order in which screens show them.
func Catalogue() []Definition {
	return []Definition{
		{"offered", "Offered", "contacts", "Contacts that entered the queue.", "count", ""},
		{"answered", "Answered", "contacts", "Contacts that an agent accepted.", "count", ""},
		{"abandoned", "Abandoned", "contacts", "Contacts whose person left before an agent accepted. Short abandons are shown apart.", "count", ""},
		{"short_abandoned", "Short abandons", "contacts", "Abandoned before the queue's short-abandon time: they do not count in the abandon rate or the service level.", "count of abandoned with wait < short", ciscoCCE},
		{"service_level_ignored", "Service level", "percent", "Answered within the goal, leaving out who left within it.", "answered in goal ÷ (answered + abandoned - short + late waiting - abandoned in goal)", ciscoCCE + ": ignore abandoned calls"},
		{"service_level_against", "Service level, abandons against", "percent", "Answered within the goal, of all whose fate is known.", "answered in goal ÷ (answered + abandoned - short + late waiting)", ciscoCCE + ": negative impact"},
		{"service_level_for", "Service level, abandons for", "percent", "Answered or gone within the goal, of all whose fate is known.", "(answered in goal + abandoned in goal) ÷ (answered + abandoned - short + late waiting)", ciscoCCE + ": positive impact"},
		{"abandon_rate", "Abandon rate", "percent", "Who left before an answer, short abandons aside.", "(abandoned - short) ÷ (offered - short)", ""},
		{"short_abandon_rate", "Short abandon rate", "percent", "Who left at once.", "short abandoned ÷ offered", ""},
		{"asa", "Average speed of answer", "seconds", "Mean wait of answered contacts, from entering the queue to acceptance.", "sum of waits of answered ÷ answered", ""},
		{"longest_wait", "Longest wait", "seconds", "The longest wait of any contact, still waiting or not.", "max of waits", ""},
		{"aht", "Average handling time", "seconds", "Mean time of an agent's work on a contact. Contacts handled at the same time count in full each.", "(talk + hold + wrap-up) ÷ handled", "Genesys Cloud glossary, Average handle time"},
		{"occupancy", "Occupancy", "percent", "Share of available time with work in hand.", "busy ÷ (busy + idle)", "workforce planning: (talk + hold + after-call work) ÷ (the same + idle)"},
		{"utilisation", "Utilisation", "percent", "Share of all signed-in time with work in hand.", "busy ÷ (busy + idle + not ready)", ""},
		{"estimated_wait", "Estimated wait", "seconds", "What who enters now is told.", "position × moving average between answers; before three answers: position × handling time ÷ capacity at work", own},
		{"estimate_error", "Error of the estimates", "seconds", "How far estimates were off, on average.", "sum of |told - waited| ÷ estimates", "mean absolute error"},
	}
}
