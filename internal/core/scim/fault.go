package scim

import "fmt"

// Fault is what is wrong with a request (RFC 7644, 3.12).
type Fault struct {
	Status int    // of HTTP
	Type   string // scimType; "" if there is none
	Detail string
}

func (f *Fault) Error() string { return f.Detail }

// scimTypes of RFC 7644, table 9.
const (
	invalidFilter = "invalidFilter"
	invalidSyntax = "invalidSyntax"
	invalidPath   = "invalidPath"
	InvalidValue  = "invalidValue"
	noTarget      = "noTarget"
	mutability    = "mutability"
	tooMany       = "tooMany"
)

func fault(kind, text string, args ...any) *Fault {
	return &Fault{400, kind, fmt.Sprintf(text, args...)}
}

// Invalid is a value that cannot be taken.
func Invalid(text string, args ...any) *Fault { return fault(InvalidValue, text, args...) }

// Taken is a resource that is there already.
func Taken(text string, args ...any) *Fault {
	return &Fault{409, "uniqueness", fmt.Sprintf(text, args...)}
}

// Changed is a resource that is not as the caller saw it any more.
func Changed() *Fault {
	return &Fault{412, "", "The resource was changed in the meantime. Read it again."}
}
