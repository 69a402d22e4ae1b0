/* seen - drops events that were there before. An event is a double if its place (partition, offset) was taken by the same
   event; another event at an old place means that the topic was made anew. No DOM here. */

const KEPT = 5000; /* more than a stream repeats when it comes back: at most 1,000 events */

export class Seen {
    #places = new Map();
    #last = new Map();

    /* Whether it is new. */
    note(event) {
        const place = `${event.partition}-${event.offset}`;
        const identity = `${event.source ?? ''} ${event.id ?? ''} ${event.announced ?? ''}`;
        if (this.#places.get(place) === identity)
            return false;
        this.#places.delete(place);
        this.#places.set(place, identity);
        if (this.#places.size > KEPT)
            this.#places.delete(this.#places.keys().next().value);
        this.#last.set(event.partition, event.offset);
        return true;
    }

    /* How many events of its partition lie between the last one noted and this one, not yet noted. */
    missing(event) {
        const last = this.#last.get(event.partition);
        return last === undefined ? 0 : Math.max(0, event.offset - last - 1);
    }

    /* 0-17.1-4: the last place of each partition, as in the stream's ids. */
    vector() {
        return [...this.#last].sort(([a], [b]) => a - b).map(([partition, offset]) => `${partition}-${offset}`).join('.');
    }
}
