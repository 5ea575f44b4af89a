package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

// directory asks as an organisation's own directory does.
type directory struct {
	*house
	t    *testing.T
	who  *who
	last answered
}

// joins makes an administrator's key for the first tenant's directory.
func joins(t *testing.T, h *house) *directory {
	t.Helper()
	return h.joinedBy(t, h.a.users[access.Administrator])
}

func (h *house) joinedBy(t *testing.T, admin *who) *directory {
	t.Helper()
	got := h.ask(admin, "POST", "/api/v1/provisioning/keys", m{"expires_at": time.Now().Add(24 * time.Hour)})
	var made struct{ Secret string }
	if json.Unmarshal([]byte(got.body), &made) != nil || got.status != 201 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	return &directory{house: h, t: t, who: &who{kind: aKey, header: "Authorization", value: "Bearer " + made.Secret}}
}

// does asks one thing, wants a status, and gives the answer.
func (d *directory) does(method, path string, body string, want int, header ...string) m {
	d.t.Helper()
	var sent any
	if body != "" {
		sent = body
	}
	d.last = d.ask(d.who, method, "/api/scim/v2/"+path, sent, append([]string{"Content-Type", "application/scim+json"}, header...)...)
	if d.last.status != want {
		d.t.Fatalf("%s %s: %d %s, want %d", method, path, d.last.status, d.last.body, want)
	}
	out := m{}
	if d.last.body != "" && json.Unmarshal([]byte(d.last.body), &out) != nil {
		d.t.Fatalf("%s %s: no JSON: %s", method, path, d.last.body)
	}
	if want >= 400 && (out["status"] != fmt.Sprint(want) || !strings.Contains(d.last.body, "urn:ietf:params:scim:api:messages:2.0:Error")) {
		d.t.Errorf("%s %s: no error of SCIM: %s", method, path, d.last.body)
	}
	if got := d.last.header.Get("Content-Type"); d.last.body != "" && got != "application/scim+json" {
		d.t.Errorf("%s %s: %s", method, path, got)
	}
	return out
}

// table lets groups give roles, and says what a removal does.
func (d *directory) table(removal string, roles ...any) {
	d.t.Helper()
	admin := d.a.users[access.Administrator]
	var v struct{ Version int64 }
	must(d.t, json.Unmarshal([]byte(d.ask(admin, "GET", "/api/v1/provisioning", nil).body), &v))
	got := d.ask(admin, "PUT", "/api/v1/provisioning", m{"version": v.Version, "removal": removal, "display": false, "email": false, "role": "monitor", "roles": append([]any{}, roles...), "teams": []any{}})
	if got.status != 200 {
		d.t.Fatalf("%d %s", got.status, got.body)
	}
}

func (d *directory) userNow(id string) account.User {
	d.t.Helper()
	u, err := d.accounts.User(d.t.Context(), d.a.users[access.Administrator].actor(), id)
	must(d.t, err)
	return u
}

