/* Dead letters: how they are named and read, and what is sent to replay one. */
import test from 'node:test';
import assert from 'node:assert/strict';
import { ageOf, pathOf, placeOf, readable, replayOf, shown } from '../page/dead_model.js';

const LETTER = { group: 'product', topic: 'error.mall.product', partition: 2, offset: 17, value: '{"eventType":"DeliveryStarted","qty":"x"}', state: 'open' };

test('a letter is named by its group and place', () => {
    assert.equal(placeOf(LETTER), 'product/2/17');
    assert.equal(pathOf(LETTER, 'replay'), '/dead/product/2/17/replay');
    assert.equal(pathOf({ ...LETTER, group: 'a/b' }, 'drop'), '/dead/a%2Fb/2/17/drop');
});

test('an event is laid out for people, and what is no JSON stays as it is', () => {
    assert.equal(readable('{"a":1}'), '{\n  "a": 1\n}');
    assert.equal(readable('{garbage'), '{garbage');
    assert.equal(readable(null), '');
    assert.equal(readable('{"id":12345678901234567890}'), '{"id":12345678901234567890}', 'no digit is lost');
});

test('what nobody touched is replayed as it is, what was mended as its JSON', () => {
    assert.deepEqual(replayOf(LETTER, readable(LETTER.value)), { body: {} });
    assert.deepEqual(replayOf(LETTER, '{ "eventType": "DeliveryStarted",\n "qty": 5 }'), { body: { value: '{ "eventType": "DeliveryStarted",\n "qty": 5 }' } });
    assert.deepEqual(replayOf(LETTER, '{\n  "qty": 5\n}').body, { value: '{"qty":5}' });
    assert.deepEqual(replayOf(LETTER, '{"id":12345678901234567890}').body, { value: '{"id":12345678901234567890}' });
    assert.deepEqual(replayOf(LETTER, '{ "eventType"'), { key: 'dead.notJson' });
    assert.deepEqual(replayOf({ ...LETTER, value: '{garbage' }, '{garbage'), { body: {} });
});

test('letters can be looked at by state', () => {
    const letters = [LETTER, { ...LETTER, state: 'dropped' }];
    assert.equal(shown(letters, '').length, 2);
    assert.deepEqual(shown(letters, 'dropped').map(({ state }) => state), ['dropped']);
});

test('an age is said in its largest unit', () => {
    assert.deepEqual([0, 59.9, 60, 7300, 200000].map(ageOf), [[0, 'dead.seconds'], [59, 'dead.seconds'], [1, 'dead.minutes'], [2, 'dead.hours'], [2, 'dead.days']]);
});
