package account_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/usage"
	"nubitalk/internal/store"
)

// office gives a tenant two teams, a site and two skills.
func (f *fixture) office(t id.Tenant) {
	f.t.Helper()
	must(f.t, f.db.Write(f.t.Context(), t, func(tx *store.Tx) error {
		for _, o := range [][3]string{{"teams", "tem_1", "Support"}, {"teams", "tem_2", "Vendas, norte"}, {"sites", "sit_1", "Lisboa"}, {"skills", "ski_1", "English"}, {"skills", "ski_2", "Alemão"}} {
			if err := tx.InsertSetup(store.SetupRow{Kind: o[0], ID: o[1], Body: []byte(`{"name":` + fmt.Sprintf("%q", o[2]) + `}`), CreatedAt: start, UpdatedAt: start}); err != nil {
				return err
			}
		}
		return nil
	}))
}

// told is what effects say, a line for each.
func told(list []account.UserEffect) (out []string) {
	for _, u := range list {
		line := fmt.Sprint(u.Line, " ", u.UserName, " ", u.Verdict)
		for _, c := range u.Changes {
			line += fmt.Sprintf(" %s[%s>%s]", c.Column, c.Before, c.After)
		}
		for _, p := range u.Problems {
			line += fmt.Sprintf(" %s(%s)", p.Column, p.Problem)
		}
		out = append(out, line)
	}
	return out
}

func (f *fixture) same(what string, want, got any) {
	f.t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		f.t.Errorf("%s: %s", what, d)
	}
}

func TestAFileOfUsersIsSeenBeforeItIsImported(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.office(f.a.ID)
		ana, _ := f.user("ana", access.Agent)
		f.user("bob", access.Agent)
		file := []byte(strings.Join([]string{
			"utilizador;funções;equipas;local;competências;língua;nome;salário",
			"raposa-7;agente | Supervisor;support | VENDAS, NORTE;lisboa;english=8|Alemao:3;pt;;1",
			"Ana;;Support;;;;Ana Sá;2",
			"bob;;;;;;;3",
			"lince;chief;Night;Porto;English;fr;;4",
			"raposa-7;;;;;;;5",
			"a b;;;;English=11;;;6",
		}, "\n"))
		p, err := f.PreviewImport(t.Context(), f.a.admin, file)
		must(t, err)
		f.same("what it would do", []string{
			"2 raposa-7 new",
			"3 Ana changed teams[>Support] display_name[>Ana Sá]",
			"4 bob unchanged",
			`5 lince refused roles("chief" is not a role here; administrator, supervisor, agent, monitor, privacy_officer are accepted) teams("Night" is no team here, or several are called so)` +
				` site("Porto" is no site here, or several are called so) skills("English" has no level; write a skill and a level from 1 to 10, such as English=8) roles(must name at least one role) language(must be en or pt)`,
			"6 raposa-7 refused user_name(stands in line 2 already)",
			`7 a b refused skills("English=11" has no level; write a skill and a level from 1 to 10, such as English=8) user_name(must have 1 to 64 letters, digits or any of . _ - @ +)`,
		}, told(p.Users))
		f.same("count", account.EffectCount{New: 1, Changed: 1, Unchanged: 1, Refused: 3}, p.Count)
		f.same("left out", []string{"salário"}, p.Ignored)
		if list, _, err := f.Users(t.Context(), f.a.admin, "", 0); err != nil || len(list) != 3 {
			t.Errorf("a preview made %d users, %v", len(list), err)
		}

		_, _, err = f.Import(t.Context(), f.a.admin, file, nil, p.Seen, nil)
		wantCode(t, err, errs.Invalid) // lines that are refused, and none were chosen
		_, _, err = f.Import(t.Context(), f.a.admin, file, []int{2}, "another", nil)
		wantCode(t, err, errs.Conflict)
		if list, _, _ := f.Users(t.Context(), f.a.admin, "", 0); len(list) != 3 {
			t.Errorf("a refused import made %d users", len(list))
		}
		done, made, err := f.Import(t.Context(), f.a.admin, file, []int{2, 3, 4, 6}, p.Seen, nil)
		must(t, err)
		f.same("done", account.EffectCount{New: 1, Changed: 1, Unchanged: 1, Refused: 1}, done.Count)
		if len(made) != 1 || made[0].UserName != "raposa-7" || made[0].User != done.Users[0].User {
			t.Fatalf("%+v", made)
		}
		f.settle("acme", "raposa-7", secret.New(made[0].Password))
		u, err := f.User(t.Context(), f.a.admin, made[0].User)
		must(t, err)
		f.same("made", []any{[]access.Role{"agent", "supervisor"}, []string{"tem_1", "tem_2"}, "sit_1", map[string]int{"ski_1": 8, "ski_2": 3}, "pt", account.Profile{}},
			[]any{u.Roles, u.Teams, u.Site, u.Skills, u.Language, u.Profile})
		u, err = f.User(t.Context(), f.a.admin, ana.ID)
		must(t, err)
		if u.Profile.DisplayName != "Ana Sá" || u.UserName != "ana" || len(u.Teams) != 1 {
			t.Errorf("%+v", u)
		}
		if f.audited(f.a.ID, "users.imported") != 1 || f.audited(f.a.ID, "user.changed") != 1 {
			t.Error("the audit log misses something")
		}

		// Done again it changes nothing.
		p, err = f.PreviewImport(t.Context(), f.a.admin, file)
		must(t, err)
		f.same("again", account.EffectCount{Unchanged: 3, Refused: 3}, p.Count)
		_, made, err = f.Import(t.Context(), f.a.admin, file, []int{2, 3, 4}, p.Seen, nil)
		must(t, err)
		if len(made) != 0 {
			t.Errorf("made again: %+v", made)
		}
	})
}

