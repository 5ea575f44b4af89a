package vault

import (
	"context"
	"crypto/rand"
	"strconv"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
)

// PurposeHello is that of the private keys of Encrypted Client Hello. Each is an owner's
// of its own, so that one can be removed for good, and is sealed as the tenant's own
// values are.
const PurposeHello = "hello"

// helloKept is how many are kept: that in force and those before, which records of
// before still name.
const helloKept = 3

// HelloKey is a private key of Encrypted Client Hello (RFC 9849): X25519, 32 octets.
type HelloKey struct {
	Number int64 // of the rotation that made it; the newest is in force
	Key    secret.Bytes
}

// HelloKeys answers a tenant's keys of Encrypted Client Hello, the newest first, and
// makes the first one. A rotation of the tenant's keys makes the next.
func (v *Vault) HelloKeys(ctx context.Context, t id.Tenant) ([]HelloKey, error) {
	numbers, err := v.store.Owners(ctx, t, PurposeHello, "", 2*helloKept)
	if err != nil {
		return nil, err
	}
	if len(numbers) == 0 {
		keys, err := v.tenantKeys(ctx, t, PurposeData)
		if err != nil {
			return nil, err
		}
		if err := v.addHello(ctx, t, keys.newest); err != nil {
			return nil, err
		}
		if numbers, err = v.store.Owners(ctx, t, PurposeHello, "", 2*helloKept); err != nil {
			return nil, err
		}
	}
	found, err := v.store.GetMany(ctx, t, PurposeHello, numbers)
	if err != nil {
		return nil, err
	}
	var out []HelloKey
	for i := len(numbers) - 1; i >= 0 && len(out) < helloKept; i-- {
		sealed, ok := found[numbers[i]]
		if !ok {
			continue // removed meanwhile
		}
		number, err := strconv.ParseInt(numbers[i], 10, 64)
		if err != nil {
			return nil, damaged()
		}
		key, err := v.OpenTenant(ctx, t, helloPlace(numbers[i]), sealed[1])
		if err != nil {
			return nil, err
		}
		out = append(out, HelloKey{number, key})
	}
	return out, nil
}

func helloPlace(number string) string { return "keys.hello/" + number }

// addHello makes a key of that number. One that is there already stays.
func (v *Vault) addHello(ctx context.Context, t id.Tenant, number int64) error {
	key := make([]byte, keySize)
	_, _ = rand.Read(key)
	owner := strconv.FormatInt(number, 10)
	owner = "000000000000"[:max(0, 12-len(owner))] + owner // in the order of numbers
	sealed, err := v.SealTenant(ctx, t, helloPlace(owner), key)
	clear(key)
	if err != nil {
		return err
	}
	err = v.store.Add(ctx, t, PurposeHello, 1, []string{owner}, [][]byte{sealed})
	if errs.Is(err, errs.Conflict) {
		return nil
	}
	return err
}

// renewHello makes the next key where there are any, and removes those that are not
// taken any more.
func (v *Vault) renewHello(ctx context.Context, t id.Tenant, number int64) error {
	numbers, err := v.store.Owners(ctx, t, PurposeHello, "", 2*helloKept)
	if err != nil || len(numbers) == 0 {
		return err
	}
	if err := v.addHello(ctx, t, number); err != nil {
		return err
	}
	if numbers, err = v.store.Owners(ctx, t, PurposeHello, "", 2*helloKept); err != nil {
		return err
	}
	for _, old := range numbers[:max(0, len(numbers)-helloKept)] {
		if err := v.store.Delete(ctx, t, PurposeHello, old); err != nil {
			return err
		}
	}
	return nil
}
