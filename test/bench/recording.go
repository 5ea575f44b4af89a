package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"nubitalk/internal/app/recording"
	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/id"
	"nubitalk/internal/blob"
	"nubitalk/internal/media"
	"nubitalk/internal/media/tape"
	"nubitalk/internal/store"
	"nubitalk/internal/store/keystore"
	"nubitalk/internal/vault"
)

// recorded are recordings of calls that the measured process makes, each of two
// tracks, into keepers of its own: sealed, signed, on the disk each second and then
// in the folder of files, as the product does it.
type recorded struct {
	dir     string
	db      *store.DB
	keys    *keystore.Store
	service *recording.Service
	deaf    []func()
	all     []*recording.Running
}

// record begins a recording of each pair of legs.
func record(legs []media.Leg) (r *recorded, err error) {
	r = &recorded{}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.end())
		}
	}()
	if r.dir, err = os.MkdirTemp("", "nubitalk-bench-recordings-"); err != nil {
		return r, err
	}
	ctx, real := context.Background(), clock.Real{}
	root, err := vault.FileRoot(filepath.Join(r.dir, "root.key"))
	if err != nil {
		return r, err
	}
	if r.db, err = store.Open(ctx, store.Config{Driver: store.SQLite, DSN: filepath.Join(r.dir, "nubitalk.db")}); err != nil {
		return r, err
	}
	if err = r.db.Migrate(ctx); err != nil {
		return r, err
	}
	if r.keys, err = keystore.Open(ctx, keystore.Config{Driver: store.SQLite, DSN: filepath.Join(r.dir, "keys.db"), Clock: real}); err != nil {
		return r, err
	}
	v, err := vault.Open(vault.Config{Root: root, Store: r.keys, Clock: real})
	if err != nil {
		return r, err
	}
	blobs, err := blob.OpenDir(filepath.Join(r.dir, "files"))
	if err != nil {
		return r, err
	}
	ids := id.NewSource(real.Now, nil)
	r.service = &recording.Service{DB: r.db, Vault: v, Blobs: blobs, IDs: ids, Clock: real, Log: slog.New(slog.DiscardHandler), Dir: filepath.Join(r.dir, "spool")}
	if err := r.service.Start(ctx); err != nil {
		return r, err
	}
	tenant := id.Tenant(ids.New(id.TenantKind))
	err = r.db.System(ctx, func(tx *store.Tx) error {
		return tx.InsertOrganisation(store.OrganisationRow{ID: tenant, Kind: "tenant", Slug: "bench", Name: "Bench", Status: "active", Language: "en", TimeZone: "Europe/Lisbon",
			CreatedAt: real.Now(), UpdatedAt: real.Now()})
	})
	if err == nil {
		err = v.CreateTenant(ctx, tenant)
	}
	for i := 0; err == nil && i+1 < len(legs); i += 2 {
		err = r.begin(ctx, tenant, v, legs[i], legs[i+1])
	}
	return r, err
}

func (r *recorded) begin(ctx context.Context, tenant id.Tenant, v *vault.Vault, person, agent media.Leg) error {
	contact, interaction, now := r.service.IDs.New(id.Contact), r.service.IDs.New(id.Interaction), time.Now()
	if err := v.CreateContact(ctx, tenant, contact); err != nil {
		return err
	}
	err := r.db.Write(ctx, tenant, func(tx *store.Tx) error {
		if err := tx.InsertContact(store.ContactRow{ID: contact, CreatedAt: now, SeenAt: now}); err != nil {
			return err
		}
		return tx.InsertInteraction(store.InteractionRow{ID: interaction, Channel: "voice", ContactID: contact, State: "active", ArrivedAt: now})
	})
	if err != nil {
		return err
	}
	source := tape.OfParties(func() time.Duration { return time.Since(now) }, 2)
	made, err := r.service.Begin(ctx, recording.Start{Tenant: tenant, Interaction: interaction, Contact: contact, Kind: recording.Voice, Parties: []string{"person", "agent"}, Source: source})
	if err != nil {
		return err
	}
	r.all = append(r.all, made)
	for i, leg := range []media.Leg{person, agent} {
		r.deaf = append(r.deaf, source.Hear(i, leg))
		source.Open(i, true)
	}
	return nil
}

// end ends the recordings, and removes them.
func (r *recorded) end() (err error) {
	if r == nil {
		return nil
	}
	for _, deaf := range r.deaf {
		deaf()
	}
	if r.service != nil {
		err = r.service.Stop(context.Background())
	}
	if r.db != nil {
		err = errors.Join(err, r.db.Close())
	}
	if r.keys != nil {
		err = errors.Join(err, r.keys.Close())
	}
	if r.dir != "" {
		err = errors.Join(err, os.RemoveAll(r.dir))
	}
	return err
}

// recordingCPU is what it costs to record calls that are relayed with SRTP on both
// sides: the same calls of the same process are recorded and not, in turns.
func recordingCPU(r *run) error {
	const turns = 3
	var off, on, passed time.Duration
	var allocations [2]uint64
	var packets [2]uint64
	err := r.talking(false, &latencies{}, func(child *mediaProcess) error {
		for turn := range 2*turns + 1 {
			child.ask.Record = turn%2 == 1
			if _, _, err := child.usage(); err != nil { // begins or ends
				return err
			}
			if err := r.pause(2 * time.Second); err != nil {
				return err
			}
			cpu0, n0, err := child.usage()
			if err != nil {
				return err
			}
			began := time.Now()
			if err := r.pause(time.Duration(r.seconds) * time.Second); err != nil {
				return err
			}
			cpu1, n1, err := child.usage()
			if err != nil {
				return err
			}
			took := time.Since(began)
			share := time.Duration(float64(cpu1-cpu0) / took.Seconds()) // CPU a second
			i := turn % 2
			allocations[i] += n1.Allocations - n0.Allocations
			packets[i] += n1.Sent - n0.Sent
			if i == 1 {
				on += share / turns
				passed += took
			} else {
				off += share / (turns + 1)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if packets[0] == 0 || packets[1] == 0 {
		return errors.New("nothing was passed on")
	}
	of100 := func(d time.Duration) float64 { return d.Seconds() * 100 / float64(r.calls) }
	r.figure("recording_cpu", of100(on-off), "core", atMost, 0.10,
		fmt.Sprintf("CPU that recording adds for 100 calls; two tracks each, sealed, signed and synced each second; %d calls, %.0f s in %d turns", r.calls, passed.Seconds(), turns))
	r.figure("recorded_calls_cpu", of100(on), "core", atMost, 0.30, fmt.Sprintf("CPU for 100 such calls, SRTP on both sides; %.3f without recording", of100(off)))
	r.figure("recording_allocs", float64(allocations[1])/float64(packets[1])-float64(allocations[0])/float64(packets[0]), "", noGoal, 0,
		"allocations that recording adds, a packet: those of the pieces that are sealed each second; a test holds a packet's own at none")
	return nil
}
