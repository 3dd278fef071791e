CREATE TABLE public.lines (
    order_id bigint NOT NULL,
    sku text NOT NULL,
    quantity integer
);
CREATE TABLE public.lines_version (
    order_id bigint NOT NULL,
    sku text NOT NULL,
    quantity integer,
    transaction_id bigint NOT NULL,
    end_transaction_id bigint,
    operation_type smallint NOT NULL,
    quantity_mod boolean DEFAULT false NOT NULL
);
CREATE TABLE public.orders (
    id bigint NOT NULL,
    status text,
    total numeric(12,2),
    placed_at timestamp with time zone,
    is_gift boolean,
    details json
);
CREATE TABLE public.orders_version (
    id bigint NOT NULL,
    status text,
    total numeric(12,2),
    placed_at timestamp with time zone,
    is_gift boolean,
    details json,
    transaction_id bigint NOT NULL,
    end_transaction_id bigint,
    operation_type smallint NOT NULL,
    status_mod boolean DEFAULT false NOT NULL,
    total_mod boolean DEFAULT false NOT NULL,
    placed_at_mod boolean DEFAULT false NOT NULL,
    is_gift_mod boolean DEFAULT false NOT NULL,
    details_mod boolean DEFAULT false NOT NULL
);
CREATE TABLE public.transaction (
    id bigint NOT NULL,
    remote_addr character varying(50),
    issued_at timestamp without time zone
);
INSERT INTO public.lines VALUES (1, 'y"', 2);
INSERT INTO public.lines VALUES (1, 'x', 3);
INSERT INTO public.lines_version VALUES (1, 'y"', 2, 1, NULL, 0, true);
INSERT INTO public.lines_version VALUES (1, 'x', 3, 3, NULL, 1, true);
INSERT INTO public.lines_version VALUES (1, 'x', 1, 1, 3, 0, true);
INSERT INTO public.orders VALUES (1, 'paid', 12.00, '2024-02-29 12:30:00+00', true, '{"b": 1, "a": [1.5]}');
INSERT INTO public.orders_version VALUES (1, 'new', 10.50, '2024-02-29 12:30:00+00', NULL, '{"b": 1, "a": [1.5]}', 1, 2, 0, true, true, true, false, true);
INSERT INTO public.orders_version VALUES (1, 'paid', 12.00, '2024-02-29 12:30:00+00', true, '{"b": 1, "a": [1.5]}', 3, NULL, 1, false, true, false, false, false);
INSERT INTO public.orders_version VALUES (1, 'paid', 10.50, '2024-02-29 12:30:00+00', true, '{"b": 1, "a": [1.5]}', 2, 3, 1, true, false, false, true, false);
INSERT INTO public.orders_version VALUES (2, 'new', 7.00, NULL, NULL, 'null', 4, NULL, 2, true, true, true, true, true);
INSERT INTO public.orders_version VALUES (2, 'new', 7.00, NULL, NULL, 'null', 1, 4, 0, true, true, false, false, false);
INSERT INTO public.transaction VALUES (1, NULL, '2026-11-28 20:46:41.237785');
INSERT INTO public.transaction VALUES (2, NULL, '2026-11-28 20:46:41.264759');
INSERT INTO public.transaction VALUES (3, NULL, '2026-11-28 20:46:41.272382');
INSERT INTO public.transaction VALUES (4, NULL, '2026-11-28 20:46:41.285738');
alter table public.orders add primary key (id);
alter table public.lines add primary key (order_id, sku);
