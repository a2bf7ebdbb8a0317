-- A retraction is kept whatever was taken, because the paper may come yet; the rest matters only for what was taken.
insert into withdrawals (source, source_id, reason, notice)
select source, source_id, reason, notice
from jsonb_to_recordset(%(withdrawn)s::jsonb) as given (source text, source_id text, reason text, notice text)
where reason in ('retracted', 'withdrawn')
   or exists (select from source_records s where s.source = given.source and s.source_id = given.source_id)
   or exists (select from rows r where r.source = given.source and r.source_id = given.source_id)
on conflict (source, source_id) do update
    set reason = excluded.reason, notice = coalesce(nullif(excluded.notice, ''), withdrawals.notice)
    where withdrawals.reason not in ('retracted', 'withdrawn') or excluded.reason in ('retracted', 'withdrawn')