const entraUser = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],"externalId":"0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef",
	"userName":"Test_User_ab6490ee","active":true,"emails":[{"primary":true,"type":"work","value":"real@person.example"}],"meta":{"resourceType":"User"},
	"name":{"formatted":"givenName familyName","familyName":"familyName","givenName":"givenName"},"roles":[]}`

// What Entra ID sends, in its order (Microsoft, "Develop and plan provisioning for a SCIM endpoint").
func TestAsEntraProvisions(t *testing.T) {
	h := found(t, noLimits)
	d := joins(t, h)
	d.table("lock", m{"value": "Group1DisplayName", "role": "supervisor"}, m{"value": "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159", "role": "agent"})

	// The test of the connection.
	if got := d.does("GET", `Users?filter=userName+eq+%22non-existent%22`, "", 200); got["totalResults"] != 0.0 {
		t.Errorf("%v", got)
	}
	user := d.does("POST", "Users", entraUser, 201)
	id := user["id"].(string)
	if at := d.last.header.Get("Location"); !strings.HasSuffix(at, "/api/scim/v2/Users/"+id) || d.last.header.Get("ETag") != `W/"1"` {
		t.Errorf("%s %s", at, d.last.header.Get("ETag"))
	}
	for _, kept := range []string{"real@person.example", "familyName"} { // nobody chose it
		if strings.Contains(d.last.body, kept) {
			t.Errorf("%s was kept", kept)
		}
	}
	if u := d.userNow(id); u.Profile != (account.Profile{}) || len(u.Roles) != 1 || u.Roles[0] != access.Monitor || u.Status != account.Active {
		t.Errorf("%+v", u)
	}
	d.does("POST", "Users", entraUser, 409)
	if !strings.Contains(d.last.body, `"scimType":"uniqueness"`) {
		t.Error(d.last.body)
	}
	if got := d.does("GET", "Users/"+id, "", 200); got["externalId"] != "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef" {
		t.Errorf("%v", got)
	}
	for _, by := range []string{`userName+eq+%22Test_User_AB6490EE%22`, `externalId+eq+%220a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef%22`, `active+eq+true+and+userName+sw+%22test%22`} {
		if got := d.does("GET", "Users?filter="+by, "", 200); got["totalResults"] != 1.0 {
			t.Errorf("%s: %v", by, got)
		}
	}
	d.does("PATCH", "Users/"+id, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"Replace","path":"emails[type eq \"work\"].value","value":"updated@person.example"},{"op":"Replace","path":"name.familyName","value":"updatedFamilyName"}]}`, 200)
	got := d.does("PATCH", "Users/"+id, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"Replace","path":"userName","value":"5b50642d"}]}`, 200)
	if got["userName"] != "5b50642d" {
		t.Errorf("%v", got)
	}

	// Groups: made, found without members, users in and out.
	group := d.does("POST", "Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"externalId":"8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159","displayName":"displayName","meta":{"resourceType":"Group"}}`, 201)["id"].(string)
	d.does("POST", "Groups", `{"displayName":"DISPLAYNAME"}`, 409)
	if got := d.does("GET", "Groups?excludedAttributes=members&filter=displayName+eq+%22displayName%22", "", 200); got["totalResults"] != 1.0 || strings.Contains(d.last.body, "members") {
		t.Errorf("%s", d.last.body)
	}
	patch := func(ops string) {
		t.Helper()
		d.does("PATCH", "Groups/"+group, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[`+ops+`]}`, 200)
	}
	has := func(want ...access.Role) {
		t.Helper()
		if u := d.userNow(id); fmt.Sprint(u.Roles) != fmt.Sprint(want) {
			t.Errorf("has %v, want %v", u.Roles, want)
		}
	}
	patch(`{"op":"Add","path":"members","value":[{"$ref":null,"value":"` + id + `"}]}`)
	has(access.Agent) // by the directory's id of the group
	patch(`{"op":"Replace","path":"displayName","value":"Group1DisplayName"}`)
	has(access.Agent, access.Supervisor) // and by its name
	patch(`{"op":"Remove","path":"members","value":[{"$ref":null,"value":"` + id + `"}]}`)
	has(access.Monitor)
	d.does("PATCH", "Groups/"+group, `{"Operations":[{"op":"Add","path":"members","value":[{"value":"usr_00000000000000000000000000"}]}]}`, 400)

	// Somebody leaves: sessions end at once.
	once, err := d.accounts.ResetPassword(t.Context(), h.a.users[access.Administrator].actor(), id)
	must(t, err)
	in := h.signIn("acme", "5b50642d", once.Reveal(), d.userNow(id))
	if got := h.ask(in, "GET", "/api/v1/me", nil); got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	d.does("PATCH", "Users/"+id, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"Replace","path":"active","value":"False"}]}`, 200)
	want1(t, h.ask(in, "GET", "/api/v1/me", nil), 401, "unauthorised")
	patch(`{"op":"Add","path":"members","value":[{"value":"` + id + `"}]}`)
	d.does("DELETE", "Users/"+id, "", 204)
	d.does("GET", "Users/"+id, "", 404)
	if got := d.does("GET", "Users?filter=userName+eq+%225b50642d%22", "", 200); got["totalResults"] != 0.0 {
		t.Errorf("%v", got)
	}
	if u := d.userNow(id); u.Status != account.Locked || strings.Contains(d.does("GET", "Groups/"+group, "", 200)["displayName"].(string), id) || strings.Contains(d.last.body, id) {
		t.Errorf("%s: %s", u.Status, d.last.body)
	}
	// And comes back as who it was, with what its groups give now.
	again := d.does("POST", "Users", `{"userName":"5b50642d","externalId":"0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef","active":true}`, 201)
	if u := d.userNow(id); again["id"] != id || u.Status != account.Active {
		t.Errorf("%v, %s", again, u.Status)
	}
	has(access.Monitor)
	d.does("DELETE", "Groups/"+group, "", 204)
	d.does("GET", "Groups/"+group, "", 404)
}

