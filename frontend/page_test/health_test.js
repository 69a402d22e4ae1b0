/* A service's status in a shape and a word. */
import test from 'node:test';
import assert from 'node:assert/strict';

globalThis.document = { documentElement: { lang: 'en' } };
const { healthOf } = await import('../page/health.js');

const AT = new Date(2026, 10, 30, 14, 2, 31).getTime();

test('a status has a tone, a shape and a word', () => {
    assert.deepEqual(healthOf('UP'), { tone: 'good', shape: 'check', word: 'Up' });
    assert.deepEqual(healthOf('OUT_OF_SERVICE'), { tone: 'warn', shape: 'triangle', word: 'Not ready' });
});

test('a status that nobody knows is unknown', () => {
    assert.deepEqual(healthOf('LIMPING'), { tone: 'none', shape: 'ring', word: 'Unknown' });
});

test('where nobody can be asked, the last status is not said any more', () => {
    document.documentElement.lang = 'en';
    assert.deepEqual(healthOf('UP', AT), { tone: 'none', shape: 'ring', word: 'Unknown since 14:02:31' });
    document.documentElement.lang = 'ko';
    assert.equal(healthOf('UP', AT).word, '14:02:31부터 알 수 없음');
});
