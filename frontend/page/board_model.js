/* board_model - what the event-storming board shows, from what the daemons say of themselves.

   /topology has for each service the events it hears and says, and its collections. A service that is added appears by
   itself; one that is away keeps the place that it had. No DOM here. */

const EXTERNALS = 4; /* types of foreign producers that are shown; there is no bound on how many exist */

/* The services as they described themselves last: one that is away says nothing, and must not vanish for that. */
export function remembered(services, before = []) {
    const known = new Map(before.map((service) => [service.name, service]));
    return services.map((service) => {
        const last = known.get(service.name);
        return {
            ...service,
            hears: service.hears ?? last?.hears ?? null,
            says: service.says ?? last?.says ?? null,
            collections: service.collections ?? last?.collections ?? null,
        };
    });
}

const commandsOf = ({ path, entity }) =>
    [['create', 'POST', ''], ['change', 'PATCH', '/…'], ['remove', 'DELETE', '/…']].map(([verb, method, tail]) => ({
        verb, entity, path, method, detail: `${method} ${path}${tail}`,
    }));

function laneOf({ name, status, version, hears, says, collections }) {
    const writable = (collections ?? []).filter((one) => !one.readOnly);
    const readable = (collections ?? []).filter((one) => one.readOnly);
    return {
        service: name, status, version,
        commands: writable.flatMap(commandsOf),
        aggregates: writable.map(({ entity, path }) => ({ entity, path })),
        readModels: readable.map(({ entity, path }) => ({ entity, path })),
        events: says ?? [],
        policies: hears ?? [],
    };
}

const hasNotes = (lane) => lane.events.length + lane.policies.length + lane.aggregates.length + lane.readModels.length > 0;

/* Types that no service of ours says: heard by one of them, or seen on the bus, the most frequent first. */
function externalsOf(lanes, counts) {
    const said = new Set(lanes.flatMap((lane) => lane.events));
    const heard = lanes.flatMap((lane) => lane.policies).filter((type) => !said.has(type));
    const seen = Object.keys(counts).filter((type) => !said.has(type)).sort((a, b) => counts[b] - counts[a] || (a < b ? -1 : 1));
    return [...new Set([...heard, ...seen.slice(0, EXTERNALS)])];
}

/* A lane for each service that has something to show, and a last one for what comes from elsewhere, as soon as there is any:
   there it moves none of the others. */
export function boardOf(services, counts = {}) {
    const lanes = services.map(laneOf).filter(hasNotes);
    const externals = lanes.length ? externalsOf(lanes, counts) : [];
    const elsewhere = {
        service: null, status: null, version: null, commands: [], aggregates: [], readModels: [], events: externals, policies: [],
    };
    return externals.length ? [...lanes, elsewhere] : lanes;
}

/* Who hears an event. */
export const hearersOf = (lanes, type) => lanes.filter((lane) => lane.policies.includes(type)).map((lane) => lane.service);

/* The board is drawn anew only when this changes. */
export const shapeOf = (lanes) => JSON.stringify(lanes.map(({ status, version, ...shape }) => shape));

/* Which command an event is the outcome of is not told; its name tells it where it follows the usual words. */
const VERBS = [[/cancel|delet|remov|revok|withdraw/i, 'remove'], [/modif|chang|updat|adjust/i, 'change'], [/plac|start|creat|issu|register|open/i, 'create']];
const verbOf = (type) => VERBS.find(([word]) => word.test(type))?.[1];

/* What one event lights up: keys of notes and arrows. `because` is the type of the event that caused it: a policy of the
   service reacted to that one. undefined: somebody asked for it; null: the cause is not known. */
export function litBy({ type, service }, because, lanes) {
    const teller = lanes.find((lane) => lane.service === service && lane.events.includes(type)) ??
        lanes.find((lane) => lane.events.includes(type));
    const heard = hearersOf(lanes, type).flatMap((hearer) => [`policy:${hearer}:${type}`, `heard:${type}:${hearer}`]);
    if (!teller)
        return heard;
    const own = teller.service, verb = verbOf(type);
    const from = because ? [`reacts:${own}:${because}`] : because === undefined && verb ? [`people:${own}:${verb}`, `asks:${own}:${verb}`] : [];
    return [`event:${own}:${type}`, `says:${own}:${type}`, `aggregate:${own}`, ...from, ...heard];
}

/* Remembers the type of each of the last events, to know what caused the next ones. Ids are a store's own: the trace tells which. */
export class Causes {
    #types = new Map();
    #most;

    constructor(most = 5000) {
        this.#most = most;
    }

    put({ trace, id, type }) {
        this.#types.set(`${trace} ${id}`, type);
        if (this.#types.size > this.#most)
            this.#types.delete(this.#types.keys().next().value);
    }

    /* As litBy wants it. A producer that does not say who it is says no causes either. */
    of({ trace, cause, pod }) {
        if (cause === null || cause === undefined)
            return pod ? undefined : null;
        return this.#types.get(`${trace} ${cause}`) ?? null;
    }
}
