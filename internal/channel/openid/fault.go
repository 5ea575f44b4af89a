package openid

// Step is how far a sign-in came.
type Step string

const (
	StepDiscovery Step = "discovery" // what the provider says of itself
	StepAnswer    Step = "answer"    // with what it sent the browser back
	StepToken     Step = "token"     // the code for an ID token
	StepIdentity  Step = "identity"  // the ID token's checks
)

// Steps are all, in their order.
var Steps = []Step{StepDiscovery, StepAnswer, StepToken, StepIdentity}

// Reason is why it came no further.
type Reason string

const (
	Unreachable     Reason = "unreachable"      // the provider does not answer, or nothing that can be read
	OtherIssuer     Reason = "other_issuer"     // it says to be another than was asked
	Unfit           Reason = "unfit"            // it lacks something that we need
	Denied          Reason = "denied"           // it, or the person, refused
	Foreign         Reason = "foreign"          // an answer that was not asked for here
	AnswerIssuer    Reason = "answer_issuer"    // the answer is of another provider (RFC 9207)
	ClientRefused   Reason = "client_refused"   // the provider does not take client and secret
	CodeRefused     Reason = "code_refused"     // … or not the code
	NoIDToken       Reason = "no_id_token"      // it answered without one
	Signature       Reason = "signature"        // not signed by the provider, or in a way that is not accepted
	TokenIssuer     Reason = "token_issuer"     // signed for another issuer
	Audience        Reason = "audience"         // meant for somebody else
	Nonce           Reason = "nonce"            // of another sign-in
	Expired         Reason = "expired"          // no longer good, or issued too long ago
	NotYet          Reason = "not_yet"          // from the future: a clock is wrong
	NoSubject       Reason = "no_subject"       // it does not say who
	NotALogoutToken Reason = "not_logout_token" // it says something else
)

// Fault says at which step a sign-in ended, and why. Its cause may hold what a
// provider said and is for nobody but a test.
type Fault struct {
	Step   Step
	Reason Reason
	cause  error
}

func (f *Fault) Error() string { return "openid: " + string(f.Step) + ": " + string(f.Reason) }
func (f *Fault) Unwrap() error { return f.cause }
