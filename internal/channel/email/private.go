package email

import (
	"fmt"
	"io"
	"log/slog"

	"nubitalk/internal/base/secret"
)

// What people write and who they are is never printed: a log, an error and a test's
// output say that it is there. Only encoding/json, at the door, writes it out.

func private(f fmt.State) { _, _ = io.WriteString(f, secret.Mask) }

func (d Draft) Format(f fmt.State, _ rune)      { private(f) }
func (w DraftWords) Format(f fmt.State, _ rune) { private(f) }
func (d DraftFile) Format(f fmt.State, _ rune)  { private(f) }
func (m Mail) Format(f fmt.State, _ rune)       { private(f) }
func (p Person) Format(f fmt.State, _ rune)     { private(f) }
func (x File) Format(f fmt.State, _ rune)       { private(f) }
func (c Content) Format(f fmt.State, _ rune)    { private(f) }
func (d Delivery) Format(f fmt.State, _ rune)   { private(f) }

func masked() slog.Value { return slog.StringValue(secret.Mask) }

func (Draft) LogValue() slog.Value      { return masked() }
func (DraftWords) LogValue() slog.Value { return masked() }
func (DraftFile) LogValue() slog.Value  { return masked() }
func (Mail) LogValue() slog.Value       { return masked() }
func (Person) LogValue() slog.Value     { return masked() }
func (File) LogValue() slog.Value       { return masked() }
func (Content) LogValue() slog.Value    { return masked() }
func (Delivery) LogValue() slog.Value   { return masked() }

func (r Rejection) Format(f fmt.State, _ rune) { private(f) }
func (Rejection) LogValue() slog.Value         { return masked() }

func (d Duplicate) Format(f fmt.State, _ rune) { private(f) }
func (Duplicate) LogValue() slog.Value         { return masked() }