// What Okta sends (its SCIM 2.0 test suite and "SCIM protocol" pages).
func TestAsOktaProvisions(t *testing.T) {
	h := found(t, noLimits)
	d := joins(t, h)
	d.table("delete")
	list := d.does("GET", "Users?startIndex=1&count=2", "", 200)
	if list["itemsPerPage"] != 2.0 || list["startIndex"] != 1.0 || list["totalResults"].(float64) < 3 {
		t.Errorf("%v", list)
	}
	if got := d.does("GET", "Users?filter=userName+eq+%22test.user%40okta.local%22&startIndex=1&count=100", "", 200); got["totalResults"] != 0.0 {
		t.Errorf("%v", got)
	}
	user := d.does("POST", "Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"test.user@okta.local","name":{"givenName":"Test","familyName":"User"},
		"emails":[{"primary":true,"value":"test.user@okta.local","type":"work"}],"displayName":"Test User","locale":"en-US","externalId":"00ujl29u0le5T6Aj10h7","groups":[],"password":"1mz050nq","active":true}`, 201)
	id := user["id"].(string)
	if strings.Contains(d.last.body, "1mz050nq") || user["displayName"] != nil {
		t.Errorf("%s", d.last.body)
	}
	d.does("PUT", "Users/"+id, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"`+id+`","userName":"other.user@okta.local","name":{"givenName":"Another","middleName":"","familyName":"User"},"active":true,"meta":{"resourceType":"User"}}`, 200)
	d.does("PATCH", "Users/"+id, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","value":{"active":false}}]}`, 200)
	if u := d.userNow(id); u.Status != account.Locked || u.UserName != "other.user@okta.local" {
		t.Errorf("%+v", u)
	}
	d.does("PATCH", "Users/"+id, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","value":{"active":true}}]}`, 200)
	group := d.does("POST", "Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Test SCIMv2","members":[]}`, 201)["id"].(string)
	d.does("PATCH", "Groups/"+group, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","value":{"id":"`+group+`","displayName":"Test SCIM v2"}}]}`, 200)
	d.does("PATCH", "Groups/"+group, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"add","path":"members","value":[{"value":"`+id+`","display":"other.user@okta.local"}]}]}`, 200)
	d.does("PATCH", "Groups/"+group, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"remove","path":"members[value eq \"`+id+`\"]"}]}`, 200)
	if got := d.does("GET", "Groups/"+group, "", 200); len(got["members"].([]any)) != 0 {
		t.Errorf("%v", got)
	}
	d.does("PUT", "Groups/"+group, `{"displayName":"Test SCIM v2","members":[{"value":"`+id+`"}]}`, 200)
	d.does("DELETE", "Users/"+id, "", 204)
	if _, err := d.accounts.User(t.Context(), h.a.users[access.Administrator].actor(), id); err == nil {
		t.Error("the user is not deleted")
	}
	if got := d.does("GET", "Groups/"+group, "", 200); len(got["members"].([]any)) != 0 {
		t.Errorf("%v", got)
	}
}