func TestAnExportIsImportedAsItIs(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.office(f.a.ID)
		phone := "+351 912 000 000"
		for _, n := range []account.NewUser{
			{UserName: "-dash", Roles: []access.Role{access.Agent}, Teams: []string{"tem_1", "tem_2"}, Skills: map[string]int{"ski_1": 9, "ski_2": 1}, Site: "sit_1"},
			{UserName: "ana", Roles: []access.Role{access.Supervisor, access.PrivacyOfficer}, Profile: account.Profile{DisplayName: "=1+1", Phone: phone, Email: "a@b.example"}},
		} {
			_, _, err := f.CreateUser(t.Context(), f.a.admin, n)
			must(t, err)
		}
		for _, personal := range []bool{true, false} {
			var file bytes.Buffer
			must(t, f.ExportUsers(t.Context(), f.a.admin, personal, &file))
			for _, word := range []string{"912 000 000", "a@b.example", "1+1"} {
				if strings.Contains(file.String(), word) != personal {
					t.Errorf("%q, with profiles %v:\n%s", word, personal, file.String())
				}
			}
			p, err := f.PreviewImport(t.Context(), f.a.admin, file.Bytes())
			must(t, err)
			f.same("the same file", account.EffectCount{Unchanged: 3}, p.Count)
		}
		if f.audited(f.a.ID, "users.exported") != 2 {
			t.Error("an export is not in the audit log")
		}
		_, in := f.user("eva", access.Agent, access.Supervisor, access.Monitor, access.PrivacyOfficer)
		wantCode(t, f.ExportUsers(t.Context(), in.Session.Actor, false, &bytes.Buffer{}), errs.Forbidden)
		_, err := f.PreviewImport(t.Context(), in.Session.Actor, []byte("user\nx\n"))
		wantCode(t, err, errs.Forbidden)
	})
}

// A role that is given for some teams and queues goes through a file as that, to who has it already and to who is new.
func TestAFileSaysWhatARoleIsGivenFor(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.office(f.a.ID)
		must(t, f.db.Write(t.Context(), f.a.ID, func(tx *store.Tx) error {
			return tx.InsertSetup(store.SetupRow{Kind: "queues", ID: "que_1", Body: []byte(`{"name":"Vendas"}`), CreatedAt: start, UpdatedAt: start})
		}))
		part := access.RolePart{Teams: []string{"tem_1", "tem_2"}, Queues: []string{"que_1"}}
		lead, _, err := f.CreateUser(t.Context(), f.a.admin, account.NewUser{UserName: "lead", Roles: []access.Role{access.Agent, access.Supervisor}, Parts: account.RoleParts{access.Supervisor: part}})
		must(t, err)
		var file bytes.Buffer
		must(t, f.ExportUsers(t.Context(), f.a.admin, false, &file))
		if want := "supervisor [queue Vendas, team Support, team tem_2]"; !strings.Contains(file.String(), want) { // a name with a comma is written as its id
			t.Errorf("no %q in\n%s", want, file.String())
		}
		done := func(what string, file string, lines ...int) account.UserImport {
			t.Helper()
			p, err := f.PreviewImport(t.Context(), f.a.admin, []byte(file))
			must(t, err)
			out, _, err := f.Import(t.Context(), f.a.admin, []byte(file), lines, p.Seen, nil)
			must(t, err)
			f.same(what+", as it was seen", p.Count, out.Count)
			return out
		}
		has := func(what, user string, want account.RoleParts) {
			t.Helper()
			u, err := f.User(t.Context(), f.a.admin, user)
			must(t, err)
			f.same(what, want, u.Parts)
			f.same(what, []access.Role{access.Agent, access.Supervisor}, u.Roles)
		}
		f.same("the same file", account.EffectCount{Unchanged: 2}, done("the same file", file.String()).Count)
		made := done("another", strings.ReplaceAll(file.String(), "lead", "lead-2"))
		for _, u := range made.Users {
			if u.UserName == "lead-2" {
				has("who is new", u.User, account.RoleParts{access.Supervisor: part})
			}
		}
		// A role by its name alone stays as it is given; other brackets change it, and are seen before.
		f.same("by its name", account.EffectCount{Unchanged: 1}, done("by its name", "user,roles\nlead,agent|supervisor\n").Count)
		got := done("less", "user,roles\nlead,\"agent|Supervisor [equipa support]\"\n")
		f.same("less", []string{"2 lead changed roles[agent | supervisor [queue Vendas, team Support, team tem_2]>agent | supervisor [team Support]]"}, told(got.Users))
		has("less", lead.ID, account.RoleParts{access.Supervisor: {Teams: []string{"tem_1"}}})
		got = done("all", "user,roles\nlead,agent|supervisor [everything]\n")
		has("all", lead.ID, account.RoleParts{})
		p, err := f.PreviewImport(t.Context(), f.a.admin, []byte("user;roles\nlead;supervisor [team Night]\nlead-2;administrator [team Support]\nx;supervisor [North]\n"))
		must(t, err)
		f.same("what is refused", []string{
			`2 lead refused roles("Night" is no team here, or several are called so)`,
			`3 lead-2 refused roles("administrator" is a role that is given for everything)`,
			`4 x refused roles("North" says neither a team, a queue nor a campaign; write it such as supervisor [team North, queue Sales])`,
		}, told(p.Users))
	})
}

