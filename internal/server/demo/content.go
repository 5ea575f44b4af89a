package demo

import (
	"nubitalk/internal/app/account"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/alert"
	"nubitalk/internal/core/flow"
	"nubitalk/internal/core/setup"
)

// Password opens every account of the demo. It is no secret: the demo listens
// on loopback only and holds nothing real.
const Password = "seven small boats"

// Zone is the time zone of all organisations of the demo.
const Zone = "Europe/Lisbon"

// Organisation is one organisation with its users; the first is the
// administrator that is made with it.
type Organisation struct {
	account.NewOrganisation
	Parent string // slug; "" for the operator
	Users  []User
	Tenant *Tenant // for a tenant
}

// User is a person of the demo, known by a pseudonym only.
type User struct {
	Name    string
	Display string // what visitors and colleagues see
	Roles   []access.Role
	Skills  map[string]int // skill's name -> proficiency
	Teams   []string       // names
	Site    string         // name
	Try     string         // what this log-in is good for
}

// Tenant is what is special about a tenant's set-up. Objects point at others by
// name; SetUp puts ids in their place.
type Tenant struct {
	Skills       []string
	Teams        []string
	Sites        []string
	Queues       []setup.Queue // Members are user names
	Hours        []setup.Hours
	Dispositions []setup.Disposition
	Labels       []setup.Label
	ConsentTexts []setup.ConsentText
	Flows        []Flow
	EntryPoints  []setup.EntryPoint
	Canned       []setup.CannedReply
	AlertRules   []setup.AlertRule
	Forms        []setup.QualityForm
	Samples      []setup.QualitySample // their form is named, and evaluators are user names
	// Renames turn objects that every new tenant gets into the demo's own.
	Renames map[setup.Kind]map[string]string
}

// Flow is a flow whose graph points at queues, skills and hours by name.
type Flow struct {
	Name  string
	Graph flow.Graph
}

// Slugs, by which users name their organisation when they sign in.
const (
	OperatorSlug = "operator"
	ResellerSlug = "iberia"
	DemoSlug     = "demo"
	BooksSlug    = "porto-books"
)

// Names of the demo tenant's entry points.
const (
	ShopEntry   = "Web shop"
	ClosedEntry = "Web shop, out of hours"
	PhoneEntry  = "Shop telephone"
	MailEntry   = "Shop mail"
)

// Organisations are all organisations of the demo, parents first.
func Organisations() []Organisation {
	return []Organisation{
		{
			NewOrganisation: account.NewOrganisation{Kind: account.KindOperator, Slug: OperatorSlug, Name: "Nubitalk", Language: "en", TimeZone: Zone, Administrator: "operator"},
			Users:           []User{{Name: "operator", Roles: []access.Role{access.OperatorRole}, Try: "See the organisations and the installation's health, and nothing of what they talk about."}},
		},
		{
			NewOrganisation: account.NewOrganisation{Kind: account.KindReseller, Slug: ResellerSlug, Name: "Iberia Contact", Language: "pt", TimeZone: Zone, Administrator: "reseller"},
			Parent:          OperatorSlug,
			Users:           []User{{Name: "reseller", Roles: []access.Role{access.ResellerRole}, Try: "See the tenants that this reseller made."}},
		},
		{
			NewOrganisation: account.NewOrganisation{Kind: account.KindTenant, Slug: DemoSlug, Name: "Demo company", Language: "en", TimeZone: Zone, Administrator: "administrator"},
			Parent:          OperatorSlug, Users: demoUsers, Tenant: demoTenant(),
		},
		{
			NewOrganisation: account.NewOrganisation{Kind: account.KindTenant, Slug: BooksSlug, Name: "Porto Books", Language: "pt", TimeZone: Zone, Administrator: "administrador"},
			Parent:          ResellerSlug, Users: booksUsers, Tenant: booksTenant(),
		},
	}
}

// longBreak watches agents who are not ready for twenty minutes.
func longBreak() setup.AlertRule {
	r := setup.DefaultAlertRule("Long break", alert.TimeInState, 1200, 2400)
	r.Activity = alert.NotReady
	return r
}

var agentRoles = []access.Role{access.Agent}

