import assert from 'node:assert/strict';
import test from 'node:test';

import { Emptiness } from '../page/emptiness.js';

test('a mall is empty while it has neither orders nor products, and nobody knows before both were read', () => {
    const mall = new Emptiness();
    assert.deepEqual([mall.isKnown, mall.isEmpty], [false, false]);
    mall.note({ collection: 'orders', total: 0 });
    mall.note({ collection: 'deliveries', total: 7 });
    assert.deepEqual([mall.isKnown, mall.isEmpty], [false, false]);
    mall.note({ collection: 'inventories', total: 0 });
    assert.deepEqual([mall.isKnown, mall.isEmpty], [true, true]);
    mall.note({ collection: 'inventories', total: 1 });
    assert.deepEqual([mall.isKnown, mall.isEmpty], [true, false]);
});
