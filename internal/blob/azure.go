package blob

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"net/http"
	"net/url"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	blobs "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
)

// Azure says where a container of Azure Blob Storage is. Either Key or SAS is
// given.
type Azure struct {
	Endpoint    string // https://ACCOUNT.blob.core.windows.net
	Account     string
	Container   string
	Key         secret.Text    // the account's
	SAS         secret.Text    // a shared access signature of the container
	Authorities *x509.CertPool // of a private service; nil: the machine's
}

// OpenAzure keeps files in a container. It does not ask whether the container
// answers: Check does.
func OpenAzure(c Azure) (*Store, error) {
	p := &azure{name: c.Container, transport: transport(c.Authorities)}
	options := azcore.ClientOptions{
		Transport: &http.Client{Transport: p.transport},
		Retry:     policy.RetryOptions{MaxRetries: -1}, // who asks knows whether it may wait
		Telemetry: policy.TelemetryOptions{Disabled: true},
	}
	endpoint := strings.TrimRight(c.Endpoint, "/")
	var err error
	if !c.SAS.Empty() {
		p.container, err = container.NewClientWithNoCredential(endpoint+"/"+c.Container+"?"+strings.TrimPrefix(c.SAS.Reveal(), "?"), &container.ClientOptions{ClientOptions: options})
	} else {
		var key *service.SharedKeyCredential
		if key, err = service.NewSharedKeyCredential(c.Account, c.Key.Reveal()); err == nil {
			p.service, err = service.NewClientWithSharedKeyCredential(endpoint, key, &service.ClientOptions{ClientOptions: options})
		}
		if err == nil {
			p.container = p.service.NewContainerClient(c.Container)
		}
	}
	if err != nil {
		// Its cause may hold the key.
		return nil, errs.New(errs.Invalid, "The file storage cannot be used as it is set up: the account's key or signature is none.")
	}
	return &Store{p}, nil
}

type azure struct {
	service   *service.Client // nil with a signature, which opens the container only
	container *container.Client
	name      string
	transport *http.Transport
}

func (p *azure) put(ctx context.Context, key string, b []byte, create bool) error {
	_, err := p.upload(ctx, key, b, create)
	return err
}

func (p *azure) upload(ctx context.Context, key string, b []byte, create bool) (blockblob.UploadResponse, error) {
	sum := md5.Sum(b)
	o := &blockblob.UploadOptions{HTTPHeaders: &blobs.HTTPHeaders{BlobContentType: to.Ptr("application/octet-stream")},
		TransactionalValidation: blobs.TransferValidationTypeMD5(sum[:])}
	if create {
		o.AccessConditions = &blobs.AccessConditions{ModifiedAccessConditions: &blobs.ModifiedAccessConditions{IfNoneMatch: to.Ptr(azcore.ETagAny)}}
	}
	answer, err := p.container.NewBlockBlobClient(key).Upload(ctx, streaming.NopCloser(bytes.NewReader(b)), o)
	if create && bloberror.HasCode(err, bloberror.BlobAlreadyExists, bloberror.ConditionNotMet) {
		err = fs.ErrExist
	}
	return answer, tell(err)
}

func (p *azure) get(ctx context.Context, key string) ([]byte, error) {
	r, err := p.container.NewBlobClient(key).DownloadStream(ctx, nil)
	if bloberror.HasCode(err, bloberror.BlobNotFound) { // and not ContainerNotFound, a 404 as well
		return nil, fs.ErrNotExist
	}
	if err != nil {
		return nil, tell(err)
	}
	defer r.Body.Close()
	if r.ContentLength == nil {
		return nil, errTooLarge
	}
	return whole(r.Body, *r.ContentLength)
}

func (p *azure) remove(ctx context.Context, key string) error {
	_, err := p.container.NewBlobClient(key).Delete(ctx, &blobs.DeleteOptions{DeleteSnapshots: to.Ptr(blobs.DeleteSnapshotsOptionTypeInclude)})
	if bloberror.HasCode(err, bloberror.BlobNotFound) {
		return nil
	}
	return tell(err)
}

func (p *azure) list(ctx context.Context, prefix string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		pages := p.container.NewListBlobsFlatPager(&container.ListBlobsFlatOptions{Prefix: &prefix, MaxResults: to.Ptr(int32(1000))})
		for pages.More() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(Object{}, tell(err))
				return
			}
			for _, item := range page.Segment.BlobItems {
				o := Object{Key: *item.Name}
				if item.Properties != nil && item.Properties.ContentLength != nil && item.Properties.LastModified != nil {
					o.Size, o.At = *item.Properties.ContentLength, item.Properties.LastModified.UTC()
				}
				if !yield(o, nil) {
					return
				}
			}
		}
	}
}

func (p *azure) concerns(ctx context.Context) []string {
	if p.service == nil {
		return []string{fmt.Sprintf("A signature does not let one ask whether container %s keeps what is deleted (soft delete, versions). If it does, let it keep that for as short as you can.", p.name)}
	}
	answer, err := p.service.GetProperties(ctx, nil)
	if err != nil {
		return []string{fmt.Sprintf("It could not be asked whether container %s keeps what is deleted (soft delete): %v.", p.name, tell(err))}
	}
	if d := answer.DeleteRetentionPolicy; d != nil && d.Enabled != nil && *d.Enabled {
		days := int32(0)
		if d.Days != nil {
			days = *d.Days
		}
		return []string{fmt.Sprintf("Container %s keeps what is deleted for %d days (soft delete). What was erased stays unreadable, because its key is destroyed first; switch soft delete off so that it is gone.", p.name, days)}
	}
	return nil
}

func (p *azure) close() error {
	p.transport.CloseIdleConnections()
	return nil
}

// azureFault is a refusal of Azure, as one line.
type azureFault struct {
	status int
	code   string
}

func (f azureFault) Error() string {
	return fmt.Sprintf("Azure answered %d %s", f.status, f.code)
}

// tell leaves of a fault of Azure's what it is: its own text has the address that
// was asked, and that has the signature.
func tell(err error) error {
	var answer *azcore.ResponseError
	if errors.As(err, &answer) {
		return azureFault{answer.StatusCode, answer.ErrorCode}
	}
	var unanswered *url.Error
	if errors.As(err, &unanswered) {
		return unanswered.Err
	}
	return err
}
