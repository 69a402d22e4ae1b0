import assert from 'node:assert/strict';
import test from 'node:test';

import { COLLECTIONS } from '../page/collections.js';
import { changes, merged, pageOf, touchedRows } from '../page/rows.js';

const row = (id, more) => ({ id: String(id), isGone: false, ...more });
const ids = (rows) => rows.map(({ id, isGone }) => (isGone ? `-${id}` : id)).join(' ');

test('rows of a HAL page, with their numbers', () => {
    const body = { _embedded: { orders: [{ qty: 5, _links: { self: { href: 'http://x/orders/17' } } }] }, page: { totalElements: 9, totalPages: 9 } };
    const { rows, total, pages } = pageOf('orders', body);
    assert.equal(rows[0].id, '17');
    assert.deepEqual([total, pages], [9, 9]);
    assert.deepEqual(pageOf('orders', null), { rows: [], total: 0, pages: 1 });
});

test('newer rows push older ones out', () => {
    assert.equal(ids(merged([row(3), row(2), row(1)], [row(4), row(3), row(2)], 3, 0)), '4 3 2');
});

test('a row that is no longer there stays, as gone, where it was', () => {
    assert.equal(ids(merged([row(3), row(2), row(1)], [row(3), row(1)], 3, 0)), '3 -2 1');
    assert.equal(ids(merged([row(1)], [], 3, 0)), '-1');
});

test('a row below the page is not gone', () => {
    assert.equal(ids(merged([row(3), row(2), row(1)], [row(5), row(4), row(3)], 3, 0)), '5 4 3');
});

test('a row that is gone is pushed out like any other', () => {
    assert.equal(ids(merged([row(3), row(2, { isGone: true }), row(1)], [row(5), row(4), row(3)], 3, 0)), '5 4 3');
    assert.equal(ids(merged([row(3), row(2, { isGone: true })], [row(4), row(3), row(1)], 4, 0)), '4 3 -2 1');
});

test('a row that is gone makes room after half a minute', () => {
    const shown = merged([row(3), row(2), row(1)], [row(3), row(1)], 3, 1000);
    assert.equal(ids(merged(shown, [row(3), row(1), row(0)], 3, 30999)), '3 -2 1');
    assert.equal(ids(merged(shown, [row(3), row(1), row(0)], 3, 31000)), '3 1 0');
});

test('a row that is gone pushes out none that is newer or was there before', () => {
    assert.equal(ids(merged([row(9, { isGone: true, goneAt: 0 }), row(3), row(2)], [row(4), row(3), row(2)], 3, 1)), '4 3 2');
    assert.equal(ids(merged([row(9), row(8), row(1)], [row(3), row(2), row(1)], 3, 0)), '3 2 1');
});

test('the rows of another mall, whose numbers began anew, stand alone', () => {
    assert.equal(ids(merged([row(9), row(8)], [row(2), row(1)], 8, 0)), '2 1');
    assert.equal(ids(merged([row(9, { isGone: true, goneAt: 0 })], [row(1)], 8, 1)), '1');
});

test('numbers, not texts, put rows in order', () => {
    assert.equal(ids(merged([row(9)], [row(10)], 3, 0)), '10 -9');
});

test('the columns in which a row changed', () => {
    const { columns } = COLLECTIONS.find(({ name }) => name === 'orders');
    const before = row(1, { productName: 'TV', qty: 5, status: null });
    assert.deepEqual(changes(columns, before, { ...before }), []);
    assert.deepEqual(changes(columns, before, { ...before, status: 'DeliveryStarted' }), ['status']);
    assert.deepEqual(changes(columns, before, { ...before, isGone: true }), ['status']);
});

test('rows that events were about; an event without a key is about none', () => {
    const rows = [row(2, { productId: '1001' }), row(1, { productId: null })];
    assert.equal(ids(touchedRows(rows, new Set(['1001', null]), ({ productId }) => productId)), '2');
    assert.equal(ids(touchedRows(rows, new Set([null]), () => null)), '');
});
