/* rows - what a table shows, from what the API gave. No DOM here. */

import { idOf } from './actions.js';

/* {rows, total, pages} of a HAL page; each row with its id. */
export function pageOf(collection, body) {
    const rows = body?._embedded?.[collection] ?? [];
    return {
        rows: rows.map((row) => ({ ...row, id: idOf(row), isGone: false })),
        total: body?.page?.totalElements ?? rows.length,
        pages: body?.page?.totalPages ?? 1,
    };
}

const GONE_MS = 30000;
const byNewest = (a, b) => Number(b.id) - Number(a.id);

/* The newest page after it was read again. A row that is no longer there stays in its place for a while, marked as gone: what was
   canceled does not vanish under the eyes of who canceled it. Then it makes room for the rows that it pushed out. */
export function merged(shown, fresh, size, now) {
    const there = new Set(fresh.map((row) => row.id));
    const gone = shown.filter((row) => !there.has(row.id)).map((row) => ({ ...row, isGone: true, goneAt: row.goneAt ?? now }));
    return [...fresh, ...gone.filter((row) => now - row.goneAt < GONE_MS)].sort(byNewest).slice(0, size);
}

/* Names of the columns in which two rows differ. */
export function changes(columns, before, after) {
    const look = (column, row) => JSON.stringify(column.of(row));
    return columns.filter((column) => look(column, before) !== look(column, after)).map((column) => column.name);
}

/* The rows that events of these keys were about. A row without a key, such as a movement, never changes. */
export function touchedRows(rows, keys, keyOf) {
    return rows.filter((row) => (keyOf(row) ?? null) !== null && keys.has(keyOf(row)));
}
