--
-- IMPORT FOREIGN SCHEMA: the tables of a connector as foreign tables, whatever
-- their codes are.
--
\pset format unaligned
\pset tuples_only on
SET datestyle = ISO;
CREATE SCHEMA import;
SET search_path = import, public;
-- A server whose connector misbehaves as its user mapping says
SELECT format('CREATE SERVER %s FOREIGN DATA WRAPPER biconnector_fdw OPTIONS (
        url_table_list %L, url_table_description %L, url_data %L)',
    'bazaar', url || '/table_list', url || '/table_description', url || '/data')
    AS create_server FROM connector \gset
:create_server;
CREATE USER MAPPING FOR CURRENT_USER SERVER bazaar
    OPTIONS (login 'anna', password 's3cret word', misbehave '');
-- Import what a statement says between the remote schema and the options,
-- under these misbehaviours, into an empty schema
CREATE FUNCTION import(what text, options text DEFAULT '', misbehave text DEFAULT '')
RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    SET LOCAL client_min_messages = warning;
    DROP SCHEMA IF EXISTS got CASCADE;
    CREATE SCHEMA got;
    EXECUTE format('ALTER USER MAPPING FOR CURRENT_USER SERVER bazaar OPTIONS (SET misbehave %L)',
                   misbehave);
    FOR line IN SELECT attempt(format('IMPORT FOREIGN SCHEMA connector %s FROM SERVER bazaar INTO got%s',
                                      what, format(' OPTIONS (probe ''off''%s)', ', ' || nullif(options, '')))) LOOP
        CONTINUE WHEN line = 'ok';
        RETURN NEXT line;
    END LOOP;
    RETURN QUERY
        SELECT format('%I <- %s', relname, (SELECT left(to_json(option_value)::text, 70)
                                            FROM pg_options_to_table(ftoptions)))
        FROM pg_class JOIN pg_foreign_table ON ftrelid = oid
        WHERE relnamespace = 'got'::regnamespace ORDER BY relname COLLATE "C";
END
$$;
-- The columns of an imported table: name, type, and the field's code and type
CREATE FUNCTION columns(relation regclass) RETURNS SETOF text
LANGUAGE sql AS $$
    SELECT format('%I %s <- %s', attname, format_type(atttypid, atttypmod),
                  (SELECT string_agg(left(to_json(option_value)::text, 70), ' ' ORDER BY option_name)
                   FROM pg_options_to_table(attfdwoptions)))
    FROM pg_attribute WHERE attrelid = relation AND attnum > 0 ORDER BY attnum
$$;

--
-- Tables, columns and their types.  Names without lower-case letters are
-- folded, as they are in PostgreSQL; others are kept.
--
SELECT import('');
SELECT columns('got.items');
SELECT columns('got."Weird ""Table"""');
SELECT id, status, born, created FROM got.items WHERE id = 2;
SELECT * FROM got."Weird ""Table""" ORDER BY 1;
-- the remote schema may have any name
DROP FOREIGN TABLE got.single;
IMPORT FOREIGN SCHEMA "any ""name""" LIMIT TO (single) FROM SERVER bazaar INTO got;
SELECT count(*) FROM got.single;

--
-- Options
--
SELECT import('', $$"case" 'lower'$$);
SELECT columns('got."weird ""table"""');
SELECT import('', $$"case" 'keep'$$);
SELECT columns('got.bigids');
SELECT import('', $$"case" 'smart', datetime_type 'timestamptz'$$);
SELECT columns('got.orders');
SELECT import('LIMIT TO (orders)', $$datetime_type 'timestamp'$$);
SELECT columns('got.orders');
-- search is sent, and finds in titles, too
SELECT import('', $$search 'item'$$);
SELECT import('', $$search 'Заказы'$$);
SELECT import('', $$search 'no such table'$$);
SELECT requests_of('SELECT import.import('''', $o$search ''O''''Neill & 100%''$o$)');
SELECT import('', $$"case" 'upper'$$);
SELECT import('', $$datetime_type 'date'$$);
SELECT import('', $$prefix 'x'$$);

--
-- Which tables
--
-- LIMIT TO takes local names; only the tables asked for are described
SELECT import('LIMIT TO (items, "Weird ""Table""")');
SELECT body FROM requests_of('SELECT import.import(''LIMIT TO (single, wide)'')') AS body
ORDER BY body ->> 'table' COLLATE "C" NULLS FIRST;
-- a name that no table has is worth a warning
SELECT import('LIMIT TO (items, no_such_table)');
-- one that is only a code is an error, as otherwise it would be found missing
-- much later
SELECT import('LIMIT TO ("Weird ""Table""")', $$"case" 'lower'$$);
SELECT import('LIMIT TO ("weird ""table""")', $$"case" 'lower'$$);
SELECT import('LIMIT TO (twin)', $$"case" 'lower'$$, 'list_hostile');
-- EXCEPT takes local names and codes
SELECT import('EXCEPT (items, big, bigids, wide, forms, "Weird ""Table""", no_such_table)');
SELECT import('EXCEPT (items, big, bigids, wide, forms, "Weird ""Table""")', $$"case" 'lower'$$);
SELECT import('EXCEPT (items, big, bigids, wide, forms, "weird ""table""")', $$"case" 'lower'$$);
SELECT body FROM requests_of('SELECT import.import(''EXCEPT (items, big, bigids, wide, forms, all_null, orders,
                                                           empty_table)'')') AS body
