-- Somebody at psql notes that an order is paid, and says who they are:
--   psql -v who=alice -v number=1 -f pay.sql
\set ON_ERROR_STOP on
begin;
select set_config('rowtrail.actor', :'who', true),
       set_config('rowtrail.context', '{"reason": "paid in the shop"}', true) \g /dev/null
update orders set status = 'paid' where id = :number;
commit;
