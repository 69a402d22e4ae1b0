/* The lines that the page shows, read by a real shell, and by httpie itself where it is installed. */

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import test from 'node:test';

import { actionOf, requestOf } from '../page/actions.js';
import { curlWords, httpieWords, quote } from '../page/shell.js';

const ORIGIN = 'http://localhost:8088';
const NASTY = [
    'TV', '', '냉장고', "it's", "'", "''", '"', 'a b', '$HOME', '`id`', '$(id)', 'a\\b', '\\', 'a\\=b', '!x', '*', '~', '#', '&', ';', '=x', '==', '@file', '=@file',
    ':=1', ':x', 'a:b', 'a=b', '-x', '%20', '{"a":1}', 'a\tb', '😀', '\\:', '\\\\', '@', 'null', '5',
];

const order = (productName) => requestOf(actionOf('order'), { productId: '1001', productName, qty: '5', customerId: '100' });
const shell = (words) => execFileSync('sh', ['-c', `printf '%s\\0' ${words.join(' ')}`], { encoding: 'utf8' }).split('\0').slice(0, -1);

test('a shell reads each quoted word as it was', () => {
    assert.deepEqual(shell(NASTY.map(quote)), NASTY);
});

test('plain words stay without quotes', () => {
    assert.equal(quote('productId=1001'), 'productId=1001');
    assert.equal(quote('http://localhost:8088/orders'), 'http://localhost:8088/orders');
});

test('what a word of zsh would become is quoted: =ls, ~, -x', () => {
    for (const text of ['=ls', '~', '-x'])
        assert.equal(quote(text), `'${text}'`);
});

test('the lines are those of the course', () => {
    assert.equal(httpieWords(ORIGIN, order('TV')).join(' '),
        'http POST http://localhost:8088/orders productId=1001 productName=TV qty=5 customerId=100');
    assert.equal(curlWords(ORIGIN, order('TV')).join(' '),
        "curl -X POST http://localhost:8088/orders -H 'Content-Type: application/json' " +
        `-d '{"productId":"1001","productName":"TV","qty":"5","customerId":"100"}'`);
    assert.equal(httpieWords(ORIGIN, requestOf(actionOf('cancel'), { orderId: '17' })).join(' '), 'http DELETE http://localhost:8088/orders/17');
    assert.equal(curlWords(ORIGIN, requestOf(actionOf('cancel'), { orderId: '17' })).join(' '), 'curl -X DELETE http://localhost:8088/orders/17');
});

/* A request with all of them at once: starting a program takes a while. */
const nasty = { method: 'POST', path: '/orders', members: Object.fromEntries(NASTY.map((value, index) => [`member${index}`, value])) };

test('curl gets the body that the page sends', () => {
    const body = shell(curlWords(ORIGIN, nasty)).at(-1);
    assert.deepEqual(JSON.parse(body), nasty.members);
    assert.ok(!body.startsWith('@'), 'curl would read a file');
});

const hasHttpie = spawnSync('http', ['--version']).status === 0;
test('httpie makes the body that the page sends', { skip: !hasHttpie && 'httpie is not installed' }, () => {
    const line = httpieWords(ORIGIN, nasty).join(' ').replace(/^http/, 'http --offline --ignore-stdin --pretty=none --print=HB');
    const [head, body] = execFileSync('sh', ['-c', line], { encoding: 'utf8' }).split('\r\n\r\n');
    assert.match(head, /^POST \/orders HTTP/);
    assert.deepEqual(JSON.parse(body), nasty.members);
});
