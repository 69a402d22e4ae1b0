/* poll - asks again and again, slower while there is no answer. No DOM here. */

const IDLE_MS = 250;
const MOST_MS = 10000;

export class Poll {
    #ask;
    #every;
    #isWanted;
    #failures = 0;
    #timer = 0;
    #isHurried = false;
    #during = [];  /* who waits for the end of what is asked now */
    #after = [];   /* and of what is asked next */

    /* ask() gives whether there was an answer; it is asked every so many ms while isWanted(). */
    constructor(ask, every, isWanted) {
        this.#ask = ask;
        this.#every = every;
        this.#isWanted = isWanted;
    }

    /* Asks at once, however long it was to wait: things are likely to be better now. */
    hurry() {
        this.#failures = 0;
        this.#isHurried = !this.#timer;
        if (!this.#timer)
            return;
        clearTimeout(this.#timer);
        this.run();
    }

    /* Asks at once, and where it asks already, once more after that, since that answer may be older than what one did; resolves
       when there was an answer, or none, to what was asked after this call. */
    again() {
        this.hurry();
        return new Promise((done) => (this.#isHurried ? this.#after : this.#during).push(done));
    }

    async run() {
        this.#timer = 0;
        const isWanted = this.#isWanted();
        const isAnswered = !isWanted || await this.#ask();
        this.#failures = isAnswered || this.#isHurried ? 0 : this.#failures + 1;
        this.#isHurried = false;
        this.#during.splice(0).forEach((done) => done());
        this.#during = this.#after.splice(0);
        if (this.#during.length)
            return this.run();
        this.#timer = setTimeout(() => this.run(), isWanted ? Math.min(this.#every * 2 ** this.#failures, MOST_MS) : IDLE_MS);
        return null;
    }
}
