import assert from 'node:assert/strict';
import test from 'node:test';

import { Keys } from '../page/idempotency.js';

test('a wish that is sent again has its key, until it is known what became of it', () => {
    const keys = new Keys();
    const key = keys.use('/orders', '{"qty":"5"}');
    assert.equal(keys.use('/orders', '{"qty":"5"}'), key);
    keys.forget('/orders', '{"qty":"5"}');
    assert.notEqual(keys.use('/orders', '{"qty":"5"}'), key);
});

test('another path or body is another wish', () => {
    const keys = new Keys();
    const all = [keys.use('/orders', 'a'), keys.use('/orders', 'b'), keys.use('/inventories', 'a')];
    assert.equal(new Set(all).size, 3);
});

test('a key is what the mall takes: 1 to 255 visible ASCII characters', () => {
    assert.match(new Keys().use('/orders', 'a'), /^[!-~]{1,255}$/);
});
