package server

import (
	"nubitalk/internal/app/audit"
	"nubitalk/internal/server/collector"
)

// auditCollector gives the collector of the log entries of audit logs.
type auditCollector struct{ to *collector.Client }

func (a auditCollector) Connection() uint64 { return a.to.Connection() }

func (a auditCollector) Send(connection uint64, entries []audit.Sent) error {
	messages := make([]collector.Message, len(entries))
	for i, e := range entries {
		messages[i] = collector.Message{Facility: collector.Audit, Severity: collector.Notice, At: e.At, Kind: "audit", Data: e.Data, Text: e.Text}
	}
	return a.to.Send(connection, messages)
}
