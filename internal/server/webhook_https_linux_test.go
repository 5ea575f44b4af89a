package server

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/outside"
	"nubitalk/internal/server/demo"
	"nubitalk/internal/server/drive"
)

const (
	// ownNet tells this test's own program, started again in a network of its own, that
	// it is there, and where the receiver's certificate is.
	ownNet = "TEST_OWN_NET"
	// receiverAt is an address of the public network, as webhooks ask. Only the network of
	// the test's own has it, which leads nowhere.
	receiverAt = "93.184.216.34"
)

// Somebody asks again and again for what it may not; the organisation's other system hears
// of the alert over HTTPS, by an authority that the machine trusts, and checks that it is
// ours. It answers with a fault first, and is told again.
func TestASecurityAlertReachesAnotherSystem(t *testing.T) {
	if dir := os.Getenv(ownNet); dir != "" {
		toldByHTTPS(t, dir)
		return
	}
	dir := t.TempDir()
	certified(t, dir)
	cmd := exec.Command(os.Args[0], "-test.run=^TestASecurityAlertReachesAnotherSystem$", "-test.v", "-test.timeout=35m")
	cmd.Env = append(os.Environ(), ownNet+"="+dir, "SSL_CERT_FILE="+filepath.Join(dir, "authority.pem"), "SSL_CERT_DIR="+filepath.Join(dir, "none"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if os.Getuid() != 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL,
			UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}, GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}}
	}
	out, err := cmd.CombinedOutput()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		t.Skipf("a network of its own is not allowed here: %v", err)
	}
	t.Logf("%s", out)
	if err != nil {
		t.Error("see above")
	}
}

// certified writes an authority's certificate, and the receiver's with its key.
func certified(t *testing.T, dir string) {
	t.Helper()
	write := func(name, kind string, b []byte) {
		must(t, os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}), 0o600))
	}
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	authority := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, authority, authority, &own.PublicKey, own)
	must(t, err)
	write("authority.pem", "CERTIFICATE", der)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	receiver := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "receiver"}, NotBefore: authority.NotBefore, NotAfter: authority.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, IPAddresses: []net.IP{net.ParseIP(receiverAt)}}
	der, err = x509.CreateCertificate(rand.Reader, receiver, authority, &key.PublicKey, own)
	must(t, err)
	write("receiver.pem", "CERTIFICATE", der)
	der, err = x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	write("receiver.key", "PRIVATE KEY", der)
}

// furnishNet gives this network's only interface, which leads to itself, an address of the
// public network beside its own.
func furnishNet(t *testing.T) {
	t.Helper()
	all, err := net.Interfaces()
	must(t, err)
	for _, one := range all {
		if one.Flags&net.FlagUp != 0 || one.Flags&net.FlagLoopback == 0 && one.HardwareAddr != nil {
			t.Fatalf("this network has %s, so it is not of the test's own", one.Name)
		}
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	must(t, err)
	defer func() { _ = unix.Close(fd) }()
	up, err := unix.NewIfreq("lo")
	must(t, err)
	up.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	must(t, unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, up))
	address, err := unix.NewIfreq("lo:1")
	must(t, err)
	public := netip.MustParseAddr(receiverAt)
	must(t, address.SetInet4Addr(public.AsSlice()))
	must(t, unix.IoctlIfreq(fd, unix.SIOCSIFADDR, address))
	if !outside.Public(public) {
		t.Fatalf("%s is not on the public network", public)
	}
}

// heard is one message as the receiver had it.
type heard struct{ id, at, signature, kind, path, body string }

