/* stream_rows - the last events that a filter lets through, in a bounded number. No DOM here. */

/* The order that an event is about; null for one about a product. An order's own events have it as their id. */
export function orderOf({ type, value }) {
    const order = value?.orderId ?? (/^order/i.test(type) ? value?.id : null);
    return order === null || order === undefined ? null : String(order);
}

export const productOf = ({ value }) => (value?.productId === undefined || value.productId === null ? null : String(value.productId));

/* {type, order, product}: '' lets everything through. Order and product are compared whole: 1 is not 17. */
export function passes(event, { type = '', order = '', product = '' }) {
    return (type === '' || event.type === type) &&
        (order === '' || event.order === order) &&
        (product === '' || productOf(event) === product || event.value?.productName === product);
}

/* The last `most` events, each with `order` added. An event of a product names no order; the one of its trace is meant. */
export class Rows {
    #most;
    #events = [];
    #orders = new Map(); /* trace -> order */

    constructor(most = 2000) {
        this.#most = most;
    }

    put(events) {
        for (const event of events)
            this.#events.push({ ...event, order: this.#orderOf(event) });
        if (this.#events.length > this.#most * 1.25)
            this.#events = this.#events.slice(-this.#most);
    }

    #orderOf(event) {
        const order = orderOf(event);
        if (order === null || !event.trace)
            return order ?? this.#orders.get(event.trace) ?? null;
        this.#orders.delete(event.trace);
        this.#orders.set(event.trace, order);
        if (this.#orders.size > this.#most)
            this.#orders.delete(this.#orders.keys().next().value);
        return order;
    }

    /* The newest `count` that pass, the newest first. */
    newest(filter, count) {
        const found = [];
        for (let at = this.#events.length - 1; at >= 0 && found.length < count; at--) {
            if (passes(this.#events[at], filter))
                found.push(this.#events[at]);
        }
        return found;
    }
}