// Nobody is called what looks like another's name: signs that are not seen are in none.
func TestNamesHaveNothingInvisible(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		for _, name := range []string{"admin\ufe0f", "admin\u034f", "\u3164", "admin\u115f", "ad\u200bmin", "admin\U000e0100", "admin\u17b4"} {
			_, _, err := f.CreateUser(t.Context(), f.a.admin, account.NewUser{UserName: name})
			wantCode(t, err, errs.Invalid)
		}
		for _, name := range []string{"Ångström", "यूज़र", "ผู้ใช้", "한국"} {
			_, _, err := f.CreateUser(t.Context(), f.a.admin, account.NewUser{UserName: name})
			must(t, err)
		}
	})
}

// Some megabytes of nonsense are not answered with a hundred times as much.
func TestALineSaysSomeOfItsProblems(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		line := "x y," + strings.Repeat("a;", 1900) + "," + strings.Repeat("b|", 1900) + "\n"
		p, err := f.PreviewImport(t.Context(), f.a.admin, []byte("user,teams,skills\n"+strings.Repeat(line, 20)))
		must(t, err)
		for _, u := range p.Users {
			if n := len(u.Problems); n != 10 || u.Verdict != account.WillNot {
				t.Fatalf("%s %d problems", u.Verdict, n)
			}
		}
	})
}

// Names of another tenant's teams are none of this one's, nor are its users.
func TestAFileReachesOnlyItsOwnOrganisation(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.office(f.a.ID)
		u, _ := f.user("ana", access.Agent)
		p, err := f.PreviewImport(t.Context(), f.b.admin, []byte("user,team,skills\nana,,\nbob,Support,English=3\neva,tem_1,ski_1=3\n"))
		must(t, err)
		f.same("of the other", []string{"2 ana new",
			`3 bob refused teams("Support" is no team here, or several are called so) skills("English" is no skill here, or several are called so)`,
			`4 eva refused teams("tem_1" is no team here, or several are called so) skills("ski_1" is no skill here, or several are called so)`}, told(p.Users))
		_, err = f.SeveralEffect(t.Context(), f.b.admin, account.Several{Users: []string{u.ID}}, account.SeveralChange{Do: account.Lock})
		wantCode(t, err, errs.Invalid)
		_, err = f.InviteAgain(t.Context(), f.b.admin, u.ID, account.Inviting{Days: 1})
		wantCode(t, err, errs.NotFound)
		wantCode(t, f.WithdrawInvitation(t.Context(), f.b.admin, u.ID), errs.NotFound)
		all, err := f.FindUsers(t.Context(), f.b.admin, account.UserQuery{Find: "ana"}, "", 0, 0)
		must(t, err)
		if all.Total != 0 {
			t.Errorf("%+v", all)
		}
	})
}

func TestAFileMakesNoMoreAgentsThanThereMayBe(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		most := int64(2)
		org, err := f.Organisation(t.Context(), f.operator, f.a.ID)
		must(t, err)
		_, err = f.UpdateOrganisation(t.Context(), f.operator, f.a.ID, org.Version, account.OrganisationChange{Limits: &usage.Limits{Agents: &most}})
		must(t, err)
		f.user("ana", access.Agent)
		file := []byte("user,roles\nbob,agent\neva,agent\nrui,monitor\nana,monitor\nzoe,agent\n")
		p, err := f.PreviewImport(t.Context(), f.a.admin, file)
		must(t, err)
		full := " refused roles(cannot make one more agent: your organisation may have 2. Lock or delete an account, or ask who hosts you for more)"
		f.same("two agents", []string{"2 bob new", "3 eva" + full, "4 rui new", "5 ana changed roles[agent>monitor]", "6 zoe new"}, told(p.Users))
		done, _, err := f.Import(t.Context(), f.a.admin, file, []int{2, 4, 5, 6}, p.Seen, nil)
		must(t, err)
		f.same("done", account.EffectCount{New: 3, Changed: 1}, done.Count)
	})
}

func TestTheLastAdministratorStaysWhateverAFileSays(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("second", access.Administrator)
		file := []byte("user,roles\nadmin,agent\nsecond,agent\n")
		p, err := f.PreviewImport(t.Context(), f.a.admin, file)
		must(t, err)
		f.same("both", []string{"2 admin changed roles[administrator>agent]", "3 second refused (This is the last administrator. Give the role to someone else first.)"}, told(p.Users))
		done, _, err := f.Import(t.Context(), f.a.admin, file, []int{2, 3}, p.Seen, nil)
		must(t, err)
		f.same("done", account.EffectCount{Changed: 1, Refused: 1}, done.Count)
	})
}

