package blob_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"
	"github.com/minio/minio-go/v7"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/blob"
	"nubitalk/internal/blob/blobtest"
)

var ids = id.NewSource(time.Now, nil)

func newKey(kind string) string {
	return blob.Key(kind, id.Tenant(ids.New(id.TenantKind)), ids.New(id.RecordFile))
}

// cloud is a real service on this machine, and how its store is opened.
type cloud struct {
	peer *blobtest.Peer
	// open opens the store; spoil changes its settings before.
	open func(t *testing.T, spoil func(*blob.S3, *blob.Azure)) *blob.Store
}

func clouds(t *testing.T) map[string]cloud {
	s3, s3conf := blobtest.S3(t, false)
	azure, azureConf := blobtest.Azure(t)
	return map[string]cloud{
		"S3": {s3, func(t *testing.T, spoil func(*blob.S3, *blob.Azure)) *blob.Store {
			c, other := s3conf, blob.Azure{}
			if spoil != nil {
				spoil(&c, &other)
			}
			return opened(t)(blob.OpenS3(c))
		}},
		"Azure": {azure, func(t *testing.T, spoil func(*blob.S3, *blob.Azure)) *blob.Store {
			c, other := azureConf, blob.S3{}
			if spoil != nil {
				spoil(&other, &c)
			}
			return opened(t)(blob.OpenAzure(c))
		}},
	}
}

