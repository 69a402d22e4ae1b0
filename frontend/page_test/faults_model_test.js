/* The panel of faults: what can be switched on where, what is sent for it, and what is said of what is on. */
import test from 'node:test';
import assert from 'node:assert/strict';
import {
    RECIPES, awayOf, detailsOf, endPath, endedLast, fieldsOf, groupOf, grouped, isHarmful, kindsOf, leftText, listed, mallctlWords, reasonKey, recipePlace, warningKey, wishOf,
} from '../page/faults_model.js';
import { FaultsSeen, secondsOf } from '../page/faults_seen.js';
import { quote } from '../page/shell.js';

const LATENCY = { name: 'http-latency', about: 'x', target: ['method', 'path'], parameters: ['delay', 'p50', 'p99'], rate: true, harmful: false };
const PAUSE = { name: 'consume-pause', about: 'x', target: [], parameters: [], rate: false, harmful: true };
const fault = (id, more = {}) => ({ id, kind: 'http-latency', rate: 1, begunAt: '2026-11-30T06:00:00.000Z', endsAt: '2026-11-30T06:00:30.000Z', injected: 3, ...more });
const ANSWER = {
    allowed: true,
    services: [
        { name: 'order', places: [
            { url: 'http://a:9091', pod: 'order-a', status: 'UP', why: null, faults: [fault(1)], ended: [fault(2, { endedAt: '2026-11-30T06:00:10Z', reason: 'removed' })], kinds: [LATENCY] },
            { url: 'http://b:9091', pod: 'order-b', status: 'UP', why: null, faults: [fault(1)], ended: [], kinds: [LATENCY, PAUSE] },
        ] },
        { name: 'product', places: [{ url: 'http://c:9091', pod: null, status: 'AWAY', why: 'connection refused', faults: null, ended: null, kinds: null }] },
    ],
};

test('the kinds of a service are those of all its places, each once', () => {
    assert.deepEqual(kindsOf(ANSWER.services[0]).map(({ name }) => name), ['http-latency', 'consume-pause']);
    assert.deepEqual(kindsOf(ANSWER.services[1]), []);
    assert.deepEqual(kindsOf(undefined), []);
});

test('kinds come in groups, and one that nobody knows yet has a place, too', () => {
    assert.deepEqual(grouped([PAUSE, LATENCY, { name: 'x-y' }]).map(([group, list]) => [group, list.length]), [['http', 1], ['events', 1], ['other', 1]]);
    const groups = { 'not-alive': 'resources', cpu: 'resources', 'slow-disk': 'store', 'refused-commit': 'store', 'publish-twice': 'events', 'upstream-broken': 'gateway' };
    for (const [kind, group] of Object.entries(groups))
        assert.equal(groupOf(kind), group);
});

test('a delay is fixed or spread, never both', () => {
    assert.deepEqual(fieldsOf(LATENCY), ['method', 'path', 'delay', 'rate', 'duration']);
    assert.deepEqual(fieldsOf(LATENCY, true), ['method', 'path', 'p50', 'p99', 'rate', 'duration']);
    assert.deepEqual(fieldsOf(PAUSE, true), ['duration']);
});

test('what is sent has only what was filled in, and only what the kind knows', () => {
    const values = { method: '', path: ' /inventories ', delay: '1s', p50: '100ms', p99: '2s', rate: '0.5', duration: '30s', status: '503' };
    assert.deepEqual(wishOf('product', LATENCY, values), {
        method: 'POST', path: '/faults/product', members: { kind: 'http-latency', path: '/inventories', delay: '1s', rate: '0.5', duration: '30s' },
    });
    assert.deepEqual(wishOf('product', LATENCY, values, true).members, { kind: 'http-latency', path: '/inventories', p50: '100ms', p99: '2s', rate: '0.5', duration: '30s' });
});

test('the line for mallctl quotes what a shell would read', () => {
    const gateway = { name: 'gateway', places: [{ url: 'http://localhost:9088' }] };
    assert.equal(mallctlWords(gateway, { kind: 'upstream-latency', routeId: 'order', path: '/orders/{id}', duration: '30s' }, quote).join(' '),
        "build/bin/mallctl fault add upstream-latency --service gateway --route-id order --path '/orders/{id}' --duration 30s");
});

test('the line for mallctl says where the service is, where mallctl would not look by itself', () => {
    const line = (...urls) => mallctlWords({ name: 'order', places: urls.map((url) => ({ url })) }, { kind: 'cpu' }, quote).slice(6);
    assert.deepEqual(line('http://127.0.0.1:9081'), []);
    assert.deepEqual(line('http://[::1]:9081'), []);
    assert.deepEqual(line('http://localhost:9082'), ['--at', 'order=http://localhost:9082']);
    assert.deepEqual(line('http://10.0.0.3:9081', 'http://10.0.0.4:9081'), ['--at', 'order=http://10.0.0.3:9081,order=http://10.0.0.4:9081']);
    assert.deepEqual(line('http://[fd00::3]:9091'), ['--at', "'order=http://[fd00::3]:9091'"]);
    assert.deepEqual(line(null, 'no address'), []);
});

test('what harms others is asked for twice: what says so, and all of the gateway and of what serves the page', () => {
    assert.equal(isHarmful('order', PAUSE), true);
    assert.equal(isHarmful('order', LATENCY), false);
    assert.equal(isHarmful('gateway', LATENCY), true);
    assert.equal(isHarmful('frontend', LATENCY), true);
});