func TestSeveralUsersAreChangedAndChangedBack(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.office(f.a.ID)
		var ids []string
		for _, n := range []account.NewUser{{UserName: "a-10", Teams: []string{"tem_1"}, Skills: map[string]int{"ski_1": 3}}, {UserName: "a-9", Site: "sit_1"}, {UserName: "a-1", Roles: []access.Role{access.Monitor}}} {
			u, _, err := f.CreateUser(t.Context(), f.a.admin, n)
			must(t, err)
			ids = append(ids, u.ID)
		}
		who := account.Several{Users: append(ids, ids[0])}
		state := func() (out []string) {
			var file bytes.Buffer
			must(t, f.ExportUsers(t.Context(), f.a.admin, false, &file))
			return strings.Split(file.String(), "\r\n")
		}
		before := state()
		for _, c := range []struct {
			change account.SeveralChange
			says   []string
			undo   int
		}{
			{account.SeveralChange{Do: account.AddRole, Value: "supervisor"}, []string{"0 a-1 changed roles[monitor>monitor | supervisor]", "0 a-9 changed roles[agent>agent | supervisor]", "0 a-10 changed roles[agent>agent | supervisor]"}, 1},
			{account.SeveralChange{Do: account.RemoveRole, Value: "agent"}, []string{"0 a-1 unchanged", "0 a-9 refused roles(must name at least one role)", "0 a-10 refused roles(must name at least one role)"}, 0},
			{account.SeveralChange{Do: account.AddTeam, Value: "tem_1"}, []string{"0 a-1 changed teams[>Support]", "0 a-9 changed teams[>Support]", "0 a-10 unchanged"}, 1},
			{account.SeveralChange{Do: account.RemoveTeam, Value: "tem_1"}, []string{"0 a-1 unchanged", "0 a-9 unchanged", "0 a-10 changed teams[Support>]"}, 1},
			{account.SeveralChange{Do: account.SetSite, Value: ""}, []string{"0 a-1 unchanged", "0 a-9 changed site[Lisboa>]", "0 a-10 unchanged"}, 1},
			{account.SeveralChange{Do: account.SetSkill, Value: "ski_1", Level: 8}, []string{"0 a-1 changed skills[>English=8]", "0 a-9 changed skills[>English=8]", "0 a-10 changed skills[English=3>English=8]"}, 2},
			{account.SeveralChange{Do: account.RemoveSkill, Value: "ski_1"}, []string{"0 a-1 unchanged", "0 a-9 unchanged", "0 a-10 changed skills[English=3>]"}, 1},
			{account.SeveralChange{Do: account.Lock}, []string{"0 a-1 changed status[active>locked]", "0 a-9 changed status[active>locked]", "0 a-10 changed status[active>locked]"}, 1},
		} {
			e, err := f.SeveralEffect(t.Context(), f.a.admin, who, c.change)
			must(t, err)
			f.same(c.change.Do, c.says, told(e.Users))
			f.same(c.change.Do+" does nothing yet", before, state())
			_, err = f.ChangeSeveral(t.Context(), f.a.admin, who, c.change, "other")
			wantCode(t, err, errs.Conflict)
			done, err := f.ChangeSeveral(t.Context(), f.a.admin, who, c.change, e.Seen)
			must(t, err)
			f.same(c.change.Do+" done", c.says, told(done.Users))
			if len(done.Undo) != c.undo {
				t.Errorf("%s is taken back by %+v", c.change.Do, done.Undo)
			}
			for _, u := range done.Undo {
				back := account.Several{Users: u.Users}
				e, err := f.SeveralEffect(t.Context(), f.a.admin, back, u.SeveralChange)
				must(t, err)
				_, err = f.ChangeSeveral(t.Context(), f.a.admin, back, u.SeveralChange, e.Seen)
				must(t, err)
			}
			f.same(c.change.Do+" taken back", before, state())
		}
		for _, bad := range []account.SeveralChange{{Do: account.AddRole, Value: "root"}, {Do: account.AddRole, Value: "agente"}, {Do: account.AddTeam, Value: "tem_9"}, {Do: account.SetSite, Value: "tem_1"}, {Do: account.SetSkill, Value: "ski_1", Level: 11}} {
			_, err := f.SeveralEffect(t.Context(), f.a.admin, who, bad)
			wantCode(t, err, errs.Invalid)
		}
		_, err := f.SeveralEffect(t.Context(), f.a.admin, account.Several{}, account.SeveralChange{Do: account.Lock})
		wantCode(t, err, errs.Invalid)
	})
}

// Who had a role for some teams gets it back for these, and not for everybody.
func TestARoleOfAPartIsGivenBackForThePart(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.office(f.a.ID)
		part, two := access.RolePart{Teams: []string{"tem_1"}}, access.RolePart{Teams: []string{"tem_2"}}
		var ids []string
		for i, parts := range []account.RoleParts{{access.Supervisor: part}, {access.Supervisor: part}, {access.Supervisor: two}, nil} {
			u, _, err := f.CreateUser(t.Context(), f.a.admin, account.NewUser{UserName: fmt.Sprint("lead-", i), Roles: []access.Role{access.Agent, access.Supervisor}, Parts: parts})
			must(t, err)
			ids = append(ids, u.ID)
		}
		change := func(who account.Several, c account.SeveralChange) []account.UndoChange {
			t.Helper()
			e, err := f.SeveralEffect(t.Context(), f.a.admin, who, c)
			must(t, err)
			done, err := f.ChangeSeveral(t.Context(), f.a.admin, who, c, e.Seen)
			must(t, err)
			return done.Undo
		}
		undo := change(account.Several{Users: ids}, account.SeveralChange{Do: account.RemoveRole, Value: "supervisor"})
		if len(undo) != 3 {
			t.Errorf("%+v", undo)
		}
		for _, u := range undo {
			change(account.Several{Users: u.Users}, u.SeveralChange)
		}
		for i, want := range []account.RoleParts{{access.Supervisor: part}, {access.Supervisor: part}, {access.Supervisor: two}, {}} {
			u, err := f.User(t.Context(), f.a.admin, ids[i])
			must(t, err)
			f.same(u.UserName, want, u.Parts)
			f.same(u.UserName, []access.Role{access.Agent, access.Supervisor}, u.Roles)
		}
		_, err := f.SeveralEffect(t.Context(), f.a.admin, account.Several{Users: ids}, account.SeveralChange{Do: account.AddTeam, Value: "tem_1", Part: &part})
		wantCode(t, err, errs.Invalid)
	})
}

