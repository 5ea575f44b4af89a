package config

import (
	"cmp"
	"path/filepath"
	"time"

	"nubitalk/internal/core/outside"
	"nubitalk/internal/core/relay"
	"nubitalk/internal/core/setup"
)

// Config is every setting. A field's flag is its name under its section's
// prefix ("tls-mode"), its key in the file has a dot instead ("tls.mode"), its
// environment variable is NUBITALK_TLS_MODE.
type Config struct {
	Listen string `default:"127.0.0.1:8443" placeholder:"HOST:PORT" help:"Address that browsers and programs reach; port 0 takes a free one."`
	URL    string `placeholder:"https://HOST" help:"Address that people type, if it differs from the one listened on (a name, a proxy in front)."`
	// Visitors' pages are other people's: a host name of their own keeps them from users' pages in browsers.
	Visitors string `placeholder:"https://HOST" help:"Address of the pages that visitors open, on a host name of their own; empty for that of the users."`
	Data     string `default:"./nubitalk-data" placeholder:"DIR" help:"Folder for the database, keys, files and certificates of this node."`

	Log      Log      `embed:"" prefix:"log-" group:"Logs and metrics"`
	TLS      TLS      `embed:"" prefix:"tls-" group:"Transport"`
	Database Database `embed:"" prefix:"database-" group:"Storage"`
	Keys     Keys     `embed:"" prefix:"keys-" group:"Storage"`
	Files    Files    `embed:"" prefix:"files-" group:"Storage"`
	Bus      Bus      `embed:"" prefix:"bus-" group:"Several nodes"`
	Metrics  Metrics  `embed:"" prefix:"metrics-" group:"Logs and metrics"`
	Proxy    Proxy    `embed:"" prefix:"proxy-" group:"Transport"`
	Sound    Sound    `embed:"" prefix:"sound-" group:"Transport"`
	SIP      SIP      `embed:"" prefix:"sip-" group:"Transport"`
	Email    Email    `embed:"" prefix:"email-" group:"Transport"`
	OpenID   OpenID   `embed:"" prefix:"openid-" group:"Transport"`
	Outside  Outside  `embed:"" prefix:"outside-" group:"Transport"`
	Accounts Accounts `embed:"" prefix:"accounts-" group:"Accounts"`

	Encryption Encryption `embed:"" prefix:"encryption-" group:"Transport"`

	Limits Limits `embed:"" prefix:"limits-" group:"Limits"`
	Stop   Stop   `embed:"" prefix:"stop-" group:"Limits"`
}

// Log says what is logged and how. Logs never hold personal data.
type Log struct {
	Level  string `default:"info" enum:"debug,info,warn,error" help:"Least level that is logged: ${enum}."`
	Format string `default:"json" enum:"json,text" help:"Form of the log: ${enum}."`

	Syslog      string `placeholder:"URL" help:"Collector that the log is sent to besides, by syslog over TLS, e.g. tls://logs.example:6514; empty for none. tcp:// is for loopback only."`
	Audit       bool   `help:"Send the audit logs of all organisations there, too: ids, actions and hashes, no content."`
	Authority   string `placeholder:"FILE" help:"PEM file of certificate authorities that the collector is trusted by, besides the machine's own."`
	Certificate string `placeholder:"FILE" help:"PEM file of the certificate by which this node shows the collector who it is; read again at each connection."`
	Key         string `placeholder:"FILE" help:"PEM file of that certificate's private key."`
}

// Accounts is what holds for the users of all organisations.
type Accounts struct {
	Factors string `default:"chosen" enum:"chosen,everyone" help:"Who needs a second factor: ${enum}. chosen: whom each organisation's rules name. everyone: all users of all organisations, the operator's and resellers' own included."`
}

