package provider

import (
	"errors"

	"nubitalk/internal/base/errs"
)

// Step is one of those in which a server is reached.
type Step string

// The steps, in their order.
const (
	StepName    Step = "name"    // finding the server's address
	StepReach   Step = "reach"   // connecting to it
	StepSecure  Step = "secure"  // TLS and the certificate
	StepSignIn  Step = "sign_in" // the account
	StepFolder  Step = "folder"  // opening a folder
	StepMessage Step = "message" // reading, moving or sending one
)

// Reason is why a step failed.
type Reason string

// Reasons.
const (
	NotFound           Reason = "not_found"           // no server by that name
	Inside             Reason = "inside"              // not on the public network
	Refused            Reason = "refused"             // nothing listens there
	Unreachable        Reason = "unreachable"         // no way there
	Silent             Reason = "silent"              // no answer in time
	NoTLS              Reason = "no_tls"              // no TLS where it was expected
	CertificateName    Reason = "certificate_name"    // for another name
	CertificateExpired Reason = "certificate_expired" // or not valid yet
	CertificateUnknown Reason = "certificate_unknown" // signed by nobody who is trusted
	NotThisServer      Reason = "not_this_server"     // speaks another protocol
	Denied             Reason = "denied"              // the account is not accepted
	SignedOut          Reason = "signed_out"          // nobody let us in, or not any more
	NoClient           Reason = "no_client"           // the authority does not know this client
	NoFolder           Reason = "no_folder"
	Busy               Reason = "busy"      // the provider limits us for now
	Full               Reason = "full"      // the account's space is used up
	Rejected           Reason = "reject"    // the message or an address is not accepted
	Lost               Reason = "lost"      // the connection ended
	TooLarge           Reason = "too_large" // for the provider, which says how large a message may be (RFC 1870)
)

// Fault is what went wrong with a provider. Its text names no person.
type Fault struct {
	Step   Step
	Reason Reason
	Host   string
	Code   int // SMTP's answer, if there was one
	// Unsure: the message may have been accepted all the same.
	Unsure bool
	cause  error
}

func (f *Fault) Error() string { return string(f.Step) + ": " + string(f.Reason) }
func (f *Fault) Unwrap() error { return f.cause }

// Temporary says whether it may work later without anybody's doing.
func (f *Fault) Temporary() bool {
	switch f.Reason {
	case Refused, Unreachable, Silent, Busy, Lost, NotFound:
		return true
	}
	return false
}

// Says is the fault in words, with what to do.
func (f *Fault) Says() *errs.Error {
	code := errs.Invalid
	if f.Temporary() {
		code = errs.Unavailable
	}
	text := map[Reason]string{
		NotFound:           "No server by this name is known. Check the spelling of the host.",
		TooLarge:           "The provider does not take a message as large as this. Remove a file, or send it in another way.",
		Inside:             "The server is not on the public network, or the operator does not let it be reached. Only the operator can allow it.",
		Refused:            "Nothing answers at this port. Check the port, and whether the provider wants another one.",
		Unreachable:        "The server cannot be reached. Check the host and the port, or try again later.",
		Silent:             "The server does not answer. Check the port, or try again later.",
		NoTLS:              "The server does not begin TLS here. Choose the other security, or the port that goes with it.",
		CertificateName:    "The server's certificate is for another name. Use the host name that the provider gives.",
		CertificateExpired: "The server's certificate has expired or is not valid yet. The provider must renew it.",
		CertificateUnknown: "The server's certificate is signed by nobody who is trusted here. Use the provider's public host name.",
		NotThisServer:      "Something else answers at this port. Check the host and the port.",
		Denied:             "The provider does not accept this user name with this password. Some providers want an app password, or IMAP to be switched on first.",
		SignedOut:          "The provider does not let us in any more, or nobody has signed in yet. Sign in again.",
		NoClient:           "The provider does not know this client. Check the client's id and its secret.",
		NoFolder:           "There is no such folder. Check its name; folders below others are written as the provider writes them.",
		Busy:               "The provider limits us for now. It is tried again later.",
		Full:               "The mailbox is full. Make room at the provider.",
		Rejected:           "The provider does not accept this message or one of its addresses.",
		Lost:               "The connection to the provider ended. It is tried again.",
	}[f.Reason]
	return errs.Wrap(code, f, "%s", text)
}

// AsFault is the fault in an error; of any other error, that the connection was lost
// in that step.
func AsFault(err error, step Step, host string) *Fault {
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	reason := Lost
	if timedOut(err) {
		reason = Silent
	}
	return &Fault{Step: step, Reason: reason, Host: host, cause: err}
}
