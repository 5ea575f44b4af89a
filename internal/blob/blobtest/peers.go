package blobtest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"nubitalk/internal/base/freeport"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/blob"
)

// Peer is a storage service of others on this machine, reached by TLS. Between it
// and a test is a wire that the test may cut: what was acknowledged is there
// afterwards.
type Peer struct {
	tb          testing.TB
	address     string // host:port that the test sees
	inner       string // where the service listens
	wire        *wire  // from address to inner
	authorities *x509.CertPool
	Authority   string // PEM file of who signed its certificate
}

// Names that both kinds are set up with.
const (
	account = "nubitalktest"
	bucket  = "files"
)

var password = base64.StdEncoding.EncodeToString([]byte("a secret that only tests know, of 48 octets......"))

// S3 starts Versity's S3 server (test/peers/s3), with a bucket; versions says
// whether the bucket keeps what is deleted.
func S3(tb testing.TB, versions bool) (*Peer, blob.S3) {
	tb.Helper()
	p := newPeer(tb)
	program, err := tool()
	if err != nil {
		tb.Fatalf("a private S3 server is needed for this test: %v", err)
	}
	root := tb.TempDir()
	for _, d := range []string{"data", "meta", "versions"} {
		if err := os.Mkdir(filepath.Join(root, d), 0o700); err != nil {
			tb.Fatal(err)
		}
	}
	certificate, key := p.certify()
	args := []string{"--port", p.inner, "--access", account, "--secret", password, "--cert", certificate, "--key", key, "--quiet", "--keep-alive", "posix", "--sidecar", filepath.Join(root, "meta")}
	if versions {
		args = append(args, "--versioning-dir", filepath.Join(root, "versions"))
	}
	p.run(exec.Command(program, append(args, filepath.Join(root, "data"))...))
	conf := blob.S3{Endpoint: "https://" + p.address, Region: "us-east-1", Bucket: bucket, Key: account, Secret: secret.New(password), Authorities: p.authorities}
	client := p.Bucket(conf)
	err = client.MakeBucket(context.WithoutCancel(tb.Context()), bucket, minio.MakeBucketOptions{})
	if err == nil && versions {
		err = client.EnableVersioning(context.WithoutCancel(tb.Context()), bucket)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return p, conf
}

// Azure starts Azurite, Azure's own server for tests (test/peers/azurite), with a
// container.
func Azure(tb testing.TB) (*Peer, blob.Azure) {
	tb.Helper()
	p := newPeer(tb)
	program := filepath.Join(house(tb), "test", "peers", "azurite", "node_modules", "azurite", "dist", "src", "blob", "main.js")
	if _, err := os.Stat(program); err != nil {
		tb.Fatalf("Azurite is needed for this test; scripts/need azurite installs it: %v", err)
	}
	root := tb.TempDir()
	certificate, key := p.certify()
	host, port, _ := strings.Cut(p.inner, ":")
	c := exec.Command("node", program, "--blobHost", host, "--blobPort", port, "--location", root, "--cert", certificate, "--key", key, "--silent", "--skipApiVersionCheck", "--disableTelemetry")
	c.Env = append(os.Environ(), "AZURITE_ACCOUNTS="+account+":"+password)
	p.run(c)
	conf := blob.Azure{Endpoint: "https://" + p.address + "/" + account, Account: account, Container: bucket, Key: secret.New(password), Authorities: p.authorities}
	if _, err := p.Container(conf).Create(context.WithoutCancel(tb.Context()), nil); err != nil {
		tb.Fatal(err)
	}
	return p, conf
}

// Bucket reaches S3 as its provider does.
func (p *Peer) Bucket(conf blob.S3) *minio.Client {
	p.tb.Helper()
	client, err := minio.New(p.address, &minio.Options{Creds: credentials.NewStaticV4(conf.Key, conf.Secret.Reveal(), ""), Secure: true, Region: conf.Region, Transport: p.client().Transport})
	if err != nil {
		p.tb.Fatal(err)
	}
	return client
}

// Container is the container of a store as its provider sees it.
func (p *Peer) Container(conf blob.Azure) *container.Client {
	p.tb.Helper()
	key, err := service.NewSharedKeyCredential(conf.Account, conf.Key.Reveal())
	if err != nil {
		p.tb.Fatal(err)
	}
	s, err := service.NewClientWithSharedKeyCredential(conf.Endpoint, key, &service.ClientOptions{ClientOptions: azcore.ClientOptions{Transport: p.client()}})
	if err != nil {
		p.tb.Fatal(err)
	}
	return s.NewContainerClient(conf.Container)
}

// newPeer lays the wire to a service that does not run yet.
func newPeer(tb testing.TB) *Peer {
	tb.Helper()
	p := &Peer{tb: tb, inner: free(tb)}
	var err error
	if p.wire, err = lay(p.inner); err != nil {
		tb.Fatal(err)
	}
	p.address = p.wire.Addr().String()
	tb.Cleanup(p.wire.end)
	return p
}

func free(tb testing.TB) string {
	tb.Helper()
	address, err := freeport.Address()
	if err != nil {
		tb.Fatal(err)
	}
	return address
}

// run runs the service until the test ends, and waits until it takes connections.
func (p *Peer) run(c *exec.Cmd) {
	p.tb.Helper()
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := c.Start(); err != nil {
		p.tb.Fatal(err)
	}
	p.tb.Cleanup(func() {
		p.Stop()
		if err := c.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			p.tb.Error(err)
		}
		_ = c.Wait() // it was killed
	})
	for deadline := time.Now().Add(3 * time.Minute); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("tcp", p.inner)
		if err == nil {
			_ = conn.Close()
			break
		}
		if time.Now().After(deadline) {
			p.tb.Fatalf("%s does not begin to listen: %v", c.Path, err)
		}
	}
	p.Start()
}

// Start lets the service be reached.
func (p *Peer) Start() { p.wire.set(false) }

// Stop cuts all connections, and lets the service not be reached.
func (p *Peer) Stop() { p.wire.set(true) }

func (p *Peer) client() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSClientConfig.RootCAs = p.authorities
	return &http.Client{Transport: t}
}

// certify makes a certificate for the address, by an authority that nobody else
// trusts.
func (p *Peer) certify() (certificate, key string) {
	p.tb.Helper()
	dir := p.tb.TempDir()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		p.tb.Fatal(err)
	}
	about := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test storage"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, about, about, private.Public(), private)
	if err != nil {
		p.tb.Fatal(err)
	}
	secretDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		p.tb.Fatal(err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	p.authorities = x509.NewCertPool()
	p.authorities.AppendCertsFromPEM(public)
	certificate, key = filepath.Join(dir, "certificate.pem"), filepath.Join(dir, "key.pem")
	p.Authority = certificate
	if err := errors.Join(os.WriteFile(certificate, public, 0o600), os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secretDER}), 0o600)); err != nil {
		p.tb.Fatal(err)
	}
	return certificate, key
}

// house is the folder of the project.
func house(tb testing.TB) string {
	tb.Helper()
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		tb.Fatal(err)
	}
	return filepath.Dir(strings.TrimSpace(string(out)))
}
