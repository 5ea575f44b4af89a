package mailtest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"nubitalk/internal/base/freeport"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/email/provider"
)

// T is what a provider needs of a test; testing.TB is one.
type T interface {
	Helper()
	Context() context.Context
	Cleanup(end func())
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// Password is every account's.
const Password = "a word of the provider's"

// Provider is a mail provider with accounts.
type Provider struct {
	t    T
	dir  string
	uid  int // of whom the mail belongs to
	gid  int
	imap *exec.Cmd
	conf string

	IMAP, IMAPS, SMTP, SMTPS int    // ports: with STARTTLS, and with TLS at once
	CertFile                 string // its certificate, for localhost and 127.0.0.1
	Roots                    *x509.CertPool
	Tokens                   *Authority // by which its accounts are signed in to without a password
}

// Start runs a provider with accounts by those addresses; one whose name begins with
// "small" has no room for what is put there over IMAP.
func Start(t T, addresses ...string) *Provider {
	t.Helper()
	dovecot, exim := find(t, "dovecot"), find(t, "exim4")
	dir, err := os.MkdirTemp("", "mail") // short: Dovecot's sockets have long names
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	p := &Provider{t: t, dir: dir, uid: os.Getuid(), gid: os.Getgid(), CertFile: filepath.Join(dir, "cert.pem")}
	owner, login := current(t), current(t)
	if p.uid == 0 { // neither server keeps mail as root
		owner, login = "mail", "dovenull"
		u, err := user.Lookup(owner)
		must(t, err)
		p.uid, _ = strconv.Atoi(u.Uid)
		p.gid, _ = strconv.Atoi(u.Gid)
	}
	must(t, os.Chmod(dir, 0o755))
	for _, d := range []string{"run", "mail", "spool", "spool/input", "spool/log", "spool/db", "spool/msglog"} {
		must(t, os.Mkdir(filepath.Join(dir, d), 0o755))
		if strings.HasPrefix(d, "mail") || strings.HasPrefix(d, "spool") {
			must(t, os.Chown(filepath.Join(dir, d), p.uid, p.gid))
		}
	}
	p.certificate()
	var inside int
	p.Tokens, inside = p.authority()
	p.write("oauth2.conf", fmt.Sprintf("introspection_mode = post\nintrospection_url = http://127.0.0.1:%d/introspect\nusername_attribute = username\nactive_attribute = active\nactive_value = true\n", inside), 0o644)
	p.IMAP, p.IMAPS, p.SMTP, p.SMTPS = free(t), free(t), free(t), free(t)
	var users, accounts strings.Builder
	for _, a := range addresses {
		fmt.Fprintf(&accounts, "%s: %s\n", a, a)
		rule := ""
		if strings.HasPrefix(a, "small") {
			rule = "userdb_quota_rule=*:bytes=100"
		}
		fmt.Fprintf(&users, "%s:{PLAIN}%s::::::%s\n", a, Password, rule)
	}
	p.write("users", users.String(), 0o644)
	p.write("accounts", accounts.String(), 0o644)
	conf := fmt.Sprintf(dovecotConf, dir, p.IMAP, p.IMAPS, owner, group(t, p.gid), login)
	if len(addresses) > crowd {
		conf += crowdedConf
	}
	p.conf = p.write("dovecot.conf", conf, 0o644)
	must(t, os.Chmod(dir, 0o755))
	p.imap = p.run(dovecot, "-F", "-c", p.conf)
	p.run(exim, "-C", p.write("exim.conf", fmt.Sprintf(eximConf, dir, p.SMTP, p.SMTPS, owner, group(t, p.gid)), 0o644), "-bdf", "-q1m")
	for _, port := range []int{p.IMAP, p.IMAPS, p.SMTP, p.SMTPS} {
		p.listens(port)
	}
	return p
}

// find is a program of a Debian package, which may be where only root looks.
func find(t T, name string) string {
	t.Helper()
	for _, where := range []string{name, "/usr/sbin/" + name} {
		if path, err := exec.LookPath(where); err == nil {
			return path
		}
	}
	t.Fatalf("%s is missing; scripts/need dovecot exim installs it", name)
	return ""
}

func current(t T) string {
	u, err := user.Current()
	must(t, err)
	return u.Username
}

func group(t T, gid int) string {
	g, err := user.LookupGroupId(strconv.Itoa(gid))
	must(t, err)
	return g.Name
}

func (p *Provider) run(name string, args ...string) *exec.Cmd {
	p.t.Helper()
	cmd := exec.Command(name, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	must(p.t, cmd.Start())
	p.t.Cleanup(func() { end(cmd) })
	return cmd
}

// end ends a server with its children.
func end(cmd *exec.Cmd) {
	if cmd.ProcessState != nil {
		return
	}
	_ = cmd.Process.Signal(syscall.SIGTERM)
	done := make(chan struct{})
	go func() { _ = cmd.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-done
	}
}

func (p *Provider) write(name, text string, mode os.FileMode) string {
	p.t.Helper()
	path := filepath.Join(p.dir, name)
	must(p.t, os.WriteFile(path, []byte(text), mode))
	return path
}

// listens waits until a server answers.
func (p *Provider) listens(port int) {
	p.t.Helper()
	for end := time.Now().Add(2 * time.Minute); ; {
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			_ = conn.Close()
			return
		}
		if time.Now().After(end) {
			logs, _ := os.ReadFile(filepath.Join(p.dir, "dovecot.log"))
			p.t.Fatalf("the provider does not answer: %v\n%s", err, logs)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// StopIMAP ends Dovecot; StartIMAP runs it again.
func (p *Provider) StopIMAP() { end(p.imap) }

func (p *Provider) StartIMAP() {
	p.t.Helper()
	p.imap = p.run(p.imap.Path, "-F", "-c", p.conf)
	p.listens(p.IMAPS)
}

// NoIdle starts the IMAP server anew as one that offers no IDLE.
func (p *Provider) NoIdle() {
	p.t.Helper()
	p.StopIMAP()
	text, err := os.ReadFile(p.conf)
	must(p.t, err)
	p.write("dovecot.conf", string(text)+"imap_capability = IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE LITERAL+ UIDPLUS MOVE CONDSTORE SPECIAL-USE NAMESPACE\n", 0o644)
	p.StartIMAP()
}

// Busy says whether mail to "busy" is refused for now.
func (p *Provider) Busy(is bool) {
	p.t.Helper()
	if file := filepath.Join(p.dir, "busy"); is {
		must(p.t, os.WriteFile(file, nil, 0o644))
	} else {
		must(p.t, os.Remove(file))
	}
}

// Folder makes a folder of an account.
func (p *Provider) Folder(address, folder string) {
	p.t.Helper()
	p.with(address, func(ctx context.Context, b *provider.Box) error { return b.Make(ctx, folder) })
}

// Rename gives a folder of an account another name, as its owner would.
func (p *Provider) Rename(address, from, to string) {
	p.t.Helper()
	at := filepath.Join(p.dir, "mail", address)
	must(p.t, os.Rename(filepath.Join(at, "."+from), filepath.Join(at, "."+to)))
}

// Renumber has a folder numbered anew (another UIDVALIDITY), as when a provider
// restores an account. Nobody may use the account meanwhile.
func (p *Provider) Renumber(address, folder string) {
	p.t.Helper()
	at := filepath.Join(p.dir, "mail", address)
	if folder != "INBOX" {
		at = filepath.Join(at, "."+folder)
	}
	for _, pattern := range []string{"dovecot-uidlist", "dovecot.index*"} {
		files, err := filepath.Glob(filepath.Join(at, pattern))
		must(p.t, err)
		for _, f := range files {
			must(p.t, os.Remove(f))
		}
	}
}

// Network reaches the provider: loopback is permitted and its certificate trusted.
func (p *Provider) Network() *provider.Network {
	return &provider.Network{Permit: func(a netip.Addr) bool { return a.IsLoopback() }, Roots: p.Roots,
		Resolve: func(context.Context, string) ([]netip.Addr, error) {
			return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
		}}
}

// Account is one of its accounts, over TLS from the first octet.
func (p *Provider) Account(address string) provider.Account {
	return provider.Account{User: address, Password: secret.New(Password),
		IMAP: provider.Server{Host: "localhost", Port: p.IMAPS, Security: provider.TLS}, SMTP: provider.Server{Host: "localhost", Port: p.SMTPS, Security: provider.TLS}}
}

// Deliver sends a message from one account to another, by Exim, as another program would:
// what cannot be delivered comes back.
func (p *Provider) Deliver(from, to, message string) {
	p.t.Helper()
	message = strings.ReplaceAll(strings.ReplaceAll(message, "\r\n", "\n"), "\n", "\r\n")
	must(p.t, p.Network().Send(p.t.Context(), p.Account(from), provider.Letter{From: from, To: []string{to}, Octets: []byte(message), Envelope: "another-program"}))
}

// Copy puts a message into a folder of an account, as another program of its owner
// would.
func (p *Provider) Copy(address, folder, message string) {
	p.t.Helper()
	p.with(address, func(ctx context.Context, b *provider.Box) error {
		return b.Keep(ctx, folder, []byte(strings.ReplaceAll(message, "\n", "\r\n")))
	})
}

// Drop puts many messages into an account's INBOX at once, unread, as the provider's own
// delivery would.
func (p *Provider) Drop(address string, messages []string) {
	p.t.Helper()
	at := filepath.Join(p.dir, "mail", address)
	for _, d := range []string{at, filepath.Join(at, "cur"), filepath.Join(at, "tmp"), filepath.Join(at, "new")} {
		must(p.t, os.MkdirAll(d, 0o700))
		must(p.t, os.Chown(d, p.uid, p.gid))
	}
	for i, m := range messages {
		file := filepath.Join(at, "new", fmt.Sprintf("%d.%d.test", time.Now().UnixNano(), i))
		must(p.t, os.WriteFile(file, []byte(m), 0o600))
		must(p.t, os.Chown(file, p.uid, p.gid))
	}
}

// Move moves a message, as another program of its owner would.
func (p *Provider) Move(address, from, to string, uid uint32) {
	p.t.Helper()
	p.with(address, func(ctx context.Context, b *provider.Box) error {
		if _, err := b.Select(ctx, from); err != nil {
			return err
		}
		return b.Move(ctx, uid, to)
	})
}

// Mail are the files of a folder as the provider keeps them: name (with flags) and
// content.
func (p *Provider) Mail(address, folder string) map[string]string {
	p.t.Helper()
	at := filepath.Join(p.dir, "mail", address)
	if folder != "INBOX" {
		at = filepath.Join(at, "."+folder)
	}
	list := map[string]string{}
	for _, part := range []string{"new", "cur"} {
		files, err := os.ReadDir(filepath.Join(at, part))
		if err != nil {
			continue
		}
		for _, f := range files {
			if content, err := os.ReadFile(filepath.Join(at, part, f.Name())); err == nil { // it may be moved just now
				list[f.Name()] = string(content)
			}
		}
	}
	return list
}

func (p *Provider) with(address string, fn func(context.Context, *provider.Box) error) {
	p.t.Helper()
	b, err := p.Network().Open(p.t.Context(), p.Account(address))
	must(p.t, err)
	defer b.Close()
	must(p.t, fn(p.t.Context(), b))
}

func (p *Provider) certificate() {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(p.t, err)
	now := time.Now()
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	must(p.t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	must(p.t, err)
	public := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	p.write("cert.pem", public, 0o644)
	keyFile := p.write("key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})), 0o600)
	must(p.t, os.Chown(keyFile, p.uid, p.gid))
	p.Roots = x509.NewCertPool()
	p.Roots.AppendCertsFromPEM([]byte(public))
	_, err = tls.LoadX509KeyPair(p.CertFile, keyFile)
	must(p.t, err)
}

func free(t T) int {
	port, err := freeport.Port()
	must(t, err)
	return port
}

func must(t T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// crowd is from how many accounts on connections share Dovecot's processes, which
// otherwise have one each.
const crowd = 50

const crowdedConf = `default_client_limit = 20000
service imap-login {
  service_count = 0
  process_min_avail = 2
  vsz_limit = 0
}
service imap {
  service_count = 0
  client_limit = 200
  process_limit = 50
  vsz_limit = 0
}
`

const dovecotConf = `base_dir = %[1]s/run
log_path = %[1]s/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = required
ssl_cert = <%[1]s/cert.pem
ssl_key = <%[1]s/key.pem
mail_location = maildir:%[1]s/mail/%%u
mail_uid = %[4]s
mail_gid = %[5]s
first_valid_uid = 1
default_login_user = %[6]s
default_internal_user = %[4]s
default_internal_group = %[5]s
auth_failure_delay = 0
auth_mechanisms = plain login xoauth2 oauthbearer
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = %[1]s/oauth2.conf
}
passdb {
  driver = passwd-file
  mechanisms = plain login
  args = %[1]s/users
}
userdb {
  driver = passwd-file
  args = %[1]s/users
  default_fields = uid=%[4]s gid=%[5]s home=%[1]s/mail/%%u
}
mail_plugins = quota
plugin {
  quota = maildir:all of it
  quota_rule = *:storage=1G
}
namespace inbox {
  inbox = yes
  separator = /
  mailbox Sent {
    auto = create
    special_use = \Sent
  }
}
service anvil {
  chroot =
}
service imap-login {
  chroot =
  inet_listener imap {
    port = %[2]d
  }
  inet_listener imaps {
    port = %[3]d
    ssl = yes
  }
}
`

const eximConf = `exim_user = %[4]s
exim_group = %[5]s
spool_directory = %[1]s/spool
log_file_path = %[1]s/spool/log/%%slog
pid_file_path = %[1]s/spool/exim.pid
primary_hostname = localhost
local_interfaces = 127.0.0.1
daemon_smtp_ports = %[2]d : %[3]d
tls_on_connect_ports = %[3]d
tls_advertise_hosts = *
tls_certificate = %[1]s/cert.pem
tls_privatekey = %[1]s/key.pem
dsn_advertise_hosts = *
auth_advertise_hosts = ${if eq{$tls_in_cipher}{}{}{*}}
acl_smtp_rcpt = rcpt
host_lookup =
rfc1413_hosts =
never_users =
begin acl
rcpt:
  deny local_parts = nobody
  defer local_parts = later
  defer local_parts = busy
        condition = ${if exists{%[1]s/busy}}
  deny local_parts = full
        message = 552 5.2.2 its mailbox is full
  accept authenticated = *
  deny
begin routers
unknown:
  driver = redirect
  local_parts = unknown
  allow_fail
  data = :fail: nobody has this address
all:
  driver = accept
  transport = maildir
begin transports
maildir:
  driver = appendfile
  maildir_format = true
  directory = %[1]s/mail/${lookup{$local_part@$domain}lsearch{%[1]s/accounts}{$value}{elsewhere}}
  create_directory = true
  return_path_add
  user = %[4]s
  group = %[5]s
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if eq{$auth3}{` + Password + `}{yes}{no}}
  server_set_id = $auth2
xoauth2:
  driver = plaintext
  public_name = XOAUTH2
  server_prompts = :
  server_condition = ${lookup{${sg{$auth1}{\N^.*auth=Bearer ([^\x01]+)\x01.*$\N}{\$1}}}lsearch{%[1]s/tokens}{yes}{no}}
  server_set_id = token
`