// What a directory may not do, and in which words it is refused.
func TestWhatADirectoryIsRefused(t *testing.T) {
	h := found(t, noLimits)
	d := joins(t, h)
	d.table("lock", m{"value": "Desk", "role": "agent"}, m{"value": "Bosses", "role": "administrator"})
	admin := h.a.users[access.Administrator]

	d.does("PATCH", "Users/"+admin.user, `{"Operations":[{"op":"replace","path":"active","value":false}]}`, 409) // the last administrator
	d.does("DELETE", "Users/"+admin.user, "", 409)
	group := d.does("POST", "Groups", `{"displayName":"Desk","members":[{"value":"`+h.a.users[access.Agent].user+`"}]}`, 201)["id"].(string)
	d.does("PATCH", "Groups/"+group, `{"Operations":[{"op":"add","path":"members","value":[{"value":"`+admin.user+`"}]}]}`, 409)
	if u := d.userNow(admin.user); len(u.Roles) != 1 || u.Roles[0] != access.Administrator {
		t.Errorf("%v", u.Roles)
	}
	// Of another tenant it knows nobody.
	d.does("GET", "Users/"+h.b.users[access.Agent].user, "", 404)
	d.does("PATCH", "Users/"+h.b.users[access.Agent].user, `{"Operations":[{"op":"replace","path":"active","value":false}]}`, 404)
	d.does("PATCH", "Groups/"+group, `{"Operations":[{"op":"add","path":"members","value":[{"value":"`+h.b.users[access.Agent].user+`"}]}]}`, 400)

	for path, word := range map[string]string{"Users?sortBy=userName": "Sorting", "Users?filter=emails.value+eq+%22x%22": "invalidFilter", "Users?filter=userName+eq": "invalidFilter", "Users?count=many": "invalidValue", "Users?unknown=1": "invalidValue"} {
		if d.does("GET", path, "", 400); !strings.Contains(d.last.body, word) {
			t.Errorf("%s: %s", path, d.last.body)
		}
	}
	d.does("POST", "Users", `{"userName":"not a name"}`, 400)
	d.does("POST", "Users", `[`, 400)
	d.does("POST", "Users", `{"active":true}`, 400)
	d.does("GET", "Nothing", "", 404)

	user := d.does("POST", "Users", `{"userName":"bo"}`, 201)["id"].(string)
	tag := d.last.header.Get("ETag")
	d.does("GET", "Users/"+user, "", 304, "If-None-Match", tag)
	d.does("PATCH", "Users/"+user, `{"Operations":[{"op":"replace","path":"userName","value":"bea"}]}`, 200, "If-Match", tag)
	d.does("PATCH", "Users/"+user, `{"Operations":[{"op":"replace","path":"userName","value":"cleo"}]}`, 412, "If-Match", tag)
	d.does("DELETE", "Users/"+user, "", 412, "If-Match", tag)

	// There is room for no more agents.
	most := int64(len(h.a.users))
	o, err := h.accounts.Organisation(t.Context(), h.operator.users[access.OperatorRole].actor(), h.a.ID)
	must(t, err)
	o.Limits.Agents = &most
	if _, err := h.accounts.UpdateOrganisation(t.Context(), h.operator.users[access.OperatorRole].actor(), h.a.ID, o.Version, account.OrganisationChange{Limits: &o.Limits}); err != nil {
		t.Fatal(err)
	}
	refused := 0
	for i := range most + 2 {
		made := d.does("POST", "Users", fmt.Sprintf(`{"userName":"agent%d"}`, i), 201)["id"].(string)
		d.last = h.ask(d.who, "PATCH", "/api/scim/v2/Groups/"+group, `{"Operations":[{"op":"add","path":"members","value":[{"value":"`+made+`"}]}]}`, "Content-Type", "application/scim+json")
		if d.last.status == 400 && strings.Contains(d.last.body, "your organisation may have") {
			refused++
		}
	}
	if refused == 0 {
		t.Errorf("more agents than there may be: %d %s", d.last.status, d.last.body)
	}

	// The key does nothing else, and an ordinary one does not do this.
	for _, path := range []string{"/api/v1/users", "/api/v1/audit", "/api/v1/api-keys", "/api/v1/provisioning"} {
		want1(t, h.ask(d.who, "GET", path, nil), 403, "forbidden")
	}
	narrow := h.key("narrow", []access.Permission{access.UserRead, access.UserWrite, access.KeyManage})
	if got := h.ask(narrow, "GET", "/api/scim/v2/Users", nil); got.status != 403 {
		t.Errorf("%d %s", got.status, got.body)
	}
	var v account.ProvisioningView
	must(t, json.Unmarshal([]byte(h.ask(admin, "GET", "/api/v1/provisioning", nil).body), &v))
	if len(v.Keys) != 1 || v.Created < 3 || v.Refused < 5 || v.Groups != 1 || v.AskedAt.IsZero() || !strings.HasSuffix(v.Address, "/api/scim/v2") {
		t.Errorf("%+v", v)
	}
	if got := h.ask(admin, "DELETE", "/api/v1/api-keys/"+v.Keys[0].ID, nil); got.status != 204 {
		t.Errorf("%d %s", got.status, got.body)
	}
	d.does("GET", "Users", "", 401)
}