func opened(t *testing.T) func(*blob.Store, error) *blob.Store {
	return func(s *blob.Store, err error) *blob.Store {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
}

// emptied is a store without what an earlier test left there.
func emptied(t *testing.T, s *blob.Store) *blob.Store {
	t.Helper()
	for o, err := range s.List(t.Context(), "") {
		if err == nil {
			err = s.Delete(t.Context(), o.Key)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func TestClouds(t *testing.T) {
	for name, c := range clouds(t) {
		t.Run(name, func(t *testing.T) {
			blobtest.Run(t, func(t *testing.T) blobtest.Keeper { return emptied(t, c.open(t, nil)) })
		})
	}
}

// Only a file that is not there is not_found: what is wrong with the place is no
// reason to take a recording for lost.
func TestWhatIsWrongWithAPlaceIsNoMissingFile(t *testing.T) {
	for name, c := range clouds(t) {
		t.Run(name, func(t *testing.T) {
			key := newKey(blob.Recordings)
			good := c.open(t, nil)
			if err := good.Put(t.Context(), key, secret.Sealed("sealed")); err != nil {
				t.Fatal(err)
			}
			for what, spoil := range map[string]func(*blob.S3, *blob.Azure){
				"another bucket":         func(s *blob.S3, a *blob.Azure) { s.Bucket, a.Container = "nothere", "nothere" },
				"another key":            func(s *blob.S3, a *blob.Azure) { s.Secret, a.Key = secret.New("wrong"), secret.New("d3Jvbmc=") },
				"an unknown certificate": func(s *blob.S3, a *blob.Azure) { s.Authorities, a.Authorities = nil, nil },
			} {
				s := c.open(t, spoil)
				_, get := s.Get(t.Context(), key)
				_, missing := s.Get(t.Context(), newKey(blob.Recordings))
				for does, err := range map[string]error{"Get": get, "Get of what is not there": missing, "Put": s.Put(t.Context(), key, secret.Sealed("x")),
					"Create": s.Create(t.Context(), newKey(blob.Recordings), secret.Sealed("x")), "Delete": s.Delete(t.Context(), key), "List": first(t, s)} {
					if !errs.Is(err, errs.Unavailable) {
						t.Errorf("%s, %s: %v, want unavailable", what, does, err)
					}
				}
				if _, _, err := s.Check(t.Context(), ids); err == nil || !strings.Contains(err.Error(), "write a file") {
					t.Errorf("%s, Check: %v", what, err)
				}
			}
			if got, err := good.Get(t.Context(), key); err != nil || string(got) != "sealed" {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

func first(t *testing.T, s *blob.Store) error {
	for _, err := range s.List(t.Context(), "") {
		return err
	}
	return nil
}

func TestAServiceThatStopsAndComesBack(t *testing.T) {
	for name, c := range clouds(t) {
		t.Run(name, func(t *testing.T) {
			s, key := c.open(t, nil), newKey(blob.Recordings)
			if err := s.Put(t.Context(), key, secret.Sealed("sealed")); err != nil {
				t.Fatal(err)
			}
			c.peer.Stop()
			if _, err := s.Get(t.Context(), key); !errs.Is(err, errs.Unavailable) {
				t.Errorf("Get: %v", err)
			}
			if err := s.Delete(t.Context(), key); !errs.Is(err, errs.Unavailable) {
				t.Errorf("Delete: %v", err)
			}
			c.peer.Start()
			if got, err := s.Get(t.Context(), key); err != nil || string(got) != "sealed" {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	for name, c := range clouds(t) {
		t.Run(name, func(t *testing.T) {
			s := c.open(t, nil)
			steps, concerns, err := s.Check(t.Context(), ids)
			if err != nil || len(steps) != 6 || len(concerns) != 0 {
				t.Errorf("%v, %v, %v", steps, concerns, err)
			}
			for o := range s.List(t.Context(), "") {
				t.Errorf("it leaves %s", o.Key)
			}
		})
	}
}

// A bucket that keeps versions keeps none of what was deleted.
func TestDeletedIsDeletedInABucketWithVersions(t *testing.T) {
	peer, conf := blobtest.S3(t, true)
	s := opened(t)(blob.OpenS3(conf))
	key, other := newKey(blob.Recordings), newKey(blob.Recordings)
	for _, content := range []string{"first", "second"} {
		for _, k := range []string{key, other} {
			if err := s.Put(t.Context(), k, secret.Sealed(content)); err != nil {
				t.Fatal(err)
			}
		}
	}
	versions := func(key string) (n int) {
		for o := range peer.Bucket(conf).ListObjects(t.Context(), conf.Bucket, minio.ListObjectsOptions{Prefix: key, Recursive: true, WithVersions: true}) {
			if o.Err != nil {
				t.Fatal(o.Err)
			}
			n++
		}
		return n
	}
	if n := versions(key); n != 2 {
		t.Fatalf("%d versions are kept, so this proves nothing", n)
	}
	if err := s.Delete(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	if n := versions(key); n != 0 {
		t.Errorf("%d versions are left", n)
	}
	if n := versions(other); n != 2 {
		t.Errorf("of another file %d versions are left", n)
	}
	if err := s.Delete(t.Context(), key); err != nil {
		t.Errorf("what is not there: %v", err)
	}
	if _, concerns, err := s.Check(t.Context(), ids); err != nil || len(concerns) != 1 || !strings.Contains(concerns[0], "versions") {
		t.Errorf("%q, %v", concerns, err)
	}
}

// A signature opens a container, and is in no message of a fault.
func TestASignatureOfAzure(t *testing.T) {
	peer, conf := blobtest.Azure(t)
	key, err := service.NewSharedKeyCredential(conf.Account, conf.Key.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	values, err := sas.BlobSignatureValues{Protocol: sas.ProtocolHTTPS, ExpiryTime: time.Now().Add(time.Hour).UTC(), ContainerName: conf.Container,
		Permissions: (&sas.ContainerPermissions{Read: true, Create: true, Write: true, Delete: true, List: true}).String()}.SignWithSharedKey(key)
	if err != nil {
		t.Fatal(err)
	}
	signature := values.Encode()
	conf.Key, conf.SAS = secret.Text{}, secret.New("?"+signature)
	s := opened(t)(blob.OpenAzure(conf))
	if steps, concerns, err := s.Check(t.Context(), ids); err != nil || len(steps) != 6 || len(concerns) != 1 {
		t.Errorf("%v, %v, %v", steps, concerns, err)
	}
	signed := values.Signature()
	for what, spoil := range map[string]func(){
		"a signature that was altered": func() { conf.SAS = secret.New(strings.Replace(signature, "sp=", "sp=x", 1)) },
		"nobody answers":               func() { peer.Stop() },
	} {
		spoil()
		_, _, err := opened(t)(blob.OpenAzure(conf)).Check(t.Context(), ids)
		if text := fmt.Sprintf("%v %+v", err, err); err == nil || strings.Contains(text, signed) || strings.Contains(text, "sig=") {
			t.Errorf("%s: %s", what, text)
		}
	}
}

// What was copied is there, what was broken off goes on, and nothing is removed
// that is not there in the same form.
func TestCopy(t *testing.T) {
	for name, c := range clouds(t) {
		t.Run(name, func(t *testing.T) {
			from, err := blob.OpenDir(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			to := c.open(t, nil)
			keys := map[string]string{}
			for n := range 40 {
				k := newKey(blob.Recordings)
				keys[k] = strings.Repeat("x", n+1)
				if err := from.Put(t.Context(), k, secret.Sealed(keys[k])); err != nil {
					t.Fatal(err)
				}
			}
			var different string
			for different = range keys {
				break
			}
			if err := to.Put(t.Context(), different, secret.Sealed("another")); err != nil {
				t.Fatal(err)
			}
			gone, cancel := context.WithCancel(t.Context())
			cancel()
			if _, err := blob.Copy(gone, from, to, false); err == nil {
				t.Error("broken off, it says nothing")
			}
			done, err := blob.Copy(t.Context(), from, to, false)
			if err != nil || done.Files+done.There != 40 || done.There < 1 || done.Removed != 0 {
				t.Fatalf("%+v, %v", done, err)
			}
			done, err = blob.Copy(t.Context(), from, to, true)
			if err != nil || done.Files != 0 || done.There != 40 || done.Removed != 39 || done.Different != 1 {
				t.Fatalf("%+v, %v", done, err)
			}
			for o := range from.List(t.Context(), "") {
				if o.Key != different {
					t.Errorf("%s is left", o.Key)
				}
			}
			for k, want := range keys {
				if k == different {
					want = "another"
				}
				if got, err := to.Get(t.Context(), k); err != nil || string(got) != want {
					t.Errorf("%q, %v", got, err)
				}
			}
			c.peer.Stop()
			if _, err := blob.Copy(t.Context(), from, to, true); !errs.Is(err, errs.Unavailable) {
				t.Errorf("%v", err)
			}
			if _, err := from.Get(t.Context(), different); err != nil {
				t.Errorf("%v", err)
			}
			c.peer.Start()
		})
	}
}
