package store

import (
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/usage"
)

// UsageDayRow is what an organisation had on a day.
type UsageDayRow struct {
	Day       string // UTC, as 2006-01-02
	Amounts   usage.Amounts
	CountedAt time.Time
}

const usageDayColumns = "day, agents, numbers, storage_bytes, voice, chat, email, call_seconds_in, call_seconds_out, recorded_seconds, counted_at"

func scanUsageDay(r row, u *UsageDayRow) error {
	a := &u.Amounts
	return r.Scan(&u.Day, &a.Agents, &a.Numbers, &a.StorageBytes, &a.Voice, &a.Chat, &a.Email, &a.CallSecondsIn, &a.CallSecondsOut, &a.RecordedSeconds, at(&u.CountedAt))
}

// PutUsageDay stores a day's amounts, in the place of what was counted before.
func (tx *Tx) PutUsageDay(u UsageDayRow) error {
	a := u.Amounts
	_, err := tx.exec(`INSERT INTO usage_days (tenant_id, `+usageDayColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		ON CONFLICT (tenant_id, day) DO UPDATE SET agents = excluded.agents, numbers = excluded.numbers, storage_bytes = excluded.storage_bytes, voice = excluded.voice,
		chat = excluded.chat, email = excluded.email, call_seconds_in = excluded.call_seconds_in, call_seconds_out = excluded.call_seconds_out,
		recorded_seconds = excluded.recorded_seconds, counted_at = excluded.counted_at`,
		string(tx.scope.Tenant), u.Day, a.Agents, a.Numbers, a.StorageBytes, a.Voice, a.Chat, a.Email, a.CallSecondsIn, a.CallSecondsOut, a.RecordedSeconds, us(u.CountedAt))
	return err
}

// UsageDays are the days from one to another, both included, in order.
func (tx *Tx) UsageDays(from, to string) ([]UsageDayRow, error) {
	return list(tx, scanUsageDay, `SELECT `+usageDayColumns+` FROM usage_days WHERE tenant_id = $1 AND day >= $2 AND day <= $3 ORDER BY day`, string(tx.scope.Tenant), from, to)
}

// UsageLatest is what each organisation had on the latest day that was counted, from a day
// on (System).
func (tx *Tx) UsageLatest(from string) (map[id.Tenant]usage.Amounts, error) {
	type line struct {
		tenant id.Tenant
		of     UsageDayRow
	}
	rows, err := sysList(tx, func(r row, l *line) error {
		a := &l.of.Amounts
		return r.Scan(tenantOf(&l.tenant), &l.of.Day, &a.Agents, &a.Numbers, &a.StorageBytes)
	}, `SELECT tenant_id, day, agents, numbers, storage_bytes FROM usage_days WHERE day >= $1 ORDER BY tenant_id, day`, from)
	out := make(map[id.Tenant]usage.Amounts, len(rows))
	for _, l := range rows { // the last one of each
		out[l.tenant] = l.of.Amounts
	}
	return out, err
}

// DeleteUsageDays removes the days before one.
func (tx *Tx) DeleteUsageDays(before string) (int64, error) {
	return tx.exec(`DELETE FROM usage_days WHERE tenant_id = $1 AND day < $2`, string(tx.scope.Tenant), before)
}

// DeleteUsageDaysAfter removes the days after one, which a clock that ran ahead
// has left.
func (tx *Tx) DeleteUsageDaysAfter(day string) (int64, error) {
	return tx.exec(`DELETE FROM usage_days WHERE tenant_id = $1 AND day > $2`, string(tx.scope.Tenant), day)
}

// StorageUsed is what the latest day that was counted had of storage, in bytes;
// 0 if none was.
func (tx *Tx) StorageUsed() (n int64, err error) {
	_, err = tx.one(`SELECT storage_bytes FROM usage_days WHERE tenant_id = $1 ORDER BY day DESC LIMIT 1`, []any{string(tx.scope.Tenant)}, &n)
	return n, err
}

// CountDay counts what began in [from, to) and has not been forgotten: the sums
// of usage.Amounts.
func (tx *Tx) CountDay(from, to time.Time) (usage.Amounts, error) {
	var a usage.Amounts
	var in, out, office, recorded int64 // microseconds, but for the last: milliseconds
	span := []any{string(tx.scope.Tenant), us(from), us(to)}
	for _, q := range []struct {
		sql  string
		into []any
	}{
		{`SELECT count(CASE channel WHEN 'voice' THEN 1 END), count(CASE channel WHEN 'chat' THEN 1 END), count(CASE channel WHEN 'email' THEN 1 END) FROM interactions WHERE tenant_id = $1 AND arrived_at >= $2 AND arrived_at < $3`,
			[]any{&a.Voice, &a.Chat, &a.Email}},
		{`SELECT CAST(coalesce(sum(CASE part WHEN 'caller' THEN ended_at - answered_at ELSE 0 END), 0) AS BIGINT),
			CAST(coalesce(sum(CASE part WHEN 'caller' THEN 0 ELSE ended_at - answered_at END), 0) AS BIGINT) FROM call_legs
			WHERE tenant_id = $1 AND started_at >= $2 AND started_at < $3 AND way = 'trunk' AND answered_at > 0 AND ended_at > answered_at`,
			[]any{&in, &out}},
		{`SELECT CAST(coalesce(sum(ended_at - answered_at), 0) AS BIGINT) FROM office_calls
			WHERE tenant_id = $1 AND started_at >= $2 AND started_at < $3 AND trunk_id <> '' AND answered_at > 0 AND ended_at > answered_at`, []any{&office}},
		{`SELECT CAST(coalesce(sum(length_ms), 0) AS BIGINT) FROM recordings WHERE tenant_id = $1 AND ended_at >= $2 AND ended_at < $3`, []any{&recorded}},
	} {
		if _, err := tx.one(q.sql, span, q.into...); err != nil {
			return a, err
		}
	}
	a.CallSecondsIn, a.CallSecondsOut, a.RecordedSeconds = in/1_000_000, (out+office)/1_000_000, recorded/1000
	return a, nil
}

// CountStorage is what recordings, files, prompts and greetings take now, in bytes.
func (tx *Tx) CountStorage() (all int64, err error) {
	for _, sum := range []string{
		`SELECT CAST(coalesce(sum(size), 0) AS BIGINT) FROM recordings WHERE tenant_id = $1`,
		`SELECT CAST(coalesce(sum(size), 0) AS BIGINT) FROM attachments WHERE tenant_id = $1`,
		`SELECT CAST(coalesce(sum(size), 0) AS BIGINT) FROM prompt_sounds WHERE tenant_id = $1`,
		`SELECT CAST(coalesce(sum(length(sound_sealed)), 0) AS BIGINT) FROM greetings WHERE tenant_id = $1`,
	} {
		var n int64
		if _, err := tx.one(sum, []any{string(tx.scope.Tenant)}, &n); err != nil {
			return 0, err
		}
		all += n
	}
	return all, nil
}

// CountNumbers is how many telephone numbers the organisation's trunks hold.
func (tx *Tx) CountNumbers() (n int64, err error) {
	_, err = tx.one(`SELECT count(*) FROM trunk_numbers WHERE tenant_id = $1`, []any{string(tx.scope.Tenant)}, &n)
	return n, err
}

// CountUsers is how many accounts are not deleted.
func (tx *Tx) CountUsers() (n int64, err error) {
	_, err = tx.one(`SELECT count(*) FROM users WHERE tenant_id = $1 AND status <> 'deleted'`, []any{string(tx.scope.Tenant)}, &n)
	return n, err
}

// RoomInStorage refuses to keep more when the organisation's storage is used up,
// by what was counted last.
func (tx *Tx) RoomInStorage() error {
	org, err := tx.Organisation()
	if err != nil || org.Limits.StorageMB == nil {
		return err
	}
	used, err := tx.StorageUsed()
	if err == nil && org.Limits.Full(used) {
		err = errs.New(errs.Conflict, "Your organisation's storage of %d MB is used up. Remove recordings or files, or ask who hosts you for more.", *org.Limits.StorageMB)
	}
	return err
}
