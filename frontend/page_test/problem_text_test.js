import assert from 'node:assert/strict';
import test from 'node:test';

import { problemOf } from '../page/problem.js';

/* i18n needs a page only for its language. */
globalThis.document = { documentElement: { lang: 'en' } };
const { problemText } = await import('../page/problem_text.js');

test('whoever does not know whether it was done is told what pressing again does', () => {
    for (const status of [0, 408, 502, 503, 504]) {
        assert.match(problemText(problemOf(status, null), 'POST').text, /The same Idempotency-Key is sent/, `${status}`);
        assert.match(problemText(problemOf(status, null), 'DELETE').text, /Pressing again has the same result/, `${status}`);
    }
});

test('what is known to be refused promises nothing', () => {
    for (const status of [400, 404, 409, 422, 500])
        assert.doesNotMatch(problemText(problemOf(status, null), 'POST').text, /Idempotency-Key|same result/, `${status}`);
});

test('the mall is quoted where there is no text that says the same', () => {
    assert.equal(problemText(problemOf(503, { detail: 'the store is away' }), 'POST').quote, 'the store is away');
    const known = problemText(problemOf(404, { detail: 'there is no order 999' }), 'DELETE');
    assert.equal(known.quote, null);
    assert.match(known.text, /no such number/);
});
