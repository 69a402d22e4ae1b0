/* The board: what it shows of what the daemons say of themselves, where it lies, and what lights up. */
import test from 'node:test';
import assert from 'node:assert/strict';
import { Causes, boardOf, hearersOf, litBy, remembered, shapeOf } from '../page/board_model.js';
import { placed, planOf } from '../page/board_layout.js';
import { aggregateOf, arrowsOf, headOf, pathOf } from '../page/board_arrows.js';
import { Lights } from '../page/lights.js';
import { Rates } from '../page/rates.js';
import { fit, textWidth } from '../page/fit.js';

const service = (name, hears, says, collections, more = {}) => ({ name, status: 'UP', version: '1.0.0', hears, says, collections, ...more });
const owns = (path, entity, readOnly = false) => ({ path, entity, readOnly, listed: true });

const MALL = [
    service('order', ['DeliveryStarted', 'DeliveryCanceled', 'OutOfStock'], ['Orderplaced', 'OrderCanceled'], [owns('/orders', 'order')]),
    service('delivery', ['Orderplaced', 'OrderCanceled', 'OutOfStock'], ['DeliveryStarted', 'DeliveryCanceled'], [owns('/deliveries', 'delivery')]),
    service('product', ['DeliveryStarted', 'DeliveryCanceled'], ['InventoryModified', 'OutOfStock'],
        [owns('/inventories', 'inventory'), owns('/movements', 'movement', true)]),
    service('gateway', null, null, null), service('frontend', null, null, null),
];
const COUPON = service('coupon', ['Orderplaced', 'OrderCanceled'], ['CouponIssued', 'CouponRevoked'], [owns('/coupons', 'coupon')]);
const WIDTHS = [290, 310, 539, 540, 700, 849, 850, 1100, 1600];

test('a lane for each service that owns, hears or says something; none for the gateway', () => {
    const lanes = boardOf(MALL);
    assert.deepEqual(lanes.map((lane) => lane.service), ['order', 'delivery', 'product']);
    assert.deepEqual(lanes[0].commands.map((one) => one.detail), ['POST /orders', 'PATCH /orders/…', 'DELETE /orders/…']);
    assert.deepEqual(lanes[2].aggregates, [{ entity: 'inventory', path: '/inventories' }]);
    assert.deepEqual(lanes[2].readModels, [{ entity: 'movement', path: '/movements' }]);
    assert.deepEqual(lanes[1].events, ['DeliveryStarted', 'DeliveryCanceled']);
    assert.deepEqual(lanes[1].policies, ['Orderplaced', 'OrderCanceled', 'OutOfStock']);
});

test('a service more appears by itself', () => {
    const lanes = boardOf([...MALL, COUPON]);
    assert.deepEqual(lanes.at(-1).events, ['CouponIssued', 'CouponRevoked']);
    assert.deepEqual(hearersOf(lanes, 'Orderplaced'), ['delivery', 'coupon']);
    assert.notEqual(shapeOf(lanes), shapeOf(boardOf(MALL)));
});

test('a service that is away keeps its place, and the board its shape', () => {
    const before = remembered(MALL);
    const away = MALL.map((one) => (one.name === 'product' ? service('product', null, null, null, { status: 'AWAY', version: null }) : one));
    assert.equal(shapeOf(boardOf(remembered(away, before))), shapeOf(boardOf(before)));
    assert.equal(remembered(away, before)[2].status, 'AWAY');
});

test('nothing is known at first', () => {
    assert.deepEqual(boardOf([]), []);
    assert.deepEqual(boardOf([], { Orderplaced: 3 }), []);
    assert.deepEqual(boardOf([service('order', null, null, null, { status: 'AWAY' })]), []);
});

test('what nobody of ours says comes from elsewhere, in a bounded number', () => {
    const counts = { Orderplaced: 9, A: 1, B: 5, C: 3, D: 2, E: 4 };
    const elsewhere = boardOf([...MALL.slice(0, 3), service('coupon', ['PaymentTaken'], [], [])], counts).at(-1);
    assert.equal(elsewhere.service, null);
    assert.deepEqual(elsewhere.events, ['PaymentTaken', 'B', 'E', 'C', 'D']);
});

