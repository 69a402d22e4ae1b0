/* story - the events of one order among many, in order of time. No DOM here. */

const MOST = 8;

/* An InventoryModified has the product as its key: it belongs to the order whose trace it carries. Events of different keys come
   over different partitions, so that none of them need be the first to arrive. */
export function storyOf(events, order, from) {
    const own = events.filter((event) => event.key === order && event.type !== 'InventoryModified' && !event.duplicate);
    const first = own.findLastIndex((event) => event.type === from);
    if (first < 0)
        return [];
    const traces = new Set(own.slice(first).map((event) => event.trace).filter(Boolean));
    const isOurs = (event) => event.type === 'InventoryModified' && traces.has(event.trace) && event.announced >= own[first].announced;
    const moved = events.filter((event) => isOurs(event) && !event.duplicate);
    return [...own.slice(first), ...moved].sort((a, b) => a.announced - b.announced).slice(0, MOST);
}

/* The story after more events came. It never gets shorter: an event stays in it that is too old to be among `events`, and so came
   before all of them. */
export function continued(story, events, order, from) {
    const there = new Set(events);
    const longer = storyOf([...story.filter((event) => !there.has(event)), ...events], order, from);
    return longer.length > story.length ? longer : story;
}
