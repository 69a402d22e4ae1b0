import assert from 'node:assert/strict';
import test from 'node:test';

import { Turns } from '../page/turns.js';

test('the newest turn counts, and what began before it does not', () => {
    const turns = new Turns();
    const before = turns.current();
    const first = turns.begin(), beside = turns.current();
    assert.deepEqual([before(), first(), beside()], [false, true, true]);
    const second = turns.begin();
    assert.deepEqual([first(), beside(), second()], [false, false, true]);
});
