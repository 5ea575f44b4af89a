package scim_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"nubitalk/internal/core/scim"
)

type object = map[string]any

func ana() object {
	return object{"id": "usr_1", "userName": "Ana", "externalId": "X1", "active": true,
		"emails": []any{object{"type": "work", "value": "ana@shop.example"}, object{"type": "home", "value": "a@home.example"}}}
}

func kindOf(err error) string {
	var f *scim.Fault
	if !errors.As(err, &f) {
		return ""
	}
	return f.Type
}

func TestFilters(t *testing.T) {
	for text, want := range map[string]bool{
		``:                  true,
		`userName eq "ana"`: true, // names are the same in any case
		`USERNAME Eq "ANA"`: true,
		`urn:ietf:params:scim:schemas:core:2.0:User:userName eq "ana"`: true,
		`userName ne "ana"`:                                         false,
		`userName sw "an" and active eq true`:                       true,
		`userName sw "an" and active eq "False"`:                    false, // as Entra writes it
		`active eq "True"`:                                          true,
		`active eq False or externalId eq "X1"`:                     true,
		`externalId eq "x1"`:                                        false, // ids are not
		`userName co "n" and not (id eq "usr_2")`:                   true,
		`not (userName pr)`:                                         false,
		`nickName pr`:                                               false,
		`nickName eq null`:                                          true,
		`userName ew "a" and (id eq "2" or id eq "usr_1")`:          true,
		`userName eq "b" or userName eq "ana" and active eq false`:  false, // and binds
		`(userName eq "b" or userName eq "ana") and active eq true`: true,
		`emails[type eq "work" and value co "shop"]`:                true,
		`emails[type eq "home" and value co "shop"]`:                false,
		`emails.value eq "A@home.example"`:                          true,
		`emails co "shop"`:                                          true,
		`userName gt "am" and userName le "ana"`:                    true,
		`userName eq "a\"b"`:                                        false,
	} {
		f, err := scim.ReadFilter(text)
		if err != nil || f.Holds(ana()) != want {
			t.Errorf("%s: %v, %v", text, f.Holds(ana()), err)
		}
	}
	for _, text := range []string{`userName`, `userName eq`, `userName is "x"`, `userName eq ana`, `userName eq "ana`, `(userName eq "ana"`, `userName eq "a" userName`, `not userName eq "a"`,
		`eq "a"`, `user name eq "a"`, `userName eq {}`, `userName eq "a" and`, `emails[type eq "a"`, `[`, `)`, strings.Repeat("(", 100) + `id eq "1"` + strings.Repeat(")", 100), `id eq "` + strings.Repeat("a", 3000) + `"`} {
		if _, err := scim.ReadFilter(text); kindOf(err) != "invalidFilter" {
			t.Errorf("%.40s: %v", text, err)
		}
	}
	if _, err := scim.ReadFilter(`emails.value eq "x"`, scim.UserFilters...); kindOf(err) != "invalidFilter" {
		t.Errorf("by an address: %v", err)
	}
	f, err := scim.ReadFilter(`userName eq "ana"`, scim.UserFilters...)
	if name, ok := f.Equals("userName"); err != nil || !ok || name != "ana" {
		t.Errorf("%q %v %v", name, ok, err)
	}
	f, _ = scim.ReadFilter(`userName eq "ana" and active eq true`)
	if _, ok := f.Equals("userName"); ok {
		t.Error("half a filter was taken for all of it")
	}
}

