select id from datasets where starts_with(id, %(begin)s) order by created_at desc;
