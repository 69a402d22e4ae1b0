/* probe - asks GET /orders?size=1 a few times a second, while it is told to: how the mall fares for a client. */

import { tell } from './mall.js';

const PATH = '/orders?size=1';
const PATIENCE_MS = 5000;
const AT_ONCE = 4; /* a browser opens six connections to an origin, and one of them is the stream of events */

/* `answered(status)` gets each outcome; null: no connection, or no answer in time. */
export class Probe {
    #answered;
    #timer = 0;
    #open = 0;

    constructor(answered) {
        this.#answered = answered;
    }

    get running() {
        return this.#timer !== 0;
    }

    start(perSecond) {
        this.stop();
        this.#timer = setInterval(() => this.#ask(), 1000 / Math.min(Math.max(perSecond, 1), 10));
    }

    stop() {
        clearInterval(this.#timer);
        this.#timer = 0;
    }

    async #ask() {
        if (this.#open >= AT_ONCE)
            return;
        this.#open++;
        const began = performance.now();
        let status = null, served = { pod: null, version: null };
        try {
            const answer = await fetch(PATH, { cache: 'no-store', headers: { Accept: 'application/json' }, signal: AbortSignal.timeout(PATIENCE_MS) });
            served = { pod: answer.headers.get('X-Served-By'), version: answer.headers.get('X-Served-Version') };
            await answer.arrayBuffer(); /* an answer that breaks off is none */
            status = answer.status;
        } catch { /* status stays null */ }
        this.#open--;
        this.#answered(status);
        tell('served', { ...served, status: status ?? 0, path: PATH, ms: performance.now() - began });
    }
}