// What a directory calls one user, or one group, it calls no other (RFC 7643, 3.1).
func TestADirectorysIDsAreOneEach(t *testing.T) {
	h := found(t, noLimits)
	d := joins(t, h)
	d.table("lock")
	taken := func(method, path, body, word string) {
		t.Helper()
		if d.does(method, path, body, 409); !strings.Contains(d.last.body, `"scimType":"uniqueness"`) || !strings.Contains(d.last.body, word) {
			t.Errorf("%s %s: %s", method, path, d.last.body)
		}
	}
	calls := func(id string) string {
		return `{"Operations":[{"op":"replace","path":"externalId","value":"` + id + `"}]}`
	}
	made := func(kind, body string) string {
		t.Helper()
		return kind + "/" + d.does("POST", kind, body, 201)["id"].(string)
	}
	one, two := made("Users", `{"userName":"one","externalId":"1"}`), made("Users", `{"userName":"two","externalId":"2"}`)
	taken("POST", "Users", `{"userName":"three","externalId":"1"}`, "externalId")
	taken("PATCH", two, calls("1"), "externalId")
	taken("PUT", two, `{"userName":"two","externalId":"1"}`, "externalId")
	d.does("PATCH", one, calls("1"), 200) // its own
	// Whom it removed stands in nobody's way, and comes back by what it alone is called.
	d.does("DELETE", two, "", 204)
	d.does("PATCH", one, calls("2"), 200)
	taken("POST", "Users", `{"userName":"three","externalId":"2"}`, "externalId")
	taken("POST", "Users", `{"userName":"two","externalId":"2"}`, "externalId")
	if got := d.does("GET", "Users?filter=externalId+eq+%222%22", "", 200); got["totalResults"] != 1.0 {
		t.Errorf("%v", got)
	}
	if again := d.does("POST", "Users", `{"userName":"two","externalId":"1"}`, 201); "Users/"+again["id"].(string) != two {
		t.Errorf("%v came back", again)
	}
	// Of several at once, one is made.
	answers := make(chan int, 4)
	for i := range cap(answers) {
		go func() {
			got := h.ask(d.who, "POST", "/api/scim/v2/Users", fmt.Sprintf(`{"userName":"fast%d","externalId":"fast"}`, i), "Content-Type", "application/scim+json")
			answers <- got.status
		}()
	}
	count := map[int]int{}
	for range cap(answers) {
		count[<-answers]++
	}
	if count[201] != 1 || count[409] != cap(answers)-1 {
		t.Errorf("at once: %v", count)
	}
	// Groups.
	desk, hall := made("Groups", `{"displayName":"Desk","externalId":"g1"}`), made("Groups", `{"displayName":"Hall"}`)
	made("Groups", `{"displayName":"Yard"}`) // not called anything either
	taken("POST", "Groups", `{"displayName":"Shop","externalId":"g1"}`, "externalId")
	taken("PATCH", hall, calls("g1"), "externalId")
	taken("PATCH", hall, `{"Operations":[{"op":"replace","path":"displayName","value":"DESK"}]}`, "displayName")
	d.does("PATCH", desk, `{"Operations":[{"op":"replace","path":"displayName","value":"desk"}]}`, 200)
	// Another organisation's directory calls its own as it likes.
	other := h.joinedBy(t, h.b.users[access.Administrator])
	other.does("POST", "Users", `{"userName":"one","externalId":"1"}`, 201)
	other.does("POST", "Groups", `{"displayName":"Desk","externalId":"g1"}`, 201)
}