var demoUsers = []User{
	{Name: "administrator", Roles: []access.Role{access.Administrator}, Try: "Change queues, opening hours, the flow and how the widget looks."},
	{Name: "a7", Display: "Heron", Roles: agentRoles, Skills: map[string]int{"billing": 9, "returns": 7, "english": 9, "portuguese": 6}, Teams: []string{"Shop", "Back office"}, Site: "Lisbon",
		Try: "Take a chat: set yourself to ready, then write from the web shop."},
	{Name: "b2", Display: "Tern", Roles: agentRoles, Skills: map[string]int{"returns": 8, "english": 9, "portuguese": 3}, Teams: []string{"Shop"}, Site: "Porto", Try: "A colleague to transfer to or to consult."},
	{Name: "c9", Display: "Gannet", Roles: agentRoles, Skills: map[string]int{"portuguese": 10, "english": 5}, Teams: []string{"Shop"}, Site: "Lisbon"},
	{Name: "d4", Display: "Plover", Roles: agentRoles, Skills: map[string]int{"billing": 6, "returns": 8, "portuguese": 10, "english": 6}, Teams: []string{"Back office"}, Site: "Porto"},
	{Name: "e5", Display: "Curlew", Roles: agentRoles, Skills: map[string]int{"billing": 7, "english": 10, "portuguese": 4}, Teams: []string{"Shop", "Back office"}, Site: "Lisbon"},
	{Name: "f1", Display: "Petrel", Roles: agentRoles, Skills: map[string]int{"returns": 5, "english": 7, "portuguese": 8}, Teams: []string{"Shop"}, Site: "Porto"},
	{Name: "supervisor", Display: "Skua", Roles: []access.Role{access.Supervisor, access.Agent}, Skills: map[string]int{"english": 8, "portuguese": 8}, Teams: []string{"Shop"}, Site: "Lisbon",
		Try: "Watch queues and agents live, move waiting work."},
	{Name: Evaluator, Display: "Egret", Roles: []access.Role{access.Supervisor}, Try: "Evaluate recordings: some were drawn, and a calibration waits for the second opinion."},
	{Name: "monitor", Roles: []access.Role{access.Monitor}, Try: "Watch without being able to change anything."},
	{Name: "privacy", Roles: []access.Role{access.PrivacyOfficer}, Try: "Find a person, export or erase all about them, read the notice's checks."},
}

var booksUsers = []User{
	{Name: "administrador", Roles: []access.Role{access.Administrator}},
	{Name: "l1", Display: "Livreiro", Roles: agentRoles, Skills: map[string]int{"português": 10}, Teams: []string{"Loja"}, Site: "Porto", Try: "An agent of another tenant, which sees nothing of the first."},
	{Name: "l2", Display: "Livreira", Roles: agentRoles, Skills: map[string]int{"português": 10, "infantil": 8}, Teams: []string{"Loja"}, Site: "Porto"},
	{Name: "supervisora", Roles: []access.Role{access.Supervisor}},
}

func everyDay(name string, open bool) setup.Hours {
	h := setup.Hours{Name: name, TimeZone: Zone}
	for day := range 7 {
		if open {
			h.Weekly = append(h.Weekly, setup.Opening{Day: day, From: "00:00", To: "24:00"})
		}
	}
	return h
}

// shopHours are those that the week of history keeps to.
func shopHours() setup.Hours {
	h := setup.Hours{Name: "Shop hours", TimeZone: Zone, Weekly: []setup.Opening{{Day: 6, From: "10:00", To: "14:00"}}, Dates: []setup.Exception{
		{Date: "2026-12-08", Name: "Imaculada Conceição"}, {Date: "2026-12-24", Name: "Christmas Eve", Open: []setup.Span{{From: "09:00", To: "13:00"}}},
		{Date: "2026-12-25", Name: "Christmas"}, {Date: "2027-01-01", Name: "New Year"},
	}}
	for day := 1; day <= 5; day++ {
		h.Weekly = append(h.Weekly, setup.Opening{Day: day, From: "09:00", To: "19:00"})
	}
	return h
}

func demoQueue(name string, skill string, service int, members ...string) setup.Queue {
	q := setup.DefaultQueue(name)
	q.Members, q.ServiceSeconds, q.Channels = members, service, []acd.Channel{acd.Chat, acd.Voice, acd.Email}
	if skill != "" {
		q.Needs = []acd.SkillNeed{{Skill: skill, Level: 4}}
	}
	return q
}

