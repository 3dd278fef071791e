CREATE TABLE public.activity (
    id bigint NOT NULL,
    schema_name text,
    table_name text,
    relid integer,
    issued_at timestamp without time zone,
    native_transaction_id xid8,
    verb text,
    old_data jsonb DEFAULT '{}'::jsonb,
    changed_data jsonb DEFAULT '{}'::jsonb,
    transaction_id bigint
);
CREATE SEQUENCE public.activity_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.activity_id_seq OWNED BY public.activity.id;
CREATE TABLE public.lines (
    order_id bigint NOT NULL,
    sku text NOT NULL,
    quantity integer
);
CREATE TABLE public.orders (
    id bigint NOT NULL,
    status text,
    total numeric(12,2),
    placed_at timestamp with time zone,
    is_gift boolean,
    details json
);
CREATE TABLE public.transaction (
    id bigint NOT NULL,
    native_transaction_id xid8,
    issued_at timestamp without time zone,
    client_addr inet,
    actor_id text
);
CREATE SEQUENCE public.transaction_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.transaction_id_seq OWNED BY public.transaction.id;
ALTER TABLE ONLY public.activity ALTER COLUMN id SET DEFAULT nextval('public.activity_id_seq'::regclass);
ALTER TABLE ONLY public.transaction ALTER COLUMN id SET DEFAULT nextval('public.transaction_id_seq'::regclass);
INSERT INTO public.activity VALUES (1, 'public', 'lines', 16433, '2026-11-28 20:46:40.44518', '756', 'insert', '{}', '{"sku": "x", "order_id": 1, "quantity": 1}', 1);
INSERT INTO public.activity VALUES (2, 'public', 'lines', 16433, '2026-11-28 20:46:40.44518', '756', 'insert', '{}', '{"sku": "y\"", "order_id": 1, "quantity": 2}', 1);
INSERT INTO public.activity VALUES (3, 'public', 'orders', 16422, '2026-11-28 20:46:40.447856', '756', 'insert', '{}', '{"id": 1, "total": 10.50, "status": "new", "details": {"a": [1.5], "b": 1}, "is_gift": null, "placed_at": "2024-02-29T12:30:00+00:00"}', 1);
INSERT INTO public.activity VALUES (4, 'public', 'orders', 16422, '2026-11-28 20:46:40.449404', '756', 'insert', '{}', '{"id": 2, "total": 7.00, "status": "new", "details": null, "is_gift": null, "placed_at": null}', 1);
INSERT INTO public.activity VALUES (5, 'public', 'orders', 16422, '2026-11-28 20:46:40.454338', '757', 'update', '{"id": 1, "total": 10.50, "status": "new", "details": {"a": [1.5], "b": 1}, "is_gift": null, "placed_at": "2024-02-29T12:30:00+00:00"}', '{"status": "paid", "is_gift": true}', 2);
INSERT INTO public.activity VALUES (6, 'public', 'orders', 16422, '2026-11-28 20:46:40.459474', '758', 'update', '{"id": 1, "total": 10.50, "status": "paid", "details": {"a": [1.5], "b": 1}, "is_gift": true, "placed_at": "2024-02-29T12:30:00+00:00"}', '{"total": 12.00}', 3);
INSERT INTO public.activity VALUES (7, 'public', 'lines', 16433, '2026-11-28 20:46:40.46326', '758', 'update', '{"sku": "x", "order_id": 1, "quantity": 1}', '{"quantity": 3}', 3);
INSERT INTO public.activity VALUES (8, 'public', 'orders', 16422, '2026-11-28 20:46:40.467598', '759', 'delete', '{"id": 2, "total": 7.00, "status": "new", "details": null, "is_gift": null, "placed_at": null}', '{}', 5);
INSERT INTO public.lines VALUES (1, 'y"', 2);
INSERT INTO public.lines VALUES (1, 'x', 3);
INSERT INTO public.orders VALUES (1, 'paid', 12.00, '2024-02-29 12:30:00+00', true, '{"b": 1, "a": [1.5]}');
INSERT INTO public.transaction VALUES (1, '756', '2026-11-28 20:46:40.443218', '10.0.0.1', 'alice');
INSERT INTO public.transaction VALUES (2, '757', '2026-11-28 20:46:40.451383', '10.0.0.1', 'alice');
INSERT INTO public.transaction VALUES (3, '758', '2026-11-28 20:46:40.4574', '10.0.0.1', 'alice');
INSERT INTO public.transaction VALUES (5, '759', '2026-11-28 20:46:40.465981', '10.0.0.1', 'alice');
SELECT pg_catalog.setval('public.activity_id_seq', 8, true);
SELECT pg_catalog.setval('public.transaction_id_seq', 5, true);
alter table public.orders add primary key (id);
alter table public.lines add primary key (order_id, sku);