ORDER BY body ->> 'table' COLLATE "C" NULLS FIRST;

--
-- Tables with ids: their names come from the codes, and the ids are asked for
--
SELECT import('', '', 'with_ids');
SELECT id, name FROM got.items WHERE id < 4 AND name = 'apple';
SELECT requests_of('SELECT import.import(''LIMIT TO (items)'', '''', ''with_ids'')');
SELECT import('LIMIT TO ("107")', '', 'with_ids');
SELECT import('EXCEPT ("101", "102", "103", "104", "105", items)', '', 'with_ids');

--
-- Codes that nobody should choose
--
SELECT import('', '', 'list_hostile');
-- each is a table that can be read
CREATE FUNCTION request_and_row(relation regclass) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    query text := format('SELECT id, name FROM %s', relation);
    result record;
BEGIN
    EXECUTE query INTO result;
    RETURN (SELECT left(request ->> 'table', 40) || ' -> ' || result::text
            FROM requests_of(query) AS request);
END
$$;
SELECT request_and_row(oid)
FROM pg_class AS c
WHERE relnamespace = 'got'::regnamespace
    AND NOT EXISTS (SELECT FROM pg_class WHERE relnamespace = 'shop'::regnamespace
                    AND relname = c.relname)
ORDER BY relname COLLATE "C";
-- and names do not depend on what else there is, except where they would be the same
SELECT import('LIMIT TO ("Twin", twin)', '', 'list_hostile');
SELECT import('LIMIT TO ("TWIN")', '', 'list_hostile');
SELECT import('', $$"case" 'lower', search 'twin'$$, 'list_hostile');
SELECT import('', $$"case" 'keep', search 'twin'$$, 'list_hostile');
SELECT import('', $$search 'xxx'$$, 'list_hostile');
-- fields
SELECT import('LIMIT TO (single)', '', 'description_hostile');
SELECT columns('got.single');
SELECT * FROM got.single;
SELECT twin, "Twin", id, id_062160ba, "таблица", ctid_5fbad338 FROM got.single;
SELECT import('LIMIT TO (single)', $$"case" 'lower'$$, 'description_hostile');
SELECT columns('got.single');
SELECT import('LIMIT TO (single)', $$"case" 'keep'$$, 'description_hostile');
SELECT attname FROM pg_attribute WHERE attrelid = 'got.single'::regclass AND attname ~* '^(id|ctid)$'
ORDER BY attnum;

--
-- What is wrong is an error that names the code, or does no harm
--
SELECT import('', '', 'list_empty_code');
SELECT import('LIMIT TO (single, no_title)', '', 'list_empty_code');
SELECT import('', '', 'list_duplicate_codes');
SELECT import('LIMIT TO (single)', '', 'list_duplicate_codes');
SELECT import('EXCEPT ("Weird ""Table""", big, bigids, wide, forms)', '', 'list_duplicate_codes');
SELECT import('LIMIT TO (single)', '', 'description_empty');
SELECT import('LIMIT TO (single)', '', 'description_duplicate');
SELECT import('LIMIT TO (bigids)', '', 'description_bad_type');
SELECT columns('got.bigids');
SELECT import('LIMIT TO (orders)', '', 'description_lower_types');
SELECT columns('got.orders');
SELECT import('', '', 'list_error_200');
SELECT import('', '', 'list_not_array');
SELECT import('', '', 'table_list/status:500');
SELECT import('', '', 'table_list/status:401');
SELECT import('', '', 'table_list/html_warning');
SELECT import('', '', 'table_list/truncated');
SELECT import('', '', 'table_list/trailing_garbage');
SELECT import('LIMIT TO (single)', '', 'table_list/utf8_bom,table_description/utf8_bom');
SELECT import('LIMIT TO (single)', '', 'table_description/status:404');
SELECT import('LIMIT TO (single)', '', 'table_description/error_200');
SELECT import('', '', 'table_list/echo_secrets');
-- a table that is there already is PostgreSQL's error
SELECT import('LIMIT TO (single)');
SELECT attempt('IMPORT FOREIGN SCHEMA connector LIMIT TO (single) FROM SERVER bazaar INTO got');
-- endpoints that are not set
ALTER SERVER bazaar OPTIONS (DROP url_table_description);
SELECT import('LIMIT TO (single)');
ALTER SERVER bazaar OPTIONS (DROP url_table_list);
SELECT import('');

\set VERBOSITY terse
SET client_min_messages = warning;
DROP SCHEMA got CASCADE;
DROP SCHEMA import CASCADE;
DROP SERVER bazaar CASCADE;
