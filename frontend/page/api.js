/* api - requests to the mall, of the page's own origin.

   read('/orders?page=0')                          {ok, status, body, problem, served}
   send('POST', '/orders', {productId: '1001'})    the same; POST with an Idempotency-Key

   problem is null, or what went wrong in a form that the page can show (problem.js). No request throws. Each answer tells
   topic 'served': who gave it, how it went, how long it took; status 0 is a connection that failed. */

import { tell } from './mall.js';
import { problemOf } from './problem.js';
import { keyFor } from './idempotency.js';

const PATIENCE_MS = 15000;

async function bodyOf(answer) {
    const text = await answer.text();
    try {
        return text ? JSON.parse(text) : null;
    } catch {
        return null; /* an HTML page of a proxy in between */
    }
}

async function call(method, path, options) {
    const began = performance.now();
    let status = 0, body = null, served = { pod: null, version: null };
    try {
        const answer = await fetch(path, { method, cache: 'no-store', signal: AbortSignal.timeout(PATIENCE_MS), ...options });
        status = answer.status;
        served = { pod: answer.headers.get('X-Served-By'), version: answer.headers.get('X-Served-Version') };
        body = await bodyOf(answer);
    } catch { /* no connection, or no answer in time */ }
    tell('served', { ...served, status, path, ms: performance.now() - began });
    const ok = status >= 200 && status < 300;
    return { ok, status, body, served, problem: ok ? null : problemOf(status, body) };
}

export const read = (path) => call('GET', path, { headers: { Accept: 'application/json' } });

export async function send(method, path, members) {
    const headers = { Accept: 'application/json' };
    const body = members === undefined ? undefined : JSON.stringify(members);
    if (body)
        headers['Content-Type'] = 'application/json';
    if (method === 'POST')
        headers['Idempotency-Key'] = keyFor.use(path, body);
    const answer = await call(method, path, { headers, body });
    if (method === 'POST' && isDecided(answer.status))
        keyFor.forget(path, body);
    return answer;
}

/* After these it is known what became of the request; after a 5xx or silence the same key must be sent again. */
const isDecided = (status) => status >= 200 && status < 500 && status !== 408 && status !== 409 && status !== 429;
