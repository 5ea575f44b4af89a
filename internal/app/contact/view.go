package contact

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/order"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/privacy"
	"nubitalk/internal/store"
)

// afterwards is how long after its end an interaction still lets the agent who
// held it see and correct the contact.
const afterwards = 24 * time.Hour

// Find looks a contact up by exact address, however it is typed. Without an
// address it lists contacts by age, their addresses masked. Contacts that the
// actor may not see are left out.
func (s *Service) Find(ctx context.Context, a access.Actor, kind string, address secret.Text, cursor string, limit int) (items []Contact, next string, err error) {
	if access.Reach(a, access.ContactRead) == access.None {
		return nil, "", errs.New(errs.Forbidden, "You may not see contacts.")
	}
	items = []Contact{}
	if !address.Empty() {
		err = s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) error {
			items = items[:0]
			c, err := s.byAddress(tx, a, kind, address)
			if err == nil {
				items = append(items, c)
			}
			if errs.Is(err, errs.NotFound) || errs.Is(err, errs.Gone) {
				return nil
			}
			return err
		})
		if err == nil && len(items) == 1 {
			err = s.noteSeen(ctx, a, items[0].ID)
		}
		return items, "", err
	}
	return s.list(ctx, a, store.ContactFilter{}, cursor, limit)
}

// FindByField finds contacts by a value in a custom field, as app/field says that it is
// stored (Searched), in pages by id.
func (s *Service) FindByField(ctx context.Context, a access.Actor, field, value, cursor string, limit int) (items []Contact, next string, err error) {
	if access.Reach(a, access.ContactRead) == access.None {
		return nil, "", errs.New(errs.Forbidden, "You may not see contacts.")
	}
	return s.list(ctx, a, store.ContactFilter{Field: field, Value: value}, cursor, limit)
}

func (s *Service) list(ctx context.Context, a access.Actor, f store.ContactFilter, cursor string, limit int) (items []Contact, next string, err error) {
	if cursor != "" && !id.Valid(id.Contact, cursor) {
		return nil, "", errs.Bad("cursor", "is not one that this list gave")
	}
	if limit <= 0 {
		limit = 50
	}
	limit = min(limit, 200)
	err = s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) (err error) {
		items, next, err = s.page(tx, a, f, cursor, limit)
		return err
	})
	return items, next, err
}

// page collects limit contacts that the actor may see.
func (s *Service) page(tx *store.Tx, a access.Actor, f store.ContactFilter, after string, limit int) (items []Contact, next string, err error) {
	items = []Contact{}
	if access.Reach(a, access.ContactRead) == access.SomeOf {
		p := access.PartOf(a, access.ContactRead)
		f.Part = &p
	}
	for {
		rows, err := tx.ContactsAfter(after, f, limit+1)
		if err != nil {
			return nil, "", err
		}
		for i, row := range rows {
			if len(items) == limit {
				return items, after, nil
			}
			after = row.ID
			if i == limit {
				break // the next page of rows begins after it
			}
			if f.Part == nil && s.may(tx, a, access.ContactRead, row.ID) != nil {
				continue
			}
			c, err := s.reveal(tx, row)
			if errs.Is(err, errs.Gone) {
				continue // being erased, or from a backup older than its erasure
			}
			if err != nil {
				return nil, "", err
			}
			items = append(items, c.Masked())
		}
		if len(rows) <= limit {
			return items, "", nil
		}
	}
}

func (s *Service) byAddress(tx *store.Tx, a access.Actor, kind string, address secret.Text) (Contact, error) {
	region := ""
	if kind == privacy.Phone {
		org, err := tx.Organisation()
		if err != nil {
			return Contact{}, err
		}
		region = privacy.RegionOf(org.TimeZone)
	}
	k, err := s.known(tx, kind, address.Reveal(), region)
	if err != nil {
		return Contact{}, err
	}
	row, err := tx.AddressByIndex(kind, k.index)
	if err != nil {
		return Contact{}, err
	}
	if err := s.may(tx, a, access.ContactRead, row.ContactID); err != nil {
		return Contact{}, err
	}
	return s.read(tx, row.ContactID)
}

