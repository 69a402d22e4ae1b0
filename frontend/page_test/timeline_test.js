/* An order's timeline as a picture, and what the stream's rows know of orders and products. */
import test from 'node:test';
import assert from 'node:assert/strict';
import { causesOf, laidOut, lanesOf, scaleOf, shadesOf, timeSpan, timesOf } from '../page/timeline_layout.js';
import { keptOf } from '../page/timeline_kept.js';
import { isOrder, triesAgain } from '../page/timeline_order.js';
import { Rows, orderOf, passes, productOf } from '../page/stream_rows.js';

const event = (service, type, id, ms, more = {}) => ({ service, type, id, ms, trace: 't', cause: null, announced: 1000 + ms, duplicate: false, ...more });

const STORY = [
    event('order', 'Orderplaced', '1', 0),
    event('delivery', 'DeliveryStarted', '1', 7, { cause: '1' }),
    event('product', 'InventoryModified', '1', 17, { cause: '1' }),
    event('order', 'OrderCanceled', '2', 5012, { trace: 'u' }),
    event('delivery', 'DeliveryCanceled', '2', 5020, { trace: 'u', cause: '2' }),
    event('delivery', 'DeliveryCanceled', '2', 5020, { trace: 'u', cause: '2', duplicate: true }),
];
const texts = (one) => [one.type, ''];

test('lanes come in the order in which their services do', () => {
    assert.deepEqual(lanesOf(STORY), ['order', 'delivery', 'product']);
});

test('milliseconds are those of the answer, else counted from the first event', () => {
    assert.deepEqual(timesOf(STORY).slice(0, 3), [0, 7, 17]);
    assert.deepEqual(timesOf([{ announced: 50 }, { announced: 62 }]), [0, 12]);
});

test('a cause is the event of that id that another service said before, in the same trace', () => {
    assert.deepEqual(causesOf(STORY), [-1, 0, 1, -1, 3, 3]);
});

test('a cause that is not kept any more, or comes later, is none', () => {
    assert.deepEqual(causesOf([event('a', 'A', '5', 0, { cause: '4' }), event('b', 'B', '4', 1)]), [-1, -1]);
});

test('time goes from left to right; equal times lie at one place', () => {
    const x = scaleOf([0, 7, 7, 17, 5012], 800), at = [0, 7, 17, 5012].map((ms) => x.get(ms));
    assert.equal(x.size, 4);
    assert.ok(at.every((place, index) => index === 0 || place >= at[index - 1] + 30));
    assert.ok(at[3] - at[2] > at[2] - at[1], 'a longer time is a longer way');
    assert.ok(at.at(-1) <= 800);
});

test('a day between two events hides none of them', () => {
    const x = scaleOf([0, 7, 86400000, 86400007], 700);
    assert.ok(x.get(86400007) - x.get(86400000) >= 30 && x.get(86400007) <= 700);
});

test('one event alone has a place', () => {
    assert.equal(scaleOf([0], 300).size, 1);
    const picture = laidOut([STORY[0]], 300, texts);
    assert.equal(picture.marks.length, 1);
    assert.equal(picture.width, 300);
});

test('no label lies on another mark or label of its lane', () => {
    for (const width of [290, 700, 1300]) {
        const { marks, lanes } = laidOut([...STORY, ...STORY.map((one) => ({ ...one, ms: one.ms + 1 }))], width, texts);
        for (const a of marks) {
            for (const b of marks)
                assert.ok(a === b || a.y !== b.y || a.x + a.label <= b.x - 8 || b.x + b.label <= a.x - 8, `at ${width}`);
            assert.ok(lanes.some((lane) => a.y > lane.y + 24 && a.y + 20 < lane.y + lane.h), `in its lane at ${width}`);
        }
    }
});

test('the picture holds every label, and is as wide as there is room', () => {
    const picture = laidOut(STORY, 1300, texts);
    assert.equal(picture.width, 1300);
    const narrow = laidOut(STORY, 290, texts);
    assert.ok(narrow.width > 290 && narrow.marks.every((mark) => mark.x + mark.label <= narrow.width));
});

test('arrows lead from each cause to its effect; marks keep the order of the events', () => {
    const { arrows, marks } = laidOut(STORY, 1300, texts);
    assert.deepEqual(arrows.map(({ from, to }) => [from, to]), [[0, 1], [1, 2], [3, 4], [3, 5]]);
    assert.deepEqual(marks.map((mark) => mark.index), [0, 1, 2, 3, 4, 5]);
});

test('an arrow begins at its cause and ends left of its effect', () => {
    const { arrows, marks } = laidOut(STORY, 1300, texts);
    for (const { from, to, path, head } of arrows) {
        const places = path.match(/-?[\d.]+/g).map(Number), end = places.slice(-2);
        assert.deepEqual(places.slice(0, 2), [marks[from].x, marks[from].y]);
        assert.ok(end[0] < marks[to].x && end[0] > marks[to].x - 12 && end[1] === marks[to].y);
        assert.ok(head.startsWith(`M${end.join(' ')}l-`));
        assert.ok(places[2] > places[0] && places[4] < end[0], 'it leaves and comes from left to right');
    }
});

test('a label at the end has room, whatever its length', () => {
    for (const detail of ['', 'TV -5 → stock 95, and so on and so forth']) {
        const picture = laidOut(STORY, 1300, (one) => [one.type, one.ms === 5020 ? detail : '']);
        assert.equal(picture.width, 1300);
    }
});

