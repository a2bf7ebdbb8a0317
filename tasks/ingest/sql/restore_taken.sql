-- What is taken again is no longer withdrawn; a retraction stays.
delete from withdrawals w
using staged_taken t
where w.source = t.source and w.source_id = t.source_id and w.reason not in ('retracted', 'withdrawn')