func TestWhoCannotBeChangedWithTheOthersIsNamed(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		second, in := f.user("second", access.Administrator)
		ana, anaIn := f.user("ana", access.Agent)
		all := account.Several{Found: &account.UserQuery{}}
		for do, says := range map[string][]string{
			account.Delete: {"0 admin refused (is your own account)", "0 ana changed status[active>deleted]", "0 second changed status[active>deleted]"},
			account.EndAll: {"0 admin refused (is your own account)", "0 ana changed sessions[1>0]", "0 second changed sessions[1>0]"},
		} {
			e, err := f.SeveralEffect(t.Context(), f.a.admin, all, account.SeveralChange{Do: do})
			must(t, err)
			f.same(do, says, told(e.Users))
		}
		// An administrator by a role of its own may not touch one who may do more.
		e, err := f.SeveralEffect(t.Context(), in.Session.Actor, all, account.SeveralChange{Do: account.RemoveRole, Value: "administrator"})
		must(t, err)
		if e.Count != (account.EffectCount{Changed: 0, Unchanged: 1, Refused: 2}) {
			t.Errorf("%+v", told(e.Users)) // it is the only role of both
		}
		e, err = f.SeveralEffect(t.Context(), f.a.admin, all, account.SeveralChange{Do: account.Delete})
		must(t, err)
		done, err := f.ChangeSeveral(t.Context(), f.a.admin, all, account.SeveralChange{Do: account.Delete}, e.Seen)
		must(t, err)
		f.same("deleted", account.EffectCount{Changed: 2, Refused: 1}, done.Count)
		if len(done.Undo) != 0 {
			t.Errorf("%+v", done.Undo)
		}
		for _, u := range []string{second.ID, ana.ID} {
			_, err := f.User(t.Context(), f.a.admin, u)
			wantCode(t, err, errs.NotFound)
		}
		_, err = f.Recognise(t.Context(), anaIn.Token)
		wantCode(t, err, errs.Unauthorised)
	})
}

// postman is a mailbox, mbx_1, that keeps what it was to send.
type postman struct {
	fails error
	sent  []string
}

func (p *postman) PostsFrom(_ context.Context, _ id.Tenant, mailbox string) (bool, error) {
	return mailbox == "mbx_1", nil
}

func (p *postman) Notify(_ context.Context, t id.Tenant, mailbox string, to, subject, text secret.Text) error {
	if p.fails == nil {
		p.sent = append(p.sent, strings.Join([]string{string(t), mailbox, to.Reveal(), subject.Reveal(), text.Reveal()}, "\n"))
	}
	return p.fails
}

