/* Every text is there in both languages, has the same values, and Korean ones are Korean. */

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import test from 'node:test';

const FOLDER = new URL('../page/', import.meta.url);
const withoutComments = (source) => source.replace(/^\/\*[^]*?\*\//gm, '');
const modules = readdirSync(FOLDER).filter((name) => name.endsWith('.js')).map((name) => [name, withoutComments(readFileSync(new URL(name, FOLDER), 'utf8'))]);

/* i18n needs a page only for its language. */
globalThis.document = { documentElement: { lang: 'ko' } };
const { add, clock, iso, time } = await import('../page/i18n.js');

/* What a module adds: the literal in its call of add(). */
function textsOf(source) {
    const begin = source.search(/^add\(\{$/m);
    if (begin < 0)
        return null;
    const literal = source.slice(begin + 4, source.indexOf('\n});', begin) + 2);
    return new Function(`return ${literal}`)();
}

const all = modules.map(([name, source]) => [name, textsOf(source)]).filter(([, texts]) => texts);
const valuesOf = (text) => [...new Set(JSON.stringify(text).match(/\{\w+\}/g) ?? [])].sort();
const keysUsed = (source) => [...source.matchAll(/(?:\bt\(|data-t(?:-label|-title|-placeholder)?'?[:=] ?)['"]([a-z]\w*\.[\w.]+)['"]/g)].map(([, key]) => key);

test('there are texts', () => {
    assert.ok(all.length >= 5);
    assert.doesNotThrow(() => all.forEach(([, texts]) => add(texts)));
});

for (const [name, { ko, en }] of all) {
    test(`${name}: both languages have the same texts with the same values`, () => {
        assert.deepEqual(Object.keys(ko).sort(), Object.keys(en).sort());
        for (const key of Object.keys(ko))
            assert.deepEqual(valuesOf(ko[key]), valuesOf(en[key]), key);
    });
}

test('a text that is used is there', () => {
    const known = new Set(all.flatMap(([, { en }]) => Object.keys(en)));
    const page = readFileSync(new URL('index.html', FOLDER), 'utf8');
    for (const [name, source] of [...modules, ['index.html', page]])
        for (const key of keysUsed(source))
            assert.ok(known.has(key), `${name} uses ${key}`);
});

/* Names of events, fields, services and commands stay as they are. */
const NAMES = /\/[\w/?={}]+|\b(?:Orderplaced|DeliveryStarted|InventoryModified|OutOfStock|OrderCanceled|DeliveryCanceled|Idempotency-Key|gateway|frontend|order|delivery|product|inventory|mall|httpie|curl|TV|GET|POST|PATCH|DELETE|MALL_\w+|HTTP|JSON|CPU|[245]xx|ms|\d+(?:ms|min|MiB)|P\d\d|pod|trace|traceparent|id|ID)\b|\{\w+\}/g;

test('Korean texts are Korean', () => {
    for (const [name, { ko }] of all)
        for (const [key, text] of Object.entries(ko))
            for (const one of typeof text === 'object' ? Object.values(text) : [text])
                assert.doesNotMatch(one.replace(NAMES, ''), /[A-Za-z]{2,}/, `${name}: ${key}`);
});

test('a time that is none is written as nothing', () => {
    assert.match(clock(1795358923623), /:48:43\.623$/);
    assert.equal(iso(1795358923623), '2026-11-22T14:48:43.623Z');
    for (const none of [9223372036854775807, -9e15, NaN, null, undefined, '']) {
        assert.equal(clock(none), '');
        assert.equal(time(none), '');
        assert.equal(iso(none), '');
    }
});