// Encryption is what the operator asks of all connections, whoever set them up.
type Encryption struct {
	Connections string `default:"chosen" enum:"chosen,required,strong" help:"How all connections of the installation are encrypted: ${enum}. chosen: trunks and phones as their organisations chose. required: nothing passes unencrypted, whoever chose it. strong: nor by what is old: SRTP by AES-GCM and passwords of SIP by SHA-256 only."`
	Memory      string `default:"any" enum:"any,encrypted" help:"On which machines the program starts: ${enum}. encrypted: only where the machine says what encrypts its memory."`
}

// Rule is Connections as set-ups are held to it.
func (e Encryption) Rule() setup.EncryptionRule {
	return cmp.Or(setup.EncryptionRule(e.Connections), setup.RuleChosen)
}

// TLS says how connections are secured.
type TLS struct {
	Mode        string `default:"auto" enum:"auto,files,acme,self,off" help:"Where the certificate comes from: ${enum}."`
	Certificate string `placeholder:"FILE" help:"PEM file with the certificate and its chain; read again when it changes."`
	Key         string `placeholder:"FILE" help:"PEM file with the certificate's private key."`
	ECH         string `name:"ech" placeholder:"NAME" help:"Name that stands on the wire instead of the host that a browser wants (Encrypted Client Hello); empty for no such hiding."`
	ACME        ACME   `embed:"" prefix:"acme-"`
}

// ACME gets certificates from an authority such as Let's Encrypt.
type ACME struct {
	Domains   []string `placeholder:"NAME" help:"Host names to get certificates for."`
	Agree     bool     `help:"I agree to the certificate authority's terms."`
	Email     string   `placeholder:"ADDRESS" help:"Where the authority writes about expiring certificates; may be empty."`
	Directory string   `default:"https://acme-v02.api.letsencrypt.org/directory" placeholder:"URL" help:"The authority's directory."`
	Root      string   `placeholder:"FILE" help:"PEM file of the authority's own root, for a private authority."`
	Listen    string   `placeholder:"HOST:PORT" help:"Address that answers the authority over plain HTTP and sends everyone else to https, e.g. 0.0.0.0:80; empty for none."`
}

// Database is where rows are kept.
type Database struct {
	Driver string `default:"sqlite" enum:"sqlite,postgres" help:"Engine: ${enum}."`
	URL    Secret `placeholder:"URL" help:"PostgreSQL's address, or @FILE that holds it. SQLite lives in the data folder."`
}

// Keys is where wrapped keys and the root key are kept: never in the database,
// so that a backup of it opens nothing.
type Keys struct {
	Driver     string   `default:"sqlite" enum:"sqlite,postgres" help:"Engine of the key store: ${enum}."`
	URL        Secret   `placeholder:"URL" help:"PostgreSQL's address of the key store (another database), or @FILE that holds it."`
	Root       string   `placeholder:"FILE" help:"File of the root key; empty for keys/root.key in the data folder."`
	Old        []string `placeholder:"FILE" help:"Root key files of before, while their keys are wrapped anew; the log says when they are not needed any more."`
	Passphrase Secret   `placeholder:"@FILE" help:"Passphrase that the root key is made from, instead of a file, or @FILE that holds it."`
}

// Files is where sealed files are kept.
type Files struct {
	Store     string `default:"folder" enum:"folder,s3,azure" help:"Where sealed files are: ${enum}."`
	Folder    string `placeholder:"DIR" help:"Folder for sealed files; empty for files in the data folder."`
	Room      Size   `default:"8GiB" help:"Most that recordings may take on this node's disk while they wait for the file storage; what comes then is a gap. 0 for no bound."`
	Authority string `placeholder:"FILE" help:"PEM file of certificate authorities that the file storage is trusted by, besides the machine's own."`
	Scanner   string `placeholder:"ADDRESS" help:"A clamd on this machine that looks into files that people send: unix:///PATH or tcp://127.0.0.1:3310; empty for none."`
	Unscanned string `default:"refuse" enum:"refuse,allow" help:"What becomes of files while the scanner does not answer: ${enum}."`
	S3        S3     `embed:"" prefix:"s3-"`
	Azure     Azure  `embed:"" prefix:"azure-"`
}