// An invitation is sent to who has an address, in its language, and then nobody else has the code; what cannot be sent is handed over.
func TestAnInvitationIsSent(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		post := &postman{}
		f.Post = post
		by := account.Inviting{Mailbox: "mbx_1", Base: "https://desk.example"}
		real := account.Profile{Email: "ana@person.example", DisplayName: "Ana Real", Phone: "+351 912 000 000"}
		refused := func(path string, n account.NewUser, in account.Inviting) {
			t.Helper()
			if _, _, err := f.InviteUser(t.Context(), f.a.admin, n, in); !at(path, err) {
				t.Errorf("want a fault at %s, got %v", path, err)
			}
			if list, _, err := f.Users(t.Context(), f.a.admin, "", 0); err != nil || len(list) != 1 {
				t.Errorf("somebody was made nevertheless: %d, %v", len(list), err)
			}
		}
		refused("profile.email", account.NewUser{UserName: "raposa-7"}, by)
		refused("mailbox", account.NewUser{UserName: "raposa-7", Profile: real}, account.Inviting{Mailbox: "mbx_2", Base: by.Base})
		u, inv, err := f.InviteUser(t.Context(), f.a.admin, account.NewUser{UserName: "raposa-7", Language: "pt", Profile: real}, by)
		must(t, err)
		if !inv.Mailed || inv.Code != "" || inv.NotMailed != "" || len(post.sent) != 1 || f.audited(f.a.ID, "user.invitation_mailed") != 1 {
			t.Fatalf("%+v, %d sent", inv, len(post.sent))
		}
		letter := post.sent[0]
		if !strings.HasPrefix(letter, string(f.a.ID)+"\nmbx_1\nana@person.example\nA sua conta em Acme\n") || strings.Contains(letter, "{") || !strings.Contains(letter, "raposa-7") || !strings.Contains(letter, "2026-11-30 09:00 (Europe/Lisbon)") {
			t.Errorf("the letter:\n%s", letter)
		}
		for _, word := range []string{"Ana Real", "912"} {
			if strings.Contains(letter, word) {
				t.Errorf("%q stands in the letter", word)
			}
		}
		_, code, _ := strings.Cut(letter, "https://desk.example/app/invitation#acme.")
		code, _, _ = strings.Cut(code, "\n")
		_, err = f.AcceptInvitation(t.Context(), account.From{}, "acme", secret.New(code), secret.New(goodPassword))
		must(t, err)
		_, err = f.AcceptInvitation(t.Context(), account.From{}, "acme", secret.New(code), secret.New(goodPassword))
		wantCode(t, err, errs.Conflict)
		_, err = f.InviteAgain(t.Context(), f.a.admin, u.ID, by)
		wantCode(t, err, errs.Conflict)
		if len(post.sent) != 1 {
			t.Error("who has come was written to once more")
		}

		post.fails = errs.New(errs.Unavailable, "The mail server does not answer.")
		u, inv, err = f.InviteUser(t.Context(), f.a.admin, account.NewUser{UserName: "lince", Language: "en", Profile: real}, by)
		must(t, err)
		if inv.Mailed || inv.Code == "" || inv.NotMailed != "The mail server does not answer." || u.State != account.IsInvited {
			t.Errorf("%+v", inv)
		}
		first := inv.Code
		post.fails = nil
		inv, err = f.InviteAgain(t.Context(), f.a.admin, u.ID, by)
		must(t, err)
		if !inv.Mailed || len(post.sent) != 2 || !strings.Contains(post.sent[1], "Your account at Acme") || strings.Contains(post.sent[1], first) {
			t.Errorf("%+v, %v", inv, post.sent)
		}
		plain, _, err := f.InviteUser(t.Context(), f.a.admin, account.NewUser{UserName: "coruja"}, account.Inviting{})
		must(t, err)
		if _, err = f.InviteAgain(t.Context(), f.a.admin, plain.ID, by); !at("query.mailbox", err) {
			t.Errorf("who has no address: %v", err)
		}
		if len(post.sent) != 2 {
			t.Error("somebody without an address was written to")
		}

		// A note stands in the letter, as it was previewed.
		by.Note = " Welcome!\r\nAsk for Rui on the first floor. "
		shown, err := f.InvitationLetter(t.Context(), f.a.admin, "gralha", "en", by)
		must(t, err)
		if shown.Subject != "Your account at Acme" || !strings.Contains(shown.Text, "for you. \n\nWelcome!\nAsk for Rui on the first floor.\n\nChoose") || !strings.Contains(shown.Text, "gralha") {
			t.Errorf("the preview: %+v", shown)
		}
		_, inv, err = f.InviteUser(t.Context(), f.a.admin, account.NewUser{UserName: "gralha", Language: "en", Profile: real}, by)
		must(t, err)
		if head, _, _ := strings.Cut(shown.Text, "https://"); !inv.Mailed || len(post.sent) != 3 || !strings.Contains(post.sent[2], head) {
			t.Errorf("what was sent is not what was shown: %s", post.sent[len(post.sent)-1])
		}
		by.Note = strings.Repeat("x", account.MaxInvitationNote+1)
		_, err = f.InvitationLetter(t.Context(), f.a.admin, "gralha", "en", by)
		wantCode(t, err, errs.Invalid)
		if _, _, err = f.InviteUser(t.Context(), f.a.admin, account.NewUser{UserName: "melro", Profile: real}, by); !at("note", err) {
			t.Errorf("a long note: %v", err)
		}
	})
}

// A file invites who is new, and gives the codes once.
func TestAFileInvites(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		mailed, err := f.PreviewImport(t.Context(), f.a.admin, []byte("user,email,language\nraposa-7,a@person.example,en\nlince,,\nadmin,b@person.example,en\n"))
		must(t, err)
		var to []string
		for _, u := range mailed.Users {
			if u.Mail {
				to = append(to, u.UserName+" "+u.Language)
			}
		}
		f.same("whom an invitation can be sent to", []string{"raposa-7 en"}, to) // and not who is there already

		file := []byte("user,roles\nraposa-7,agent\nlince,supervisor\n")
		p, err := f.PreviewImport(t.Context(), f.a.admin, file)
		must(t, err)
		_, _, err = f.Import(t.Context(), f.a.admin, file, nil, p.Seen, &account.Inviting{Days: 31})
		wantCode(t, err, errs.Invalid)
		done, made, err := f.Import(t.Context(), f.a.admin, file, nil, p.Seen, &account.Inviting{Days: 3})
		must(t, err)
		if done.Count.New != 2 || len(made) != 2 || made[0].Password != "" || made[0].Code == made[1].Code {
			t.Fatalf("%+v %+v", done.Count, made)
		}
		for _, one := range made {
			u, err := f.User(t.Context(), f.a.admin, one.User)
			must(t, err)
			if u.State != account.IsInvited || !u.Invitation.Until.Equal(start.Add(3*24*time.Hour)) {
				t.Errorf("%+v", u)
			}
			w, err := f.Welcome(t.Context(), "acme", secret.New(one.Code))
			must(t, err)
			if w.UserName != one.UserName {
				t.Errorf("%s's code is %s's", one.UserName, w.UserName)
			}
		}
	})
}

