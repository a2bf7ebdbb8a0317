-- So that the same content counts as new when it comes back, as a chat does that is rated well again.
delete from source_records s
using jsonb_to_recordset(%(withdrawn)s::jsonb) as given (source text, source_id text, reason text)
where s.source = given.source and s.source_id = given.source_id and given.reason not in ('retracted', 'withdrawn')
