-- A shard that was redacted again, by newer rules or under another policy: its rows are in the one named here.
alter table shards add column renewed_as text null;