test('what is on is told by service and pod, what ended with the newest first, and who cannot be asked', () => {
    assert.deepEqual(listed(ANSWER).map(({ service, pod, id }) => [service, pod, id]), [['order', 'order-a', 1], ['order', 'order-b', 1]]);
    assert.deepEqual(endedLast({ services: [{ name: 'a', places: [{ ended: [fault(1, { endedAt: 5 }), fault(2, { endedAt: 9 })] }] }] }).map(({ id }) => id), [2, 1]);
    assert.deepEqual(awayOf(ANSWER), [{ service: 'product', url: 'http://c:9091', why: 'connection refused' }]);
    assert.deepEqual([listed(null), endedLast(null), awayOf(null)], [[], [], []]);
});

test('a fault says its target and its numbers', () => {
    assert.deepEqual(detailsOf({ method: 'POST', path: '/orders', p50Ms: 100, p99Ms: 2000, rate: 0.5 }), ['POST /orders', '100ms … 2s', '50%']);
    assert.deepEqual(detailsOf({ eventType: 'Orderplaced', delayMs: 1500, rate: 1 }), ['Orderplaced', '1.5s']);
    assert.deepEqual(detailsOf({ size: 67108864, cores: 0.5 }), ['0.5', '64 MiB']);
    assert.deepEqual(detailsOf({ rate: 1 }), []);
});

test('a countdown ends at nothing', () => {
    assert.equal(leftText(90000, 500), '1:30');
    assert.equal(leftText(3600000, 0), '60:00');
    assert.equal(leftText(1000, 9000), '0:00');
    assert.equal(leftText(NaN, 0), '');
});

test('a fault is ended at its pod', () => {
    assert.equal(endPath({ service: 'order', pod: 'order-a', id: 3 }), '/faults/order/3?pod=order-a');
    assert.equal(endPath({ service: 'order', pod: null, id: 3 }), '/faults/order/3');
});

test('a reason that is known is said in the page\'s language', () => {
    assert.equal(reasonKey('its time is over'), 'faults.reason.over');
    assert.equal(reasonKey('of something new'), undefined);
});

test('a warning of a daemon is known by what it is about', () => {
    const warned = {
        'no request has the method PUTT': 'method', 'no path here is like /thing; there are /things': 'path', 'no route has the id x; there are order': 'routeId',
        'no event of the type X is heard here, but Orderplaced': 'heard', 'no event of the type X is said here, but Orderplaced': 'said', 'of something new': 'other',
    };
    for (const [warning, about] of Object.entries(warned))
        assert.equal(warningKey(warning), `faults.warned.${about}`);
});

test('a recipe needs the service to have that kind', () => {
    assert.equal(RECIPES.length, 4);
    const dead = RECIPES.find(({ name }) => name === 'deadConsumer');
    assert.equal(recipePlace(dead, ANSWER).kind, undefined);
    assert.equal(recipePlace({ ...dead, service: 'order' }, ANSWER).kind, PAUSE);
});

/* --- when they were on --- */

const AT = Date.parse('2026-11-30T06:00:00Z');
const told = (seen, after, faults, status = 'UP') => seen.told({ at: AT + after, services: [{ name: 'order', status, faults }] });

test('a fault is on from its begin until it is told no more', () => {
    const seen = new FaultsSeen();
    told(seen, 1000, [fault(1)]);
    assert.deepEqual(seen.spans(AT, AT + 1000), [{ service: 'order', kind: 'http-latency', from: AT, to: null }]);
    told(seen, 5000, []);
    assert.deepEqual(seen.spans(AT, AT + 9000).map(({ to }) => to), [AT + 5000]);
    assert.deepEqual(seen.spans(AT + 6000, AT + 9000), []);
    told(seen, 7000, [fault(1, { begunAt: AT + 6000 })]);
    assert.equal(seen.spans(AT, AT + 9000).length, 2, 'another one under the same number');
});

test('nobody looked for a while: it ended at its own end', () => {
    const seen = new FaultsSeen();
    told(seen, 1000, [fault(1)]);
    told(seen, 90000, []);
    assert.equal(seen.spans(AT, AT + 90000)[0].to, AT + 30000);
});

test('a service that does not answer says nothing of an end, until it must be over', () => {
    const seen = new FaultsSeen();
    told(seen, 1000, [fault(1)]);
    told(seen, 2000, [], 'AWAY');
    assert.equal(seen.spans(AT, AT + 2000)[0].to, null);
    told(seen, 31000, undefined, 'AWAY');
    assert.equal(seen.spans(AT, AT + 31000)[0].to, AT + 30000);
});

test('what /faults remembers counts, and once only', () => {
    const seen = new FaultsSeen();
    told(seen, 1000, [fault(2)]);
    told(seen, 12000, []);
    seen.remembered(ANSWER);
    assert.deepEqual(seen.spans(AT, AT + 60000).map(({ to }) => to), [AT + 12000]);
    seen.remembered({ services: [{ name: 'order', places: [{ ended: [fault(9, { endedAt: AT + 3000 })] }] }] });
    assert.equal(seen.spans(AT, AT + 60000).length, 2);
    seen.remembered({ allowed: false, services: [] });
});

test('each second of the strip says whether one was on', () => {
    const now = 100000;
    const on = secondsOf([{ from: 90500, to: 92000 }, { from: 99000, to: null }], now, 12);
    assert.deepEqual(on, [false, false, true, true, true, false, false, false, false, false, false, true]);
});
