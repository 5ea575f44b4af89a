package setup

import (
	"testing"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	core "nubitalk/internal/core/setup"
)

// A connection's secret is sealed and given to who asks the system alone; it
// stays with the host that it was given for.
func TestConnections(t *testing.T) {
	h := newHouse(t)
	ctx, a := t.Context(), as(shop, access.Administrator)
	token := func(v string) Extra {
		return Extra{Secrets: map[string]secret.Text{core.ConnectionSecret: secret.New(v)}}
	}
	api := core.Connection{Name: "Orders", Address: "https://api.example.com/v1/", Header: "Authorization"}
	o, err := h.CreateWith(ctx, a, core.KindConnection, encode(api), token("Bearer 4711"))
	if err != nil {
		t.Fatal(err)
	}
	c, value, err := h.Connection(ctx, shop, o.ID)
	if err != nil || value.Reveal() != "Bearer 4711" || c.Address != "https://api.example.com/v1" {
		t.Errorf("%v %+v", err, c)
	}
	if _, value, err := h.Connection(ctx, books, o.ID); !errs.Is(err, errs.NotFound) || !value.Empty() {
		t.Error("another tenant's:", err)
	}
	api.Address = "https://api.example.com/v2"
	o, err = h.PutWith(ctx, a, core.KindConnection, o.ID, o.Version, encode(api), Extra{})
	if err != nil {
		t.Fatal("another path of the same host:", err)
	}
	for _, address := range []string{"https://evil.example.com/v2", "https://api.example.com:8443/v2"} {
		api.Address = address
		_, err = h.PutWith(ctx, a, core.KindConnection, o.ID, o.Version, encode(api), Extra{})
		wantCode(t, err, errs.Invalid, "secret: must be given again")
	}
	if o, err = h.PutWith(ctx, a, core.KindConnection, o.ID, o.Version, encode(api), token("Bearer 4712")); err != nil {
		t.Fatal(err)
	}
	api.Address, api.Header = "https://other.example.com", ""
	if o, err = h.PutWith(ctx, a, core.KindConnection, o.ID, o.Version, encode(api), Extra{Remove: []string{core.ConnectionSecret}}); err != nil || len(o.Secrets) != 0 {
		t.Fatal(err, o.Secrets)
	}
	for says, bad := range map[string]core.Connection{
		"address: must be an address such": {Name: "x", Address: "http://api.example.com"},
		"address: must be on the public":   {Name: "x", Address: "https://127.0.0.1/"},
		"address: must be an address with": {Name: "x", Address: "https://u:p@api.example.com"},
		"header: must be the name":         {Name: "x", Address: "https://api.example.com", Header: "Host"},
		"secret: is missing":               {Name: "x", Address: "https://api.example.com", Header: "X-Key"},
		"name: is missing":                 {Address: "https://api.example.com"},
	} {
		_, err := h.CreateWith(ctx, a, core.KindConnection, encode(core.Clean(bad)), Extra{})
		wantCode(t, err, errs.Invalid, says)
	}
	_, err = h.CreateWith(ctx, a, core.KindConnection, encode(core.Connection{Name: "x", Address: "https://api.example.com"}), token("t"))
	wantCode(t, err, errs.Invalid, "header: is missing")
	if _, err := h.List(ctx, as(shop, access.Supervisor), core.KindConnection, false); !errs.Is(err, errs.Forbidden) {
		t.Error("a supervisor sees connections:", err)
	}
	if err := h.Archive(ctx, a, core.KindConnection, o.ID, o.Version); err != nil {
		t.Fatal(err)
	}
	if _, _, err := h.Connection(ctx, shop, o.ID); !errs.Is(err, errs.NotFound) {
		t.Error("one out of use is asked:", err)
	}
}
