/* feed - the stream of events: comes back by itself, drops doubles, and tells events in batches.

   Topics events, rates, gap, stream of mall.js. recent() has the last 2,000 events. */

import { Seen } from './seen.js';
import { Silence } from './silence.js';
import { tell } from './topics.js';

const RECENT = 2000;
const BATCH_MS = 100;
const HIDDEN_MS = 30000;
const SILENCE_MS = 25000; /* a stream without news beats every 10 s */

const seen = new Seen();
const silence = new Silence(SILENCE_MS, hangs);
const recentEvents = [];
let source = null;
let comingBack = false;
let waiting = [];
let timer = 0;
let lostFor = 0;
let pausing = 0;

function flush() {
    const batch = waiting;
    clearTimeout(timer);
    waiting = [];
    recentEvents.push(...batch);
    recentEvents.splice(0, recentEvents.length - RECENT);
    tell('events', batch);
}

function receive(message) {
    silence.heard();
    const event = JSON.parse(message.data);
    const missing = comingBack ? seen.missing(event) : 0;
    if (!seen.note(event))
        return;
    if (missing)
        tell('gap', { skipped: missing });
    waiting.push(event);
    if (waiting.length === 1)
        timer = setTimeout(flush, BATCH_MS);
    if (waiting.length === RECENT)
        flush(); /* in a page that nobody looks at, timers are slow */
}

function told(kind, message) {
    silence.heard();
    tell(kind, JSON.parse(message.data));
}

function opened() {
    silence.heard();
    lostFor = 0;
    tell('stream', 'open');
}

/* The browser comes back by itself and says where it was, unless the answer was no stream (503: full, or a daemon is away).
   Then only we can begin again, and say in the query where we were. */
function failed() {
    tell('stream', lostFor++ ? 'lost' : 'connecting');
    comingBack = true;
    silence.heard();
    if (source.readyState !== EventSource.CLOSED)
        return;
    silence.end();
    source = null;
    setTimeout(() => source ?? (document.hidden || connect()), Math.min(1000 * lostFor, 5000));
}

/* The connection is there, but nobody speaks. */
function hangs() {
    lostFor = Math.max(lostFor, 1);
    source.close();
    failed();
}

/* A browser has six connections for all pages of an origin. One that nobody looks at gives its own back after a while. */
function pause() {
    if (!document.hidden || !source)
        return;
    silence.end();
    source.close();
    source = null;
    comingBack = true;
}

function visibilityChanged() {
    clearTimeout(pausing);
    tell('visible', !document.hidden);
    if (document.hidden)
        pausing = setTimeout(pause, HIDDEN_MS);
    else if (!source)
        connect();
}

/* Begins after the last event that was seen, or with some old ones. */
function connect() {
    const place = seen.vector();
    source = new EventSource(place ? `/events?last=1000&lastEventId=${place}` : '/events?last=200');
    source.onopen = opened;
    source.onmessage = receive;
    source.onerror = failed;
    source.addEventListener('beat', () => silence.heard());
    for (const kind of ['rates', 'gap'])
        source.addEventListener(kind, (message) => told(kind, message));
    silence.heard();
}

export const recent = () => recentEvents;

export function startFeed() {
    tell('stream', 'connecting');
    connect();
    document.addEventListener('visibilitychange', visibilityChanged);
}
