/* idempotency - one key for one wish: a POST that is sent again after a failure has the key of the first time, so that the
   mall does it once. A wish is a path and a body; the next wish of the same body gets another key. No DOM here. */

/* 128 random bits as hex. crypto.randomUUID is missing where the page came by plain HTTP from another host. */
function newKey() {
    return 'page-' + [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

export class Keys {
    #open = new Map();

    use(path, body) {
        const wish = `${path} ${body ?? ''}`;
        if (!this.#open.has(wish))
            this.#open.set(wish, newKey());
        return this.#open.get(wish);
    }

    forget(path, body) {
        this.#open.delete(`${path} ${body ?? ''}`);
    }
}

export const keyFor = new Keys();
