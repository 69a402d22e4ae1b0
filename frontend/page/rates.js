/* rates - events a second out of counts that only grow. No DOM here. */

const WINDOW = 3000; /* ms: long enough to be calm, short enough to follow */
const EVERY = 1000;  /* ms between two samples, about, while something changes */
const QUIET = 1500;  /* ms after which nothing told means that nothing changed */

/* Counts come about once a second, and only when they changed; a daemon that starts anew counts from 0 again. */
export class Rates {
    #samples = []; /* {at, counts}, the oldest first; one of them is older than the window */

    put(at, counts) {
        const last = this.#samples.at(-1);
        if (last && Object.keys(last.counts).some((type) => (counts[type] ?? 0) < last.counts[type]))
            this.#samples = [];
        this.#samples.push({ at, counts });
        while (this.#samples.length > 2 && this.#samples[1].at <= at - WINDOW)
            this.#samples.shift();
    }

    count(type) {
        return this.#samples.at(-1)?.counts[type] ?? 0;
    }

    counts() {
        return this.#samples.at(-1)?.counts ?? {};
    }

    /* Over the last three seconds; 0 where there is nothing to compare with. */
    rate(type, now) {
        const last = this.#samples.at(-1);
        if (!last)
            return 0;
        const end = now - last.at > QUIET ? now : last.at, from = end - WINDOW;
        const base = Math.max(this.#samples.findLastIndex((one) => one.at <= from), 0);
        const start = this.#leftAt(base, from, end);
        return end > start ? (last.counts[type] - (this.#samples[base].counts[type] ?? 0)) * 1000 / (end - start) || 0 : 0;
    }

    /* When the sample's counts began to change: nothing was told while they did not. */
    #leftAt(index, from, end) {
        const next = this.#samples[index + 1]?.at ?? end;
        return Math.max(this.#samples[index].at, Math.min(from, next - EVERY));
    }
}
