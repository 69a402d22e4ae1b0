import assert from 'node:assert/strict';
import test from 'node:test';

import { actionOf, ACTIONS, faultOf, idOf, requestOf } from '../page/actions.js';

test('a field that is empty is not sent', () => {
    assert.deepEqual(requestOf(actionOf('register'), { productId: '1001', productName: '', stock: '0' }),
        { method: 'POST', path: '/inventories', members: { productId: '1001', stock: '0' } });
});

test('a number in the path cannot leave the path', () => {
    assert.equal(requestOf(actionOf('cancel'), { orderId: '1/../2?x#y' }).path, '/orders/1%2F..%2F2%3Fx%23y');
});

test('DELETE has no body, PATCH has one', () => {
    assert.deepEqual(requestOf(actionOf('cancel'), { orderId: '1' }), { method: 'DELETE', path: '/orders/1' });
    assert.deepEqual(requestOf(actionOf('change'), { inventoryId: '1', stock: '80' }), { method: 'PATCH', path: '/inventories/1', members: { stock: '80' } });
});

test('the first required field without a value is missing', () => {
    const missing = (name) => ({ name, key: 'forms.missing' });
    assert.deepEqual(faultOf(actionOf('change'), { inventoryId: '', stock: '' }), missing('inventoryId'));
    assert.deepEqual(faultOf(actionOf('change'), { inventoryId: '1', stock: '' }), missing('stock'));
    assert.equal(faultOf(actionOf('change'), { inventoryId: '1', stock: '0' }), null);
});

test('what is in the path is made of digits; of the body the mall says itself what is wrong', () => {
    for (const orderId of ['abc', '-1', '1.5', '1 2', '1/2', '%', '１'])
        assert.deepEqual(faultOf(actionOf('cancel'), { orderId }), { name: 'orderId', key: 'forms.digits' }, orderId);
    assert.equal(faultOf(actionOf('cancel'), { orderId: '17' }), null);
    assert.equal(faultOf(actionOf('change'), { inventoryId: '1', stock: 'many' }), null);
});

test('what a form begins with can be sent', () => {
    for (const action of ACTIONS)
        assert.equal(faultOf(action, Object.fromEntries(action.fields.map(({ name, value }) => [name, value]))), null, action.name);
});

test('the number of a row is in its own link only', () => {
    assert.equal(idOf({ _links: { self: { href: 'http://localhost:8088/orders/17' } } }), '17');
    assert.equal(idOf(null), null);
    assert.equal(idOf({}), null);
});
