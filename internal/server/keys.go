package server

import (
	"context"
	"errors"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/id"
	"nubitalk/internal/server/config"
	"nubitalk/internal/store/keystore"
	"nubitalk/internal/vault"
)

// Keys is the vault of an installation whose node on this machine is stopped:
// the data folder is locked meanwhile.
type Keys struct {
	*vault.Vault
	data  *dataDir
	store *keystore.Store
}

// OpenKeys opens the keys of a configuration, and nothing else.
func OpenKeys(ctx context.Context, c *config.Config) (k *Keys, err error) {
	k = &Keys{}
	defer func() {
		if err != nil {
			err = errors.Join(err, k.Close())
		}
	}()
	now := clock.Real{}
	if k.data, err = openDataDir(c.Data, id.NewSource(now.Now, nil)); err != nil {
		return k, err
	}
	root, err := rootKey(c)
	if err != nil {
		return k, err
	}
	old, err := oldRoots(c)
	if err != nil {
		return k, err
	}
	if k.store, err = keystore.Open(ctx, keysConfig(c, now)); err != nil {
		return k, err
	}
	k.Vault, err = vault.Open(vault.Config{Root: root, OldRoots: old, Store: k.store, Clock: now})
	return k, err
}

// Close lets the folder go.
func (k *Keys) Close() (err error) {
	if k.store != nil {
		err = k.store.Close()
	}
	if k.data != nil {
		k.data.close()
	}
	return err
}
