package config

import (
	"encoding/base64"
	"maps"
	"net"
	"net/url"
	"slices"

	"nubitalk/internal/blob/scan"
)

// leastRoom is what a few calls need between two uploads.
const leastRoom = 64 << 20

// checkFiles checks where files are kept. What belongs to a place that is not
// chosen is a mistake: somebody believes that files are there.
func (c *Config) checkFiles(k *checker) {
	f := &c.Files
	if f.Room != 0 && f.Room < leastRoom {
		k.wrong("files.room", "must be 0 or at least 64MiB.")
	}
	if _, err := Authorities(f.Authority); err != nil {
		k.wrong("files.authority", "%s must be a file of certificates in PEM that can be read.", f.Authority)
	}
	if f.Scanner != "" {
		_, err := scan.New(f.Scanner)
		if u, _ := url.Parse(f.Scanner); err != nil || u.Scheme == "tcp" && !Loopback(u.Host) {
			k.wrong("files.scanner", "must be unix:///PATH or tcp://127.0.0.1:PORT: files are sent to it as they are.")
		}
	}
	if f.Store != "folder" && f.Folder != "" {
		k.wrong("files.folder", "is given, but files.store is %s.", f.Store)
	}
	if f.Store == "s3" {
		f.checkS3(k)
	} else {
		unused(k, f.Store, map[string]bool{"files.s3.endpoint": f.S3.Endpoint != "", "files.s3.bucket": f.S3.Bucket != "", "files.s3.key": f.S3.Key != "", "files.s3.secret": !f.S3.Secret.Empty()})
	}
	if f.Store == "azure" {
		f.checkAzure(k)
	} else {
		unused(k, f.Store, map[string]bool{"files.azure.endpoint": f.Azure.Endpoint != "", "files.azure.account": f.Azure.Account != "", "files.azure.container": f.Azure.Container != "",
			"files.azure.key": !f.Azure.Key.Empty(), "files.azure.sas": !f.Azure.SAS.Empty()})
	}
}

func unused(k *checker, store string, given map[string]bool) {
	for _, key := range slices.Sorted(maps.Keys(given)) {
		if given[key] {
			k.wrong(key, "is given, but files.store is %s.", store)
		}
	}
}

func (f *Files) checkS3(k *checker) {
	f.address(k, "files.s3.endpoint", f.S3.Endpoint, "https://s3.eu-west-1.amazonaws.com", false)
	needed := map[string]bool{"files.s3.bucket": f.S3.Bucket != "", "files.s3.key": f.S3.Key != "", "files.s3.secret": !f.S3.Secret.Empty(), "files.s3.region": f.S3.Region != ""}
	for _, key := range slices.Sorted(maps.Keys(needed)) {
		if !needed[key] {
			k.wrong(key, "must be given for S3.")
		}
	}
}

func (f *Files) checkAzure(k *checker) {
	a := &f.Azure
	if a.Account == "" && a.Endpoint == "" {
		k.wrong("files.azure.account", "must be given for Azure.")
	} else {
		f.address(k, "files.azure.endpoint", a.Address(), "https://account.blob.core.windows.net", true)
	}
	if a.Container == "" {
		k.wrong("files.azure.container", "must be given for Azure.")
	}
	_, err := base64.StdEncoding.DecodeString(a.Key.Reveal())
	switch {
	case a.Key.Empty() && a.SAS.Empty():
		k.wrong("files.azure.key", "must be given for Azure, or files.azure.sas.")
	case !a.Key.Empty() && !a.SAS.Empty():
		k.wrong("files.azure.sas", "and files.azure.key are both given; use one.")
	case !a.Key.Empty() && a.Account == "":
		k.wrong("files.azure.account", "must be given for a key.")
	case err != nil:
		k.wrong("files.azure.key", "must be in base64, as Azure shows it.")
	}
}

// address refuses what is no address of a service, and what would be reached
// without TLS.
func (f *Files) address(k *checker, key, address, example string, path bool) {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || !path && u.Path != "" && u.Path != "/":
		k.wrong(key, "must be an address such as %s.", example)
	case u.Scheme != "https" && (u.Scheme != "http" || !Loopback(net.JoinHostPort(u.Hostname(), "0"))):
		k.wrong(key, "must begin with https://; plain http is for loopback only.")
	}
}