// ours checks a message by the formula of docs/alerts.md.
func (h heard) ours(key []byte) bool {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(h.id + "." + h.at + "." + h.body))
	seconds, err := strconv.ParseInt(h.at, 10, 64)
	return err == nil && time.Since(time.Unix(seconds, 0)).Abs() < 5*time.Minute && h.signature == "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func toldByHTTPS(t *testing.T, dir string) {
	furnishNet(t)
	key := []byte("thirty-two bytes of this test..!")
	var mu sync.Mutex
	var got []heard
	takes := false // the receiver answers with a fault until the test has seen what comes of it
	cert, err := tls.LoadX509KeyPair(filepath.Join(dir, "receiver.pem"), filepath.Join(dir, "receiver.key"))
	must(t, err)
	receiver := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil { // it is sent again
			return
		}
		mu.Lock()
		defer mu.Unlock()
		one := heard{r.Header.Get("Webhook-Id"), r.Header.Get("Webhook-Timestamp"), r.Header.Get("Webhook-Signature"), r.Header.Get("Content-Type"), r.Method + " " + r.URL.Path, string(b)}
		if got = append(got, one); !one.ours(key) {
			t.Errorf("the signature is wrong: %+v", one)
		}
		if !takes {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	must(t, receiver.Listener.Close())
	receiver.Listener, err = net.Listen("tcp", net.JoinHostPort(receiverAt, "0"))
	must(t, err)
	receiver.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	receiver.Config.ErrorLog = log.New(io.Discard, "", 0)
	receiver.StartTLS()
	defer receiver.Close()

	c := settings(t, t.TempDir())
	c.TLS.Mode = "off" // on loopback, to the test's own callers
	c.Limits.Calls = 0 // one address asks for all
	n := start(t, c, nil)
	seed := &demo.Seeder{Parts: n.contents()}
	must(t, seed.Put(t.Context(), demo.Organisations()[0]))
	one, other := listening(t, n, seed, "acme", receiver.URL, key), listening(t, n, seed, "other", receiver.URL, key)
	for range 60 { // an agent's key tries what it may not
		var p *drive.Problem
		if err := one.agent.Do(t.Context(), "GET", "audit", nil, nil); !errors.As(err, &p) || p.Status != http.StatusForbidden {
			t.Fatal(err)
		}
	}
	if err := other.agent.Do(t.Context(), "GET", "audit", nil, nil); err == nil {
		t.Error("an agent reads the audit log")
	}

	withinTime(t, 10*time.Minute, "the fault is told", func() bool {
		d := one.deliveries(t)
		return len(d) == 1 && d[0].Event == "security_alert.raised" && d[0].State == "waiting" && d[0].Status == http.StatusInternalServerError && d[0].Fault == "status" && d[0].Attempts > 0
	})
	mu.Lock()
	takes = true
	mu.Unlock()
	withinTime(t, 10*time.Minute, "it is sent again, and taken", func() bool {
		d := one.deliveries(t)
		return len(d) == 1 && d[0].State == "delivered" && d[0].Status == http.StatusOK && d[0].Fault == "" && d[0].Attempts > 1
	})
	var alerts struct {
		Items []struct{ ID, Kind, User string }
	}
	must(t, one.admin.Do(t.Context(), "GET", "security-alerts?state=open", nil, &alerts))
	if len(alerts.Items) != 1 || alerts.Items[0].Kind != "refused" || alerts.Items[0].User != one.key {
		t.Fatalf("the alerts are %+v", alerts)
	}
	must(t, one.admin.Do(t.Context(), "POST", "security-alerts/"+alerts.Items[0].ID+"/acknowledge", nil, nil))
	withinTime(t, 10*time.Minute, "that somebody saw it is told", func() bool {
		d := one.deliveries(t)
		return len(d) == 2 && d[0].Event == "security_alert.ended" && d[0].State == "delivered"
	})

	mu.Lock()
	defer mu.Unlock()
	list := one.deliveries(t)
	slices.Reverse(list)
	if len(got) != list[0].Attempts+list[1].Attempts {
		t.Errorf("%d messages came, of %+v", len(got), list)
	}
	for i, h := range got {
		about, last := list[0], i == len(got)-1
		if last {
			about = list[1]
		}
		var said struct {
			Type string
			Data struct {
				ID, Kind, User string
				Times          int
			}
		}
		if err := json.Unmarshal([]byte(h.body), &said); err != nil || h.id != about.ID || said.Type != about.Event || h.path != "POST /acme" || h.kind != "application/json" ||
			said.Data.ID != alerts.Items[0].ID || said.Data.Kind != "refused" || said.Data.User != one.key || said.Data.Times != 50 || !last && h.body != got[0].body {
			t.Errorf("message %d: %+v, %v", i, h, err)
		}
	}
	if d := other.deliveries(t); len(d) != 0 {
		t.Errorf("the other organisation's system was told %+v", d)
	}
}

// listener is an organisation whose other system is told of its security alerts.
type listener struct {
	admin, agent *drive.User
	key, webhook string // ids
}

func listening(t *testing.T, n *node, seed *demo.Seeder, slug, receiver string, key []byte) listener {
	t.Helper()
	ctx := t.Context()
	org, first, err := seed.Found(ctx, demo.Organisation{Parent: demo.OperatorSlug, NewOrganisation: account.NewOrganisation{
		Kind: account.KindTenant, Slug: slug, Name: slug, Language: "en", TimeZone: "Europe/Lisbon", Administrator: "first"}})
	must(t, err)
	must(t, seed.OpenAccount(ctx, org.ID, first))
	k, token, err := n.parts.accounts.CreateAPIKey(ctx, access.Actor{Tenant: org.ID, User: first, Roles: access.TenantRoles}, account.NewAPIKey{Name: "agent", Roles: []access.Role{access.Agent}})
	must(t, err)
	l := listener{key: k.ID, agent: &drive.User{Base: n.URL(), HTTP: drive.Client(), Token: token.Reveal()}}
	l.admin, err = drive.SignIn(ctx, drive.Client(), n.URL(), drive.Login{Organisation: slug, UserName: "first", Password: demo.Password})
	must(t, err)
	var made struct{ ID string }
	must(t, l.admin.Do(ctx, "POST", "webhooks", m{"name": "on call", "address": receiver + "/" + slug, "events": []string{"security_alert.raised", "security_alert.ended"},
		"secret": "whsec_" + base64.StdEncoding.EncodeToString(key)}, &made))
	if l.webhook = made.ID; id.Kind(l.webhook) == "" {
		t.Fatalf("the webhook is %+v", made)
	}
	return l
}

type delivery struct {
	ID, Event, State, Fault string
	Attempts, Status        int
}

// deliveries are what the webhook's page shows, the newest first.
func (l listener) deliveries(t *testing.T) []delivery {
	t.Helper()
	var out struct{ Items []delivery }
	must(t, l.admin.Do(t.Context(), "GET", "webhooks/"+l.webhook+"/deliveries", nil, &out))
	return out.Items
}
