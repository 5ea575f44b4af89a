package demo

// script is one conversation to be played. Each line begins with who speaks: v
// the visitor, a the agent, n an internal note of the agent; "t Returns" hands
// over to another queue. {order}, {shoe}, {size}, {other}, {price}, {town} and
// {name} are filled in.
type script struct {
	topic       string // the option of the flow
	queue       string
	language    string
	disposition string
	label       string // "" for none
	lines       []string
}

var scripts = []script{
	{"bill", "Billing", "en", "Invoice sent", "", []string{
		"v Hi, I need an invoice with our company's name on it.", "a Hello {name}, of course. Which order is it?", "v {order}, the {shoe} in {size}",
		"a Thank you. What name and tax number should be on it?", "v I have put both into the form on your page just now", "a I see them. The corrected invoice is on its way to you by email.", "v Great, that was quick. Thanks!"}},
	{"bill", "Billing", "en", "Answered", "Late parcel", []string{
		"v Order {order} should have been here on Tuesday", "a I am sorry about that, let me look.", "n Carrier shows it in the {town} depot since Monday.",
		"a It is at the depot in {town} and goes out for delivery tomorrow morning.", "v So Thursday at the latest?", "a Thursday at the latest, yes. If it is not there by then write to me and I will send a new pair the same day.", "v Ok, thank you"}},
	{"bill", "Billing", "en", "Refund arranged", "", []string{
		"v I was charged twice for {order}", "a That should not happen. I see two payments of €{price} a minute apart.", "v Yes that's it. The page hung and I pressed again",
		"a Only one became an order. I have sent the other one back, it takes three to five days with most banks.", "v Will I get a mail about it?", "a In a few minutes.", "v It's here. Thank you!"}},
	{"bill", "Billing", "en", "Order changed", "", []string{
		"v Can I still change the address for {order}?", "a It leaves at four, so yes. Where should it go?", "v To the collection point next to the station in {town}", "a Done. You will get a message when it is there.", "v perfect"}},
	{"bill", "Billing", "pt", "Invoice sent", "", []string{
		"v Bom dia, precisava de uma fatura com contribuinte", "a Bom dia {name}. Qual é a encomenda?", "v {order}", "a Obrigada. Já tenho o número que indicou na página, é esse que ponho na fatura?", "v Sim, é esse", "a Enviei-lhe agora a fatura corrigida.", "v Já chegou, obrigado!"}},
	{"bill", "Billing", "pt", "Answered", "Late parcel", []string{
		"v A minha encomenda {order} ainda não chegou", "a Lamento a demora, vou verificar.", "n Parada em {town} desde segunda.", "a Está no armazém de {town} e sai amanhã de manhã para entrega.", "v E se não estiver ninguém em casa?",
		"a O estafeta liga antes. Se preferir, mudo para um ponto de recolha.", "v Não é preciso, amanhã estou em casa", "a Combinado. Boa tarde!"}},
	{"bill", "Billing", "pt", "Refund arranged", "", []string{
		"v Paguei duas vezes a encomenda {order}", "a Vejo dois pagamentos de {price} € com um minuto de diferença. Só um é uma encomenda.", "v Pois, a página parou e carreguei outra vez", "a Já devolvi o segundo. Demora três a cinco dias, conforme o banco.", "v Muito obrigada"}},
	{"bill", "Billing", "pt", "Order changed", "", []string{
		"v Ainda vou a tempo de mudar a morada da {order}?", "a Sai às quatro, por isso ainda vai. Para onde enviamos?", "v Para o ponto de recolha ao pé da estação, em {town}", "a Está feito. Recebe uma mensagem quando lá estiver.", "v 5 estrelas"}},

	{"return", "Returns", "en", "Size exchanged", "", []string{
		"v The {shoe} in {size} are too small", "a No problem, shall I send them in {other}?", "v Yes please. Do I have to pay for that?", "a No, exchanges are free for 30 days. I have sent you a label.",
		"v And when do I get the new ones?", "a I send them today, without waiting for yours to come back.", "v That's very kind, thank you"}},
	{"return", "Returns", "en", "Return label sent", "", []string{
		"v I'd like to return {order}", "a Of course. May I ask what was wrong with them?", "v Nothing really, the colour looked different on the screen", "a I understand. The label is in your mail. Put them into their box and leave it at any collection point.",
		"v Can I do it in {town}?", "a Yes, there are three in {town}, the list is on the label.", "v ok thanks"}},
	{"return", "Returns", "en", "Complaint", "Defect", []string{
		"v the sole of my {shoe} came off after two weeks!!", "a I am sorry, that should not happen. Could you send me a picture of it?", "v it is just loose at the front, I am not at home now",
		"a I believe you. I will send you a new pair in {size} today, and a label for the old ones.", "n Third loose sole of this batch, told the workshop.", "v ok. that is fair", "a Thank you for telling us, {name}. The workshop wants to see what went wrong."}},
	{"return", "Returns", "en", "Call back", "Follow up", []string{
		"v do you repair shoes bought four years ago?", "a For life. What is it about?", "v the heel of the {shoe} is worn down on one side", "a We can build that up again. I will ask the workshop what it costs and write to you tomorrow.", "v great, my mail is in the form"}},
	{"return", "Returns", "pt", "Size exchanged", "", []string{
		"v Os {shoe} no {size} estão pequenos", "a Não há problema, envio-lhe o {other}?", "v Sim, por favor. Tenho de pagar a troca?", "a Não, durante 30 dias é grátis. Já lhe enviei a etiqueta.", "v E quando chegam os novos?",
		"a Seguem ainda hoje, sem esperar pelos seus.", "v Que maravilha, obrigada"}},
	{"return", "Returns", "pt", "Return label sent", "", []string{
		"v Queria devolver a {order}", "a Com certeza. Posso perguntar o que não correu bem?", "v Nada de especial, a cor no ecrã parecia outra", "a Compreendo. A etiqueta está no seu email. Basta pôr na caixa e deixar num ponto de recolha.", "v Há algum em {town}?", "a Há três, a lista vem com a etiqueta.", "v obrigado"}},
	{"return", "Returns", "pt", "Complaint", "Defect", []string{
		"v A sola dos {shoe} descolou ao fim de duas semanas", "a Lamento muito, isso não devia acontecer. Consegue mandar uma fotografia?", "v Agora não, estou no trabalho. É só à frente", "a Acredito em si. Envio hoje um par novo no {size} e uma etiqueta para os antigos.",
		"n Terceira sola solta deste lote, avisei a oficina.", "v Assim está bem", "a Obrigado por nos dizer, {name}."}},
	{"return", "Returns", "pt", "Call back", "Follow up", []string{
		"v arranjam sapatos comprados há quatro anos?", "a Arranjamos sempre. O que se passa?", "v o salto dos {shoe} está gasto de um lado", "a Fazemos de novo. Pergunto à oficina quanto custa e escrevo-lhe amanhã.", "v combinado"}},

	{"shoes", "Sales", "en", "Sale", "", []string{
		"v Hello! Do the {shoe} run large? I am between {size} and {other}", "a Hello {name}! They run true to size. For canvas I would take the smaller, for leather the larger one.", "v It would be with thick socks", "a Then {other}.", "v Thanks, ordering now",
		"a Very good. If they do not fit we exchange them for free."}},
	{"shoes", "Sales", "en", "Answered", "", []string{
		"v Are the {shoe} waterproof?", "a They keep dry in rain, but not in a puddle. If it is for long walks in the wet I would look at the Trilho.", "v What about snow?", "a The Trilho again, with wax on the seams.", "v I'll think about it, thank you"}},
	{"shoes", "Sales", "en", "Answered", "", []string{
		"v When will the {shoe} be back in {size}?", "a The next ones leave the workshop on Friday. Shall I put a pair aside for you?", "v Yes please!", "a Done. You will get a mail on Friday with a link, it keeps for three days.", "v Lovely"}},
	{"shoes", "Sales", "en", "Call back", "Wholesale", []string{
		"v We have two shops in {town} and would like to sell your shoes", "a How nice! Do you have an idea of how many pairs?", "v maybe 60 to begin with, mostly {shoe}", "a I will pass this on, and the owner will write to you by tomorrow evening.", "n 60 pairs, two shops in {town}. Sounds serious.", "v looking forward to it"}},
	{"shoes", "Sales", "en", "Passed on", "", []string{
		"v I bought the {shoe} last week and one of them squeaks", "a Oh. Both soles or one?", "v only the left", "a My colleagues in returns can sort that out at once. I hand you over with what you told me.", "n Left {shoe} squeaks, bought last week, order {order}.",
		"t Returns", "a Hello {name}, I have read it. I will send you a new pair in {size}, keep the old ones until they come.", "v Great service, thanks both"}},
	{"shoes", "Sales", "pt", "Sale", "", []string{
		"v Olá! Os {shoe} são grandes? Estou entre o {size} e o {other}", "a Olá {name}! Correspondem ao número. Em lona levava o menor, em couro o maior.", "v É para usar com meias grossas", "a Então o {other}.", "v Vou encomendar, obrigada", "a Se não servirem, trocamos sem custos."}},
	{"shoes", "Sales", "pt", "Answered", "", []string{
		"v Os {shoe} são impermeáveis?", "a Aguentam chuva, mas não uma poça. Para caminhadas à chuva via antes os Trilho.", "v E na serra da Estrela?", "a Os Trilho outra vez, com cera nas costuras.", "v Vou pensar, obrigado"}},
	{"shoes", "Sales", "pt", "Answered", "", []string{
		"v Quando voltam a ter os {shoe} no {size}?", "a Os próximos saem da oficina na sexta. Guardo-lhe um par?", "v Sim, por favor!", "a Está guardado. Na sexta recebe um email com a ligação, vale três dias.", "v Que bom"}},
	{"shoes", "Sales", "pt", "Call back", "Wholesale", []string{
		"v Temos duas lojas em {town} e gostávamos de vender os vossos sapatos", "a Que bom! Tem ideia de quantos pares?", "v uns 60 para começar, sobretudo {shoe}", "a Passo à dona da oficina, que lhe escreve até amanhã ao fim do dia.", "n 60 pares, duas lojas em {town}. Parece sério.", "v fico à espera"}},
	{"shoes", "Sales", "pt", "Passed on", "", []string{
		"v Comprei os {shoe} na semana passada e um deles chia", "a Ui. Os dois ou só um?", "v só o esquerdo", "a Os meus colegas das devoluções resolvem já. Passo-lhe com o que me contou.", "n Esquerdo dos {shoe} chia, compra da semana passada, {order}.",
		"t Returns", "a Olá {name}, já li. Envio-lhe um par novo no {size}, fique com os antigos até chegarem.", "v Muito bem, obrigado aos dois"}},
}

