// Package scan has files looked into for what is harmful by a scanner beside this
// program: a clamd, by its own protocol (clamd(8), INSTREAM).
//
//	c, err := scan.New("unix:///run/clamav/clamd.ctl") // or tcp://127.0.0.1:3310
//	found, err := c.Scan(ctx, file)                    // "Eicar-Signature", or "" for nothing
//
// A scanner that is not there, is too slow or does not look into the whole file is
// an error, never a file without harm: what is done then is the caller's to say. Each file
// has a connection of its own. It leaves to others: which files are looked into and when
// (api), and the scanner's own keeping of what it is given (docs/operate.md).
package scan
