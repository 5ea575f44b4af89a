package provider

import (
	"fmt"
	"io"
	"log/slog"

	"nubitalk/internal/base/secret"
)

// Who has an account, and what a letter says and to whom, is never printed.

func private(f fmt.State) { _, _ = io.WriteString(f, secret.Mask) }

func (a Account) Format(f fmt.State, _ rune) { private(f) }
func (l Letter) Format(f fmt.State, _ rune)  { private(f) }

func (Account) LogValue() slog.Value { return slog.StringValue(secret.Mask) }
func (Letter) LogValue() slog.Value  { return slog.StringValue(secret.Mask) }
