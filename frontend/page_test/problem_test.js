import assert from 'node:assert/strict';
import test from 'node:test';

import { actionOf } from '../page/actions.js';
import { faultyField, problemOf, sentenceOf } from '../page/problem.js';

test('the member that the mall names', () => {
    const problem = problemOf(400, { status: 400, detail: 'qty must be a whole number from 0 to 2147483647, not abc', member: 'qty' });
    assert.equal(problem.member, 'qty');
    assert.deepEqual(sentenceOf(problem.detail), { key: 'problem.wholeNumber', values: { member: 'qty', least: '0', most: '2147483647', value: 'abc' } });
});

test('sentences that the mall says', () => {
    assert.equal(sentenceOf('stock must be a whole number from -2147483648 to 2147483647, not a string').key, 'problem.wholeNumber');
    assert.equal(sentenceOf('productName must be a string, not an array').key, 'problem.string');
    assert.equal(sentenceOf('there is no such order').key, 'problem.noSuch');
    assert.equal(sentenceOf('there is no order 999').key, 'problem.noSuch');
    assert.deepEqual(sentenceOf('there are 95 of product 1001 in stock, not 500').values, { stock: '95', product: '1001', qty: '500' });
    assert.equal(sentenceOf('the store is away'), null);
    assert.equal(sentenceOf(null), null);
});

test('an answer without a body, or with one that is no problem, still has advice', () => {
    for (const body of [null, undefined, 'text', 5, { detail: 5, member: {} }, []])
        assert.deepEqual(problemOf(503, body), { status: 503, member: null, detail: null, advice: 'problem.away' });
    assert.equal(problemOf(0, null).advice, 'problem.unreachable');
    assert.equal(problemOf(504, null).advice, 'problem.slow');
    assert.equal(problemOf(500, null).advice, 'problem.failed');
    assert.equal(problemOf(418, null).advice, 'problem.refused');
});

test('the field at which a problem is shown', () => {
    assert.equal(faultyField(actionOf('order'), problemOf(400, { member: 'qty' })), 'qty');
    assert.equal(faultyField(actionOf('order'), problemOf(400, { member: 'nothing of the form' })), null);
    assert.equal(faultyField(actionOf('cancel'), problemOf(404, { detail: 'there is no order 999' })), 'orderId');
    assert.equal(faultyField(actionOf('order'), problemOf(404, null)), null, 'a route that is missing is no fault of a field');
    assert.equal(faultyField(actionOf('change'), problemOf(400, { member: 'stock' })), 'stock');
    assert.equal(faultyField(actionOf('change'), problemOf(503, null)), null);
});
