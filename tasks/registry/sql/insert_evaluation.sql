insert into evaluations (model_gguf_sha256, suite, suite_sha256, record)
select %(gguf_sha256)s, %(suite)s, %(suite_sha256)s, %(record)s
where not exists (
    select from evaluations
    where model_gguf_sha256 = %(gguf_sha256)s and suite_sha256 = %(suite_sha256)s and record = %(record)s
);
