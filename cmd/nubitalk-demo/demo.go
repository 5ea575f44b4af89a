package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"

	"nubitalk/internal/server"
	"nubitalk/internal/server/command"
	"nubitalk/internal/server/config"
	"nubitalk/internal/server/demo"
)

// demoCommand runs a demonstration.
type demoCommand struct {
	Listen   string        `default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Loopback address to serve; port 0 takes a free one."`
	Data     string        `default:"./demo-data" placeholder:"DIR" help:"Folder of the demonstration; the next one goes on where this one was."`
	JSON     bool          `name:"json" help:"Print one JSON object with base_url, logins and entry_points once it serves."`
	URL      config.Secret `name:"database-url" placeholder:"URL" help:"Keep the rows in PostgreSQL; default is a file inside the folder."`
	Bare     bool          `name:"user-names-alone" help:"Make users who have a user name and nothing else: no display name, mail or telephone."`
	Slow     bool          `name:"unhurried" help:"Let offers last 50 seconds, wrap-ups 5 minutes, and a lost browser's work stay for a minute, for a slow machine."`
	Metrics  string        `default:"127.0.0.1:0" placeholder:"HOST:PORT" help:"Loopback address that serves /metrics; empty for none."`
	SIP      []string      `name:"sip" placeholder:"TRANSPORT://HOST:PORT" help:"Loopback address for telephones and trunks, e.g. udp://127.0.0.1:5060 or tls://127.0.0.1:5061."`
	Inside   []string      `name:"email-inside" placeholder:"CIDR" help:"Networks inside the house where mail servers may be reached besides the public network."`
	MailCA   string        `name:"email-authority" placeholder:"FILE" help:"PEM file of certificate authorities that mail servers are trusted by, besides the machine's own."`
	OpenID   []string      `name:"openid-inside" placeholder:"CIDR" help:"Networks inside the house where OpenID providers may be reached besides the public network."`
	OpenIDCA string        `name:"openid-authority" placeholder:"FILE" help:"PEM file of certificate authorities that OpenID providers are trusted by, besides the machine's own."`
	Lines    string        `name:"sip-lines" placeholder:"FILE" help:"File of telephone lines that organisations share; deploy/lines.example.yaml explains it."`
	TURN     []string      `name:"turn" placeholder:"URL" help:"TURN server that carries all sound of browsers, e.g. turn:127.0.0.1:3478."`
	Secret   config.Secret `name:"turn-secret" placeholder:"TEXT" help:"Secret shared with the TURN server."`
	Encrypt  string        `name:"encryption" default:"chosen" enum:"chosen,required,strong" help:"How all connections are encrypted: ${enum}."`
	Log      string        `name:"log-level" default:"warn" enum:"debug,info,warn,error" help:"Least level that is logged: ${enum}."`
	Format   string        `name:"log-format" default:"text" enum:"json,text" help:"Form of the log: ${enum}."`
}

// config is that of a demonstration: plain HTTP, because it is for this machine
// only and a browser's warning would come before the first page.
func (d *demoCommand) config() (*config.Config, error) {
	c, err := config.Default()
	if err != nil {
		return nil, err
	}
	c.Listen, c.Data, c.Metrics.Listen = d.Listen, d.Data, d.Metrics
	c.Log.Level, c.Log.Format = d.Log, d.Format
	c.Encryption.Connections = d.Encrypt
	c.TLS.Mode, c.SIP.Listen, c.SIP.Lines = "off", d.SIP, d.Lines
	c.Email.Inside, c.Email.Authority = d.Inside, d.MailCA
	c.OpenID.Inside, c.OpenID.Authority = d.OpenID, d.OpenIDCA
	if len(d.TURN) > 0 || !d.Secret.Empty() {
		c.Sound.ICE.Servers, c.Sound.ICE.Secret, c.Sound.ICE.Relay = d.TURN, d.Secret, "only"
	}
	if !d.URL.Empty() {
		c.Database.Driver, c.Database.URL = "postgres", d.URL
	}
	return c, c.Check(nil)
}

// Run serves until Ctrl+C.
func (d *demoCommand) Run(c command.Console) error {
	conf, err := d.config()
	if err != nil {
		return err
	}
	if !d.JSON {
		fmt.Fprintln(c.Out, "Starting the demonstration…")
	}
	it, err := demo.Open(demo.Terms{UserNamesAlone: d.Bare, Unhurried: d.Slow})
	if err != nil {
		return err
	}
	defer it.Close()
	with := func(n *server.Server) { n.Add(it.Addition()) }
	return command.Node(conf, c, with, func(n *server.Server) error {
		told := it.Told(n.URL(), n.MetricsURL(), d.SIP)
		if d.JSON {
			return json.NewEncoder(c.Out).Encode(told)
		}
		return d.tell(c, told)
	})
}

// tell says where things are and what to try.
func (d *demoCommand) tell(c command.Console, m demo.Told) error {
	w := tabwriter.NewWriter(c.Out, 0, 4, 2, ' ', 0)
	p := func(format string, args ...any) { fmt.Fprintf(w, format, args...) }
	p("\nThe desk    %s/app/\n", m.BaseURL)
	for _, e := range m.EntryPoints {
		if e.Page != "" {
			p("%s\t%s\n", e.Name, e.Page)
		}
	}
	p("API\t%s/api/docs\n", m.BaseURL)
	p("\nSign in with the password “%s”:\n\n", demo.Password)
	p("  organisation\tuser name\troles\t\n")
	for _, l := range m.Logins {
		var roles []string
		for _, r := range l.Roles {
			roles = append(roles, string(r))
		}
		p("  %s\t%s\t%s\t%s\n", l.Organisation, l.UserName, strings.Join(roles, ", "), l.Try)
	}
	p("\nTry this: sign in as a7 of %s and set yourself to ready. Open the web shop in\nanother window and start a chat. Answer it. Then look in as supervisor.\nWith a microphone: open the shop telephone and call. Press a key, and answer.\nWrite an email on the page of the shop's mail, answer it on the desk, and see the answer there.\n", demo.DemoSlug)
	p("\nEverything is kept in %s; start again and it goes on. Ctrl+C stops.\n\n", d.Data)
	return w.Flush()
}