// A directory is kept to its pace.
// A directory opens again whom it locked itself, and nobody whom an administrator locked by hand.
func TestAnAdministratorsLockStays(t *testing.T) {
	h := found(t, noLimits)
	d := joins(t, h)
	admin := h.a.users[access.Administrator]
	one := d.does("POST", "Users", entraUser, 201)["id"].(string)
	active := func(want bool, body string) {
		t.Helper()
		if got := d.does("PATCH", "Users/"+one, body, 200); got["active"] != want || (d.userNow(one).Status == account.Active) != want {
			t.Fatalf("%v, %s", got["active"], d.userNow(one).Status)
		}
	}
	const open, locked = `{"Operations":[{"op":"Replace","path":"active","value":"True"}]}`, `{"Operations":[{"op":"Replace","path":"active","value":"False"}]}`
	byHand := func(status string) {
		t.Helper()
		if got := h.ask(admin, "PATCH", "/api/v1/users/"+one, m{"status": status, "version": d.userNow(one).Version}); got.status != 200 {
			t.Fatalf("%d %s", got.status, got.body)
		}
	}
	held := func() (names []string) {
		t.Helper()
		var v struct {
			Held []struct {
				User, UserName string
			}
		}
		must(t, json.Unmarshal([]byte(h.ask(admin, "GET", "/api/v1/provisioning", nil).body), &v))
		for _, u := range v.Held {
			names = append(names, u.User)
		}
		return names
	}
	active(false, locked)
	active(true, open)
	byHand("locked")
	if got := held(); len(got) != 0 {
		t.Errorf("held before the directory spoke: %v", got)
	}
	active(false, open)
	active(false, open) // again, as directories do
	if got := held(); len(got) != 1 || got[0] != one {
		t.Errorf("held: %v", got)
	}
	// What else the directory says of it is taken, and its own lock adds nothing to the other.
	active(false, `{"Operations":[{"op":"Replace","path":"userName","value":"renamed"},{"op":"Replace","path":"active","value":"True"}]}`)
	if u := d.userNow(one); u.UserName != "renamed" {
		t.Errorf("called %s", u.UserName)
	}
	active(false, locked)
	active(false, open)
	// The same where the directory removes it and sends it again.
	d.does("DELETE", "Users/"+one, "", 204)
	if again := d.does("POST", "Users", entraUser, 201); again["id"] != one || again["active"] != false || d.userNow(one).Status != account.Locked {
		t.Errorf("it came back: %v", again)
	}
	byHand("active")
	if got := held(); len(got) != 0 {
		t.Errorf("held once it is open: %v", got)
	}
	// Whom the directory locked, an administrator may open; a lock by hand after that is the administrator's.
	active(false, locked)
	byHand("active")
	byHand("locked")
	active(false, open)
	var kept []store.AuditRow
	must(t, h.db.Read(t.Context(), h.a.ID, func(tx *store.Tx) (err error) {
		kept, err = tx.Audit(store.AuditFilter{Action: "user.lock_kept", Limit: 200})
		return err
	}))
	if len(kept) != 4 {
		t.Errorf("%d lines of the audit log", len(kept))
	}
}

func TestWhomTheDirectoryLockedIsFound(t *testing.T) {
	h := found(t, noLimits)
	d := joins(t, h)
	admin := h.a.users[access.Administrator]
	one := d.does("POST", "Users", entraUser, 201)["id"].(string)
	found := func(state string) (ids []string) {
		t.Helper()
		got := h.ask(admin, "POST", "/api/v1/users/search", m{"state": state})
		var v struct {
			Items []struct{ ID, State string }
		}
		must(t, json.Unmarshal([]byte(got.body), &v))
		for _, u := range v.Items {
			if u.State != state {
				t.Errorf("%s is %s, and was looked for as %s", u.ID, u.State, state)
			}
			ids = append(ids, u.ID)
		}
		return ids
	}
	is := func(state, not string) {
		t.Helper()
		if got := found(state); len(got) != 1 || got[0] != one {
			t.Errorf("%s: %v", state, got)
		}
		if got := found(not); len(got) != 0 {
			t.Errorf("%s: %v", not, got)
		}
	}
	byHand := func(status string) {
		t.Helper()
		if got := h.ask(admin, "PATCH", "/api/v1/users/"+one, m{"status": status, "version": d.userNow(one).Version}); got.status != 200 {
			t.Fatalf("%d %s", got.status, got.body)
		}
	}
	d.does("PATCH", "Users/"+one, `{"Operations":[{"op":"Replace","path":"active","value":"False"}]}`, 200)
	is("locked_by_directory", "locked")
	// What a change of several would do says so, too.
	if got := h.ask(admin, "POST", "/api/v1/users/several/effect", m{"found": m{"state": "locked_by_directory"}, "change": m{"do": "unlock"}}); !strings.Contains(got.body, `"before":"locked_by_directory"`) {
		t.Errorf("%d %s", got.status, got.body)
	}
	byHand("active")
	byHand("locked")
	is("locked", "locked_by_directory")
}

func TestADirectoryIsKeptToItsPace(t *testing.T) {
	limits := noLimits
	limits.Provision.PerSecond, limits.Provision.Burst = 0.001, 3
	h := found(t, limits)
	d := joins(t, h)
	for range 3 {
		d.does("GET", "ServiceProviderConfig", "", 200)
	}
	d.does("GET", "ServiceProviderConfig", "", http.StatusTooManyRequests)
	if d.last.header.Get("Retry-After") == "" {
		t.Error("it is not told when to come again")
	}
	if got := h.ask(h.a.users[access.Administrator], "GET", "/api/v1/me", nil); got.status != 200 {
		t.Errorf("people are kept to it, too: %d", got.status)
	}
}