test('every note lies within the board and on no other, at any width', () => {
    for (const width of WIDTHS) {
        const board = placed(boardOf([...MALL, COUPON, service('x', ['Foreign'], [], [owns('/xs', 'x')])]), width);
        const notes = board.lanes.flatMap((lane) => lane.notes.map((note) => ({ ...note, lane })));
        assert.ok(board.width >= width);
        for (const note of notes) {
            assert.ok(note.x >= 0 && note.x + note.w <= board.width, `${note.id} at ${width}`);
            assert.ok(note.y >= note.lane.y && note.y + note.h <= note.lane.y + note.lane.h, `${note.id} in its lane at ${width}`);
            assert.ok(note.w > 20 && note.h > 20, `${note.id} has a size at ${width}`);
            for (const other of notes)
                assert.ok(other === note || apart(note, other), `${note.id} and ${other.id} at ${width}`);
        }
    }
});

const apart = (a, b) => a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y;

test('the mall fits a phone, a tablet and the column of a wide screen', () => {
    for (const [width, plan] of [[310, 'narrow'], [672, 'middle'], [880, 'wide']]) {
        assert.equal(planOf(width), plan);
        assert.equal(placed(boardOf(MALL), width).width, width);
    }
});

test('arrows lead from event to policy to aggregate to event, and from people by commands', () => {
    for (const width of WIDTHS) {
        const board = placed(boardOf(MALL), width), arrows = arrowsOf(board);
        const keys = new Set(arrows.map((arrow) => arrow.key));
        for (const key of ['heard:Orderplaced:delivery', 'heard:OutOfStock:order', 'reacts:delivery:Orderplaced', 'says:delivery:DeliveryStarted', 'asks:order:create'])
            assert.ok(keys.has(key), `${key} at ${width}`);
        assert.equal(arrows.filter((arrow) => arrow.key.startsWith('heard:')).length, 8);
        assert.ok(!keys.has('heard:InventoryModified:order'));
        const ids = new Set(board.lanes.flatMap((lane) => lane.notes).map((note) => note.id));
        assert.ok(arrows.every(({ from, to }) => ids.has(from) && ids.has(to)));
    }
});

test('every arrow begins at the edge of its first note and ends at the edge of its last', () => {
    for (const width of WIDTHS) {
        const board = placed(boardOf([...MALL, COUPON]), width);
        const notes = new Map(board.lanes.flatMap((lane) => lane.notes).map((note) => [note.id, note]));
        for (const arrow of arrowsOf(board)) {
            assert.ok(onEdge(notes.get(arrow.from), arrow.points[0]), `${arrow.key} begins at ${width}`);
            assert.ok(onEdge(notes.get(arrow.to), arrow.points.at(-1)), `${arrow.key} ends at ${width}`);
            assert.ok(arrow.points.every(([x, y]) => x >= 0 && x <= board.width && y >= 0 && y <= board.height), `${arrow.key} inside at ${width}`);
        }
    }
});

const onEdge = ({ x, y, w, h }, [px, py]) =>
    ((px === x || px === x + w) && py >= y && py <= y + h) || ((py === y || py === y + h) && px >= x && px <= x + w);

/* A piece of an arrow is horizontal or vertical: does it touch the inside of a note? */
function touches([[ax, ay], [bx, by]], { x, y, w, h }) {
    return Math.max(ax, bx) > x && Math.min(ax, bx) < x + w && Math.max(ay, by) > y && Math.min(ay, by) < y + h;
}

test('no arrow runs over a note', () => {
    for (const width of WIDTHS) {
        const board = placed(boardOf([...MALL, COUPON]), width), notes = board.lanes.flatMap((lane) => lane.notes);
        for (const { key, points } of arrowsOf(board)) {
            points.slice(1).forEach((point, at) => {
                assert.ok(point[0] === points[at][0] || point[1] === points[at][1], `${key} is straight at ${width}`);
                for (const note of notes)
                    assert.ok(!touches([points[at], point], note), `${key} over ${note.id} at ${width}`);
            });
        }
    }
});

