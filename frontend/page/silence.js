/* silence - notices that nothing was heard for too long. No DOM here.

   A connection to a daemon that hangs stays open, and nothing ever says that it failed. */

export class Silence {
    #most;
    #noticed;
    #last = 0;
    #timer = 0;
    #now;

    /* noticed() runs once nothing was heard for `most` ms. */
    constructor(most, noticed, now = () => performance.now()) {
        this.#most = most;
        this.#noticed = noticed;
        this.#now = now;
    }

    /* Also begins to listen. Cheap: there may be a thousand events a second. */
    heard() {
        this.#last = this.#now();
        this.#timer ||= setTimeout(() => this.#look(), this.#most);
    }

    end() {
        clearTimeout(this.#timer);
        this.#timer = 0;
    }

    #look() {
        const rest = this.#last + this.#most - this.#now();
        this.#timer = rest > 0 ? setTimeout(() => this.#look(), rest) : 0;
        if (!this.#timer)
            this.#noticed();
    }
}
