-- Of a record that came twice the last one counts.
insert into source_records (source, source_id, agent_type, content, pmid, doi)
select distinct on (source, source_id) source, source_id, %(agent_type)s, content, pmid, doi
from staged_taken
order by source, source_id, position desc
on conflict (source, source_id, agent_type) do update
    set content = excluded.content, pmid = excluded.pmid, doi = excluded.doi, taken_at = now()
