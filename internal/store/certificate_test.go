package store_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/store"
	"nubitalk/internal/store/keystore"
	"nubitalk/internal/store/storetest"
)

// signer signs certificates for a test.
type signer struct {
	dir, file string
	cert      *x509.Certificate
	key       *ecdsa.PrivateKey
}

func newSigner(t *testing.T) *signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ok(t, err)
	like := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, like, like, &key.PublicKey, key)
	ok(t, err)
	cert, err := x509.ParseCertificate(der)
	ok(t, err)
	s := &signer{dir: t.TempDir(), cert: cert, key: key}
	s.file = s.write(t, "authority.pem", "CERTIFICATE", der)
	return s
}

func (s *signer) write(t *testing.T, name, kind string, b []byte) string {
	t.Helper()
	path := filepath.Join(s.dir, name)
	ok(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}), 0o600))
	return path
}

// sign makes the files of a certificate and its key.
func (s *signer) sign(t *testing.T, name string, use x509.ExtKeyUsage, addresses ...net.IP) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ok(t, err)
	like := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{use}, IPAddresses: addresses}
	der, err := x509.CreateCertificate(rand.Reader, like, s.cert, &k.PublicKey, s.key)
	ok(t, err)
	octets, err := x509.MarshalPKCS8PrivateKey(k)
	ok(t, err)
	return s.write(t, name+".pem", "CERTIFICATE", der), s.write(t, name+".key", "PRIVATE KEY", octets)
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A PostgreSQL that knows its logins by their certificates lets the program in by the one
// that its address names, without a password, to work as usual; and nobody else. The
// program gives nothing to one that another authority signed.
func TestADatabaseKnowsTheProgramByItsCertificate(t *testing.T) {
	ours, others := newSigner(t), newSigner(t)
	var b [3]byte
	_, err := rand.Read(b[:])
	ok(t, err)
	ip := net.IPv4(127, 1+b[0]%254, b[1], 1+b[2]%254) // an address that nobody else has: PostgreSQL takes no free port by itself
	certificate, key := ours.sign(t, "database", x509.ExtKeyUsageServerAuth, ip)
	server := storetest.NewTLSServer(t, storetest.TLS{Address: ip.String(), Certificate: certificate, Key: key, Authority: ours.file})
	base, err := url.Parse(server.URL())
	ok(t, err)
	address := func(settings ...string) string {
		q := url.Values{"sslmode": {"verify-full"}, "sslrootcert": {ours.file}}
		for i := 0; i < len(settings); i += 2 {
			q.Set(settings[i], settings[i+1])
		}
		return fmt.Sprintf("postgres://%s@%s:5432%s?%s", storetest.Owner, ip, base.Path, q.Encode())
	}
	login, loginKey := ours.sign(t, storetest.Owner, x509.ExtKeyUsageClientAuth)
	foreign, foreignKey := others.sign(t, storetest.Owner, x509.ExtKeyUsageClientAuth)
	other, otherKey := ours.sign(t, "somebody_else", x509.ExtKeyUsageClientAuth)

	db, err := store.Open(t.Context(), store.Config{Driver: store.Postgres, DSN: address("sslcert", login, "sslkey", loginKey)})
	ok(t, err)
	defer db.Close()
	ok(t, db.Migrate(t.Context()))
	storetest.Organisations(t, db, tenA, tenB)
	read(t, db, tenA, func(tx *store.Tx) error {
		rows, err := tx.RawRows(2, "SELECT session_user::text, current_user::text")
		if err == nil {
			same(t, "who we are", [][]string{{storetest.Owner, "nubitalk_app"}}, rows)
		}
		return err
	})
	keys, err := keystore.Open(t.Context(), keystore.Config{Driver: store.Postgres, DSN: address("sslcert", login, "sslkey", loginKey)})
	ok(t, err)
	defer keys.Close()
	ok(t, keys.Ping(t.Context()))

	// A server that takes no certificate of a client's has said so, and gone, while the client still writes: it hears
	// that, or that nobody hears it any more.
	const gone = "connection reset by peer|broken pipe|EOF"
	for what, refused := range map[string]struct{ dsn, says string }{
		"no certificate":                        {address(), "certificate|" + gone},
		"another authority's":                   {address("sslcert", foreign, "sslkey", foreignKey), "certificate|" + gone},
		"another login's":                       {address("sslcert", other, "sslkey", otherKey), "certificate authentication failed"},
		"a database of another authority":       {address("sslrootcert", others.file, "sslcert", login, "sslkey", loginKey), "unknown authority"},
		"no TLS, where the address is loopback": {address("sslmode", "disable"), "no encryption"},
	} {
		db, err := store.Open(t.Context(), store.Config{Driver: store.Postgres, DSN: refused.dsn})
		if err == nil {
			err = db.Ping(t.Context())
			db.Close()
		}
		if err == nil {
			t.Errorf("%s is let in", what)
		} else if !slices.ContainsFunc(strings.Split(refused.says, "|"), func(says string) bool { return strings.Contains(err.Error(), says) }) {
			t.Errorf("%s: %v", what, err)
		}
	}
	ok(t, db.Ping(t.Context())) // it was there all the time
	ok(t, keys.Ping(t.Context()))
	again, err := store.Open(t.Context(), store.Config{Driver: store.Postgres, DSN: address("sslcert", login, "sslkey", loginKey)})
	ok(t, err)
	defer again.Close()
	ok(t, again.Ping(t.Context()))
}