func demoTenant() *Tenant {
	billing := demoQueue("Billing", "billing", 60, "a7", "d4", "e5")
	billing.DispositionMust = true
	sales := demoQueue("Sales", "", 45)
	sales.Priority, sales.MemberRule = 6, `"Shop" in teams`
	shop := setup.DefaultEntryPoint(ShopEntry, "Shop welcome", "Chat")
	shop.Theme.Accent = "#12343b"
	shop.Theme.Title = map[string]string{"en": "Atlântico Shoes", "pt": "Atlântico Shoes"}
	shop.Theme.Welcome = map[string]string{"en": "Questions about shoes, sizes or a parcel? Write to us.", "pt": "Perguntas sobre sapatos, tamanhos ou uma encomenda? Escreva-nos."}
	shop.Calls, shop.Video = setup.CallsBoth, true
	closed := shop
	closed.Name, closed.Flow = ClosedEntry, "Out of hours"
	phone := setup.DefaultEntryPoint(PhoneEntry, "Telephone", "Chat")
	phone.Channel, phone.Theme = acd.Voice, shop.Theme
	phone.Theme.Welcome = map[string]string{"en": "Call us from your browser.", "pt": "Ligue-nos a partir do navegador."}
	mail := setup.DefaultEntryPoint(MailEntry, "Mail", "")
	mail.Channel, mail.Theme = acd.Email, shop.Theme
	return &Tenant{
		Skills:       []string{"billing", "returns", "english", "portuguese"},
		Teams:        []string{"Shop", "Back office"},
		Sites:        []string{"Lisbon", "Porto"},
		Hours:        []setup.Hours{shopHours(), everyDay("Demo: always open", true), everyDay("Demo: always closed", false)},
		Queues:       []setup.Queue{billing, demoQueue("Returns", "returns", 90, "a7", "b2", "d4", "f1"), sales},
		Dispositions: []setup.Disposition{{Name: "Invoice sent", Group: "Solved"}, {Name: "Size exchanged", Group: "Solved"}, {Name: "Return label sent", Group: "Solved"}, {Name: "Sale", Group: "Solved"}},
		Labels:       []setup.Label{{Name: "Defect"}, {Name: "Wholesale"}, {Name: "Late parcel"}},
		Flows:        []Flow{{"Shop welcome", shopFlow("Demo: always open")}, {"Out of hours", shopFlow("Demo: always closed")}, {"Telephone", phoneFlow()}, {"Mail", mailFlow()}},
		EntryPoints:  []setup.EntryPoint{shop, closed, phone, mail},
		Canned:       shopReplies,
		AlertRules: []setup.AlertRule{
			setup.DefaultAlertRule("Many waiting", alert.Waiting, 5, 10),
			setup.DefaultAlertRule("Long wait", alert.LongestWaiting, 180, 420),
			longBreak(),
		},
		Forms:   qualityForms(),
		Samples: qualitySamples(),
		Renames: map[setup.Kind]map[string]string{
			setup.KindQueue: {"Service": "Sales"}, setup.KindHours: {"Opening hours": "Shop hours"}, setup.KindFlow: {"Welcome": "Shop welcome"}, setup.KindEntryPoint: {"Web chat": ShopEntry},
		},
	}
}

// booksTenant keeps to what every new tenant gets, and adds little.
func booksTenant() *Tenant {
	children := setup.DefaultQueue("Infantil")
	children.Members = []string{"l2"}
	children.Needs = []acd.SkillNeed{{Skill: "infantil", Level: 5}}
	return &Tenant{Teams: []string{"Loja"}, Sites: []string{"Porto"}, Skills: []string{"português", "infantil"}, Queues: []setup.Queue{children}, Labels: []setup.Label{{Name: "Encomenda especial"}}}
}

func both(en, pt string) map[string]string { return map[string]string{"en": en, "pt": pt} }

