package access

// Area is what a permission is about: how a list of them is grouped.
type Area string

const (
	OwnAccount Area = "account"
	Work       Area = "work"    // conversations and the desk
	Floor      Area = "floor"   // the room and its alerts
	Office     Area = "office"  // what an administrator sets up
	People     Area = "people"  // contacts
	Privacy    Area = "privacy" // retention, the log, the notice
	Provider   Area = "provider"
)

// Entry is a permission as it is shown to a person.
type Entry struct {
	Permission Permission
	Area       Area
	Means      string         // in the reader's language
	Grants     map[Role]Scope // never changed
}

// Catalogue is the table in plain words, without what needs no sign-in;
// language is "pt" or else English.
func Catalogue(language string) []Entry {
	var list []Entry
	for _, rule := range table {
		if rule.Permission == Public {
			continue
		}
		said := rule.Means
		if language == "pt" {
			said = portuguese[rule.Permission]
		}
		list = append(list, Entry{rule.Permission, areas[rule.Permission], said, rule.Grants})
	}
	return list
}

var areas = map[Permission]Area{
	SignedIn: OwnAccount,
	DeskUse:  Work, WorkHandle: Work, WorkRead: Work, WorkSearch: Work, CallOut: Work, EmailWrite: Work, CallPark: Work, CallExport: Work, CallNumbers: Privacy, RecListen: Work, RecControl: Work, RecExport: Privacy, RecShare: Work, RecHold: Privacy, RecRelease: Privacy,
	QualityRead: Work, QualityEvaluate: Work, QualityManage: Floor, QualityExport: Floor, NoteWrite: Work, CannedRead: Work,
	FloorWatch: Floor, FloorManage: Floor, AlertManage: Floor,
	SetupRead: Office, SetupWrite: Office, CampaignManage: Floor, UserRead: Office, UserWrite: Office, UserProvision: Office, RoleManage: Office, BrandManage: Office, KeyManage: Office,
	ContactRead: People, ContactWrite: People, ContactErase: People,
	Retention: Privacy, AuditRead: Privacy, PrivacyRead: Privacy,
	UsageRead: Office, OrgExport: Privacy, OrgArchive: Privacy, OrgEnd: Privacy, OrgRead: Provider, OrgWrite: Provider, OrgMove: Provider, OrgKeys: Provider, SystemRead: Provider,
	SupportGrant: Privacy, SupportUse: Provider,
}

var portuguese = map[Permission]string{
	SignedIn:        "Ver e alterar a própria conta.",
	DeskUse:         "Usar a secretária: presença, ofertas, o próprio trabalho.",
	WorkHandle:      "Responder, transferir e terminar as interações que se tem.",
	WorkRead:        "Ler uma interação com a sua conversa.",
	WorkSearch:      "Encontrar conversas passadas por pessoa, agente, fila, data e palavras.",
	CallOut:         "Ligar a pessoas por telefone, onde as regras dos troncos deixam sair chamadas.",
	EmailWrite:      "Escrever emails por iniciativa própria, de caixas que o permitem a quem atende a sua fila.",
	CallPark:        "Estacionar chamadas; ver as que estão estacionadas, com os nomes de quem espera, e retomá-las.",
	CallExport:      "Exportar os registos das chamadas: tempos, motivos e qualidade de cada extremo, com os números mascarados.",
	CallNumbers:     "Ver os números de telefone nessa exportação, por um motivo que o registo de auditoria anota.",
	RecListen:       "Ouvir gravações, o que o registo de auditoria anota; os agentes, onde as regras da organização o permitem.",
	RecExport:       "Exportar gravações, por um motivo que o registo de auditoria anota.",
	RecControl:      "Iniciar, pausar, retomar e parar a gravação de uma chamada, e enviar a pessoa para um fluxo seguro.",
	RecShare:        "Deixar que certos utilizadores ouçam uma gravação durante alguns dias, por um motivo que o registo de auditoria anota.",
	RecHold:         "Ver as retenções legais e colocar uma numa gravação ou em todas as de um contacto.",
	RecRelease:      "Terminar retenções legais.",
	QualityRead:     "Ver avaliações e pontuações; os agentes as suas, que confirmam ou contestam.",
	QualityEvaluate: "Avaliar gravações.",
	QualityManage:   "Alterar formulários de avaliação e regras de amostragem; atribuir avaliações e fazer calibrações.",
	QualityExport:   "Exportar pontuações de avaliações, por um motivo que o registo de auditoria anota.",
	NoteWrite:       "Escrever notas internas numa interação.",
	CannedRead:      "Usar respostas prontas.",
	FloorWatch:      "Acompanhar filas e agentes em direto.",
	FloorManage:     "Mover trabalho, assumi-lo, dar dicas e alterar o estado, as competências e as filas de um agente.",
	AlertManage:     "Definir limites para alertas e marcar alertas como vistos.",
	SetupRead:       "Ver filas, competências, resultados, horários, fluxos e pontos de entrada.",
	SetupWrite:      "Alterar filas, competências, resultados, horários, fluxos e pontos de entrada; ver e alterar troncos.",
	CampaignManage:  "Alterar, iniciar e pausar campanhas; preencher listas de contactos; manter a lista de números a não chamar.",
	UserRead:        "Ver os utilizadores da própria organização.",
	UserWrite:       "Criar e alterar utilizadores, repor palavras-passe, terminar sessões.",
	UserProvision:   "Criar, alterar, bloquear e retirar utilizadores por SCIM, para o diretório da própria organização.",
	RoleManage:      "Criar e alterar as funções próprias da organização.",
	BrandManage:     "Escolher o aspeto das páginas da organização: nome, logótipo, cor, ligações.",
	KeyManage:       "Criar e revogar chaves da API.",
	ContactRead:     "Ver um contacto, os seus endereços e as interações anteriores.",
	ContactWrite:    "Corrigir os dados de um contacto.",
	ContactErase:    "Exportar, limitar e apagar um contacto.",
	Retention:       "Escolher por quanto tempo se guardam as coisas.",
	AuditRead:       "Ler o registo de auditoria da própria organização.",
	PrivacyRead:     "Ler o registo de tratamento e as verificações do aviso.",
	UsageRead:       "Ver o que a própria organização pode ter e o que usa, mês a mês.",
	OrgMove:         "Mudar uma organização para baixo de outro revendedor.",
	OrgExport:       "Ver quando a própria organização termina e quem a exportou, entrar até lá, terminar exportações e criar o código com que se obtém o certificado do seu fim.",
	OrgArchive:      "Exportar tudo o que a própria organização tem, com conversas e gravações, por um motivo que o registo de auditoria anota.",
	OrgEnd:          "Iniciar o fim da própria organização, concordar com ele e anulá-lo.",
	OrgRead:         "Ver revendedores e organizações: tamanho e uso, nunca conteúdo.",
	OrgWrite:        "Criar, limitar, suspender, retomar e terminar revendedores e organizações.",
	OrgKeys:         "Ver a idade das chaves de uma organização e renová-las; ninguém vê uma chave.",
	SystemRead:      "Ver a saúde e o tamanho da instalação.",
	SupportGrant:    "Deixar entrar por um tempo uma pessoa do revendedor ou do operador, ver quem entrou e terminar isso.",
	SupportUse:      "Pedir acesso aos clientes para os ajudar, e usar o que eles concedem.",
}
