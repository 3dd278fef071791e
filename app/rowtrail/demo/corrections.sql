-- What people do in psql when data is wrong. Two tables are tracked; then orders are imported,
-- corrected, deleted and put back. Run by `rowtrail demo`.

create table orders (
  id int primary key,
  customer text not null,
  status text not null default 'open',
  total numeric(10, 2) not null
);
create table order_lines (
  order_id int references orders on update cascade on delete cascade,
  line int,
  product text not null,
  price numeric(10, 2) not null,
  primary key (order_id, line)
);
select rowtrail.track('orders');
select rowtrail.track('order_lines');

copy orders (id, customer, total) from stdin;
41	Ada Lovelace	120.00
42	Edsger Dijkstra	19.90
43	Nobody	0.00
\.
copy order_lines from stdin;
41	1	analytical engine, a part	120.00
42	1	shortest path	9.90
42	2	semaphore	10.00
43	1	nothing	0.00
\.

-- A wrong price, and the total that follows from it.
begin;
select rowtrail.set_actor('carol', reason => 'ticket 4712: price list of May');
update order_lines set price = 11.00 where (order_id, line) = (42, 2);
update orders set total = 20.90 where id = 42;
commit;

-- Deleted too many; one is put back, under the same key. The lines go with their orders.
begin;
select rowtrail.set_actor('carol', reason => 'test orders');
delete from orders where id in (41, 43);
commit;
begin;
select rowtrail.set_actor('carol', reason => 'order 41 was no test');
insert into orders values (41, 'Ada Lovelace', 'open', 120.00);
insert into order_lines values (41, 1, 'analytical engine, a part', 120.00);
commit;

-- A key changes, and the lines follow by their foreign key.
begin;
select rowtrail.set_actor('carol', reason => 'numbers of the new shop');
update orders set id = 1042, status = 'paid' where id = 42;
commit;

-- What is rolled back leaves no version.
begin;
delete from orders;
rollback;

-- The application's users can be changed from here as well.
begin;
select rowtrail.set_actor('carol', reason => 'spelling');
update users set name = 'Edsger W. Dijkstra' where name = 'Edsger';
commit;