// shopFlow greets, asks what it is about, and puts into the queue that knows.
func shopFlow(hours string) flow.Graph {
	seven := 7
	return flow.Graph{Start: "hours", Nodes: map[string]flow.Node{
		"hours": {Type: flow.Hours, Hours: hours, Open: "greet", Closed: "closed"},
		"greet": {Type: flow.Say, Next: "topic", Text: both("Hello {{name}}, welcome to Atlântico Shoes.", "Olá {{name}}, boas-vindas à Atlântico Shoes.")},
		"topic": {Type: flow.Ask, Into: "topic", Text: both("What can we help you with?", "Em que podemos ajudar?"), Options: []flow.Option{
			{Value: "shoes", Label: both("Shoes and sizes", "Sapatos e tamanhos"), Next: "language"},
			{Value: "return", Label: both("A return or exchange", "Devolução ou troca"), Next: "when"},
			{Value: "bill", Label: both("An order or a bill", "Encomenda ou fatura"), Next: "order"},
		}},
		"order": {Type: flow.Collect, Into: "order", Seconds: 120, Timeout: "billing", Next: "first",
			Text: both("Which order is it about? Its number is on the bill. If you do not have it, just say so.", "De que encomenda se trata? O número está na fatura. Se não o tiver, diga-nos.")},
		"first":     {Type: flow.Branch, Cases: []flow.Case{{If: `trim(attr.order) startsWith "9"`, Next: "wholesale"}}, Next: "billing"},
		"wholesale": {Type: flow.Set, Priority: &seven, Attributes: map[string]string{"kind": "wholesale"}, Next: "billing"},
		"when": {Type: flow.Ask, Into: "when", Text: both("When did you get the shoes?", "Quando recebeu os sapatos?"), Options: []flow.Option{
			{Value: "recent", Label: both("Within the last 30 days", "Nos últimos 30 dias"), Next: "returns"},
			{Value: "older", Label: both("Longer ago", "Há mais tempo"), Next: "older"},
		}},
		"older": {Type: flow.Say, Next: "returns", Text: both("Exchanges are free for 30 days, and repairs for life. We will find a way.",
			"As trocas são grátis durante 30 dias e os arranjos para sempre. Havemos de encontrar uma solução.")},
		"language":   {Type: flow.Branch, Cases: []flow.Case{{If: `language startsWith "pt"`, Next: "portuguese"}}, Next: "sales"},
		"portuguese": {Type: flow.Set, Skills: map[string]int{"portuguese": 3}, Next: "sales"},
		"billing":    {Type: flow.Enqueue, Queue: "Billing", Text: both("One moment, a colleague from billing will be with you.", "Um momento, um colega da faturação já o atende.")},
		"returns":    {Type: flow.Enqueue, Queue: "Returns", Text: both("One moment, a colleague from returns will be with you.", "Um momento, um colega das devoluções já o atende.")},
		"sales":      {Type: flow.Enqueue, Queue: "Sales", Text: both("One moment, someone who knows our shoes will be with you.", "Um momento, alguém que conhece os nossos sapatos já o atende.")},
		"closed": {Type: flow.Form, Next: "thanks", Text: both("Our workshop is closed now. Leave us a message and we will answer on the next working day.",
			"A nossa oficina está fechada. Deixe-nos uma mensagem e respondemos no próximo dia útil.")},
		"thanks":  {Type: flow.Say, Next: "message", Text: both("Thank you {{name}}, we have your message.", "Obrigado {{name}}, recebemos a sua mensagem.")},
		"message": {Type: flow.Enqueue, Queue: "Sales"},
	}}
}

