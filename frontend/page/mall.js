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
   served     {pod, version, status, ms, path} of each answer (api.js)
   route      {view: 'home'|'events'|'timeline'|'services', id: '17'|null} (app.js)
   language   'ko' | 'en' (i18n.js)
   visible    true | false: is the page looked at? */

import { Seen } from './seen.js';

const RECENT = 2000;
const BATCH_MS = 100;
const POLLS = { topology: 1000, books: 5000 };

const listeners = new Map();
const told = new Map();
const seen = new Seen();
const recentEvents = [];

export function on(topic, listener) {
    if (!listeners.has(topic))
        listeners.set(topic, new Set());
    listeners.get(topic).add(listener);
    return () => listeners.get(topic).delete(listener);
}

export function tell(topic, value) {
    told.set(topic, value);
    for (const listener of [...(listeners.get(topic) ?? [])]) {
        try {
            listener(value);
        } catch (error) {
            console.error(error);
        }
    }
}

export const latest = (topic) => told.get(topic);
export const recent = () => recentEvents;
const isHeard = (topic) => (listeners.get(topic)?.size ?? 0) > 0;

/* --- the stream --- */

let source = null;
let comingBack = false;
let waiting = [];
let lostFor = 0;

function flush() {
    const batch = waiting;
    waiting = [];
    recentEvents.push(...batch);
    recentEvents.splice(0, recentEvents.length - RECENT);
    tell('events', batch);
}

function receive(message) {
    const event = JSON.parse(message.data);
    const missing = comingBack ? seen.missing(event) : 0;
    if (!seen.note(event))
        return;
    if (missing)
        tell('gap', { skipped: missing });
    if (!waiting.length)
        setTimeout(flush, BATCH_MS);
    waiting.push(event);
}

function opened() {
    lostFor = 0;
    tell('stream', 'open');
}

/* The browser comes back by itself and says where it was, unless the answer was no stream (503: full, or a daemon is away).
   Then only we can begin again, and say in the query where we were. */
function failed() {
    tell('stream', lostFor++ ? 'lost' : 'connecting');
    if (source.readyState !== EventSource.CLOSED)
        return;
    comingBack = true;
    setTimeout(connect, Math.min(1000 * lostFor, 5000));
}

function connect() {
    const place = seen.vector();
    source = new EventSource(place ? `/events?last=1000&lastEventId=${place}` : '/events?last=200');
    source.onopen = opened;
    source.onmessage = receive;
    source.onerror = failed;
    for (const kind of ['rates', 'gap'])
        source.addEventListener(kind, (message) => tell(kind, JSON.parse(message.data)));
}

/* --- what is asked again and again --- */

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

async function poll(topic, failures = 0) {
    const wanted = !document.hidden && isHeard(topic);
    const count = !wanted || await ask(topic) ? 0 : failures + 1;
    setTimeout(() => poll(topic, count), wanted ? Math.min(POLLS[topic] * 2 ** count, 10000) : 250);
}

export function start() {
    tell('stream', 'connecting');
    connect();
    for (const topic of Object.keys(POLLS))
        poll(topic);
    document.addEventListener('visibilitychange', () => tell('visible', !document.hidden));
}