// A key gets another secret; the one before goes on for as long as is said, and no longer.
func TestAKeyIsRotatedWithoutAGap(t *testing.T) {
	h := found(t, noLimits)
	admin := h.a.users[access.Administrator]
	made := func(got answered) (key account.APIKey, w *who) {
		t.Helper()
		var out struct {
			APIKey account.APIKey `json:"api_key"`
			Secret string
		}
		if json.Unmarshal([]byte(got.body), &out) != nil || got.status >= 300 {
			t.Fatalf("%d %s", got.status, got.body)
		}
		return out.APIKey, &who{kind: aKey, header: "Authorization", value: "Bearer " + out.Secret}
	}
	works := func(w *who) bool { return h.ask(w, "GET", "/api/v1/users", nil).status == 200 }
	key, first := made(h.ask(admin, "POST", "/api/v1/api-keys", m{"name": "x", "roles": []string{"administrator"}, "scopes": []string{"user.read", "key.manage"}}))
	after, second := made(h.ask(admin, "POST", "/api/v1/api-keys/"+key.ID+"/rotation", m{"overlap_hours": 2}))
	if after.ID != key.ID || !works(first) || !works(second) || after.EarlierUntil.Before(time.Now().Add(time.Hour)) {
		t.Errorf("%+v", after)
	}
	_, third := made(h.ask(admin, "POST", "/api/v1/api-keys/"+key.ID+"/rotation", m{"overlap_hours": 0}))
	if works(first) || works(second) || !works(third) {
		t.Error("with no overlap the secret before ends at once, and so does the one before that")
	}
	// A key that is narrowed itself does not get hold of a wider one.
	wide, _ := made(h.ask(admin, "POST", "/api/v1/api-keys", m{"name": "y", "roles": []string{"administrator"}}))
	want1(t, h.ask(third, "POST", "/api/v1/api-keys/"+wide.ID+"/rotation", m{"overlap_hours": 0}), 403, "forbidden")
	if got := h.ask(third, "POST", "/api/v1/api-keys", m{"name": "z", "roles": []string{"administrator"}, "scopes": []string{"user.provision"}}); got.status != 422 {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := h.ask(admin, "DELETE", "/api/v1/api-keys/"+key.ID, nil); got.status != 204 || works(third) {
		t.Errorf("%d", got.status)
	}
	want1(t, h.ask(admin, "POST", "/api/v1/api-keys/"+key.ID+"/rotation", m{"overlap_hours": 1}), 409, "conflict")
	if _, err := h.accounts.Recognise(t.Context(), secret.New(strings.TrimPrefix(second.value, "Bearer "))); err == nil {
		t.Error("what was replaced is known")
	}
}

// What docs/sign-in.md says to type does what it says there.
func TestScimAsDocumented(t *testing.T) {
	h := found(t, noLimits)
	d := joins(t, h)
	page, err := os.ReadFile("../../docs/sign-in.md")
	must(t, err)
	_, block, _ := strings.Cut(string(page), "```sh\n")
	block, _, _ = strings.Cut(block, "```")
	id, ran := "", 0
	for _, line := range strings.Split(strings.ReplaceAll(block, "\\\n", " "), "\n") {
		if line == "" {
			continue
		}
		ran++
		body := ""
		if at := strings.Index(line, "-d '"); at >= 0 {
			body = strings.TrimSuffix(line[at+4:], "'")
		}
		_, path, _ := strings.Cut(line, "$NUBITALK/api/scim/v2/")
		path, _, _ = strings.Cut(path, `"`)
		switch {
		case !strings.Contains(line, `-H "Authorization: Bearer $KEY"`):
			t.Errorf("no key: %s", line)
		case strings.Contains(line, "-X PATCH"):
			d.does("PATCH", strings.Replace(path, "$ID", id, 1), body, 200)
		case body != "":
			id, _ = d.does("POST", path, body, 201)["id"].(string)
		default:
			if got := d.does("GET", path, "", 200); got["totalResults"] != 0.0 {
				t.Errorf("%v", got)
			}
		}
	}
	if u := d.userNow(id); ran != 3 || u.UserName != "ana" || u.Status != account.Locked {
		t.Errorf("%d calls, %+v", ran, u)
	}
}
