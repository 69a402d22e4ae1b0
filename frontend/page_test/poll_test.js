import assert from 'node:assert/strict';
import test from 'node:test';

import { Poll } from '../page/poll.js';

/* A poll each second, and when it asked. `answer` is what it gets. */
function begin(t) {
    const seen = { at: [], answer: true, isWanted: true, now: 0 };
    t.mock.timers.enable({ apis: ['setTimeout'] });
    seen.poll = new Poll(async () => {
        seen.at.push(seen.now);
        return seen.answer;
    }, 1000, () => seen.isWanted);
    seen.tick = async (ms) => {
        await new Promise(setImmediate);
        for (const end = seen.now + ms; seen.now < end;) {
            seen.now += 250;
            t.mock.timers.tick(250);
            await new Promise(setImmediate);
        }
    };
    return seen;
}

test('it asks each second while it is answered and wanted', async (t) => {
    const seen = begin(t);
    await seen.poll.run();
    await seen.tick(3000);
    assert.deepEqual(seen.at, [0, 1000, 2000, 3000]);
    seen.isWanted = false;
    await seen.tick(5000);
    seen.isWanted = true;
    await seen.tick(250);
    assert.equal(seen.at.length, 5);
});

test('without an answer it waits longer, until it is told to hurry', async (t) => {
    const seen = begin(t);
    seen.answer = false;
    await seen.poll.run();
    await seen.tick(36000);
    assert.deepEqual(seen.at, [0, 2000, 6000, 14000, 24000, 34000]);
    seen.answer = true;
    seen.poll.hurry();
    await seen.tick(1000);
    assert.deepEqual(seen.at.slice(6), [36000, 37000]);
});

test('a hurry while it asks shortens the wait that follows', async (t) => {
    const seen = begin(t);
    seen.answer = false;
    await seen.poll.run();
    await seen.tick(23750);
    let answer;
    seen.answer = new Promise((resolve) => {
        answer = resolve;
    });
    await seen.tick(250);
    seen.poll.hurry();
    answer(false);
    await seen.tick(1000);
    assert.deepEqual(seen.at.slice(4), [24000, 25000]);
});

test('who has changed something waits for an answer to what was asked after that', async (t) => {
    const seen = begin(t), done = [];
    await seen.poll.run();
    await seen.tick(500);
    seen.poll.again().then(() => done.push('idle'));
    await seen.tick(0);
    assert.deepEqual([seen.at, done], [[0, 500], ['idle']]);
    let answer;
    seen.answer = new Promise((resolve) => {
        answer = resolve;
    });
    await seen.tick(1000);
    seen.poll.again().then(() => done.push('asked already'));
    assert.deepEqual(seen.at, [0, 500, 1500]);
    seen.answer = true;
    answer(true);
    await seen.tick(0);
    await seen.tick(0);
    assert.deepEqual([seen.at, done], [[0, 500, 1500, 1500], ['idle', 'asked already']], 'once more, at once');
    await seen.tick(1000);
    assert.deepEqual(seen.at.slice(4), [2500]);
});
