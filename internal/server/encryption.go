package server

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"nubitalk/internal/api"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/order"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// brokenMost is how many organisations are named of those that a rule stops something of.
const brokenMost = 100

// Encryption counts what each rule for all connections stops, or would. The door has
// asked for access.SystemRead.
func (s *Server) Encryption(ctx context.Context, _ access.Actor) (api.EncryptionView, error) {
	names := map[id.Tenant]string{}
	var awake []id.Tenant // where the floor rests, there is neither trunk nor phone
	err := s.keepers.db.SystemRead(ctx, func(tx *store.Tx) error {
		clear(names)
		orgs, err := tx.Organisations()
		if err != nil {
			return err
		}
		for _, o := range orgs {
			names[o.ID] = o.Name
		}
		awake, err = tx.TenantsAwake(false)
		return err
	})
	if err != nil {
		return api.EncryptionView{}, err
	}
	v := api.EncryptionView{Connections: string(s.conf.Encryption.Rule()), Memory: s.conf.Encryption.Memory, Rules: []api.EncryptionEffect{}}
	for _, rule := range []setup.EncryptionRule{setup.RuleRequired, setup.RuleStrong} {
		e := api.EncryptionEffect{Rule: string(rule), Settings: s.conf.Broken(rule), Organisations: []api.EncryptionBroken{}}
		for _, t := range awake {
			trunks, phones, err := s.parts.setup.Broken(ctx, t, rule)
			if err != nil {
				return api.EncryptionView{}, err
			}
			if e.Trunks, e.Phones = e.Trunks+trunks, e.Phones+phones; trunks+phones > 0 {
				e.Organisations = append(e.Organisations, api.EncryptionBroken{ID: string(t), Name: names[t], Trunks: trunks, Phones: phones})
			}
		}
		order.By(e.Organisations, func(a, b api.EncryptionBroken) int {
			return cmp.Or(cmp.Compare(b.Trunks+b.Phones, a.Trunks+a.Phones), strings.Compare(a.Name, b.Name))
		})
		e.Organisations = e.Organisations[:min(len(e.Organisations), brokenMost)]
		v.Rules = append(v.Rules, e)
	}
	return v, nil
}

// encryptsMemory refuses a machine whose memory may not be encrypted, where the operator
// asks for one that is.
func (s *Server) encryptsMemory() error {
	if s.conf.Encryption.Memory != "encrypted" || memoryEncryption(s.machine) != "" {
		return nil
	}
	return errors.New("encryption.memory is encrypted, but this machine does not say that anything encrypts its memory: run on one with AMD SEV-SNP, Intel TDX or IBM Secure Execution, or set it to any")
}
