/* lights - what is lit now, and what goes out. No DOM here.

   A light stays on for a while after its last event. So under load it shines evenly: nothing flickers, however much comes. */

const HOLD_MS = 900;

export class Lights {
    #until = new Map();

    /* Gives the keys that were dark until now. */
    touch(keys, now) {
        const fresh = [];
        for (const key of keys) {
            if (!this.#until.has(key))
                fresh.push(key);
            this.#until.set(key, now + HOLD_MS);
        }
        return fresh;
    }

    /* Gives the keys whose time is over, and forgets them. */
    expired(now) {
        const over = [...this.#until].filter(([, until]) => until <= now).map(([key]) => key);
        over.forEach((key) => this.#until.delete(key));
        return over;
    }

    lit() {
        return [...this.#until.keys()];
    }
}
