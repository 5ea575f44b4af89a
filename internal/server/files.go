package server

import (
	"context"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/blob"
	"nubitalk/internal/server/config"
)

// OpenFiles opens the place where sealed files are. It does not ask whether a
// cloud answers.
func OpenFiles(c *config.Config) (*blob.Store, error) {
	if c.Files.Store == "folder" || c.Files.Store == "" {
		return blob.OpenDir(c.FilesFolder())
	}
	authorities, err := config.Authorities(c.Files.Authority)
	if err != nil {
		return nil, errs.Wrap(errs.Invalid, err, "The file in files.authority cannot be read.")
	}
	if c.Files.Store == "s3" {
		s := c.Files.S3
		return blob.OpenS3(blob.S3{Endpoint: s.Endpoint, Region: s.Region, Bucket: s.Bucket, Key: s.Key, Secret: s.Secret.Text, Authorities: authorities})
	}
	a := c.Files.Azure
	return blob.OpenAzure(blob.Azure{Endpoint: a.Address(), Account: a.Account, Container: a.Container, Key: a.Key.Text, SAS: a.SAS.Text, Authorities: authorities})
}

// lookWithin is how long a start waits for a cloud.
const lookWithin = 5 * time.Second

// lookAtFiles says in the log whether the file storage works. A node starts
// without it: calls go on, and recordings wait here.
func (s *Server) lookAtFiles(ctx context.Context) {
	if s.conf.Files.Store == "folder" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	_, concerns, err := s.keepers.blobs.Check(ctx, s.ids)
	if err != nil {
		s.log.Error("the file storage does not work; recordings wait on this node's disk until it does (`nubitalk files check` says more)", "error", err)
	}
	for _, c := range concerns {
		s.log.Warn("about the file storage", "concern", c)
	}
}
