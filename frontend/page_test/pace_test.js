import assert from 'node:assert/strict';
import test from 'node:test';

import { Pace } from '../page/pace.js';

/* Time stands still but for the ticks of the test. */
function clock(t) {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    let now = 0;
    const tick = async (ms) => {
        for (let passed = 0; passed < ms; passed += 10) {
            now += 10;
            t.mock.timers.tick(10);
            await Promise.resolve();
            await Promise.resolve();
            await Promise.resolve();
        }
    };
    return { now: () => now, tick };
}

test('it runs soon, and once more', async (t) => {
    const { now, tick } = clock(t);
    const runs = [];
    const pace = new Pace(() => runs.push(now()), 1000, now);
    pace.ask();
    await tick(5000);
    assert.equal(runs.length, 2);
    assert.ok(runs[0] <= 200 && runs[1] >= runs[0] + 1000);
});

test('however often it is asked, it runs at most once in its time', async (t) => {
    const { now, tick } = clock(t);
    const runs = [];
    const pace = new Pace(() => runs.push(now()), 1000, now);
    for (let i = 0; i < 500; i++) {
        pace.ask();
        await tick(10);
    }
    assert.ok(runs.length >= 4 && runs.length <= 6, `${runs.length} runs`);
    runs.slice(1).forEach((at, i) => assert.ok(at - runs[i] >= 1000));
});

test('a slow run is not overtaken, and one that fails is not the last', async (t) => {
    const { now, tick } = clock(t);
    let begun = 0, finish;
    const pace = new Pace(() => {
        begun++;
        return new Promise((resolve) => {
            finish = resolve;
        });
    }, 1000, now);
    pace.ask();
    await tick(5000);
    assert.equal(begun, 1);
    finish();
    await tick(2000);
    assert.equal(begun, 2);
});
