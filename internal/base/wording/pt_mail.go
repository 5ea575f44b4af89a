package wording

// ptMail are the sentences about mailboxes and email.
var ptMail = []entry{
	// A mailbox as it is set up (core/setup).
	{"is %q; this version accepts chat, voice and email.", "é {1}; esta versão aceita chat, voice e email."},
	{"has a step that waits for the person's answer; who writes an email is not there to give one.", "tem um passo que espera a resposta da pessoa; quem escreve um email não está lá para a dar."},
	{"is %q; a name such as %s is accepted.", "é {1}; aceita-se um nome como {2}."},
	{"is %q; an address such as help@shop.example is accepted.", "é {1}; aceita-se um endereço como ajuda@loja.example."},
	{"is one of the folders whose messages are work; name another.", "é uma das pastas cujas mensagens são trabalho; indique outra."},
	{"is missing; name the entry point for email whose flow messages run.", "falta; indique o ponto de entrada de email cujo fluxo as mensagens correm."},
	{"is an entry point for %s; messages arrive at one for email.", "é um ponto de entrada de {1}; as mensagens chegam a um de email."},
	{"is missing; the mailbox proves itself with it.", "falta; a caixa de correio identifica-se com ela."},
	{"is missing a server; name both hosts.", "não tem um dos servidores; indique os dois."},

	// Providers (channel/email/provider).
	{"No server by this name is known. Check the spelling of the host.", "Não se conhece nenhum servidor com este nome. Verifique como está escrito."},
	{"The server is not on the public network. Only the operator can allow addresses inside the house.", "O servidor não está na rede pública. Só o operador pode permitir endereços internos."},
	{"Nothing answers at this port. Check the port, and whether the provider wants another one.", "Nada responde nesta porta. Verifique a porta e se o fornecedor pede outra."},
	{"The server cannot be reached. Check the host and the port, or try again later.", "Não se chega ao servidor. Verifique o nome e a porta, ou tente mais tarde."},
	{"The server does not answer. Check the port, or try again later.", "O servidor não responde. Verifique a porta, ou tente mais tarde."},
	{"The server does not begin TLS here. Choose the other security, or the port that goes with it.", "O servidor não começa TLS aqui. Escolha a outra segurança, ou a porta que lhe corresponde."},
	{"The server's certificate is for another name. Use the host name that the provider gives.", "O certificado do servidor é de outro nome. Use o nome que o fornecedor indica."},
	{"The server's certificate has expired or is not valid yet. The provider must renew it.", "O certificado do servidor caducou ou ainda não é válido. O fornecedor tem de o renovar."},
	{"The server's certificate is signed by nobody who is trusted here. Use the provider's public host name.", "O certificado do servidor não é assinado por ninguém de confiança aqui. Use o nome público do fornecedor."},
	{"Something else answers at this port. Check the host and the port.", "Nesta porta responde outra coisa. Verifique o nome e a porta."},
	{"The provider does not accept this user name with this password. Some providers want an app password, or IMAP to be switched on first.", "O fornecedor não aceita este nome de utilizador com esta palavra-passe. Alguns querem uma palavra-passe de aplicação, ou que se ative primeiro o IMAP."},
	{"There is no such folder. Check its name; folders below others are written as the provider writes them.", "Não existe essa pasta. Verifique o nome; pastas dentro de outras escrevem-se como o fornecedor as escreve."},
	{"The provider limits us for now. It is tried again later.", "O fornecedor está a limitar-nos por agora. Tenta-se de novo mais tarde."},
	{"The mailbox is full. Make room at the provider.", "A caixa de correio está cheia. Liberte espaço no fornecedor."},
	{"The provider does not accept this message or one of its addresses.", "O fornecedor não aceita esta mensagem ou um dos seus endereços."},
	{"The connection to the provider ended. It is tried again.", "A ligação ao fornecedor terminou. Tenta-se de novo."},

	// Messages while they are handled (channel/email).
	{"This interaction is no email.", "Esta interação não é um email."},
	{"This email was handled; its copy is deleted. It is in your mailbox at your provider.", "Este email já foi tratado; a sua cópia foi apagada. Está na sua caixa de correio, no seu fornecedor."},
	{"The mailbox of this email is not in use any more.", "A caixa de correio deste email já não está em uso."},
	{"This email is not in its folder at the provider any more: somebody moved or deleted it there.", "Este email já não está na sua pasta no fornecedor: alguém o moveu ou apagou lá."},
	{"The provider is busy with other messages of this mailbox. Try again in a moment.", "O fornecedor está ocupado com outras mensagens desta caixa. Tente de novo daqui a pouco."},
	{"The provider is numbering this folder anew. Try again in a moment.", "O fornecedor está a numerar esta pasta de novo. Tente outra vez daqui a pouco."},
	{"There is no such file in this message.", "Não existe esse ficheiro nesta mensagem."},
	{"An email is answered by an email; here are only notes.", "A um email responde-se por email; aqui só há notas."},
	{"An answer is being sent just now.", "Está a ser enviada uma resposta neste momento."},
	{"It is not known whether an earlier answer was sent: the connection ended in between. Look into the sent folder at your provider, and send it again if it is not there.",
		"Não se sabe se uma resposta anterior foi enviada: a ligação terminou a meio. Veja a pasta dos enviados no seu fornecedor, e envie de novo se lá não estiver."},
	{"It is not known whether the answer was sent: the connection ended in between. Look into the sent folder at your provider, and send it again if it is not there.",
		"Não se sabe se a resposta foi enviada: a ligação terminou a meio. Veja a pasta dos enviados no seu fornecedor, e envie de novo se lá não estiver."},
	{"has something that is no email address.", "tem algo que não é um endereço de email."},
	{"is missing; write an answer.", "falta; escreva uma resposta."},
	{"is missing; the message says of nobody whom an answer reaches.", "falta; a mensagem não diz a quem chega uma resposta."},

	// What an agent does with a message (channel/email).
	{"This email has no HTML.", "Este email não tem HTML."},
	{"Images of other messages are being fetched. Try again in a moment.", "Estão a ser carregadas imagens de outras mensagens. Tente de novo daqui a pouco."},
}