func TestWhoIsInvitedChoosesThePassword(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u, inv, err := f.InviteUser(t.Context(), f.a.admin, account.NewUser{UserName: "raposa-7"}, account.Inviting{Days: 0})
		must(t, err)
		if u.State != account.IsInvited || u.Invitation == nil || !u.Invitation.Until.Equal(start.Add(7*24*time.Hour)) || inv.Organisation != "acme" {
			t.Errorf("%+v %+v", u, inv)
		}
		_, err = f.SignIn(t.Context(), account.From{}, "acme", "raposa-7", secret.New(inv.Code))
		wantCode(t, err, errs.Unauthorised) // a code is no password
		w, err := f.Welcome(t.Context(), " ACME ", secret.New(" "+strings.ToUpper(inv.Code)))
		must(t, err)
		if w.UserName != "raposa-7" || w.Organisation != "Acme" || w.PasswordLength != 10 {
			t.Errorf("%+v", w)
		}
		for org, code := range map[string]string{"acme": inv.Code + "x", "books": inv.Code, "nobody": inv.Code} {
			_, err := f.Welcome(t.Context(), org, secret.New(code))
			wantCode(t, err, errs.Unauthorised)
			_, err = f.AcceptInvitation(t.Context(), account.From{}, org, secret.New(code), secret.New(goodPassword))
			wantCode(t, err, errs.Unauthorised)
		}
		_, err = f.AcceptInvitation(t.Context(), account.From{}, "acme", secret.New(inv.Code), secret.New("short"))
		wantCode(t, err, errs.Invalid)
		in, err := f.AcceptInvitation(t.Context(), account.From{}, "acme", secret.New(inv.Code), secret.New(goodPassword))
		must(t, err)
		if in.Session.MustChange || in.Session.Actor.User != u.ID {
			t.Errorf("%+v", in.Session)
		}
		_, err = f.Recognise(t.Context(), in.Token)
		must(t, err)
		_, err = f.SignIn(t.Context(), account.From{}, "acme", "raposa-7", secret.New(goodPassword))
		must(t, err)
		for _, again := range []func() error{
			func() error { _, err := f.Welcome(t.Context(), "acme", secret.New(inv.Code)); return err },
			func() error {
				_, err := f.AcceptInvitation(t.Context(), account.From{}, "acme", secret.New(inv.Code), secret.New(goodPassword+"!"))
				return err
			},
		} {
			err := again()
			wantCode(t, err, errs.Conflict)
			if !strings.Contains(errs.As(err).Text, "used already") {
				t.Error(err)
			}
		}
		_, err = f.InviteAgain(t.Context(), f.a.admin, u.ID, account.Inviting{Days: 7})
		wantCode(t, err, errs.Conflict) // who has come is not invited past its second factor
		if now, _ := f.User(t.Context(), f.a.admin, u.ID); now.State != account.IsActive || now.Invitation != nil {
			t.Errorf("%+v", now)
		}
		must(t, f.db.Read(t.Context(), f.a.ID, func(tx *store.Tx) error {
			row, err := tx.User(u.ID)
			if strings.Contains(string(row.InvitationHash), inv.Code) || len(row.InvitationHash) != 32 {
				t.Error("the code is stored")
			}
			return err
		}))
	})
}

func TestAnInvitationThatIsOverSaysSo(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		says := func(inv account.Invited, code errs.Code, word string) {
			t.Helper()
			_, err := f.Welcome(t.Context(), "acme", secret.New(inv.Code))
			_, err2 := f.AcceptInvitation(t.Context(), account.From{}, "acme", secret.New(inv.Code), secret.New(goodPassword))
			for _, err := range []error{err, err2} {
				wantCode(t, err, code)
				if !strings.Contains(errs.As(err).Text, word) {
					t.Errorf("%q does not say %q", errs.As(err).Text, word)
				}
			}
		}
		u, first, err := f.InviteUser(t.Context(), f.a.admin, account.NewUser{UserName: "raposa-7"}, account.Inviting{Days: 2})
		must(t, err)
		second, err := f.InviteAgain(t.Context(), f.a.admin, u.ID, account.Inviting{Days: 3})
		must(t, err)
		says(first, errs.Unauthorised, "a later invitation replaces")
		must(t, f.WithdrawInvitation(t.Context(), f.a.admin, u.ID))
		says(second, errs.Conflict, "withdrawn")
		if now, _ := f.User(t.Context(), f.a.admin, u.ID); now.State != account.IsNotInvited || now.Invitation.State != "withdrawn" {
			t.Errorf("%+v", now)
		}
		wantCode(t, f.WithdrawInvitation(t.Context(), f.a.admin, u.ID), errs.NotFound)

		third, err := f.InviteAgain(t.Context(), f.a.admin, u.ID, account.Inviting{Days: 1})
		must(t, err)
		f.clock.Advance(24*time.Hour - time.Second)
		_, err = f.Welcome(t.Context(), "acme", secret.New(third.Code))
		must(t, err)
		f.clock.Advance(time.Second)
		says(third, errs.Conflict, "is over")
		if now, _ := f.User(t.Context(), f.a.admin, u.ID); now.State != account.IsNotInvited || now.Invitation.State != "expired" {
			t.Errorf("%+v", now)
		}

		fourth, err := f.InviteAgain(t.Context(), f.a.admin, u.ID, account.Inviting{Days: 1})
		must(t, err)
		once, err := f.ResetPassword(t.Context(), f.a.admin, u.ID)
		must(t, err)
		says(fourth, errs.Unauthorised, "not known")
		fifth, err := f.InviteAgain(t.Context(), f.a.admin, u.ID, account.Inviting{Days: 1}) // it never came
		must(t, err)
		_, err = f.SignIn(t.Context(), account.From{}, "acme", "raposa-7", once)
		wantCode(t, err, errs.Unauthorised)
		now, err := f.User(t.Context(), f.a.admin, u.ID)
		must(t, err)
		locked := account.Locked
		_, err = f.UpdateUser(t.Context(), f.a.admin, u.ID, now.Version, account.UserChange{Status: &locked})
		must(t, err)
		says(fifth, errs.Conflict, "withdrawn")
		must(t, f.DeleteUser(t.Context(), f.a.admin, u.ID))
		says(fifth, errs.Unauthorised, "not known")
		_, _, err = f.InviteUser(t.Context(), f.a.admin, account.NewUser{UserName: "x"}, account.Inviting{Days: 31})
		wantCode(t, err, errs.Invalid)
	})
}

