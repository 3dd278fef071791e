-- The columns of supa_audit's table of versions, and rows as its triggers write them.
create schema audit;
create type audit.operation as enum ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE');
create table audit.record_version (
  id bigint primary key, record_id uuid, old_record_id uuid, op audit.operation not null,
  ts timestamptz not null, table_oid oid not null, table_schema name not null, table_name name not null,
  record jsonb, old_record jsonb, auth_uid uuid, auth_role text
);
create table public.orders (id bigint primary key, status text, total numeric(12, 2), placed_at timestamptz);
create table public."we""ird; drop" ("the key" int, "k;2" text, "é" text, primary key ("the key", "k;2"));
insert into public.orders values (4, 'paid', 12.00, '2024-02-29 12:30:00+00');
insert into public."we""ird; drop" values (1, '"]', 'b');
insert into audit.record_version values
  (1, null, null, 'INSERT', '2024-03-01 10:00:00+00', 1, 'public', 'orders', '{"id": 1, "status": "new", "total": 10.50, "placed_at": null}', null, null, null),
  (2, null, null, 'TRUNCATE', '2024-03-01 10:00:01+00', 1, 'public', 'orders', null, null, null, null),
  (3, null, null, 'INSERT', '2024-03-01 10:00:02+00', 1, 'public', 'orders', '{"id": 3, "status": "new", "total": 10.50, "placed_at": "2024-02-29T14:30:00+02:00"}', null, '76f99606-1b3f-41d1-806d-358b34db3b32', 'authenticated'),
  (4, null, null, 'INSERT', '2024-03-01 10:00:02+00', 1, 'public', 'we"ird; drop', '{"the key": 1, "k;2": "\"]", "é": "a"}', null, null, null),
  (5, null, null, 'UPDATE', '2024-03-01 10:00:03+00', 1, 'public', 'orders', '{"id": 4, "status": "paid", "total": 12.00, "placed_at": "2024-02-29T14:30:00+02:00"}', '{"id": 3, "status": "new", "total": 10.50, "placed_at": "2024-02-29T14:30:00+02:00"}', null, null),
  (6, null, null, 'UPDATE', '2024-03-01 10:00:04+00', 1, 'public', 'we"ird; drop', '{"the key": 1, "k;2": "\"]", "é": "b"}', '{"the key": 1, "k;2": "\"]", "é": "a"}', null, null),
  (7, null, null, 'INSERT', '2024-03-01 10:00:05+00', 2, 'public', 'gone', '{"id": 1}', null, null, null),
  (8, null, null, 'UPDATE', '2024-03-01 10:00:06+00', 1, 'public', 'orders', '{"nr": 1, "status": "x"}', '{"nr": 1, "status": "y"}', null, null),
  (9, null, null, 'INSERT', '2999-01-01 00:00:00+00', 1, 'public', 'orders', '{"id": 9, "status": "new"}', null, null, null);
