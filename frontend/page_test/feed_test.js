import assert from 'node:assert/strict';
import test from 'node:test';

/* A stream that says only what the test has it say. */
class Source extends EventTarget {
    static CLOSED = 2;
    static all = [];
    readyState = 0;

    constructor() {
        super();
        Source.all.push(this);
    }

    open() {
        this.readyState = 1;
        this.onopen();
    }

    hear(kind) {
        this.dispatchEvent(Object.assign(new Event(kind), { data: '{}' }));
    }

    close() {
        this.readyState = Source.CLOSED;
    }
}

test('a stream that beats is alive; one that is silent is lost, and another is begun', async (t) => {
    let now = 0;
    t.mock.timers.enable({ apis: ['setTimeout'] });
    t.mock.method(performance, 'now', () => now);
    const tick = (ms) => {
        for (const end = now + ms; now < end;) {
            now += 500;
            t.mock.timers.tick(500);
        }
    };
    globalThis.EventSource = Source;
    globalThis.document = { hidden: false, addEventListener: () => {} };
    const { startFeed } = await import('../page/feed.js');
    const { latest } = await import('../page/topics.js');

    startFeed();
    Source.all[0].open();
    for (let beats = 0; beats < 6; beats++) {
        tick(10000);
        Source.all[0].hear('beat');
    }
    assert.equal(latest('stream'), 'open');
    tick(24000);
    assert.equal(latest('stream'), 'open');
    tick(2000);
    assert.equal(latest('stream'), 'lost');
    assert.equal(Source.all[0].readyState, Source.CLOSED);
    tick(5000);
    assert.equal(Source.all.length, 2);
    tick(26000); /* this one does not even open */
    assert.equal(latest('stream'), 'lost');
    tick(6000);
    assert.equal(Source.all.length, 3);
    Source.all[2].open();
    assert.equal(latest('stream'), 'open');
});
