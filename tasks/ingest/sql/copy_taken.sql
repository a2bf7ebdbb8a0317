copy staged_taken (source, source_id, content, pmid, doi) from stdin