test('lanes lie below each other, and no note lies in the topic', () => {
    for (const width of WIDTHS) {
        const board = placed(boardOf([...MALL, COUPON]), width), { x, w } = board.columns.topic;
        board.lanes.forEach((lane, at) => assert.ok(at === 0 || lane.y >= board.lanes[at - 1].y + board.lanes[at - 1].h));
        assert.equal(board.height, board.lanes.at(-1).y + board.lanes.at(-1).h);
        for (const note of board.lanes.flatMap((lane) => lane.notes))
            assert.ok(note.x + note.w <= x || note.x >= x + w, `${note.id} at ${width}`);
    }
});

test('a board that needs more than there is says how wide it is', () => {
    const board = placed(boardOf(MALL), 200);
    const { topic } = board.columns;
    assert.ok(board.width > 200 && topic.x + topic.w <= board.width && topic.x + topic.w > board.width - 40);
});

test('no two events share a track of the topic', () => {
    const board = placed(boardOf([...MALL, COUPON]), 1100);
    const tracks = new Map();
    for (const { key, points } of arrowsOf(board).filter((arrow) => arrow.key.startsWith('heard:')))
        tracks.set(points[1][0], new Set([...(tracks.get(points[1][0]) ?? []), key.split(':')[1]]));
    assert.equal(tracks.size, 5);
    assert.ok([...tracks.values()].every((types) => types.size === 1));
});

test('an event is of the aggregate whose name it begins with', () => {
    const two = service('shop', [], ['CartFilled', 'ItemAdded', 'Other'], [owns('/items', 'item'), owns('/carts', 'cart')]);
    const [lane] = placed(boardOf([two]), 900).lanes;
    assert.deepEqual(['CartFilled', 'ItemAdded', 'Other'].map((type) => aggregateOf(lane, type).item.entity), ['cart', 'item', 'item']);
});

test('a service that only reacts has no arrows that lead nowhere', () => {
    const board = placed(boardOf([...MALL, service('audit', ['Orderplaced'], [], [])]), 900);
    assert.ok(arrowsOf(board).every(({ points }) => points.flat().every(Number.isFinite)));
});

test('an order asked for lights the command, the event, and who hears it', () => {
    const lanes = boardOf(MALL);
    assert.deepEqual(litBy({ type: 'Orderplaced', service: 'order' }, undefined, lanes), [
        'event:order:Orderplaced', 'says:order:Orderplaced', 'aggregate:order', 'people:order:create', 'asks:order:create',
        'policy:delivery:Orderplaced', 'heard:Orderplaced:delivery',
    ]);
});

test('an event of a policy lights that policy, and no command', () => {
    const lit = litBy({ type: 'DeliveryStarted', service: 'delivery' }, 'Orderplaced', boardOf(MALL));
    assert.ok(lit.includes('reacts:delivery:Orderplaced'));
    assert.ok(!lit.some((key) => key.startsWith('asks:')));
    assert.ok(!litBy({ type: 'DeliveryStarted', service: 'delivery' }, null, boardOf(MALL)).some((key) => /^(asks|reacts):/.test(key)));
});

test('an event of a producer that is not known is lit at the service that says such events', () => {
    assert.ok(litBy({ type: 'Orderplaced', service: null }, undefined, boardOf(MALL)).includes('event:order:Orderplaced'));
    assert.deepEqual(litBy({ type: 'Never', service: null }, undefined, boardOf(MALL)), []);
});

test('an event that two services say is lit at the one that said it', () => {
    const lanes = boardOf([service('a', [], ['Changed'], [owns('/as', 'a')]), service('b', [], ['Changed', 'Other'], [owns('/bs', 'b')])]);
    assert.ok(litBy({ type: 'Changed', service: 'b' }, undefined, lanes).includes('event:b:Changed'));
    assert.ok(litBy({ type: 'Other', service: 'a' }, undefined, lanes).includes('event:b:Other'));
});

test('what is lit has something on the board', () => {
    const board = placed(boardOf(MALL), 900), lanes = boardOf(MALL);
    const there = new Set([...arrowsOf(board).map((arrow) => arrow.key), ...board.lanes.flatMap((lane) => lane.notes).flatMap((note) =>
        [`event:${note.service}:${note.item}`, `policy:${note.service}:${note.item}`, `aggregate:${note.service}`])]);
    for (const lane of lanes) {
        for (const type of lane.events) {
            for (const because of [undefined, ...lane.policies])
                assert.deepEqual(litBy({ type, service: lane.service }, because, lanes).filter((key) => !there.has(key)), []);
        }
    }
});

