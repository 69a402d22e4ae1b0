/* Dead letters: how they are named and read, and what is sent to replay one. */
import test from 'node:test';
import assert from 'node:assert/strict';
import { ageOf, cameBack, isGarbage, leftOut, noteOf, pathOf, placeOf, readable, replayOf, shown } from '../page/dead_model.js';

const LETTER = { group: 'product', topic: 'error.mall.product', partition: 2, offset: 17, value: '{"eventType":"DeliveryStarted","qty":"x"}', state: 'open' };

test('a letter is named by its group and place', () => {
    assert.equal(placeOf(LETTER), 'product/2/17');
    assert.equal(pathOf(LETTER), '/dead/product/2/17');
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

test('letters can be looked at by state and by group', () => {
    const letters = [LETTER, { ...LETTER, state: 'dropped' }];
    assert.equal(shown(letters, '').length, 2);
    assert.deepEqual(shown(letters, 'dropped').map(({ state }) => state), ['dropped']);
    assert.deepEqual(shown([...letters, { ...LETTER, group: 'order' }], 'open', 'order').map(({ group }) => group), ['order']);
});

test('open letters that the list has not are counted', () => {
    const letters = [LETTER, LETTER, { ...LETTER, state: 'dropped' }];
    assert.deepEqual(leftOut({ letters, unlisted: 115 }), { shown: 2, all: 117 });
    assert.equal(leftOut({ letters, unlisted: 0 }), null);
    assert.equal(leftOut({ letters }), null, 'a console that does not say it');
});

test('garbage is what nobody can read as it is', () => {
    assert.deepEqual([{ value: '{garbage' }, { eventType: 'publish-garbage', value: '{}' }, { value: null }, LETTER].map(isGarbage), [true, true, true, false]);
});

test('what was replayed in vain comes back as a letter that was not there before', () => {
    const garbage = { ...LETTER, key: '7', eventType: 'Orderplaced', value: '{garbage' };
    const replayed = { letter: garbage, value: '{garbage', known: new Set(['product/2/17', 'product/2/16']) };
    const again = { ...garbage, offset: 20 };
    const others = [garbage, { ...garbage, offset: 16 }, { ...again, group: 'order' }, { ...again, key: '8' }, { ...again, value: '{}' }, { ...again, eventType: 'X' }, { ...again, state: 'dropped' }];
    assert.equal(cameBack(others, replayed), undefined);
    assert.equal(cameBack([...others, again], replayed), again);
    const cut = { ...again, value: '{gar', valueCut: true };
    assert.equal(cameBack([cut], replayed), cut, 'a long one, of which the list has the beginning');
});

test('a note of the mall is taken apart, to be said in the page\'s words', () => {
    const at = Date.parse('2026-11-30T06:00:00.000Z');
    assert.deepEqual(noteOf('dropped by the console at ::1 at 2026-11-30T06:00:00.000Z: an exercise: at last'), { deed: 'dropped', by: 'the console at ::1', console: '::1', at, why: 'an exercise: at last' });
    assert.deepEqual(noteOf('replayed by Ann at 2026-11-30T06:00:00.000Z'), { deed: 'replayed', by: 'Ann', console: null, at, why: null });
    assert.deepEqual(noteOf('replayed at 2026-11-30T06:00:00.000Z'), { deed: 'replayed', by: null, console: null, at, why: null });
    assert.equal(noteOf('something else'), null);
    assert.equal(noteOf(null), null);
});

test('an age is said in its largest unit', () => {
    assert.deepEqual([0, 59.9, 60, 7300, 200000].map(ageOf), [[0, 'dead.seconds'], [59, 'dead.seconds'], [1, 'dead.minutes'], [2, 'dead.hours'], [2, 'dead.days']]);
});
