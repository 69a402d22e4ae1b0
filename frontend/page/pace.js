/* pace - runs a task when it is asked to, but at most once in a time: the first run comes soon, and one more follows later, since
   what an event brings about is done a moment after the event. No DOM here. */

const SOON_MS = 150;
const RUNS = 2;

export class Pace {
    #run;
    #every;
    #timer = 0;
    #runs = 0;
    #last = -Infinity;
    #now;

    constructor(run, every = 1000, now = () => performance.now()) {
        this.#run = run;
        this.#every = every;
        this.#now = now;
    }

    ask() {
        this.#runs = RUNS;
        this.#schedule();
    }

    #schedule() {
        if (this.#timer || !this.#runs)
            return;
        const wait = Math.max(SOON_MS, this.#last + this.#every - this.#now());
        this.#timer = setTimeout(() => this.#fire(), wait);
    }

    async #fire() {
        this.#runs--;
        this.#last = this.#now();
        try {
            await this.#run();
        } finally {
            this.#timer = 0;
            this.#schedule();
        }
    }
}
