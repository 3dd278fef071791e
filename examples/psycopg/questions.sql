-- What people ask of the history: psql -v number=1 -f questions.sql
\set ON_ERROR_STOP on
\pset null -

\echo What happened to order :number?
select changed_at, op, coalesce(actor, login) as who, context ->> 'reason' as why, changes
from rowtrail.history('orders', :number);

\echo What did the nightly job do in the last hour?
select changed_at, table_name, row_key, changes, context ->> 'run' as run
from rowtrail.changes(now() - interval '1 hour', by_actor => 'nightly');

\echo How was it before the last change of order :number?
select o.*
from rowtrail.history('orders', :number) as last
cross join lateral rowtrail.as_of(null::orders, last.changed_at - interval '1 microsecond') as o
where last.id = (select max(id) from rowtrail.history('orders', :number))
order by o.id;
