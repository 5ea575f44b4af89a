package server

import (
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"testing"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/server/config"
	"nubitalk/internal/server/drive"
)

// rotate renews an organisation's keys by the operator's API, and waits.
func rotate(t *testing.T, by *drive.User, org id.Tenant) (k account.OrganisationKeys) {
	t.Helper()
	path := "organisations/" + string(org) + "/keys"
	if err := by.Do(t.Context(), "POST", path+"/rotation", nil, &k); err != nil {
		t.Fatal(err)
	}
	within(t, "the keys are not renewed", func() bool {
		if err := by.Do(t.Context(), "GET", path, nil, &k); err != nil {
			t.Fatal(err)
		}
		return !k.Rotating
	})
	return k
}

// Keys are renewed while a visitor writes and an agent reads: nobody notices,
// and both what was sealed before and after opens.
func TestKeysAreRenewedWhileEverybodyWorks(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		conf.Limits.Calls = 0
		n := start(t, conf, nil)
		acme, books := house(t, n)
		agent, _ := acme.ready(t, "ana")
		v := acme.visitor(t, "ines")
		take(t, agent, v.Interaction)
		values := acme.backup(t, v.Interaction)
		refused(t, agent.Do(t.Context(), "POST", "organisations/"+string(acme.ID)+"/keys/rotation", nil, nil), 403)

		stop, said := make(chan struct{}), 0
		var both sync.WaitGroup
		both.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := v.Say(t.Context(), fmt.Sprint("said-", said), fmt.Sprint("word ", said)); err != nil {
					t.Errorf("the visitor's message: %v", err)
					return
				}
				said++
			}
		})
		both.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := agent.Do(t.Context(), "GET", "interactions/"+v.Interaction+"/messages", nil, nil); err != nil {
					t.Errorf("the agent reads: %v", err)
					return
				}
			}
		})
		by := operator(t, n)
		for version := int64(2); version <= 3; version++ {
			if k := rotate(t, by, acme.ID); k.Version != version || k.Behind != 0 || k.Contacts == 0 {
				t.Errorf("%+v", k)
			}
		}
		close(stop)
		both.Wait()
		if said == 0 {
			t.Error("nobody wrote meanwhile")
		}
		found := map[string]int{}
		for after, more := int64(0), true; more; {
			page, err := v.Conversation(t.Context(), after)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range page.Messages {
				found[m.Text]++
				after = max(after, m.Seq)
			}
			more = page.More
		}
		for i := range said {
			if text := fmt.Sprint("word ", i); found[text] != 1 {
				t.Errorf("%q is there %d times", text, found[text])
			}
		}
		for _, s := range values {
			if err := opens(t, n.keepers.vault, s); err != nil {
				t.Errorf("%s: %v", s.where, err)
			}
		}
		var other account.OrganisationKeys
		if err := by.Do(t.Context(), "GET", "organisations/"+string(books.ID)+"/keys", nil, &other); err != nil || other.Version != 1 {
			t.Errorf("the other tenant's: %+v, %v", other, err)
		}
	})
}

// A node that renewed nothing seals with the new keys soon after.
func TestNewKeysReachEveryNode(t *testing.T) {
	settings := clusterSettings(t)
	a := start(t, settings("a"), nil)
	acme, _ := house(t, a)
	b := start(t, settings("b"), nil)
	seal := func(n *node) secret.Sealed {
		s, err := n.keepers.vault.SealTenant(t.Context(), acme.ID, "here", []byte("hello"))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	version := func(s secret.Sealed) byte { return s[4] } // docs/keys.md, "A sealed value"
	before := seal(b)
	if version(before) != 1 {
		t.Fatalf("sealed with version %d", version(before))
	}
	rotate(t, operator(t, a), acme.ID)
	for _, n := range []*node{a, b} {
		within(t, "a node goes on with the old key", func() bool { return version(seal(n)) == 2 })
		for _, s := range []secret.Sealed{before, seal(a), seal(b)} {
			if got, err := n.keepers.vault.OpenTenant(t.Context(), acme.ID, "here", s); err != nil || string(got.Reveal()) != "hello" {
				t.Errorf("version %d opens as %q, %v", version(s), got.Reveal(), err)
			}
		}
	}
}

// The operator's rotation makes the next key of Encrypted Client Hello; another node
// takes browsers with the record of before, and shows the new one.
func TestNodesHideHostsWithTheSameKeys(t *testing.T) {
	settings := clusterSettings(t)
	with := func(name string) *config.Config {
		c := settings(name)
		c.TLS.Mode, c.TLS.ECH, c.URL = "self", "entry.example", "https://hidden.example"
		return c
	}
	a := start(t, settings("a"), nil)
	house(t, a)
	a.stop(t)
	a = start(t, with("a"), nil)
	record := func(n *node) string {
		t.Helper()
		v, err := n.System(t.Context(), access.Actor{})
		if err != nil || len(v.Records) != 1 {
			t.Fatal(v.Records, err)
		}
		return v.Records[0]
	}
	before := record(a)
	operator, err := operatorOf(t.Context(), a.keepers.db)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.keepers.vault.RotateTenant(t.Context(), operator); err != nil {
		t.Fatal(err)
	}
	b := start(t, with("b"), nil)
	after := record(b)
	if before == after {
		t.Error("the rotation made no other key")
	}
	for _, line := range []string{before, after} {
		_, list, _ := strings.Cut(line, `ech="`)
		raw, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(list, `"`))
		if err != nil {
			t.Fatal(err)
		}
		c, err := tls.Dial("tcp", b.web.address.String(), &tls.Config{ServerName: "hidden.example", MinVersion: tls.VersionTLS13, EncryptedClientHelloConfigList: raw, InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(line, err)
		}
		if !c.ConnectionState().ECHAccepted {
			t.Error(line, "was not accepted")
		}
		c.Close()
	}
}
