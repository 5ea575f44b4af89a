package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io/fs"
	"log/slog"
	"os"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/blob"
	"nubitalk/internal/bus"
	"nubitalk/internal/server/config"
	"nubitalk/internal/store"
	"nubitalk/internal/store/keystore"
	"nubitalk/internal/vault"
)

// keepers are the parts that keep data and carry messages. They are opened in
// this order and closed in the reverse one.
type keepers struct {
	db    *store.DB
	keys  *keystore.Store
	vault *vault.Vault
	blobs *blob.Store
	bus   *bus.Bus
}

// databaseConfig is where the rows are.
func databaseConfig(c *config.Config) store.Config {
	if c.Database.Driver == store.Postgres {
		return store.Config{Driver: store.Postgres, DSN: c.Database.URL.Reveal()}
	}
	return store.Config{Driver: store.SQLite, DSN: c.Folder("nubitalk.db")}
}

func keysConfig(c *config.Config, now clock.Clock) keystore.Config {
	if c.Keys.Driver == store.Postgres {
		return keystore.Config{Driver: store.Postgres, DSN: c.Keys.URL.Reveal(), Clock: now}
	}
	return keystore.Config{Driver: store.SQLite, DSN: c.Folder("keys", "keys.db"), Clock: now}
}

func openKeepers(ctx context.Context, c *config.Config, node string, now clock.Clock, log *slog.Logger) (k *keepers, err error) {
	k = &keepers{}
	defer func() {
		if err != nil {
			err = errors.Join(err, k.close())
		}
	}()
	root, err := rootKey(c)
	if err != nil {
		return k, err
	}
	if k.db, err = store.Open(ctx, databaseConfig(c)); err != nil {
		return k, err
	}
	if err = k.db.Migrate(ctx); err != nil {
		return k, err
	}
	if k.keys, err = keystore.Open(ctx, keysConfig(c, now)); err != nil {
		return k, err
	}
	old, err := oldRoots(c)
	if err != nil {
		return k, err
	}
	if k.vault, err = vault.Open(vault.Config{Root: root, OldRoots: old, Store: k.keys, Clock: now}); err != nil {
		return k, err
	}
	if len(old) > 0 {
		n, err := k.vault.RewrapRoot(ctx)
		if err != nil {
			return k, err
		}
		log.Info("all keys are wrapped by the root key in force; keys.old is not needed any more", "changed", n)
	}
	if k.blobs, err = OpenFiles(c); err != nil {
		return k, err
	}
	conf, err := busConfig(c, k.vault)
	if err != nil {
		return k, err
	}
	conf.Name, conf.Log = node, log.With("part", "bus")
	k.bus, err = bus.Open(conf)
	return k, err
}

// rootKey reads the root key, and makes one for a new installation only: a root
// key that is missing beside keys that exist is a mistake, and a new one would
// hide it.
func rootKey(c *config.Config) (vault.RootKey, error) {
	if err := os.MkdirAll(c.Folder("keys"), 0o700); err != nil {
		return nil, errs.Wrap(errs.Unavailable, err, "The folder for keys cannot be made.")
	}
	if !c.Keys.Passphrase.Empty() {
		return vault.PassphraseRoot(c.Keys.Passphrase.Text, c.Folder("keys", "root.salt"))
	}
	file := c.RootFile()
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) && len(c.Keys.Old) == 0 {
		if _, err := os.Stat(c.Folder("keys", "keys.db")); err == nil {
			return nil, errs.New(errs.Invalid, "The root key file %s is missing, but this installation has keys that it opens. Put it back from its backup; without it nothing can be read.", file)
		}
	}
	return vault.FileRoot(file)
}

// oldRoots are the root keys of before. They must be there: one that FileRoot
// made would open nothing.
func oldRoots(c *config.Config) ([]vault.RootKey, error) {
	var old []vault.RootKey
	for _, file := range c.Keys.Old {
		if _, err := os.Stat(file); err != nil {
			return nil, errs.Wrap(errs.Invalid, err, "The root key file %s in keys.old cannot be read.", file)
		}
		root, err := vault.FileRoot(file)
		if err != nil {
			return nil, err
		}
		old = append(old, root)
	}
	return old, nil
}

func busConfig(c *config.Config, v *vault.Vault) (bus.Config, error) {
	conf := bus.Config{Prefix: c.Bus.Prefix}
	if c.Bus.URL.Empty() {
		return conf, nil
	}
	conf.URL, conf.Credentials = c.Bus.URL.Reveal(), c.Bus.Credentials
	conf.Certificate, conf.Key = c.Bus.Certificate, c.Bus.Key
	conf.Seal, conf.Open = v.SealEvent, v.OpenEvent
	if c.Bus.Authority != "" {
		pem, err := os.ReadFile(c.Bus.Authority)
		if err != nil {
			return conf, errs.Wrap(errs.Invalid, err, "The file in bus.authority cannot be read.")
		}
		conf.TLS = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: x509.NewCertPool()}
		if !conf.TLS.RootCAs.AppendCertsFromPEM(pem) {
			return conf, errs.Bad("bus.authority", "holds no certificate")
		}
	}
	return conf, nil
}

func (k *keepers) close() error {
	var all []error
	if k.bus != nil {
		k.bus.Close()
	}
	if k.blobs != nil {
		all = append(all, k.blobs.Close())
	}
	if k.keys != nil {
		all = append(all, k.keys.Close())
	}
	if k.db != nil {
		all = append(all, k.db.Close())
	}
	*k = keepers{}
	return errors.Join(all...)
}

// Migrate brings both databases of a configuration to this program's version,
// without starting anything else.
func Migrate(ctx context.Context, c *config.Config) error {
	db, err := store.Open(ctx, databaseConfig(c))
	if err != nil {
		return err
	}
	if err := db.Migrate(ctx); err != nil {
		return errors.Join(err, db.Close())
	}
	if err := db.Close(); err != nil {
		return err
	}
	keys, err := keystore.Open(ctx, keysConfig(c, clock.Real{}))
	if err != nil {
		return err
	}
	return keys.Close()
}

// shrink has databases and vault give back what a busy time needed. What fails is tried
// after the next one.
func (k *keepers) shrink(ctx context.Context) {
	k.vault.Shrink()
	_, _ = k.db.Shrink(ctx), k.keys.Shrink(ctx)
}
