package addition

import (
	"context"
	"crypto/x509"
	"net/http"
	"time"

	"nubitalk/internal/app/account"
	"nubitalk/internal/app/contact"
	"nubitalk/internal/app/quality"
	"nubitalk/internal/app/recording"
	appsetup "nubitalk/internal/app/setup"
	"nubitalk/internal/app/usage"
	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/id"
	"nubitalk/internal/channel/chat"
	"nubitalk/internal/media/speech"
	"nubitalk/internal/store"
	"nubitalk/internal/vault"
)

// Addition is what is put into a node; the zero value is nothing.
type Addition struct {
	// Grace is how long a lost browser's work stays; 0: as always.
	Grace time.Duration
	// Voices are asked for a text before the machine's own; may be nil.
	Voices speech.Speaker
	// Mail is the authority of a mail provider on loopback, which mailboxes may then
	// use; may be nil.
	Mail *x509.Certificate
	// Fill puts content in, once floors run and before browsers are served; may be nil.
	Fill func(context.Context, Parts) error
	// Pages adds pages, once the node serves at this address; may be nil.
	Pages func(mux *http.ServeMux, base string)
}

// Parts are what content is put into.
type Parts struct {
	DB        *store.DB
	Vault     *vault.Vault
	Clock     clock.Clock
	IDs       *id.Source
	Accounts  *account.Service
	Setup     *appsetup.Service
	Contacts  *contact.Service
	Chat      *chat.Service
	Recording *recording.Service
	Quality   *quality.Service
	Usage     *usage.Service
	// Founded opens the floor of a new tenant.
	Founded func(context.Context, id.Tenant)
}
