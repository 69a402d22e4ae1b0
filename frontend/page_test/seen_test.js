import assert from 'node:assert/strict';
import test from 'node:test';

import { Seen } from '../page/seen.js';

const event = (partition, offset, id = String(offset)) => ({ partition, offset, id, source: '/order/1', announced: 1000 + offset });

test('an event that comes again is a double, in each partition', () => {
    const seen = new Seen();
    assert.equal(seen.note(event(0, 17)), true);
    assert.equal(seen.note(event(1, 17)), true);
    assert.equal(seen.note(event(0, 17)), false);
    assert.equal(seen.note(event(1, 17)), false);
});

test('an old event that comes again after newer ones is a double', () => {
    const seen = new Seen();
    for (let offset = 0; offset < 1500; offset++)
        seen.note(event(0, offset));
    assert.equal(seen.note(event(0, 500)), false);
});

test('another event at an old place is new: the topic was made anew', () => {
    const seen = new Seen();
    seen.note(event(0, 0, 'a'));
    assert.equal(seen.note(event(0, 0, 'b')), true);
});

test('it says which events are missing', () => {
    const seen = new Seen();
    assert.equal(seen.missing(event(0, 40)), 0, 'the first is where one begins');
    seen.note(event(0, 40));
    assert.equal(seen.missing(event(0, 41)), 0);
    assert.equal(seen.missing(event(0, 44)), 3);
    assert.equal(seen.missing(event(0, 3)), 0);
});

test('the vector has the last place of each partition', () => {
    const seen = new Seen();
    assert.equal(seen.vector(), '');
    for (const [partition, offset] of [[10, 1], [0, 16], [0, 17], [2, 4]])
        seen.note(event(partition, offset));
    assert.equal(seen.vector(), '0-17.2-4.10-1');
});
