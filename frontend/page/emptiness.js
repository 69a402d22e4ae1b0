/* emptiness - is there nothing in the mall? No DOM here. */

const OF = ['orders', 'inventories'];

export class Emptiness {
    #totals = new Map();

    /* What topic `rows` tells. */
    note({ collection, total }) {
        this.#totals.set(collection, total);
    }

    get isKnown() {
        return OF.every((name) => this.#totals.has(name));
    }

    /* Only where it is known. */
    get isEmpty() {
        return OF.every((name) => this.#totals.get(name) === 0);
    }
}