test('times on the axis never touch', () => {
    const events = Array.from({ length: 40 }, (_, at) => event('order', 'Orderplaced', String(at), at * 100000));
    const { ticks } = laidOut(events, 600, texts);
    assert.ok(ticks.length > 5);
    assert.ok(ticks.every((tick, at) => at === 0 || tick.x - ticks[at - 1].x >= 8 + String(tick.time).length * 7));
});

test('an order is named by orderId, and by id on its own events', () => {
    assert.equal(orderOf({ type: 'Orderplaced', value: { id: 17, productId: '1001' } }), '17');
    assert.equal(orderOf({ type: 'OutOfStock', value: { id: 2, orderId: '3' } }), '3');
    assert.equal(orderOf({ type: 'InventoryModified', value: { id: 1, productId: '1001' } }), null);
    assert.equal(orderOf({ type: 'DeliveryStarted', value: { id: 1, orderId: null } }), null);
    assert.equal(orderOf({ type: 'Orderplaced', value: null }), null);
    assert.equal(productOf({ value: null }), null);
});

test('filters compare the whole', () => {
    const one = { type: 'Orderplaced', order: '17', value: { productId: '1001', productName: 'TV' } };
    assert.ok(passes(one, {}));
    assert.ok(passes(one, { type: 'Orderplaced', order: '17', product: 'TV' }));
    assert.ok(passes(one, { product: '1001' }));
    assert.ok(!passes(one, { order: '1' }));
    assert.ok(!passes(one, { type: 'OutOfStock' }));
    assert.ok(!passes(one, { product: '100' }));
});

test('an event of a product is found by the order of its trace', () => {
    const rows = new Rows();
    rows.put([
        { type: 'Orderplaced', trace: 'a', value: { id: 1 } }, { type: 'Orderplaced', trace: 'b', value: { id: 2 } },
        { type: 'InventoryModified', trace: 'a', value: { id: 9, productId: '1001' } }, { type: 'InventoryModified', trace: null, value: { id: 9 } },
    ]);
    assert.deepEqual(rows.newest({ order: '1' }, 10).map((one) => one.type), ['InventoryModified', 'Orderplaced']);
    assert.equal(rows.newest({}, 1)[0].order, null);
});

test('rows are bounded, the newest first', () => {
    const rows = new Rows(100);
    for (let at = 0; at < 1000; at++)
        rows.put([{ type: 'A', trace: String(at), value: { orderId: at } }]);
    const found = rows.newest({}, 1000);
    assert.ok(found.length >= 100 && found.length <= 125);
    assert.deepEqual(found.slice(0, 2).map((one) => one.order), ['999', '998']);
});

test('how far back the memory goes, or nothing', () => {
    const detail = 'nothing is remembered of order 99: the memory has the last 16 events, since 2026-11-30T00:07:21.722Z';
    assert.deepEqual(keptOf({ detail: detail + '.' }), keptOf({ detail }));
    assert.deepEqual(keptOf({ detail }), { most: 16, since: Date.UTC(2026, 10, 30, 0, 7, 21, 722) });
    assert.equal(keptOf({ detail: 'no event is remembered yet' }), null);
    assert.equal(keptOf({}), null);
});

test('only what can be an order is asked for', () => {
    for (const right of ['1', '17', '0', '999999999999999999'])
        assert.ok(isOrder(right), right);
    for (const wrong of ['abc', '1'.repeat(19), '1'.repeat(20), '..', ' ', '', '-1', '1.5', '1 ', '１', null])
        assert.ok(!isOrder(wrong), wrong);
});

test('what was refused is not asked for again; an outage and a timeline that goes on are', () => {
    for (const status of [400, 404, 406, 429])
        assert.ok(!triesAgain({ status }), status);
    for (const status of [0, 500, 502, 503])
        assert.ok(triesAgain({ status }), status);
    assert.ok(triesAgain(null));
});

test('a fault shades its time in the lane of its service', () => {
    const picture = laidOut(STORY, 900, texts), at = (time) => picture.x.get(time), [, delivery] = picture.lanes;
    const shade = (from, to, service = 'delivery') => shadesOf([{ service, kind: 'k', from, to }], picture)[0];
    assert.deepEqual(shade(7, 5012), { service: 'delivery', kind: 'k', x: at(7), y: delivery.y, w: at(5012) - at(7), h: delivery.h });
    assert.deepEqual([shade(-5000, null).x, shade(-5000, null).w], [0, picture.width], 'it was on before, and is on still');
    assert.ok(shade(9, 12).x > at(7) && shade(9, 12).x + shade(9, 12).w < at(17), 'within a step');
    assert.equal(shade(8, 8).w, 3, 'a short one can be seen');
    assert.equal(shade(5020, 99999).x + shade(5020, 99999).w, picture.width, 'it ended later');
    assert.equal(shade(0, 10, 'gateway'), undefined, 'a service that has no lane');
});

test('when it all was, by the clock', () => {
    assert.deepEqual(timeSpan(STORY), { zero: 1000, from: 1000, to: 6020 });
    assert.deepEqual(timeSpan([{ ms: 3, announced: null }, { ms: 7, announced: 50 }]), { zero: 43, from: 46, to: 50 });
    assert.equal(timeSpan([{ ms: 3, announced: null }]), null);
});
