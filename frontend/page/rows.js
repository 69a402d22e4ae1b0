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

/* Is this another mall, whose numbers begin anew? Then what was shown is not canceled; it is of no interest. */
function isAnother(shown, fresh) {
    const there = new Set(shown.map((row) => row.id));
    const newest = (rows) => Math.max(...rows.map((row) => Number(row.id)));
    return shown.length > 0 && fresh.length > 0 && !fresh.some((row) => there.has(row.id)) && newest(fresh) < newest(shown);
}

/* The newest page after it was read again. A row that is no longer there stays in its place for a while, marked as gone: what was
   canceled does not vanish under the eyes of who canceled it. Meanwhile the older row that comes up for it waits; newer ones, and
   those that were shown before, wait for nothing that is gone. */
export function merged(shown, fresh, size, now) {
    if (isAnother(shown, fresh))
        return fresh;
    const there = new Set(fresh.map((row) => row.id));
    const gone = shown.filter((row) => !there.has(row.id)).map((row) => ({ ...row, isGone: true, goneAt: row.goneAt ?? now }))
        .filter((row) => now - row.goneAt < GONE_MS);
    const oldest = Math.min(...shown.map((row) => Number(row.id)));
    const [first, waiting] = [fresh.filter((row) => Number(row.id) >= oldest), fresh.filter((row) => Number(row.id) < oldest)];
    return [...first, ...gone, ...waiting].slice(0, Math.max(size, first.length)).sort(byNewest);
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
