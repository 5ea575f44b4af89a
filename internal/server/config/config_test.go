package config

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"

	"nubitalk/deploy"
	"nubitalk/internal/base/secret"
)

// parse runs the flags of a command as the program does.
func parse(t *testing.T, args ...string) (*Config, error) {
	t.Helper()
	var cli struct{ Flags }
	k, err := kong.New(&cli, kong.DefaultEnvars("NUBITALK"), kong.Exit(func(int) { t.Fatal("kong wants to exit") }))
	if err != nil {
		t.Fatal(err)
	}
	_, err = k.Parse(args)
	return &cli.Config, err
}

func write(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "nubitalk.yaml")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// same compares settings, looking into secrets.
var same = cmp.Comparer(func(a, b Secret) bool { return a.Equal(b.Text) })

func TestTheExampleIsTheDefaults(t *testing.T) {
	want, err := parse(t)
	if err != nil {
		t.Fatal(err)
	}
	got, err := parse(t, "--config", write(t, string(deploy.Example)))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got, same); d != "" {
		t.Error(d)
	}
}

var commented = regexp.MustCompile(`(?m)^( *)# ([a-z]+: \S.*)$`)

func TestTheExampleNamesEverySettingAndNoOther(t *testing.T) {
	// With the commented settings switched on, all of them must be there.
	all := commented.ReplaceAllString(string(deploy.Example), "$1$2")
	var cli struct{ Flags }
	k, err := kong.New(&cli)
	if err != nil {
		t.Fatal(err)
	}
	ctx, err := kong.Trace(k, nil)
	if err != nil {
		t.Fatal(err)
	}
	var flags []*kong.Flag
	var want []string
	for _, f := range ctx.Flags() {
		if f.Name != "help" && f.Name != "config" {
			flags = append(flags, f)
			want = append(want, f.Name)
		}
	}
	f := &file{name: "example", values: map[string]entry{}}
	if err := f.parse([]byte(all), flags); err != nil {
		for _, m := range err.(Mistakes) {
			if !strings.Contains(m.Problem, "cannot read the file that holds it") {
				t.Error(m)
			}
			f.values[strings.ReplaceAll(m.Key, ".", "-")] = entry{}
		}
	}
	var got []string
	for name := range f.values {
		got = append(got, name)
	}
	slices.Sort(want)
	slices.Sort(got)
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// What is no YAML is told with its line, and never with what stands there.
func TestWhatIsNoYAML(t *testing.T) {
	for content, want := range map[string]string{
		"listen: 127.0.0.1:1\n\ttls: off\n":                 "n.yaml:2: This is not valid YAML: found a tab character that violates indentation.",
		"listen: 127.0.0.1:1\ntls: [a, b\nurl: https://x\n": "n.yaml:2: This is not valid YAML: did not find expected ',' or ']'.",
		"bus:\n  url: *canary\n":                            "n.yaml: This is not valid YAML.",
		"bus:\n  url: !canary x\n":                          "n.yaml:2: bus.url: This takes a plain value.",
		"bus:\n  url: &canary x\n":                          "n.yaml:2: bus.url: This takes a plain value.",
		"listen: 127.0.0.1:1\nlisten: 127.0.0.1:2\n":        "n.yaml:2: listen: is set twice.",
		"tls:\n  mode: off\n  mode: self\n":                 "n.yaml:3: tls.mode: is set twice.",
		"[listen]: 127.0.0.1:1\n":                           "n.yaml:1: A setting's name must be a plain word.",
		"- listen\n":                                        "n.yaml:1: The file must hold settings, one `name: value` a line.",
		"listen: 127.0.0.1:1\n---\nlisten: 127.0.0.1:2\n":   "n.yaml:3: A configuration file holds one document; what follows --- is not read.",
		"# nothing\n":                                       "",
		"":                                                  "",
		"---\nlisten: 127.0.0.1:1\n---\n":                   "",
		"limits:\n":                                         "",
	} {
		var cli struct{ Flags }
		k, err := kong.New(&cli)
		if err != nil {
			t.Fatal(err)
		}
		ctx, err := kong.Trace(k, nil)
		if err != nil {
			t.Fatal(err)
		}
		f := &file{name: "n.yaml", values: map[string]entry{}}
		got := ""
		if err := f.parse([]byte(content), ctx.Flags()); err != nil {
			got = err.Error()
		}
		if got != want || strings.Contains(got, "canary") {
			t.Errorf("%q:\n%s\nin place of\n%s", content, got, want)
		}
	}
}

func TestEveryMistakeIsToldWithKeyAndLine(t *testing.T) {
	_, err := parse(t, "--config", write(t, `# a comment
lissten: 127.0.0.1:1
tls:
  mode: maybe
  colour: blue
  acme: yes
stop: {drain: soon}
limits:
  connections: many
  headers: [1, 2]
database:
  url: {a: b}
log:
metrics-listen: x
`))
	want := []string{
		"nubitalk.yaml:2: lissten: There is no such setting. Did you mean listen?",
		"nubitalk.yaml:4: tls.mode: must be one of auto, files, acme, self, off.",
		"nubitalk.yaml:5: tls.colour: There is no such setting. `nubitalk serve --help` lists all.",
		"nubitalk.yaml:6: tls.acme: This must hold settings, one `name: value` a line.",
		"nubitalk.yaml:7: stop.drain: must be a time such as 500ms, 20s, 5m or 1h30m.",
		"nubitalk.yaml:9: limits.connections: must be a whole number.",
		"nubitalk.yaml:10: limits.headers: This takes one value, not a list.",
		"nubitalk.yaml:12: database.url: This takes a plain value.",
		"nubitalk.yaml:14: metrics-listen: There is no such setting. Did you mean metrics.listen?",
	}
	if d := cmp.Diff(want, lines(err)); d != "" {
		t.Error(d)
	}
}

func TestMistakesOfAllKindsAreToldAtOnce(t *testing.T) {
	t.Setenv("NUBITALK_TLS_MOD", "off")
	t.Setenv("NUBITALK_COLOUR", "blue")
	t.Setenv("NUBITALK_PORT_443_TCP", "tcp://10.0.0.1:443") // Kubernetes' own, of a service with this name
	_, err := parse(t, "--config", write(t, `listen: 0.0.0.0:443
tls:
  mode: maybe
database: {driver: mysql, url: postgres://db.example/x}
stop: {drain: 1h}
url: ftp://x
limits: {calls: -1, memory: 12XB}
sip: {authority: no/such.pem}
colour: blue
`))
	want := []string{
		"$NUBITALK_COLOUR: There is no such setting. `nubitalk serve --help` lists all.",
		"$NUBITALK_TLS_MOD: There is no such setting. Did you mean $NUBITALK_TLS_MODE?",
		"nubitalk.yaml:3: tls.mode: must be one of auto, files, acme, self, off.", // and nothing of listen, which depends on it
		"nubitalk.yaml:4: database.driver: must be one of sqlite, postgres.",      // and nothing of the url
		"nubitalk.yaml:5: stop.drain: must be between 1s and 10m.",
		"nubitalk.yaml:6: url: must begin with https://; plain http is for loopback only.",
		"nubitalk.yaml:7: limits.memory: must be a size such as 64KiB, 10MB or 2GiB.",
		"nubitalk.yaml:7: limits.calls: must be between 0 and 1000.",
		"nubitalk.yaml:8: sip.authority: no/such.pem must be a file of certificates in PEM that can be read.",
		"nubitalk.yaml:9: colour: There is no such setting. `nubitalk serve --help` lists all.",
	}
	if d := cmp.Diff(want, lines(err)); d != "" {
		t.Error(d)
	}
}

func TestRelaysOfBrowsers(t *testing.T) {
	c, err := parse(t, "--config", write(t, `sound:
  ice: {servers: ["turn:turn.example.com:3478?transport=udp", "turns:turn.example.com:5349", "stun:stun.example.com"], secret: a secret of two who know, relay: only, lifetime: 2h}
`))
	if err != nil {
		t.Fatal(err)
	}
	if p := c.Sound.ICE.Plan(); len(p.Servers) != 3 || !p.Only || p.Lifetime != 2*time.Hour || p.Secret.Reveal() != "a secret of two who know" {
		t.Errorf("%+v", p)
	}
	for settings, want := range map[string]string{
		`servers: ["turn:turn.example.com"]`:                                                   "sound.ice.secret: must be given for TURN servers: the one that they were set up with (coturn: static-auth-secret).",
		`servers: ["turn:turn.example.com"], secret: short`:                                    "nubitalk.yaml:1: sound.ice.secret: must have at least 16 characters.",
		`servers: ["stun:stun.example.com"], secret: a secret of two who know`:                 "nubitalk.yaml:1: sound.ice.secret: is for TURN servers; name one in sound.ice.servers, or leave it out.",
		`servers: ["stun:stun.example.com"], relay: only`:                                      "nubitalk.yaml:1: sound.ice.relay: only needs a TURN server; name one in sound.ice.servers.",
		`servers: ["https://x"]`:                                                               "nubitalk.yaml:1: sound.ice.servers: \"https://x\" must be such as turn:turn.example.com:3478?transport=udp, turns:turn.example.com:5349 or stun:stun.example.com:3478.",
		`servers: ["turn:turn.example.com"], secret: a secret of two who know, lifetime: 1m`:   "nubitalk.yaml:1: sound.ice.lifetime: must be between 10m and 48h.",
		`servers: ["turn:turn.example.com"], secret: a secret of two who know, relay: perhaps`: "nubitalk.yaml:1: sound.ice.relay: must be one of offered, only.",
	} {
		_, err := parse(t, "--config", write(t, "sound: {ice: {"+settings+"}}\n"))
		if d := cmp.Diff([]string{want}, lines(err)); d != "" {
			t.Error(settings, d)
		}
	}
}

func lines(err error) []string {
	if err == nil {
		return nil
	}
	return strings.Split(err.Error(), "\n")
}

func TestMistakesOfSeveralSettingsTogetherNameWhereTheyWereSet(t *testing.T) {
	t.Setenv("NUBITALK_METRICS_LISTEN", "0.0.0.0:9464")
	_, err := parse(t, "--stop-drain", "1h", "--config", write(t, "listen: 0.0.0.0:443\nurl: http://contact.example\ndatabase:\n  driver: postgres\nproxy:\n  trust: [here]\n"))
	got := strings.Join(lines(err), "\n")
	for _, want := range []string{
		"nubitalk.yaml:1: listen: 0.0.0.0:443 is reached from other machines",
		"nubitalk.yaml:2: url: must begin with https://",
		"database.url: must be given for PostgreSQL",
		"nubitalk.yaml:6: proxy.trust: \"here\" must be a network",
		"$NUBITALK_METRICS_LISTEN: metrics.listen: must be a loopback address",
		"--stop-drain: stop.drain: must be between 1s and 10m.",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
}

func TestFlagsWinOverEnvironmentAndEnvironmentOverFile(t *testing.T) {
	path := write(t, "listen: 127.0.0.1:1\ndata: file\nurl: https://file.example\ntls: {acme: {domains: [a.example, b.example]}, certificate: }\n")
	t.Setenv("NUBITALK_DATA", "environment")
	t.Setenv("NUBITALK_URL", "https://environment.example")
	t.Setenv("NUBITALK_TLS_ACME_AGREE", "true")
	c, err := parse(t, "-c", path, "--url", "https://flag.example")
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != "127.0.0.1:1" || c.Data != "environment" || c.URL != "https://flag.example" {
		t.Errorf("%+v", c)
	}
	if !slices.Equal(c.TLS.ACME.Domains, []string{"a.example", "b.example"}) || c.TLSMode() != "acme" {
		t.Errorf("%+v", c.TLS)
	}
}

func TestTheFileMayBeNamedByTheEnvironment(t *testing.T) {
	t.Setenv("NUBITALK_CONFIG", write(t, "data: elsewhere\n"))
	c, err := parse(t)
	if err != nil || c.Data != "elsewhere" {
		t.Errorf("%v %v", c.Data, err)
	}
	t.Setenv("NUBITALK_CONFIG", "/nowhere/n.yaml")
	if _, err = parse(t); err == nil || !strings.Contains(err.Error(), "cannot be read: no such file") {
		t.Error(err)
	}
}

func TestSecretsComeFromFilesAndNeverPrint(t *testing.T) {
	const canary = "postgres://u:kanarienvogel@db.example/x"
	dir := t.TempDir()
	path := filepath.Join(dir, "url")
	if err := os.WriteFile(path, []byte(canary+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := parse(t, "--config", write(t, "database: {driver: postgres, url: \"@"+path+"\"}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if c.Database.URL.Reveal() != canary {
		t.Error("the file was not read")
	}
	for _, content := range []string{
		"database: {driver: mysql, url: \"" + canary + "\"}\n",
		"database:\n  url: \"" + canary + "\"\n",
		"database:\n  url: \"" + canary + "\"\n bad: [\n",
		"database:\n  url: [\"" + canary + "\"]\n",
		"keys: {driver: postgres, url: kanarienvogel}",
		"database: {driver: postgres, url: \"@/nowhere\"}",
		"bus: {url: \"http://x:kanarienvogel@h\"}",
	} {
		c, err := parse(t, "--config", write(t, content))
		if err == nil {
			t.Errorf("accepted: %s", content)
			continue
		}
		if s := err.Error() + secret.Mask + sprint(c); strings.Contains(s, "kanarienvogel") {
			t.Error("a secret is shown:", s)
		}
	}
}

func sprint(v any) string { return reflect.ValueOf(v).String() }

func TestAPlainInstallationNeedsNothing(t *testing.T) {
	c, err := parse(t)
	if err != nil {
		t.Fatal(err)
	}
	if !Loopback(c.Listen) || c.TLSMode() != "self" || c.Drain() != 20*time.Second || c.Limits.Headers != 32<<10 {
		t.Errorf("%+v", c)
	}
	if c.RootFile() != filepath.Join("nubitalk-data", "keys", "root.key") || c.FilesFolder() != filepath.Join("nubitalk-data", "files") {
		t.Error(c.RootFile(), c.FilesFolder())
	}
}

func TestPlainHTTPIsForLoopbackOnly(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string // "" if fine
	}{
		{[]string{"--tls-mode=off"}, ""},
		{[]string{"--tls-mode=off", "--listen=[::1]:0"}, ""},
		{[]string{"--tls-mode=off", "--listen=localhost:80"}, ""},
		{[]string{"--tls-mode=off", "--listen=0.0.0.0:80"}, "off is for loopback only"},
		{[]string{"--tls-mode=off", "--listen=:80"}, "off is for loopback only"},
		{[]string{"--tls-mode=off", "--listen=192.0.2.1:80"}, "off is for loopback only"},
		{[]string{"--tls-mode=off", "--listen=example.org:80"}, "off is for loopback only"},
		{[]string{"--tls-mode=self", "--listen=0.0.0.0:443"}, "no browser would trust"},
		{[]string{"--listen=0.0.0.0:443"}, "no browser would trust"},
		{[]string{"--tls-certificate=c.pem", "--listen=0.0.0.0:443"}, "tls.key: must name"},
		{[]string{"--tls-certificate=c.pem", "--tls-key=k.pem", "--listen=0.0.0.0:443"}, ""},
		{[]string{"--tls-certificate=c.pem", "--tls-key=k.pem", "--tls-acme-domains=a.example"}, "must be files or acme"},
		{[]string{"--tls-acme-domains=a.example", "--listen=0.0.0.0:443"}, "tls.acme.agree"},
		{[]string{"--tls-acme-domains=a.example", "--tls-acme-agree", "--listen=0.0.0.0:443"}, ""},
		{[]string{"--tls-acme-domains=*.a.example,192.0.2.1,x", "--tls-acme-agree", "--listen=0.0.0.0:443"}, "full host name"},
		{[]string{"--tls-mode=acme", "--tls-acme-agree"}, "must name the hosts"},
		{[]string{"--tls-acme-domains=a.example", "--tls-acme-agree", "--tls-acme-directory=http://x"}, "tls.acme.directory"},
		{[]string{"--tls-ech=entry.example"}, ""},
		{[]string{"--tls-ech=192.0.2.1"}, "tls.ech"},
		{[]string{"--tls-ech=entry.example", "--tls-mode=off"}, "of no use where tls.mode is off"},
		{[]string{"--tls-acme-domains=a.example", "--tls-acme-agree", "--tls-ech=entry.example", "--listen=0.0.0.0:443"}, "must be among tls.acme.domains"},
		{[]string{"--tls-acme-domains=a.example,entry.example", "--tls-acme-agree", "--tls-ech=entry.example", "--listen=0.0.0.0:443"}, ""},
		{[]string{"--listen=8443"}, "must be an address and a port"},
		{[]string{"--listen=127.0.0.1:99999"}, "must be an address and a port"},
		{[]string{"--url=http://127.0.0.1:8080"}, ""},
		{[]string{"--url=https://x.example/path"}, "without a path"},
		{[]string{"--metrics-token=short"}, "at least 16"},
		{[]string{"--keys-passphrase=short"}, "at least 16"},
		{[]string{"--keys-passphrase=0123456789abcdef", "--keys-root=r"}, "both given"},
		{[]string{"--log-syslog=tls://logs.example:6514", "--log-audit"}, ""},
		{[]string{"--log-syslog=tcp://127.0.0.1:601"}, ""},
		{[]string{"--log-syslog=tcp://logs.example:601"}, "log.syslog: must begin with tls://"},
		{[]string{"--log-syslog=udp://127.0.0.1:514"}, "log.syslog: must be an address"},
		{[]string{"--log-syslog=tls://logs.example"}, "log.syslog: must be an address"},
		{[]string{"--log-syslog=tls://:6514"}, "log.syslog: must be an address"},
		{[]string{"--log-audit"}, "log.syslog: must be given"},
		{[]string{"--log-syslog=tls://logs.example:6514", "--log-authority=nothere.pem"}, "log.authority"},
		{[]string{"--log-syslog=tls://logs.example:6514", "--log-certificate=c"}, "log.certificate: and log.key must be given together"},
		{[]string{"--log-syslog=tls://logs.example:6514", "--log-certificate=c", "--log-key=k"}, "log.certificate: c and k must be"},
		{[]string{"--bus-url=tls://n:4222"}, "need PostgreSQL"},
		{[]string{"--bus-credentials=c"}, "bus.url: must be given"},
		{[]string{"--database-url=postgres://h/d"}, "is for PostgreSQL only"},
		{[]string{"--database-driver=postgres", "--database-url=postgres://h/d", "--bus-url=tls://n:4222"}, ""},
		{[]string{"--database-driver=postgres", "--database-url=postgres://h/d", "--keys-driver=postgres", "--keys-url=postgres://h/d"}, "another database"},
		{[]string{"--url=https://desk.example", "--visitors=https://visit.example"}, ""},
		{[]string{"--visitors=https://visit.example"}, "visitors: needs url"},
		{[]string{"--url=https://contact.example", "--visitors=https://CONTACT.example:8443"}, "visitors: must have another host name than url."},
		{[]string{"--url=https://desk.example", "--visitors=http://visit.example"}, "visitors: must begin with https"},
		{[]string{"--url=https://desk.example", "--visitors=https://visit.example/phone"}, "visitors: must be an address without a path"},
		{[]string{"--limits-connections=1"}, "at least 10"},
		{[]string{"--files-room=1MiB"}, "at least 64MiB"},
		{[]string{"--files-room=0"}, ""},
		{[]string{"--files-authority=nothere.pem"}, "certificates in PEM"},
		{[]string{"--files-s3-bucket=b"}, "files.s3.bucket: is given, but files.store is folder"},
		{[]string{"--files-store=s3", "--files-folder=d"}, "files.folder: is given"},
		{[]string{"--files-store=s3", "--files-s3-endpoint=https://s3.example", "--files-s3-bucket=b", "--files-s3-key=k"}, "files.s3.secret: must be given"},
		{[]string{"--files-store=s3", "--files-s3-endpoint=https://s3.example", "--files-s3-bucket=b", "--files-s3-key=k", "--files-s3-secret=s"}, ""},
		{[]string{"--files-store=s3", "--files-s3-endpoint=http://127.0.0.1:9000", "--files-s3-bucket=b", "--files-s3-key=k", "--files-s3-secret=s"}, ""},
		{[]string{"--files-store=s3", "--files-s3-endpoint=http://s3.example", "--files-s3-bucket=b", "--files-s3-key=k", "--files-s3-secret=s"}, "files.s3.endpoint: must begin with https"},
		{[]string{"--files-store=s3", "--files-s3-endpoint=https://s3.example/b", "--files-s3-bucket=b", "--files-s3-key=k", "--files-s3-secret=s"}, "must be an address"},
		{[]string{"--files-store=azure"}, "files.azure.account: must be given"},
		{[]string{"--files-store=azure", "--files-azure-account=a", "--files-azure-container=c", "--files-azure-key=a2V5"}, ""},
		{[]string{"--files-store=azure", "--files-azure-account=a", "--files-azure-container=c", "--files-azure-key=?"}, "must be in base64"},
		{[]string{"--files-store=azure", "--files-azure-account=a", "--files-azure-container=c", "--files-azure-sas=sv=1&sig=x"}, ""},
		{[]string{"--files-store=azure", "--files-azure-account=a", "--files-azure-container=c", "--files-azure-key=a2V5", "--files-azure-sas=x"}, "both given"},
		{[]string{"--files-store=azure", "--files-azure-endpoint=http://blob.example", "--files-azure-container=c", "--files-azure-sas=x"}, "files.azure.endpoint: must begin with https"},
		{[]string{"--files-scanner=unix:///run/clamav/clamd.ctl"}, ""},
		{[]string{"--files-scanner=tcp://[::1]:3310", "--files-unscanned=allow"}, ""},
		{[]string{"--files-scanner=tcp://192.0.2.1:3310"}, "files.scanner: must be"},
		{[]string{"--files-scanner=tcp://clamd.example:3310"}, "files.scanner: must be"},
		{[]string{"--files-scanner=/run/clamav/clamd.ctl"}, "files.scanner: must be"},
		{[]string{"--files-unscanned=perhaps"}, "files-unscanned must be one of"},
		{[]string{"--limits-calls=-1"}, "between 0 and 1000"},
		{[]string{"--limits-calls=NaN"}, "between 0 and 1000"},
		{[]string{"--limits-calls=0"}, ""},
		{[]string{"--limits-calls=2.5"}, ""},
		{[]string{"--limits-headers=1B"}, "between 4KiB"},
		{[]string{"--limits-memory=1MiB"}, "at least 64MiB"},
	} {
		_, err := parse(t, test.args...)
		switch got := strings.Join(lines(err), "\n"); {
		case test.want == "" && err != nil:
			t.Errorf("%v: %v", test.args, got)
		case !strings.Contains(got, test.want):
			t.Errorf("%v: %q, not %q", test.args, got, test.want)
		}
	}
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]Size{"0": 0, "1": 1, "64KiB": 65536, "1.5 MiB": 3 << 19, "10MB": 1e7, "2GiB": 2 << 30, "7B": 7} {
		var s Size
		if err := s.UnmarshalText([]byte(text)); err != nil || s != want {
			t.Errorf("%s: %d, %v", text, s, err)
		}
		var back Size
		if err := back.UnmarshalText([]byte(s.String())); err != nil || back != s {
			t.Errorf("%s is written as %s", text, s)
		}
	}
	for _, text := range []string{"", "x", "-1", "1e3", "0x10", "NaN", "Inf", "1ZiB", "9999999999TiB", "1_000"} {
		var s Size
		if err := s.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is %d", text, s)
		}
	}
}

func FuzzFile(f *testing.F) {
	f.Add(deploy.Example)
	f.Add([]byte("a: &x [1]\nb: *x\n<<: *x\n"))
	f.Add([]byte("tls: {mode: !!str off, ? [a] : b}\n---\nmore: 1"))
	f.Add([]byte("log: |\n  text\nlog: 1"))
	var cli struct{ Flags }
	k, err := kong.New(&cli)
	if err != nil {
		f.Fatal(err)
	}
	ctx, err := kong.Trace(k, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		read := &file{name: "x", values: map[string]entry{}}
		if err := read.parse(content, ctx.Flags()); err != nil {
			if _, ok := err.(Mistakes); !ok {
				t.Errorf("%T", err)
			}
		}
	})
}
