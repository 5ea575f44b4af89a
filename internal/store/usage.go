package store

import (
	"slices"
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

// PutUsageDays stores days' amounts, in the place of what was counted before, and adds up
// their months.
func (tx *Tx) PutUsageDays(days ...UsageDayRow) error {
	var months []string
	for _, u := range days {
		a := u.Amounts
		_, err := tx.exec(`INSERT INTO usage_days (tenant_id, `+usageDayColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
			ON CONFLICT (tenant_id, day) DO UPDATE SET agents = excluded.agents, numbers = excluded.numbers, storage_bytes = excluded.storage_bytes, voice = excluded.voice,
			chat = excluded.chat, email = excluded.email, call_seconds_in = excluded.call_seconds_in, call_seconds_out = excluded.call_seconds_out,
			recorded_seconds = excluded.recorded_seconds, counted_at = excluded.counted_at`,
			string(tx.scope.Tenant), u.Day, a.Agents, a.Numbers, a.StorageBytes, a.Voice, a.Chat, a.Email, a.CallSecondsIn, a.CallSecondsOut, a.RecordedSeconds, us(u.CountedAt))
		if err != nil {
			return err
		}
		if m := usage.MonthOf(u.Day); !slices.Contains(months, m) {
			months = append(months, m)
		}
	}
	for _, m := range months { // after all days: who counts at the same time waits in the same order
		if err := tx.sumUsage(m); err != nil {
			return err
		}
	}
	return nil
}

// sumUsage adds a month's days up; without any the month is none.
func (tx *Tx) sumUsage(month string) error {
	n, err := tx.exec(`INSERT INTO usage_months (tenant_id, month, `+usageMonthColumns+`, last_day, last_agents, last_numbers, last_storage_bytes)
		SELECT summed.tenant_id, summed.month, summed.agents, summed.numbers, summed.storage_bytes, summed.voice, summed.chat, summed.email, summed.call_seconds_in, summed.call_seconds_out, summed.recorded_seconds,
			d.day, d.agents, d.numbers, d.storage_bytes
		FROM (SELECT tenant_id, substr(day, 1, 7) AS month, max(day) AS day, max(agents) AS agents, max(numbers) AS numbers, max(storage_bytes) AS storage_bytes,
				sum(voice) AS voice, sum(chat) AS chat, sum(email) AS email, sum(call_seconds_in) AS call_seconds_in, sum(call_seconds_out) AS call_seconds_out,
				sum(recorded_seconds) AS recorded_seconds FROM usage_days WHERE tenant_id = $1 AND day >= $2 AND day <= $3 GROUP BY tenant_id, substr(day, 1, 7)) summed
			JOIN usage_days d ON d.tenant_id = summed.tenant_id AND d.day = summed.day
		WHERE d.tenant_id = $1
		ON CONFLICT (month, tenant_id) DO UPDATE SET agents = excluded.agents, numbers = excluded.numbers, storage_bytes = excluded.storage_bytes, voice = excluded.voice,
			chat = excluded.chat, email = excluded.email, call_seconds_in = excluded.call_seconds_in, call_seconds_out = excluded.call_seconds_out,
			recorded_seconds = excluded.recorded_seconds, last_day = excluded.last_day, last_agents = excluded.last_agents, last_numbers = excluded.last_numbers,
			last_storage_bytes = excluded.last_storage_bytes`, string(tx.scope.Tenant), month+"-01", month+"-31")
	if err != nil || n > 0 {
		return err
	}
	_, err = tx.exec(`DELETE FROM usage_months WHERE tenant_id = $1 AND month = $2`, string(tx.scope.Tenant), month)
	return err
}

// UsageMonthRow is what an organisation had in a month.
type UsageMonthRow struct {
	Tenant id.Tenant
	usage.Month
}

const usageMonthColumns = "agents, numbers, storage_bytes, voice, chat, email, call_seconds_in, call_seconds_out, recorded_seconds"

func scanUsageMonth(r row, u *UsageMonthRow) error {
	a := &u.Amounts
	return r.Scan(tenantOf(&u.Tenant), &u.Month.Month, &a.Agents, &a.Numbers, &a.StorageBytes, &a.Voice, &a.Chat, &a.Email, &a.CallSecondsIn, &a.CallSecondsOut, &a.RecordedSeconds)
}

// UsageOfMonth is what each organisation had in a month, by id (System).
func (tx *Tx) UsageOfMonth(month string) ([]UsageMonthRow, error) {
	return sysList(tx, scanUsageMonth, `SELECT tenant_id, month, `+usageMonthColumns+` FROM usage_months WHERE month = $1 ORDER BY tenant_id`, month)
}

// UsageMonths are the months, from one to before another and in order, of an organisation
// with all that are anywhere below it: the sums of theirs (System).
func (tx *Tx) UsageMonths(t id.Tenant, from, before string) ([]usage.Month, error) {
	return sysList(tx, func(r row, m *usage.Month) error {
		a := &m.Amounts
		return r.Scan(&m.Month, &a.Agents, &a.Numbers, &a.StorageBytes, &a.Voice, &a.Chat, &a.Email, &a.CallSecondsIn, &a.CallSecondsOut, &a.RecordedSeconds)
	}, `SELECT month, CAST(sum(agents) AS BIGINT), CAST(sum(numbers) AS BIGINT), CAST(sum(storage_bytes) AS BIGINT), CAST(sum(voice) AS BIGINT), CAST(sum(chat) AS BIGINT), CAST(sum(email) AS BIGINT),
			CAST(sum(call_seconds_in) AS BIGINT), CAST(sum(call_seconds_out) AS BIGINT), CAST(sum(recorded_seconds) AS BIGINT)
		FROM usage_months WHERE month >= $2 AND month < $3 AND tenant_id IN (SELECT tenant_id FROM organisations`+below+` OR tenant_id = $1) GROUP BY month ORDER BY month`, string(t), from, before)
}

// UsageDays are the days from one to another, both included, in order.
func (tx *Tx) UsageDays(from, to string) ([]UsageDayRow, error) {
	return list(tx, scanUsageDay, `SELECT `+usageDayColumns+` FROM usage_days WHERE tenant_id = $1 AND day >= $2 AND day <= $3 ORDER BY day`, string(tx.scope.Tenant), from, to)
}

// UsageLatest is what each organisation had on the latest day that was counted, from a day
// on: agents, numbers and storage (System).
func (tx *Tx) UsageLatest(from string) (map[id.Tenant]usage.Amounts, error) {
	type line struct {
		tenant id.Tenant
		of     usage.Amounts
	}
	rows, err := sysList(tx, func(r row, l *line) error {
		return r.Scan(tenantOf(&l.tenant), &l.of.Agents, &l.of.Numbers, &l.of.StorageBytes)
	}, `SELECT tenant_id, last_agents, last_numbers, last_storage_bytes FROM usage_months WHERE month >= $1 AND last_day >= $2 ORDER BY month`, usage.MonthOf(from), from)
	out := make(map[id.Tenant]usage.Amounts, len(rows))
	for _, l := range rows { // the last month of each
		out[l.tenant] = l.of
	}
	return out, err
}

// DeleteUsageDays removes the days before one.
func (tx *Tx) DeleteUsageDays(before string) (int64, error) {
	n, err := tx.exec(`DELETE FROM usage_days WHERE tenant_id = $1 AND day < $2`, string(tx.scope.Tenant), before)
	if err != nil || n == 0 {
		return n, err
	}
	month := usage.MonthOf(before)
	if _, err := tx.exec(`DELETE FROM usage_months WHERE tenant_id = $1 AND month < $2`, string(tx.scope.Tenant), month); err != nil {
		return n, err
	}
	return n, tx.sumUsage(month)
}

// DeleteUsageDaysAfter removes the days after one, which a clock that ran ahead
// has left.
func (tx *Tx) DeleteUsageDaysAfter(day string) (int64, error) {
	n, err := tx.exec(`DELETE FROM usage_days WHERE tenant_id = $1 AND day > $2`, string(tx.scope.Tenant), day)
	if err != nil || n == 0 {
		return n, err
	}
	month := usage.MonthOf(day)
	if _, err := tx.exec(`DELETE FROM usage_months WHERE tenant_id = $1 AND month > $2`, string(tx.scope.Tenant), month); err != nil {
		return n, err
	}
	return n, tx.sumUsage(month)
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
