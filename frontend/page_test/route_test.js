import assert from 'node:assert/strict';
import test from 'node:test';

import { routeOf } from '../page/route.js';

test('a view, and what it is about', () => {
    assert.deepEqual(routeOf(''), { view: 'home', id: null });
    assert.deepEqual(routeOf('#/events'), { view: 'events', id: null });
    assert.deepEqual(routeOf('#/timeline/17'), { view: 'timeline', id: '17' });
    assert.deepEqual(routeOf('#/timeline/a%2Fb'), { view: 'timeline', id: 'a/b' });
    assert.deepEqual(routeOf('#/faults'), { view: 'faults', id: null });
    assert.deepEqual(routeOf('#/nowhere'), { view: 'home', id: null });
});

test('what cannot be decoded is taken as it is', () => {
    assert.deepEqual(routeOf('#/timeline/%'), { view: 'timeline', id: '%' });
    assert.deepEqual(routeOf('#/timeline/%E0%A4%A'), { view: 'timeline', id: '%E0%A4%A' });
});