// phoneFlow is the telephone menu of the shop.
func phoneFlow() flow.Graph {
	return flow.Graph{Start: "greet", Nodes: map[string]flow.Node{
		"greet": {Type: flow.Say, Next: "topic", Text: both("Welcome to Atlântico Shoes.", "Bem-vindo à Atlântico Shoes.")},
		"topic": {Type: flow.Ask, Into: "topic", Text: both("What can we help you with?", "Em que podemos ajudar?"), Options: []flow.Option{
			{Value: "shoes", Label: both("Shoes and sizes", "Sapatos e tamanhos"), Next: "language"},
			{Value: "return", Label: both("A return or exchange", "Devolução ou troca"), Next: "returns"},
			{Value: "bill", Label: both("An order or a bill", "Encomenda ou fatura"), Next: "order"},
		}},
		"order": {Type: flow.Collect, Into: "order", Seconds: 20, Timeout: "billing", Next: "first",
			Text: both("Please key in the number of your order, and then hash.", "Marque o número da encomenda e depois cardinal.")},
		"first":      {Type: flow.Branch, Cases: []flow.Case{{If: `attr.order startsWith "9"`, Next: "wholesale"}}, Next: "billing"},
		"wholesale":  {Type: flow.Set, Attributes: map[string]string{"kind": "wholesale"}, Next: "billing"},
		"language":   {Type: flow.Branch, Cases: []flow.Case{{If: `language startsWith "pt"`, Next: "portuguese"}}, Next: "sales"},
		"portuguese": {Type: flow.Set, Skills: map[string]int{"portuguese": 3}, Next: "sales"},
		"billing":    {Type: flow.Enqueue, Queue: "Billing", Text: both("One moment, a colleague from billing will be with you.", "Um momento, um colega da faturação já o atende.")},
		"returns":    {Type: flow.Enqueue, Queue: "Returns", Text: both("One moment, a colleague from returns will be with you.", "Um momento, um colega das devoluções já o atende.")},
		"sales":      {Type: flow.Enqueue, Queue: "Sales", Text: both("One moment, someone who knows our shoes will be with you.", "Um momento, alguém que conhece os nossos sapatos já o atende.")},
	}}
}

// mailFlow has whoever writes an email answered by the shop.
func mailFlow() flow.Graph {
	return flow.Graph{Start: "sales", Nodes: map[string]flow.Node{"sales": {Type: flow.Enqueue, Queue: "Sales"}}}
}

// shopReplies come on top of those that every tenant gets.
var shopReplies = []setup.CannedReply{
	{Title: "Order number", Shortcut: "order", Language: "en", Body: "Could you tell me the order number, please? It is on the bill and begins with AT."},
	{Title: "Return label", Shortcut: "label", Language: "en", Queue: "Returns", Body: "I have sent you a label, {{visitor}}. Put the shoes back into their box, stick it on, and leave the parcel at any collection point."},
	{Title: "Refund time", Shortcut: "refund", Language: "en", Body: "The money is back within five working days of our having the shoes."},
	{Title: "Size advice", Shortcut: "size", Language: "en", Queue: "Sales", Body: "Our shoes run true to size. Between two sizes, take the larger one for boots and the smaller one for canvas."},
	{Title: "Invoice copy", Shortcut: "invoice", Language: "en", Queue: "Billing", Body: "Here is the copy of the invoice you asked for, as of {{date}}, {{time}}."},
	{Title: "Handing over", Shortcut: "handover", Language: "en", Body: "My colleagues in {{queue}} know more about this. I am handing you over with what you told me."},
	{Title: "Número da encomenda", Shortcut: "encomenda", Language: "pt", Body: "Pode indicar-me o número da encomenda, por favor? Está na fatura e começa por AT."},
	{Title: "Etiqueta de devolução", Shortcut: "etiqueta", Language: "pt", Queue: "Returns", Body: "Enviei-lhe uma etiqueta, {{visitor}}. Ponha os sapatos na caixa, cole-a e deixe a encomenda em qualquer ponto de recolha."},
	{Title: "Prazo de reembolso", Shortcut: "reembolso", Language: "pt", Body: "O dinheiro volta até cinco dias úteis depois de recebermos os sapatos."},
	{Title: "Conselho de tamanho", Shortcut: "tamanho", Language: "pt", Queue: "Sales", Body: "Os nossos sapatos correspondem ao número. Entre dois números, leve o maior nas botas e o menor na lona."},
	{Title: "Segunda via", Shortcut: "fatura", Language: "pt", Queue: "Billing", Body: "Aqui está a segunda via da fatura que pediu, a {{date}}, {{time}}."},
	{Title: "Passar a colega", Shortcut: "passar", Language: "pt", Body: "Os meus colegas em {{queue}} sabem mais sobre isto. Passo-lhe já, com o que me contou."},
}

// DisplayName is what visitors see of a user of the demo tenant.
func DisplayName(user string) string {
	for _, u := range demoUsers {
		if u.Name == user && u.Display != "" {
			return u.Display
		}
	}
	return user
}
