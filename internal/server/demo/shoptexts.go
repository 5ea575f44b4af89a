package demo

import "fmt"

// shopTexts are the shop's words in one language.
type shopTexts struct {
	OtherLang, OtherName                                    string
	Skip, Notice, Menu, Tagline, HomeTitle                  string
	Shoes, Story, Help, Bag                                 string
	ShopHead, AllShoes, CareHead, Delivery, Returns, Sizes  string
	Small, Eyebrow, Hero, HeroText, SeeAll, HowMade, Loved  string
	Promises, ShoesText, ChooseSize, Add, More              string
	StoryHead, HelpText, Table, TableText, Size             string
	BagText, GoOn, BagEmpty, Lost, LostText, ToHome, Amount string
	Three                                                   []said
	Facts, StoryText                                        []string
	Answers                                                 []said
	Goods                                                   map[string][2]string // slug -> kind, description
}

type said struct{ ID, Head, Text string }

func (t *shopTexts) euro(n int) string { return fmt.Sprintf(t.Amount, n) }

var texts = map[string]*shopTexts{
	"en": {
		OtherLang: "pt", OtherName: "Português", Skip: "Skip to content", Menu: "Shop",
		Notice:    "A made-up shop that shows the Nubitalk chat. Nothing here can be bought.",
		Tagline:   "Shoes made slowly, on the coast.",
		HomeTitle: "Shoes from the coast", Shoes: "Shoes", Story: "Our workshop", Help: "Help", Bag: "Bag",
		ShopHead: "Shop", AllShoes: "All shoes", CareHead: "Help", Delivery: "Delivery", Returns: "Returns", Sizes: "Sizes",
		Small:   "Atlântico Shoes does not exist. This page sets no cookies.",
		Eyebrow: "New for autumn", Hero: "Made for walking by the sea.",
		HeroText: "Canvas, cork and vegetable-tanned leather, sewn in a small workshop near Viana do Castelo, and repaired there for as long as you wear them.",
		SeeAll:   "See all shoes", HowMade: "How they are made", Loved: "Much loved", Promises: "What we promise",
		ShoesText: "Eight models, made all year. Every one can be resoled.", ChooseSize: "Choose your size (EU)", Add: "Add to bag", More: "You may also like",
		Three: []said{
			{"", "Free exchange", "Wrong size? Send them back within 30 days and we send the right one."},
			{"", "Repaired for life", "New soles and new stitches, at what the material costs us."},
			{"", "People who answer", "Write to us in the corner of this page. A person replies."},
		},
		Facts:     []string{"Delivered in 2 to 4 working days", "Free exchange within 30 days", "Can be resoled in our workshop"},
		StoryHead: "Eleven people, forty pairs a day",
		StoryText: []string{
			"The workshop stands between the estuary and the railway. It smells of cork and beeswax, and the radio is always on.",
			"We cut in the morning, because the light is better, and sew in the afternoon. A pair passes through nine pairs of hands and comes back to the first for a last look.",
			"The leather is tanned with bark, the cork comes from the Alentejo, the canvas is woven forty kilometres away. What is left over becomes key rings, which we put into parcels without telling anyone.",
		},
		HelpText: "Most answers are below. For everything else, open the chat in the corner of the page.",
		Answers: []said{
			{"delivery", "Delivery", "Parcels leave every working day at four. Mainland Portugal takes 2 days, the islands and Spain 3 to 4, the rest of Europe about a week. You get a number to follow the parcel."},
			{"returns", "Returns and exchanges", "You have 30 days. Put the shoes back into their box, ask us in the chat for a label, and leave the parcel at any collection point. The money is back within five days of our having them."},
			{"sizes", "Sizes", "Our shoes run true to size. Between two sizes, take the larger one for boots and the smaller one for canvas, which gives."},
			{"care", "Care", "Brush leather when it is dry and wax it twice a year. Canvas may be washed by hand. Never dry shoes on a heater."},
		},
		Table: "Size chart", TableText: "Length is that of the foot.", Size: "size",
		BagText: "This shop is a demonstration, so this is where it ends. Ask about the shoes in the chat instead.", GoOn: "Look at more shoes",
		BagEmpty: "Your bag is empty.", Lost: "This page has walked off", LostText: "There is nothing at this address.", ToHome: "To the front page", Amount: "€%d",
		Goods: map[string][2]string{
			"mare":   {"Canvas trainer", "Light cotton canvas on a natural rubber sole, dyed the blue of the water at four in the afternoon. The one we make most of."},
			"duna":   {"Suede desert boot", "Soft suede, a crepe sole and two eyelets. It looks better in its second year."},
			"onda":   {"Running shoe", "A knitted upper with a sole that gives back what you put in. For roads, promenades and being late."},
			"ancora": {"Boat shoe", "Waxed leather, hand-sewn vamp, and a sole that holds on wet boards."},
			"farol":  {"Leather boot", "Thick bark-tanned leather, brass hooks, a heel. Made for rain."},
			"brisa":  {"Espadrille", "Undyed cotton on a jute sole. Not for rain."},
			"salina": {"Leather sandal", "Two straps and one buckle, on a cork footbed that learns your foot."},
			"trilho": {"Trail shoe", "Waterproof, light, with a lugged sole. From the workshop to the mountain by train."},
		},
	},
	"pt": {
		OtherLang: "en", OtherName: "English", Skip: "Saltar para o conteúdo", Menu: "Loja",
		Notice:    "Uma loja inventada que mostra o chat Nubitalk. Aqui não se vende nada.",
		Tagline:   "Sapatos feitos devagar, junto ao mar.",
		HomeTitle: "Sapatos junto ao mar", Shoes: "Sapatos", Story: "A oficina", Help: "Ajuda", Bag: "Saco",
		ShopHead: "Loja", AllShoes: "Todos os sapatos", CareHead: "Ajuda", Delivery: "Entregas", Returns: "Devoluções", Sizes: "Tamanhos",
		Small:   "A Atlântico Shoes não existe. Esta página não usa cookies.",
		Eyebrow: "Novidades de outono", Hero: "Feitos para andar junto ao mar.",
		HeroText: "Lona, cortiça e couro de curtimenta vegetal, cosidos numa pequena oficina perto de Viana do Castelo, e lá arranjados enquanto os calçar.",
		SeeAll:   "Ver todos os sapatos", HowMade: "Como são feitos", Loved: "Os mais queridos", Promises: "O que prometemos",
		ShoesText: "Oito modelos, feitos todo o ano. Todos podem levar solas novas.", ChooseSize: "Escolha o tamanho (UE)", Add: "Pôr no saco", More: "Também pode gostar",
		Three: []said{
			{"", "Troca grátis", "Tamanho errado? Devolva em 30 dias e enviamos o certo."},
			{"", "Arranjados para sempre", "Solas novas e costuras novas, ao preço do material."},
			{"", "Pessoas que respondem", "Escreva-nos no canto desta página. Responde-lhe uma pessoa."},
		},
		Facts:     []string{"Entrega em 2 a 4 dias úteis", "Troca grátis em 30 dias", "Pode levar solas novas na nossa oficina"},
		StoryHead: "Onze pessoas, quarenta pares por dia",
		StoryText: []string{
			"A oficina fica entre o estuário e a linha do comboio. Cheira a cortiça e a cera de abelha, e o rádio está sempre ligado.",
			"De manhã cortamos, porque a luz é melhor, e à tarde cosemos. Cada par passa por nove pares de mãos e volta ao primeiro para um último olhar.",
			"O couro é curtido com casca, a cortiça vem do Alentejo e a lona é tecida a quarenta quilómetros. Das sobras fazemos porta-chaves, que pomos nas encomendas sem dizer nada a ninguém.",
		},
		HelpText: "A maior parte das respostas está em baixo. Para tudo o resto, abra o chat no canto da página.",
		Answers: []said{
			{"delivery", "Entregas", "As encomendas saem todos os dias úteis às quatro. Portugal continental demora 2 dias, as ilhas e Espanha 3 a 4, o resto da Europa cerca de uma semana. Recebe um número para seguir a encomenda."},
			{"returns", "Devoluções e trocas", "Tem 30 dias. Volte a pôr os sapatos na caixa, peça-nos uma etiqueta no chat e deixe a encomenda em qualquer ponto de recolha. O dinheiro volta até cinco dias depois de os recebermos."},
			{"sizes", "Tamanhos", "Os nossos sapatos correspondem ao número. Entre dois números, leve o maior nas botas e o menor na lona, que cede."},
			{"care", "Cuidados", "Escove o couro quando estiver seco e encere-o duas vezes por ano. A lona pode ser lavada à mão. Nunca seque sapatos num aquecedor."},
		},
		Table: "Tabela de tamanhos", TableText: "O comprimento é o do pé.", Size: "tamanho",
		BagText: "Esta loja é uma demonstração, por isso acaba aqui. Pergunte antes pelos sapatos no chat.", GoOn: "Ver mais sapatos",
		BagEmpty: "O saco está vazio.", Lost: "Esta página foi dar uma volta", LostText: "Não há nada neste endereço.", ToHome: "Ir para o início", Amount: "%d €",
		Goods: map[string][2]string{
			"mare":   {"Ténis de lona", "Lona leve de algodão sobre sola de borracha natural, do azul da água às quatro da tarde. É o que mais fazemos."},
			"duna":   {"Bota de camurça", "Camurça macia, sola de crepe e dois ilhós. Fica melhor ao segundo ano."},
			"onda":   {"Ténis de corrida", "Malha leve e uma sola que devolve o que lhe dá. Para estradas, marginais e atrasos."},
			"ancora": {"Sapato de vela", "Couro encerado, gáspea cosida à mão e uma sola que segura em tábuas molhadas."},
			"farol":  {"Bota de couro", "Couro grosso curtido com casca, ganchos de latão, salto. Feita para a chuva."},
			"brisa":  {"Alpargata", "Algodão cru sobre sola de juta. Não é para a chuva."},
			"salina": {"Sandália de couro", "Duas tiras e uma fivela, sobre uma palmilha de cortiça que aprende o seu pé."},
			"trilho": {"Sapato de montanha", "Impermeável, leve, de sola com rasto. Da oficina à serra, de comboio."},
		},
	},
}
