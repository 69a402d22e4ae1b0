/* turns - of several questions under way, only the newest one's answer counts. No DOM here. */

export class Turns {
    #newest = 0;

    /* Begins one; gives a function that says whether it still counts. */
    begin() {
        this.#newest++;
        return this.current();
    }

    /* For what asks beside them: does no newer one begin meanwhile? */
    current() {
        const mine = this.#newest;
        return () => mine === this.#newest;
    }
}
