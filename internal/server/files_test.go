package server

import (
	"os"
	"testing"
	"time"

	"nubitalk/internal/base/secret"
	"nubitalk/internal/blob/blobtest"
	"nubitalk/internal/server/config"
)

// A call is recorded into a bucket. While nobody answers there the next call is
// recorded all the same, and the node starts; what waits goes there afterwards.
func TestCallsAreRecordedWhileTheFileStorageIsAway(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		peer, bucket := blobtest.S3(t, false)
		conf.Files.Store, conf.Files.Authority = "s3", peer.Authority
		conf.Files.S3 = config.S3{Endpoint: bucket.Endpoint, Region: bucket.Region, Bucket: bucket.Bucket, Key: bucket.Key, Secret: config.Secret{Text: secret.New(bucket.Secret.Reveal())}}
		n := start(t, conf, nil)
		acme, _ := house(t, n)
		ctx := t.Context()
		ana := acme.signIn(t, "ana")
		entry := acme.telephone(t, ana)
		acme.agent(t, "bo")
		bo, _ := acme.ready(t, "bo")
		acme.rule(t, ana, m{"consent": "none", "queues": []string{acme.queue}})
		records := func() tracks {
			v, _, agent := acme.talks(t, entry, bo)
			acme.recording(t, bo, v.Interaction, "recording")
			passes(t, agent, 1500*time.Millisecond)
			must(t, v.Do(ctx, "POST", "/end", m{}, nil))
			wrapsUp(t, bo, v.Interaction)
			must(t, bo.Do(ctx, "POST", "interactions/"+v.Interaction+"/complete", m{}, nil))
			return acme.heard(t, v.Interaction)
		}
		waiting := func() int { return n.parts.recording.Stats().Waiting }
		first := records()
		within(t, "the recording does not get to the bucket", func() bool { return waiting() == 0 })
		if _, err := os.Stat(conf.Folder("files")); !os.IsNotExist(err) {
			t.Errorf("there is a folder of files all the same: %v", err)
		}

		peer.Stop()
		second := records()
		if waiting() == 0 {
			t.Error("nothing waits, so this proves nothing")
		}
		n.stop(t)
		n = start(t, conf, nil)
		acme.node = n
		if waiting() == 0 {
			t.Error("what waited is forgotten")
		}
		acme.heard(t, second.row.InteractionID)
		peer.Start()
		within(t, "what waited does not get to the bucket", func() bool { return waiting() == 0 })
		for _, r := range []tracks{first, second} {
			acme.heard(t, r.row.InteractionID)
		}
	})
}

// heard is an interaction's only recording, when it has ended, with the person's
// tone.
func (c *company) heard(t *testing.T, interaction string) (one tracks) {
	t.Helper()
	within(t, "the recording does not end", func() bool {
		all := c.recordings(t, interaction)
		if len(all) == 1 {
			one = all[0]
		}
		return len(all) == 1 && !one.row.EndedAt.IsZero()
	})
	if d := has(one.pcm["person"], 500); d < 500*time.Millisecond {
		t.Errorf("%v of the person's tone", d)
	}
	return one
}