// Named is the id of the contact that has an address; errs.NotFound if there is
// none. It is for parts that show nothing of the contact.
func (s *Service) Named(ctx context.Context, t id.Tenant, kind string, address secret.Text) (contact string, err error) {
	err = s.DB.Read(ctx, t, func(tx *store.Tx) error {
		all, err := s.lookUp(tx, []channel.Address{{Kind: kind, Value: address}})
		for _, k := range all {
			row, err := tx.AddressByIndex(k.kind, k.index)
			if err != nil {
				return err
			}
			contact = row.ContactID
		}
		return err
	})
	if err == nil && contact == "" {
		err = errs.New(errs.NotFound, "This contact does not exist.")
	}
	return contact, err
}

// AddressesOf are a contact's addresses of a kind, the first it was known by before the
// others; none of one who was erased. It is for parts that write to the contact on
// behalf of who may see it.
func (s *Service) AddressesOf(ctx context.Context, t id.Tenant, contact, kind string) (list []secret.Text, err error) {
	err = s.DB.Read(ctx, t, func(tx *store.Tx) error {
		list = nil
		c, err := s.read(tx, contact)
		if errs.Is(err, errs.NotFound) || errs.Is(err, errs.Gone) {
			return nil
		}
		for _, a := range c.Addresses {
			if a.Kind == kind {
				list = append(list, secret.New(a.Value))
			}
		}
		return err
	})
	return list, err
}

// Callee is whom a campaign calls: the contact's name and the number with that index, and
// whether processing of it is restricted. NotFound or Gone where there is no such number, or
// the person was erased. It is for parts that call on behalf of who may see it.
func (s *Service) Callee(tx *store.Tx, contact string, number secret.Index) (name, phone secret.Text, restricted bool, err error) {
	row, err := tx.Contact(contact)
	if err != nil {
		return name, phone, false, err
	}
	address, err := tx.AddressByIndex(privacy.Phone, number)
	if err == nil && address.ContactID != contact {
		err = errs.New(errs.NotFound, "This contact has another number now.")
	}
	if err != nil {
		return name, phone, false, err
	}
	p, err := s.openProfile(tx, row)
	if err != nil {
		return name, phone, false, err
	}
	value, err := s.Keys.OpenContact(tx.Context(), tx.Tenant(), contact, addressAt(privacy.Phone, number), address.AddressSealed)
	return secret.New(p.Name), secret.New(string(value.Reveal())), !row.RestrictedAt.IsZero(), err
}

// Contact shows one contact, with its addresses in full. That somebody looked
// is noted in the audit log.
func (s *Service) Contact(ctx context.Context, a access.Actor, contact string) (c Contact, err error) {
	err = s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) error {
		if err := s.may(tx, a, access.ContactRead, contact); err != nil {
			return err
		}
		c, err = s.read(tx, contact)
		return err
	})
	if err != nil {
		return Contact{}, err
	}
	if err := s.noteSeen(ctx, a, contact); err != nil {
		return Contact{}, err
	}
	return c, nil
}

// May is errs.NotFound unless the actor may do p to a contact that is there. It is for
// parts that keep something of their own beside it.
func (s *Service) May(tx *store.Tx, a access.Actor, p access.Permission, contact string) error {
	if err := s.may(tx, a, p, contact); err != nil {
		return err
	}
	_, err := tx.Contact(contact)
	return err
}

// may says whether the actor may do p to a contact: to all of the tenant, or to
// those whose interaction it holds or held a short while ago. A contact that it
// may not know of does not exist.
func (s *Service) may(tx *store.Tx, a access.Actor, p access.Permission, contact string) error {
	thing := access.Thing{Tenant: tx.Tenant()}
	if access.May(a, p, thing) {
		return nil
	}
	if access.Reach(a, p) == access.SomeOf {
		if in, err := tx.ContactWithin(contact, access.PartOf(a, p)); err != nil || in {
			return err
		}
	}
	if r := access.Reach(a, p); r == access.Own || r == access.SomeOf {
		rows, err := tx.InteractionsOf(contact, store.Cursor{}, 50) // the newest
		if err != nil {
			return err
		}
		for _, r := range rows {
			if r.ClosedAt.IsZero() || s.Clock.Now().Sub(r.ClosedAt) < afterwards {
				thing.Holders = append(append(thing.Holders, r.AgentID), r.Consulted...)
			}
		}
		if access.May(a, p, thing) {
			return nil
		}
	}
	return errs.New(errs.NotFound, "This contact does not exist.")
}

