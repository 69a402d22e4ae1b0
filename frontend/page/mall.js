/* mall - the one shared store of the page: what the mall tells, and who listens.

   on(topic, listener)     from now on; gives a function that ends it
   tell(topic, value)      all listeners, now; one that throws stops no other
   latest(topic)           what was told last, or undefined

   topic      value
   events     [event, ...] in order, without doubles, at most ten times a second; recent() has the last 2,000
   rates      {counts, passedOver, followers}
   gap        {skipped} events are missing: read again what is shown
   stream     'connecting' | 'open' | 'lost'
   topology   /topology, once a second while the page is visible and somebody listens; null: no answer
   books      /books, every 5 s in the same way
   faults     /faults, every 2 s in the same way, and at once after `faulted` (a fault was switched on)
   dead       /dead, every 5 s in the same way, and at once after `buried` (something became of a dead letter)
   served     {pod, version, status, ms, path} of each answer (api.js)
   route      {view: 'home'|'events'|'timeline'|'services'|'faults', id: '17'|null} (app.js)
   language   'ko' | 'en' (i18n.js)
   visible    true | false: is the page looked at?
   rows       {collection, total, rows} whenever a table shows something (table.js)
   act        {action, values} opens a form with these values (forms.js); acted {action, id}: it was done */

import { startFeed } from './feed.js';
import { Poll } from './poll.js';
import { isHeard, on, tell } from './topics.js';

export { recent } from './feed.js';
export { latest, on, tell } from './topics.js';

const POLLS = { topology: 1000, books: 5000, faults: 2000, dead: 5000 };
const HURRIES = { faulted: 'faults', buried: 'dead' };
const polls = new Map();

/* Asks for that topic at once; resolves when the answer was told. For who has changed something: what is said of it and what is shown
   are one. */
export const again = (topic) => polls.get(topic).again();

async function ask(topic) {
    try {
        const answer = await fetch('/' + topic, { headers: { Accept: 'application/json' }, signal: AbortSignal.timeout(8000) });
        tell(topic, answer.ok ? await answer.json() : null);
        return answer.ok;
    } catch {
        tell(topic, null);
        return false;
    }
}

/* Whoever looks again, or is connected again, is told at once how things stand. */
export function start() {
    for (const [topic, every] of Object.entries(POLLS))
        polls.set(topic, new Poll(() => ask(topic), every, () => !document.hidden && isHeard(topic)));
    const hurry = (isDue) => isDue && polls.forEach((poll) => poll.hurry());
    startFeed();
    polls.forEach((poll) => poll.run());
    for (const [told, topic] of Object.entries(HURRIES))
        on(told, () => again(topic));
    on('stream', (state) => hurry(state === 'open'));
    on('visible', hurry);
}
