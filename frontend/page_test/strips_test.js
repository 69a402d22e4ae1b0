/* Who answered when, and how the probe fared. */
import test from 'node:test';
import assert from 'node:assert/strict';
import { Answers, Outcomes, outcomeOf } from '../page/strips_series.js';
import { Pods } from '../page/served.js';

test('a rolling update is a border that moves', () => {
    const answers = new Answers(10);
    for (let second = 0; second < 10; second++) {
        if (second < 6)
            answers.seen(second * 1000, 'order', 'order-a', '1.0.0');
        if (second >= 4)
            answers.seen(second * 1000, 'order', 'order-b', '1.1.0');
    }
    const shares = answers.strip('order', 10500).map((column) => column.map(({ version, share }) => `${version} ${share}`).join(', '));
    const both = '1.0.0 0.5, 1.1.0 0.5';
    assert.deepEqual(shares, ['1.0.0 1', '1.0.0 1', '1.0.0 1', '1.0.0 1', both, both, both, both, both, both]);
    for (let second = 10; second < 13; second++)
        answers.seen(second * 1000, 'order', 'order-b', '1.1.0');
    assert.deepEqual(answers.strip('order', 13000).slice(-4).map((column) => column.map(({ version }) => version)), [['1.0.0', '1.1.0'], ['1.1.0'], ['1.1.0'], ['1.1.0']]);
});

test('a pod that was not asked within a second is no hole; a service that is away is one', () => {
    const answers = new Answers(10);
    for (const second of [0, 2, 3])
        answers.seen(second * 1000, 'order', 'order-a', '1.0.0');
    assert.deepEqual(answers.strip('order', 10000).map((column) => column.length), [1, 1, 1, 1, 1, 0, 0, 0, 0, 0]);
    assert.deepEqual(answers.strip('nobody', 10000).map((column) => column.length), Array(10).fill(0));
});

test('three pods of two versions share a column by pods, not by answers', () => {
    const answers = new Answers(2);
    for (let times = 0; times < 50; times++)
        answers.seen(1000, 'order', 'a', '1.0.0');
    answers.seen(1000, 'order', 'b', '1.1.0');
    answers.seen(1000, 'order', 'c', '1.1.0');
    assert.deepEqual(answers.strip('order', 2000)[1].map(({ pods }) => pods), [1, 2]);
});

test('a pod that starts again under its name has its new version at once', () => {
    const answers = new Answers(3);
    answers.seen(1000, 'order', 'order-8081', '1.0.0');
    answers.seen(2000, 'order', 'order-8081', '1.1.0');
    answers.seen(2100, 'order', 'order-8081', '1.0.0');
    answers.seen(2200, 'order', 'order-8081', '1.1.0');
    assert.deepEqual(answers.strip('order', 3000).map((column) => column.map(({ version }) => version)), [[], ['1.0.0'], ['1.1.0']]);
    assert.deepEqual(answers.pods('order', 3000), [{ pod: 'order-8081', version: '1.1.0' }]);
});

test('the pods of the last seconds, and no more than is kept', () => {
    const answers = new Answers(10);
    answers.seen(1000, 'order', 'old', '1.0.0');
    answers.seen(9000, 'order', 'b', '1.1.0');
    answers.seen(9000, 'order', 'a', '1.1.0');
    assert.deepEqual(answers.pods('order', 10000).map(({ pod }) => pod), ['a', 'b']);
    for (let second = 10; second < 1000; second++)
        answers.seen(second * 1000, 'order', 'a', '1.1.0');
    assert.deepEqual(answers.strip('order', 1000000).map((column) => column.length), Array(10).fill(1));
    assert.deepEqual(answers.pods('order', 1000000, 10000).map(({ pod }) => pod), ['a'], 'what is older than the strip is gone');
});

test('what claims to come from the future is not taken, and pushes nobody out', () => {
    const answers = new Answers(10), now = 1000000;
    answers.seen(999000, 'order', 'a', '1.0.0', now);
    for (const at of [now + 600000, 9e15, 9.3e18, NaN, undefined])
        answers.seen(at, 'order', 'b', '1.0.0', now);
    assert.deepEqual(answers.pods('order', now).map(({ pod }) => pod), ['a']);
    answers.seen(now + 60000, 'order', 'c', '1.0.0', now); /* a clock may be ahead by so much */
    assert.deepEqual(answers.pods('order', now).map(({ pod }) => pod), ['a', 'c']);
});

test('an answer is its pod\'s, else its path\'s', () => {
    const pods = new Pods();
    pods.learn([
        { name: 'order', pods: [{ pod: 'xyz' }], collections: [{ path: '/orders' }] }, { name: 'product', pods: null, collections: [{ path: '/inventories' }, { path: '/movements' }] },
        { name: 'gateway', pods: [], collections: null },
    ]);
    assert.equal(pods.serviceOf('xyz', '/inventories'), 'order');
    assert.equal(pods.serviceOf('product-7c-1'), 'product');
    assert.equal(pods.serviceOf('strange', '/movements?page=1'), 'product');
    assert.equal(pods.serviceOf('gateway-8088', '/orders/1'), 'gateway', 'in the stead of order');
    assert.equal(pods.serviceOf('strange', '/nothing'), null);
});

test('outcomes of a probe', () => {
    assert.deepEqual([200, 204, 304, 404, 429, 500, 503, null].map(outcomeOf), ['2xx', '2xx', '4xx', '4xx', '4xx', '5xx', '5xx', 'broken']);
});

test('availability is successes of all, with three digits, rounded down', () => {
    const outcomes = new Outcomes();
    assert.equal(outcomes.availability(), null);
    outcomes.put(0, 200);
    assert.equal(outcomes.availability(), '100.000');
    outcomes.put(0, 503);
    outcomes.put(0, null);
    assert.equal(outcomes.availability(), '33.333');
    outcomes.good = 999999;
    outcomes.all = 1000000;
    assert.equal(outcomes.availability(), '99.999');
    outcomes.good = 29;
    outcomes.all = 100;
    assert.equal(outcomes.availability(), '29.000');
});

test('seconds of the probe', () => {
    const outcomes = new Outcomes(5);
    outcomes.put(1000, 200);
    outcomes.put(1900, 503);
    outcomes.put(3000, null);
    assert.deepEqual(outcomes.second(2500), { '2xx': 1, '4xx': 0, '5xx': 1, broken: 0 });
    assert.equal(outcomes.second(3500), null);
    assert.deepEqual(outcomes.strip(5999).map((column) => column && Object.values(column).join('')), [null, '1010', null, '0001', null]);
});