test('a cause is looked for within its trace, since each store counts its ids by itself', () => {
    const causes = new Causes(2);
    causes.put({ trace: 'a', id: '1', type: 'Orderplaced' });
    causes.put({ trace: 'b', id: '1', type: 'OrderCanceled' });
    assert.equal(causes.of({ trace: 'a', cause: '1' }), 'Orderplaced');
    assert.equal(causes.of({ trace: 'b', cause: '1' }), 'OrderCanceled');
    assert.equal(causes.of({ trace: 'b', cause: null, pod: 'order-8081' }), undefined);
    assert.equal(causes.of({ trace: 'b', cause: null, pod: null }), null, 'a producer that says nothing of itself');
    assert.equal(causes.of({ trace: 'c', cause: '1' }), null);
    causes.put({ trace: 'c', id: '9', type: 'X' });
    assert.equal(causes.of({ trace: 'a', cause: '1' }), null, 'the oldest is forgotten');
});

test('a light does not flicker, however many events come', () => {
    const lights = new Lights();
    assert.deepEqual(lights.touch(['a'], 0), ['a']);
    for (let now = 100; now <= 5000; now += 100) {
        assert.deepEqual(lights.expired(now), []);
        assert.deepEqual(lights.touch(['a'], now), []);
    }
    assert.deepEqual(lights.lit(), ['a']);
    assert.deepEqual(lights.expired(7000), ['a']);
    assert.deepEqual(lights.expired(8000), []);
});

test('rates are of the last three seconds', () => {
    const rates = new Rates();
    assert.equal(rates.rate('A', 0), 0);
    for (let second = 0; second <= 10; second++)
        rates.put(second * 1000, { A: second * 20 });
    assert.equal(rates.count('A'), 200);
    assert.equal(rates.rate('A', 10000), 20);
    assert.equal(rates.rate('B', 10000), 0);
});

test('one type that does not change takes nothing from the rates of others', () => {
    const rates = new Rates();
    for (let second = 0; second <= 5; second++)
        rates.put(second * 1000, { A: second * 20, B: 7 });
    assert.equal(rates.rate('A', 5000), 20);
    assert.equal(rates.rate('B', 5000), 0);
    assert.deepEqual(rates.counts(), { A: 100, B: 7 });
});

test('a rate sinks to zero when nothing comes, though nothing is told then', () => {
    const rates = new Rates();
    rates.put(0, { A: 0 });
    rates.put(1000, { A: 30 });
    assert.equal(rates.rate('A', 3000), 10);
    assert.equal(rates.rate('A', 2400), 30, 'not yet known that nothing came');
    assert.equal(rates.rate('A', 4001), 0);
});

test('after a quiet hour the first event is no rate of an hour', () => {
    const rates = new Rates();
    rates.put(0, { A: 100 });
    rates.put(1000, { A: 100 });
    rates.put(3600000, { A: 103 });
    assert.equal(rates.rate('A', 3600000), 1);
});

test('a daemon that starts anew makes no negative rate', () => {
    const rates = new Rates();
    rates.put(0, { A: 100 });
    rates.put(1000, { A: 3 });
    assert.equal(rates.rate('A', 1000), 0);
    rates.put(2000, { A: 5 });
    assert.equal(rates.rate('A', 2000), 2);
});

test('a text is cut to its room, and Hangul is wide', () => {
    assert.equal(fit('Orderplaced', 200, 14), 'Orderplaced');
    const cut = fit('LoyaltyPointsAccumulated', 100, 14);
    assert.ok(cut.endsWith('…') && cut.length < 16 && textWidth(cut, 14) <= 100);
    assert.ok(textWidth('주문', 10) === 20);
});

test('paths have round corners and a head', () => {
    assert.equal(pathOf([[0, 0], [10, 0]]), 'M0 0L10 0');
    assert.equal(pathOf([[0, 0], [20, 0], [20, 20]]), 'M0 0L14 0Q20 0 20 6L20 20');
    assert.equal(headOf([[0, 0], [10, 0]]), 'M10 0L4 3L4 -3Z');
    assert.equal(headOf([[5, 40], [5, 10]]), 'M5 10L8 16L2 16Z');
});