// S3 is a bucket at Amazon or at any service that speaks its protocol.
type S3 struct {
	Endpoint string `placeholder:"URL" help:"Address of the service, e.g. https://s3.eu-west-1.amazonaws.com."`
	Region   string `default:"us-east-1" placeholder:"NAME" help:"Region of the bucket."`
	Bucket   string `placeholder:"NAME" help:"Bucket, which exists and holds nothing else."`
	Key      string `placeholder:"ID" help:"Id of the access key."`
	Secret   Secret `placeholder:"@FILE" help:"The access key's secret, or @FILE that holds it."`
}

// Azure is a container of Azure Blob Storage.
type Azure struct {
	Endpoint  string `placeholder:"URL" help:"Address of the service; empty for https://ACCOUNT.blob.core.windows.net."`
	Account   string `placeholder:"NAME" help:"Storage account."`
	Container string `placeholder:"NAME" help:"Container, which exists and holds nothing else."`
	Key       Secret `placeholder:"@FILE" help:"The account's key, or @FILE that holds it."`
	SAS       Secret `name:"sas" placeholder:"@FILE" help:"Instead of the key: a shared access signature of the container (read, create, write, delete, list), or @FILE that holds it."`
}

// Address is where the service is.
func (a Azure) Address() string {
	if a.Endpoint != "" {
		return a.Endpoint
	}
	return "https://" + a.Account + ".blob.core.windows.net"
}

// Bus is how nodes talk.
type Bus struct {
	URL         Secret `placeholder:"URL" help:"NATS cluster, e.g. tls://nats1.example:4222, or @FILE that holds it; empty for one inside the process."`
	Credentials string `placeholder:"FILE" help:"NATS credentials file."`
	Authority   string `placeholder:"FILE" help:"PEM file of the cluster's certificate authority, for a private one."`
	Certificate string `placeholder:"FILE" help:"PEM file of the certificate by which this node shows the cluster who it is; read again at each connection."`
	Key         string `placeholder:"FILE" help:"PEM file of that certificate's private key."`
	Prefix      string `default:"nubitalk" help:"First part of every subject, so that installations can share a cluster."`
}

// Metrics says where Prometheus reads.
type Metrics struct {
	Listen string `default:"127.0.0.1:9464" placeholder:"HOST:PORT" help:"Loopback address that serves /metrics; empty for none."`
	Token  Secret `placeholder:"@FILE" help:"If set, /metrics is also served on the main address to who sends it as a bearer token; or @FILE that holds it."`
}

// Proxy says whom to believe about a client's address.
type Proxy struct {
	Trust []string `placeholder:"CIDR" help:"Networks of the proxies in front, whose X-Forwarded-For is believed, e.g. 10.0.0.0/8."`
}

// Sound says how the sound of calls comes and goes. It is always encrypted.
type Sound struct {
	Address string   `placeholder:"IP" help:"Address that the sound of calls comes to; empty for the one that listen names."`
	Public  []string `placeholder:"IP" help:"Addresses at which browsers reach it, if they differ: of a router in front that passes the ports on."`
	Port    int      `default:"0" help:"One UDP port for the sound of all browsers; 0 takes a port of sound.ports for each."`
	Ports   string   `placeholder:"FROM-TO" help:"UDP ports of calls, e.g. 20000-29999; empty takes any that is free."`
	Video   int      `default:"800" help:"Most that the picture of one camera may take, in kbit/s; 0 for no bound."`
	ICE     ICE      `embed:"" prefix:"ice-"`
}

// ICE says how browsers reach the sound of calls where UDP to this node is closed
// to them.
type ICE struct {
	Servers  []string `placeholder:"URL" help:"STUN and TURN servers of browsers, e.g. turn:turn.example.com:3478 or turns:turn.example.com:5349."`
	Secret   Secret   `placeholder:"TEXT" help:"Secret shared with the TURN servers (coturn: static-auth-secret); passwords that hold for a while are made of it."`
	Relay    string   `default:"offered" enum:"offered,only" help:"Whether browsers may use the TURN servers, or nothing else: ${enum}."`
	Lifetime Duration `default:"8h" help:"For how long a browser's password of the TURN servers holds; longer than a call lasts."`
}

