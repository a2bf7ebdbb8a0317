select record from evaluations where model_gguf_sha256 = any(%(files)s) order by id;