func TestPatch(t *testing.T) {
	for _, c := range []struct{ name, ops, want string }{
		{"as Entra deactivates", `[{"op":"Replace","path":"active","value":"False"}]`, `{"active":"False"}`},
		{"as Okta deactivates", `[{"op":"replace","value":{"active":false}}]`, `{"active":false}`},
		{"several in one value", `[{"op":"Replace","value":{"userName":"b","externalId":"y","name.givenName":"B","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department":"d"}}]`,
			`{"userName":"b","externalId":"y","name":{"givenName":"B"},"department":"d"}`},
		{"an element that is there", `[{"op":"Replace","path":"emails[type eq \"work\"].value","value":"n@shop.example"}]`,
			`{"emails":[{"type":"work","value":"n@shop.example"},{"type":"home","value":"a@home.example"}]}`},
		{"an element that is not", `[{"op":"Add","path":"phoneNumbers[type eq \"mobile\"].value","value":"1"}]`, `{"phoneNumbers":[{"type":"mobile","value":"1"}]}`},
		{"removed by a filter", `[{"op":"remove","path":"emails[type eq \"home\"]"}]`, `{"emails":[{"type":"work","value":"ana@shop.example"}]}`},
		{"removed by a value", `[{"op":"Remove","path":"emails","value":[{"value":"a@home.example"}]}]`, `{"emails":[{"type":"work","value":"ana@shop.example"}]}`},
		{"removed", `[{"op":"remove","path":"externalId"}]`, `{"externalId":null}`},
		{"added once", `[{"op":"add","path":"emails","value":[{"type":"home","value":"a@home.example"},{"type":"home","value":"b"}]}]`,
			`{"emails":[{"type":"work","value":"ana@shop.example"},{"type":"home","value":"a@home.example"},{"type":"home","value":"b"}]}`},
		{"read-only is passed over", `[{"op":"replace","value":{"meta":{},"groups":[],"schemas":[],"id":"usr_1"}}]`, `{}`},
		{"an extension as a whole", `[{"op":"add","value":{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"d"}}}]`, `{}`},
		{"one after another", `[{"op":"replace","path":"userName","value":"b"},{"op":"replace","path":"USERNAME","value":"c"}]`, `{"userName":"c"}`},
	} {
		before := ana()
		ops, err := scim.ReadPatch([]byte(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":` + c.ops + `}`))
		if err != nil {
			t.Fatal(c.name, err)
		}
		got, err := scim.Patch(before, ops)
		if err != nil {
			t.Fatal(c.name, err)
		}
		if !reflect.DeepEqual(before, ana()) {
			t.Errorf("%s: the resource itself was changed", c.name)
		}
		want := ana()
		var diff object
		if json.Unmarshal([]byte(c.want), &diff) != nil {
			t.Fatal(c.name)
		}
		for k, v := range diff {
			if want[k] = v; v == nil {
				delete(want, k)
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, want %v", c.name, got, want)
		}
	}
	for ops, want := range map[string]string{
		`[]`: "invalidSyntax", `[{"op":"move","path":"a"}]`: "invalidSyntax", `[{"op":"remove"}]`: "noTarget", `[{"op":"add","value":"x"}]`: "invalidValue",
		`[{"op":"replace","path":"id","value":"usr_2"}]`: "mutability", `[{"op":"add","path":"a b","value":1}]`: "invalidPath", `[{"op":"add","path":"emails[type eq","value":1}]`: "invalidPath",
		`[{"op":"add","path":"emails[type eq \"work\"]x","value":1}]`: "invalidPath", `[{"op":"replace","path":"emails[type co \"zzz\"].value","value":"x"}]`: "noTarget", `[{"op":"add","path":"userName.first","value":"x"}]`: "invalidPath",
	} {
		list, err := scim.ReadPatch([]byte(`{"Operations":` + ops + `}`))
		if err == nil {
			_, err = scim.Patch(ana(), list)
		}
		if kindOf(err) != want {
			t.Errorf("%s: %v, want %s", ops, err, want)
		}
	}
}

// A body of some megabytes must not take minutes, in which everybody waits for the store.
func TestAPatchTakesNoMoreThanSoMuchWork(t *testing.T) {
	wide, parts := map[string]any{}, map[string]any{}
	for i := range 5000 {
		wide[fmt.Sprintf("a%d", i)], parts[fmt.Sprintf("name.a%d", i)] = 1, 1
	}
	members := make([]any, 9000)
	for i := range members {
		members[i] = map[string]any{"value": fmt.Sprint(i)}
	}
	long := []scim.Operation{{Op: "add", Path: "members", Value: members}}
	for i := range 900 {
		long = append(long, scim.Operation{Op: "add", Path: "members", Value: []any{map[string]any{"value": fmt.Sprint("x", i)}}})
	}
	for name, ops := range map[string][]scim.Operation{"many attributes": {{Op: "add", Value: wide}}, "many parts": {{Op: "add", Value: parts}},
		"many parts of one": {{Op: "add", Path: "name", Value: map[string]any{}}, {Op: "add", Path: "name", Value: wide}}, "many operations on many values": long} {
		if _, err := scim.Patch(object{"displayName": "x"}, ops); kindOf(err) != "tooMany" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got, err := scim.Patch(object{"displayName": "x"}, long[:100]); err != nil || len(got["members"].([]any)) != 9099 {
		t.Error(err)
	}
}

func TestWhatIsReadOfResources(t *testing.T) {
	u, err := scim.ReadUser(object{"USERNAME": "ana", "active": "False", "name": object{"formatted": "Ana Real"}, "emails": []any{object{"value": "a"}, object{"value": "b", "primary": true}}, "phoneNumbers": 3})
	if err != nil || u != (scim.User{UserName: "ana", DisplayName: "Ana Real", Email: "b"}) {
		t.Errorf("%+v, %v", u, err)
	}
	if u, err := scim.ReadUser(object{"userName": "ana"}); err != nil || !u.Active || !u.Silent {
		t.Errorf("%+v, %v", u, err)
	}
	for _, r := range []object{{}, {"userName": " "}, {"userName": 3}, {"userName": "a", "active": "perhaps"}, {"userName": "a", "active": 1}, {"userName": "a", "externalId": strings.Repeat("x", 2000)}} {
		if _, err := scim.ReadUser(r); kindOf(err) != "invalidValue" {
			t.Errorf("%v: %v", r, err)
		}
	}
	g, err := scim.ReadGroup(object{"displayName": "Desk", "members": []any{object{"value": "1"}, object{"value": "1"}, object{"value": "2", "type": "User"}}})
	if err != nil || !reflect.DeepEqual(g, scim.Group{Name: "Desk", Members: []string{"1", "2"}}) {
		t.Errorf("%+v, %v", g, err)
	}
	for _, r := range []object{{}, {"displayName": "a", "members": "x"}, {"displayName": "a", "members": []any{object{}}}, {"displayName": "a", "members": []any{object{"value": "1", "type": "Group"}}}} {
		if _, err := scim.ReadGroup(r); kindOf(err) != "invalidValue" {
			t.Errorf("%v: %v", r, err)
		}
	}
	if got := scim.Select(ana(), "", "emails,userName"); len(got) != 3 {
		t.Errorf("%v", got)
	}
	if got := scim.Select(ana(), "userName", ""); len(got) != 2 {
		t.Errorf("%v", got)
	}
	p, err := scim.ReadPage("3", "2")
	from, to := p.Of(4)
	if err != nil || from != 2 || to != 4 {
		t.Errorf("%d to %d, %v", from, to, err)
	}
	if p, err := scim.ReadPage("-1", "100000"); err != nil || p != (scim.Page{1, scim.MostResults}) {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := scim.ReadPage("x", ""); kindOf(err) != "invalidValue" {
		t.Error(err)
	}
}

// Whatever is sent is answered; a filter that was read can be asked.
func FuzzFilter(f *testing.F) {
	for _, s := range []string{`userName eq "ana" and not (active eq false or emails[type eq "work"].value co "x")`, `a[b[c eq 1]]`, `((`, `not`, `a pr`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := scim.ReadFilter(s)
		if err != nil {
			if kindOf(err) != "invalidFilter" {
				t.Error(err)
			}
			return
		}
		n.Holds(ana())
		n.Holds(object{})
	})
}

// Whatever is sent is answered, and leaves the resource as it was.
func FuzzPatch(f *testing.F) {
	for _, s := range []string{`{"Operations":[{"op":"add","path":"emails[type eq \"work\"].value","value":{}}]}`, `{"Operations":[{"op":"Remove","path":"emails","value":[{"value":"x"}]},{"op":"add","value":{"a.b":[1]}}]}`, `{"Operations":[{"op":"replace","path":"active.x","value":null}]}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		ops, err := scim.ReadPatch(b)
		before := ana()
		var after object
		if err == nil {
			after, err = scim.Patch(before, ops)
		}
		if err != nil && kindOf(err) == "" {
			t.Error(err)
		}
		if !reflect.DeepEqual(before, ana()) {
			t.Error("the resource itself was changed")
		}
		if err == nil {
			_, _ = scim.ReadUser(after)
			_, _ = scim.ReadGroup(after)
			if after["id"] != "usr_1" {
				t.Error("the id was changed")
			}
		}
	})
}
