package blob

import (
	"bytes"
	"context"
	"crypto/x509"
	"fmt"
	"io/fs"
	"iter"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
)

// S3 says where a bucket is: Amazon's, or that of any service that speaks its
// protocol.
type S3 struct {
	Endpoint    string // https://s3.eu-west-1.amazonaws.com
	Region      string
	Bucket      string
	Key         string // the access key's id
	Secret      secret.Text
	Authorities *x509.CertPool // of a private service; nil: the machine's
}

// OpenS3 keeps files in a bucket. It does not ask whether the bucket answers:
// Check does.
func OpenS3(c S3) (*Store, error) {
	u, err := url.Parse(c.Endpoint)
	if err != nil {
		return nil, errs.Wrap(errs.Invalid, err, "The address of the file storage is none.")
	}
	p := &s3{bucket: c.Bucket, transport: transport(c.Authorities)}
	p.core, err = minio.NewCore(u.Host, &minio.Options{
		Creds:      credentials.NewStaticV4(c.Key, c.Secret.Reveal(), ""),
		Secure:     u.Scheme != "http",
		Region:     c.Region,
		Transport:  p.transport,
		MaxRetries: 1, // who asks knows whether it may wait
	})
	if err != nil {
		return nil, errs.Wrap(errs.Invalid, err, "The file storage cannot be used as it is set up.")
	}
	return &Store{p}, nil
}

type s3 struct {
	core      *minio.Core
	bucket    string
	transport *http.Transport

	mu       sync.Mutex
	versions bool      // the bucket keeps what is deleted
	asked    time.Time // when it was asked about that
}

func (p *s3) put(ctx context.Context, key string, b []byte, create bool) error {
	o := minio.PutObjectOptions{ContentType: "application/octet-stream", SendContentMd5: true, DisableMultipart: true}
	if create {
		o.SetMatchETagExcept("*")
	}
	_, err := p.core.Client.PutObject(ctx, p.bucket, key, bytes.NewReader(b), int64(len(b)), o)
	if create && minio.ToErrorResponse(err).StatusCode == http.StatusPreconditionFailed {
		return fs.ErrExist
	}
	return err
}

func (p *s3) get(ctx context.Context, key string) ([]byte, error) {
	r, info, _, err := p.core.GetObject(ctx, p.bucket, key, minio.GetObjectOptions{})
	if minio.ToErrorResponse(err).Code == minio.NoSuchKey { // and not NoSuchBucket, a 404 as well
		return nil, fs.ErrNotExist
	}
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return whole(r, info.Size)
}

func (p *s3) remove(ctx context.Context, key string) error {
	kept, err := p.keepsVersions(ctx)
	if err != nil {
		return err
	}
	if !kept {
		return p.core.RemoveObject(ctx, p.bucket, key, minio.RemoveObjectOptions{})
	}
	for o := range p.core.ListObjectsIter(ctx, p.bucket, minio.ListObjectsOptions{Prefix: key, Recursive: true, WithVersions: true}) {
		if o.Err != nil {
			return o.Err
		}
		if o.Key != key {
			continue
		}
		if err := p.core.RemoveObject(ctx, p.bucket, key, minio.RemoveObjectOptions{VersionID: o.VersionID}); err != nil {
			return err
		}
	}
	return nil
}

// askAgain is after how long a bucket's set-up may have changed.
const askAgain = 10 * time.Minute

// keepsVersions says whether the bucket keeps what is deleted as an earlier
// version. Services that know no versions, and keys that may not ask, are taken
// for buckets that do not.
func (p *s3) keepsVersions(ctx context.Context) (bool, error) {
	p.mu.Lock()
	kept, known := p.versions, !p.asked.IsZero() && time.Since(p.asked) < askAgain
	p.mu.Unlock()
	if known {
		return kept, nil
	}
	v, err := p.core.GetBucketVersioning(ctx, p.bucket)
	if err != nil {
		switch minio.ToErrorResponse(err).StatusCode {
		case http.StatusForbidden, http.StatusMethodNotAllowed, http.StatusNotImplemented, http.StatusBadRequest:
		default:
			return false, err
		}
	}
	kept = v.Status == "Enabled" || v.Status == "Suspended"
	p.mu.Lock()
	p.versions, p.asked = kept, time.Now()
	p.mu.Unlock()
	return kept, nil
}

func (p *s3) list(ctx context.Context, prefix string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		for o := range p.core.ListObjectsIter(ctx, p.bucket, minio.ListObjectsOptions{Prefix: prefix, Recursive: true}) {
			if !yield(Object{Key: o.Key, Size: o.Size, At: o.LastModified.UTC()}, o.Err) || o.Err != nil {
				return
			}
		}
	}
}

func (p *s3) concerns(ctx context.Context) []string {
	v, err := p.core.GetBucketVersioning(ctx, p.bucket)
	switch {
	case err != nil:
		return []string{fmt.Sprintf("It could not be asked whether bucket %s keeps earlier versions of what is deleted (permission s3:GetBucketVersioning). If it does, let it keep none.", p.bucket)}
	case v.Status == "Enabled" || v.Status == "Suspended":
		return []string{fmt.Sprintf("Bucket %s keeps earlier versions. Nubitalk deletes them with their file (permissions s3:ListBucketVersions, s3:DeleteObjectVersion); a bucket without versions needs neither.", p.bucket)}
	}
	return nil
}

func (p *s3) close() error {
	p.transport.CloseIdleConnections()
	return nil
}