// Whoever found the link later must not choose a password for somebody who is here.
func TestAnInvitationEndsWithASignInByTheProvider(t *testing.T) {
	eachSignOn(t, func(t *testing.T, f *signOns) {
		u, inv, err := f.InviteUser(t.Context(), f.a.admin, account.NewUser{UserName: "raposa-7"}, account.Inviting{Days: 0})
		must(t, err)
		must(t, f.LinkUser(t.Context(), f.admin, u.ID, secret.New("1")))
		_, err = f.Welcome(t.Context(), "acme", secret.New(inv.Code))
		must(t, err)
		_, err = f.walk(t, "1", nil)
		must(t, err)
		_, err = f.AcceptInvitation(t.Context(), account.From{}, "acme", secret.New(inv.Code), secret.New(goodPassword))
		wantCode(t, err, errs.Unauthorised)
		if now, err := f.User(t.Context(), f.a.admin, u.ID); err != nil || now.State != account.IsActive || now.Invitation != nil {
			t.Errorf("%+v, %v", now, err)
		}
	})
}

// Its one-time password may be the only thing that opens when the provider is down.
func TestTheAccountForEmergenciesIsNotInvited(t *testing.T) {
	eachSignOn(t, func(t *testing.T, f *signOns) {
		glass, once, err := f.CreateUser(t.Context(), f.a.admin, account.NewUser{UserName: "glass", Roles: []access.Role{access.Administrator}})
		must(t, err)
		f.on.BreakGlass = glass.ID
		f.put(t)
		_, err = f.InviteAgain(t.Context(), f.a.admin, glass.ID, account.Inviting{Days: 1})
		wantCode(t, err, errs.Conflict)
		_, err = f.SignIn(t.Context(), account.From{}, "acme", "glass", once)
		must(t, err)
	})
}

func TestUsersAreFound(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.office(f.a.ID)
		for _, n := range []account.NewUser{
			{UserName: "agent-10", Teams: []string{"tem_1"}, Profile: account.Profile{DisplayName: "João"}},
			{UserName: "agent-9", Site: "sit_1"}, {UserName: "Águia", Roles: []access.Role{access.Monitor}}} {
			_, _, err := f.CreateUser(t.Context(), f.a.admin, n)
			must(t, err)
		}
		_, _, err := f.InviteUser(t.Context(), f.a.admin, account.NewUser{UserName: "novo"}, account.Inviting{Days: 1})
		must(t, err)
		for name, c := range map[string]struct {
			q     account.UserQuery
			order string
			from  int
			limit int
			want  string
			total int
		}{
			"all":        {account.UserQuery{}, account.ByName, 0, 0, "admin agent-9 agent-10 novo Águia", 5},
			"a page":     {account.UserQuery{}, account.ByName, 1, 2, "agent-9 agent-10", 5},
			"the end":    {account.UserQuery{}, account.ByName, 9, 2, "", 5},
			"newest":     {account.UserQuery{}, account.ByAge, 0, 1, "novo", 5},
			"last seen":  {account.UserQuery{}, account.BySignedIn, 0, 1, "admin", 5},
			"accents":    {account.UserQuery{Find: "aguia"}, account.ByName, 0, 0, "Águia", 1},
			"names":      {account.UserQuery{Find: "JOAO"}, account.ByName, 0, 0, "agent-10", 1},
			"role":       {account.UserQuery{Role: "monitor"}, account.ByName, 0, 0, "Águia", 1},
			"team":       {account.UserQuery{Team: "tem_1"}, account.ByName, 0, 0, "agent-10", 1},
			"site":       {account.UserQuery{Site: "sit_1", Find: "agent"}, account.ByName, 0, 0, "agent-9", 1},
			"invited":    {account.UserQuery{State: account.IsInvited}, account.ByName, 0, 0, "novo", 1},
			"to change":  {account.UserQuery{State: account.IsToChange}, account.ByName, 0, 0, "agent-9 agent-10 Águia", 3},
			"settled":    {account.UserQuery{State: account.IsActive}, account.ByName, 0, 0, "admin", 1},
			"nobody":     {account.UserQuery{Find: "zzz"}, account.ByName, 0, 0, "", 0},
			"a wildcard": {account.UserQuery{Find: "%"}, account.ByName, 0, 0, "", 0},
		} {
			got, err := f.FindUsers(t.Context(), f.a.admin, c.q, c.order, c.from, c.limit)
			must(t, err)
			var names []string
			for _, u := range got.Items {
				names = append(names, u.UserName)
			}
			if s := strings.Join(names, " "); s != c.want || got.Total != c.total {
				t.Errorf("%s: %s (%d)", name, s, got.Total)
			}
		}
	})
}