// letters are what people leave out of hours.
var letters = map[string][]string{
	"en": {"Do you ship to Ireland, and how long does it take?", "My order {order} has not arrived. Please write to me.", "I would like the {shoe} in {size}. Will you have them again?", "Could you send me a label to return {order}?"},
	"pt": {"Enviam para os Açores? Quanto tempo demora?", "A encomenda {order} ainda não chegou. Podem responder por email?", "Queria os {shoe} no {size}. Vão voltar a ter?", "Podem enviar-me uma etiqueta para devolver a {order}?"},
}

// remarks are what people write beside their rating, by how content they are.
var remarks = map[string]map[bool][]string{
	"en": {true: {"Very friendly.", "Quick and clear.", "A person who knows the shoes!", "Solved in five minutes."}, false: {"I waited too long.", "Had to explain it twice.", "Not really solved."}},
	"pt": {true: {"Muito simpáticos.", "Rápido e claro.", "Alguém que conhece os sapatos!", "Resolvido em cinco minutos."}, false: {"Esperei demasiado.", "Tive de explicar duas vezes.", "Ficou por resolver."}},
}

// people are display names of visitors, as they chose them.
var people = map[string][]string{
	"en": {"Emma", "Oliver", "Grace", "Noah", "Ivy", "Jack", "Freya", "Liam", "Chloe", "Sam", "Hannah", "Tom", "Maeve", "Conor", "Lily", "Ben"},
	"pt": {"Inês", "Tiago", "Beatriz", "João", "Mafalda", "Rui", "Carolina", "Diogo", "Sofia", "Nuno", "Marta", "Vasco", "Leonor", "Pedro", "Rita", "Duarte"},
}

var towns = []string{"Braga", "Coimbra", "Évora", "Vigo", "Aveiro", "Faro", "Galway", "Bristol", "Leiria", "Setúbal"}
