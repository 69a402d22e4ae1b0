/* timeline_kept - how far back the memory goes, out of the problem that says that an order is not in it. No DOM here.

   The problem has a sentence in English only. A sentence of another form gives null, and is then shown as it is. */

export function keptOf({ detail }) {
    const [, most, since] = /last (\d+) events, since (\S+?Z)/.exec(detail ?? '') ?? [];
    const at = Date.parse(since);
    return Number.isNaN(at) ? null : { most: Number(most), since: at };
}
