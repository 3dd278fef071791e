-- The columns of audit-trigger's table, and rows as its trigger writes them. The embedded PostgreSQL has no
-- extensions, so that here hstore is its text.
create schema audit;
create domain audit.hstore as text;
create table audit.logged_actions (
  event_id bigint primary key, schema_name text not null, table_name text not null, relid oid not null,
  session_user_name text, action_tstamp_tx timestamptz not null, action_tstamp_stm timestamptz not null,
  action_tstamp_clk timestamptz not null, transaction_id bigint, application_name text, client_addr inet,
  client_port integer, client_query text, action text not null, row_data audit.hstore, changed_fields audit.hstore,
  statement_only boolean not null
);
create table public.orders (
  id bigint primary key, status text, total numeric(12, 2), placed_at timestamptz, is_gift boolean, tags text[],
  details jsonb, ratio float8, day date
);
insert into public.orders values
  (1, E'it''s "paid" \\ now', 12.00, '2024-02-29 12:30:00+00', true, '{a,"b c"}', '{"a": [1.50]}', 0.1, '2024-02-29');
insert into audit.logged_actions values
  (1, 'public', 'orders', 1, 'shop', '2024-03-01 10:00:00+00', '2024-03-01 10:00:00+00', '2024-03-01 10:00:00.5+00', 4711, 'psql', '10.0.0.1', 1, 'insert into orders …', 'I',
   '"id"=>"1", "day"=>"2024-02-29", "tags"=>"{a,\"b c\"}", "ratio"=>"0.1", "total"=>"10.50", "status"=>"new", "details"=>"{\"a\": [1.50]}", "is_gift"=>NULL, "placed_at"=>"2024-02-29 14:30:00+02"', null, false),
  (2, 'public', 'orders', 1, 'shop', '2024-03-01 10:00:01+00', '2024-03-01 10:00:01+00', '2024-03-01 10:00:01.5+00', 4712, 'psql', null, null, null, 'U',
   '"id"=>"1", "day"=>"2024-02-29", "tags"=>"{a,\"b c\"}", "ratio"=>"0.1", "total"=>"10.50", "status"=>"new", "details"=>"{\"a\": [1.50]}", "is_gift"=>NULL, "placed_at"=>"2024-02-29 14:30:00+02"',
   '"total"=>"12.00", "status"=>"it''s \"paid\" \\ now", "is_gift"=>"t"', false),
  (3, 'public', 'orders', 1, 'root', '2024-03-01 10:00:02+00', '2024-03-01 10:00:02+00', '2024-03-01 10:00:02.5+00', 4713, 'psql', null, null, 'delete', 'D', null, null, true),
  (4, 'public', 'orders', 1, 'shop', '2024-03-01 10:00:03+00', '2024-03-01 10:00:03+00', '2024-03-01 10:00:03.5+00', 4714, 'psql', null, null, null, 'I',
   '"id"=>"2", "total"=>"n/a", "status"=>NULL', null, false),
  (5, 'public', 'orders', 1, 'shop', '2024-03-01 10:00:04+00', '2024-03-01 10:00:04+00', '2024-03-01 10:00:04.5+00', 4715, 'psql', null, null, null, 'D',
   '"id"=>"2", "total"=>"n/a", "status"=>NULL', null, false);
