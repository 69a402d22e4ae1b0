/* topics - who tells what to whom. No DOM here.

   on(topic, listener)     from now on; gives a function that ends it
   tell(topic, value)      all listeners, now; one that throws stops no other
   latest(topic)           what was told last, or undefined */

const listeners = new Map();
const told = new Map();

export function on(topic, listener) {
    if (!listeners.has(topic))
        listeners.set(topic, new Set());
    listeners.get(topic).add(listener);
    return () => listeners.get(topic).delete(listener);
}

export function tell(topic, value) {
    told.set(topic, value);
    for (const listener of [...(listeners.get(topic) ?? [])]) {
        try {
            listener(value);
        } catch (error) {
            console.error(error);
        }
    }
}

export const latest = (topic) => told.get(topic);
export const isHeard = (topic) => (listeners.get(topic)?.size ?? 0) > 0;
