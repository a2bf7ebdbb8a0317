select id from model_versions order by id;