func (s *Service) read(tx *store.Tx, contact string) (Contact, error) {
	row, err := tx.Contact(contact)
	if err != nil {
		return Contact{}, err
	}
	return s.reveal(tx, row)
}

func (s *Service) reveal(tx *store.Tx, row store.ContactRow) (Contact, error) {
	p, err := s.openProfile(tx, row)
	if err != nil {
		return Contact{}, err
	}
	c := Contact{ID: row.ID, Name: p.Name, Addresses: []Address{}, Consents: []Consent{}, Language: row.Language, RestrictedAt: row.RestrictedAt, CreatedAt: row.CreatedAt,
		SeenAt: row.SeenAt, Version: row.Version}
	addresses, err := tx.AddressesOf(row.ID)
	if err != nil {
		return Contact{}, err
	}
	for _, a := range addresses {
		value, err := s.Keys.OpenContact(tx.Context(), tx.Tenant(), row.ID, addressAt(a.Kind, a.AddressIndex), a.AddressSealed)
		if err != nil {
			return Contact{}, err
		}
		c.Addresses = append(c.Addresses, Address{a.Kind, string(value.Reveal())})
	}
	order.Stable(c.Addresses, func(a, b Address) int {
		return slices.Index(privacy.AddressKinds, a.Kind) - slices.Index(privacy.AddressKinds, b.Kind)
	})
	consents, err := tx.ConsentsOf(row.ID)
	for _, r := range consents {
		c.Consents = append(c.Consents, Consent{r.ID, r.Purpose, r.ConsentTextID, r.TextVersion, r.Language, r.InteractionID, r.GivenAt, r.WithdrawnAt})
	}
	return c, err
}

// Masked is the contact with its addresses shortened, for lists.
func (c Contact) Masked() Contact {
	c.Addresses = slices.Clone(c.Addresses)
	for i, a := range c.Addresses {
		c.Addresses[i].Value = privacy.MaskAddress(a.Kind, a.Value)
	}
	return c
}

// noteEvery is how often the same actor looking at the same contact is noted.
const noteEvery = time.Hour

// Seen notes that the actor was shown what a contact said, wrote or sent, by a
// door that has asked whether it may. "" is nobody: the person was erased.
func (s *Service) Seen(ctx context.Context, a access.Actor, contact string) error {
	if contact == "" {
		return nil
	}
	return s.noteSeen(ctx, a, contact)
}

// noteSeen writes to the audit log that the actor saw the contact (notice C10).
func (s *Service) noteSeen(ctx context.Context, a access.Actor, contact string) error {
	key, now := string(a.Tenant)+" "+a.User+" "+contact, s.Clock.Now()
	if s.seen.lately(key, now) {
		return nil
	}
	err := s.DB.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		return s.Audit.Record(tx, a, "contact.seen", "contact", contact, nil)
	})
	if err == nil {
		s.seen.note(key, now)
	}
	return err
}

// recent remembers who looked at whom a short while ago.
type recent struct {
	mu  sync.Mutex
	lru *simplelru.LRU[string, time.Time]
}

func newRecent(size int) *recent {
	lru, err := simplelru.NewLRU[string, time.Time](size, nil)
	if err != nil {
		panic("contact: " + err.Error()) // the size is a constant above zero
	}
	return &recent{lru: lru}
}

func (r *recent) lately(key string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	at, ok := r.lru.Get(key)
	return ok && now.Sub(at) < noteEvery && !now.Before(at)
}

func (r *recent) note(key string, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lru.Add(key, now)
}
