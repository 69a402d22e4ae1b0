/* What only some views need is heard only while one of them is seen. */
import test from 'node:test';
import assert from 'node:assert/strict';
import { onlyIn } from '../page/only_in.js';
import { isHeard, tell } from '../page/topics.js';

test('a topic is heard while a view is seen that needs it, and by one listener', () => {
    const heard = [];
    onlyIn(['faults', 'timeline'], 'news', (value) => heard.push(value));
    const seen = (view) => {
        tell('route', { view });
        return isHeard('news');
    };
    assert.deepEqual(['home', 'faults', 'timeline', 'home', 'faults'].map(seen), [false, true, true, false, true]);
    tell('news', 1);
    assert.deepEqual(heard, [1]);
});