// Plan is what browsers are told.
func (i ICE) Plan() relay.Plan {
	return relay.Plan{Servers: i.Servers, Secret: i.Secret.Text, Only: i.Relay == "only", Lifetime: time.Duration(i.Lifetime)}
}

// SIP says how telephone operators and telephones reach this node.
type SIP struct {
	Listen []string `placeholder:"TRANSPORT://HOST:PORT" help:"Where calls by telephone arrive and leave, e.g. tls://0.0.0.0:5061 or udp://0.0.0.0:5060; empty for no telephony."`
	Public string   `placeholder:"HOST" help:"Name or address at which operators reach it, if it differs from the one listened on."`
	Realm  string   `default:"nubitalk" help:"What telephones are told when they are asked for a password."`
	// Authority is of gateways whose certificates no public authority signs.
	Authority string `placeholder:"FILE" help:"PEM file of certificate authorities that gateways are trusted by, besides the machine's own."`
	Lines     string `placeholder:"FILE" help:"File of telephone lines that organisations share; deploy/lines.example.yaml explains it. Read again when it changes."`
	Calls     int    `default:"4000" help:"Calls by telephone at a time; more are told to come back."`
}

// Email says how the mail providers of organisations are reached. It is always
// encrypted.
type Email struct {
	Inside    []string `placeholder:"CIDR" help:"Networks inside the house where mail servers may be reached besides the public network, e.g. 10.1.2.0/24."`
	Authority string   `placeholder:"FILE" help:"PEM file of certificate authorities that mail servers are trusted by, besides the machine's own."`
}

// OpenID says how the OpenID providers of organisations are reached. It is always
// encrypted.
type OpenID struct {
	Inside    []string `placeholder:"CIDR" help:"Networks inside the house where organisations' OpenID providers may be reached besides the public network, e.g. 10.1.2.0/24."`
	Authority string   `placeholder:"FILE" help:"PEM file of certificate authorities that OpenID providers are trusted by, besides the machine's own."`
}

// Outside bounds what is reached because an organisation set it up.
type Outside struct {
	Allowed []string `placeholder:"HOST" help:"The only hosts that are reached for organisations: mail servers, OpenID providers, connections of flows, images of emails, gateways of trunks. A name, *.example.com, or a network. Empty: any on the public network."`
}

// Hosts are those that are allowed; nil: all.
func (o Outside) Hosts() *outside.Allowed {
	a, err := outside.ReadAllowed(o.Allowed)
	if err != nil { // Check has refused it
		return &outside.Allowed{}
	}
	return a
}

// Limits bound what clients can take.
type Limits struct {
	Connections int     `default:"50000" help:"Open connections; more wait."`
	Calls       float64 `default:"1" placeholder:"FACTOR" help:"How many calls an address, a visitor and a tenant may make, as a multiple of the built-in limits; 0 for any number."`
	Headers     Size    `default:"32KiB" help:"Largest request head."`
	Memory      Size    `default:"0" help:"Soft limit of the program's memory; 0 for none."`
}

// Stop says how a stop goes.
type Stop struct {
	Drain Duration `default:"20s" help:"How long open requests may take to end when the program stops."`
}

// Folder is a path in the data folder.
func (c *Config) Folder(parts ...string) string {
	return filepath.Join(append([]string{c.Data}, parts...)...)
}

// RootFile is where the root key lies, if it is a file.
func (c *Config) RootFile() string {
	if c.Keys.Root != "" {
		return c.Keys.Root
	}
	return c.Folder("keys", "root.key")
}

// FilesFolder is where sealed files lie.
func (c *Config) FilesFolder() string {
	if c.Files.Folder != "" {
		return c.Files.Folder
	}
	return c.Folder("files")
}

// Drain is Stop.Drain as the standard library has it.
func (c *Config) Drain() time.Duration { return time.Duration(c.Stop.Drain) }
