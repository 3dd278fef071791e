-- Ten years of a shop in a second: what is recorded is dated back, before anything is sealed. On a database of
-- your own nobody does that, and no superuser could later without `rowtrail verify` naming each version.
\set ON_ERROR_STOP on
\set QUIET on
create table orders (id int primary key, customer text not null, status text not null, month int not null);
select rowtrail.track('orders') \g /dev/null

-- Order 1 is a contract that is changed each month for ten years; beside it each month has orders of its own.
insert into orders values (1, 'Ada', 'new', 0);
select
  format('update orders set status = %L, month = %s where id = 1', 'paid for month ' || m, m),
  format('insert into orders select %s + n, %L, %L, %s from generate_series(1, 40) as n', m * 100, 'customer ' || m, 'new', m),
  format('update orders set status = %L where month = %s and id <> 1', 'paid', m),
  format('delete from orders where month = %s and id %% 4 = 0', m)
from generate_series(1, 120) as m \gexec

update rowtrail.versions
set changed_at = changed_at - (interval '1 month') * (121 - (data ->> 'month')::int)
where op <> 'S';
update rowtrail.tables set tracked_since = (select min(changed_at) from rowtrail.versions);
select rowtrail.empty_default_partition() \g /dev/null
