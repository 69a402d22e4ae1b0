import assert from 'node:assert/strict';
import test from 'node:test';

import { continued, storyOf } from '../page/story.js';

const event = (type, key, trace, announced, more) => ({ type, key, trace, announced, duplicate: false, ...more });
const types = (events) => events.map(({ type }) => type).join(' ');

const PLACED = [
    event('InventoryModified', '1001', 'a', 1016), /* another partition: it arrives first */
    event('Orderplaced', '17', 'a', 1000),
    event('Orderplaced', '18', 'b', 1001),
    event('DeliveryStarted', '17', 'a', 1008),
    event('InventoryModified', '1001', 'b', 1017),
];

const CANCELED = [
    event('OrderCanceled', '17', 'c', 2000),
    event('DeliveryCanceled', '17', 'c', 2008),
    event('InventoryModified', '1001', 'c', 2016),
];

test('the events of one order, in order of time', () => {
    assert.equal(types(storyOf(PLACED, '17', 'Orderplaced')), 'Orderplaced DeliveryStarted InventoryModified');
});

test('a cancel begins with OrderCanceled, and has the stock that it gave back', () => {
    assert.equal(types(storyOf([...PLACED, ...CANCELED], '17', 'OrderCanceled')), 'OrderCanceled DeliveryCanceled InventoryModified');
});

test('duplicates, and events of products whose key is the same number, are not of it', () => {
    const all = [event('Orderplaced', '17', 'a', 1), event('Orderplaced', '17', 'a', 1, { duplicate: true }), event('InventoryModified', '17', 'x', 2)];
    assert.equal(types(storyOf(all, '17', 'Orderplaced')), 'Orderplaced');
});

test('events without a trace move nobody\'s stock', () => {
    assert.equal(types(storyOf([event('Orderplaced', '1', null, 1), event('InventoryModified', '1001', null, 2)], '1', 'Orderplaced')), 'Orderplaced');
});

test('before it begins there is no story', () => {
    assert.deepEqual(storyOf(PLACED, '17', 'OrderCanceled'), []);
    assert.deepEqual(storyOf([], '17', 'Orderplaced'), []);
});

test('a story goes on, and keeps what is no longer among the last events', () => {
    const begun = continued([], PLACED.slice(1, 3), '17', 'Orderplaced');
    assert.equal(types(begun), 'Orderplaced');
    assert.equal(continued(begun, [], '17', 'Orderplaced'), begun);
    const later = continued(begun, PLACED.slice(2), '17', 'Orderplaced');
    assert.equal(types(later), 'Orderplaced DeliveryStarted');
    assert.equal(types(continued(later, [PLACED[0]], '17', 'Orderplaced')), 'Orderplaced DeliveryStarted InventoryModified');
});

test('a cancel whose events come one after the other has none of those before it', () => {
    const all = [...PLACED];
    let story = [];
    for (const next of CANCELED) {
        all.push(next);
        story = continued(story, all, '17', 'OrderCanceled');
        assert.equal(story.at(-1), next);
    }
    assert.equal(types(story), 'OrderCanceled DeliveryCanceled InventoryModified');
});
