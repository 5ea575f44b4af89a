package verify

// checks run in this order; later ones use what earlier ones left.
var checks = []check{
	{[]string{"C52"}, "plain HTTP beyond loopback is refused, and TLS is the default", false, secureTransport},
	{[]string{"C6"}, "the routing engine runs without the service around it", false, engineAlone},
	{[]string{"C8"}, "the notice is reachable in the product", false, noticeReachable},
	{[]string{"C13", "C15"}, "a chat does not start without consent to the text that is in force", false, consentNeeded},
	{[]string{"C35", "C36"}, "a conversation is kept whole, with the display name", false, conversationKept},
	{[]string{"C14"}, "who consented to which text, when and how, is on record", false, consentRecorded},
	{[]string{"C37"}, "authorised users find a conversation by words, person and queue; others do not", false, conversationFound},
	{[]string{"C53", "C5"}, "another tenant can read nothing of it", false, otherTenantSeesNothing},
	{[]string{"C10", "C53"}, "operator and reseller can read nothing of it", false, providerSeesNothing},
	{[]string{"C53"}, "nothing personal is in the clear in files, logs and metrics", true, nothingInTheClear},
	{[]string{"C9"}, "every column of the running schema has its class", true, everythingClassified},
	{[]string{"C21", "C22"}, "accounts are made, changed and removed, and roles hold", false, accountsAndRoles},
	{[]string{"C23", "C24"}, "a user with a pseudonym and nothing else can do everything", false, pseudonymIsEnough},
	{[]string{"C59"}, "calls come by an operator's trunk, to its numbers alone", false, callArrives},
	{[]string{"C50"}, "sound goes to and from a media gateway as SRTP, unless somebody chose otherwise", false, srtpByDefault},
	{[]string{"C51"}, "a gateway without SRTP needs a confirmed choice, which is noted", false, plainIsWarned},
	{[]string{"C11"}, "what users do is in the audit log under their own id", false, auditNamesUsers},
	{[]string{"C12"}, "each tenant has its own policies", false, policiesPerTenant},
	{[]string{"C3"}, "a new tenant receives its first routed chat by itself", false, newTenantWorks},
	{[]string{"C16", "C19"}, "a person's data is handed over whole, in one readable archive", false, exported},
	{[]string{"C17"}, "a person's data is corrected", false, rectified},
	{[]string{"C18"}, "a person is erased from every store", true, erased},
}
