/* board_layout - where the notes and arrows of the board lie, for a width in pixels. No DOM here.

   A lane is a service. From left to right: people, commands, aggregate, events, the topic, policies. The topic is a bundle
   of vertical tracks, one for each event that somebody hears. From 850 px the policies lie to the right of the topic; below
   that they lie under the events, and below 540 px the commands lie above the rest, so that a phone shows the whole width.
   `head` is what a lane's name, status, fault and lag need: on a phone two lines. */

const ROW = 46, SPACE = 10, PAD = 12, RETURN = 20, BETWEEN = 14, BAR = 34, APART = 20;

/* Widths: `fixed` columns keep theirs, the others share what is left by weight, but have at least `least`. */
const PLANS = {
    wide: { from: 850, people: 30, commands: 1.2, aggregates: 0.76, events: 1.2, policies: 1.08, gap: 32, pitch: 13, least: 128, head: 34 },
    middle: { from: 540, people: 30, commands: 1.2, aggregates: 0.76, events: 1.25, policies: 0, gap: 28, pitch: 11, least: 96, head: 34 },
    narrow: { from: 0, people: 0, commands: 0, aggregates: 0.6, events: 1, policies: 0, gap: 16, pitch: 8, least: 116, head: 50 },
};

export const planOf = (width) => Object.keys(PLANS).find((name) => width >= PLANS[name].from);

/* The tracks of the topic: events that are heard, in the order in which they are said. */
const tracksOf = (lanes) => {
    const heard = new Set(lanes.flatMap((lane) => lane.policies));
    return [...new Set(lanes.flatMap((lane) => lane.events))].filter((type) => heard.has(type));
};

/* {people, commands, aggregates, events, topic, policies: {x, w}} and the width that all of it takes. */
function columnsOf(plan, tracks, width) {
    const topic = tracks * plan.pitch + plan.gap;
    const shared = ['commands', 'aggregates', 'events', 'policies'].filter((name) => plan[name] > 0);
    const gaps = shared.filter((name) => name !== 'policies').length - 1;
    const before = plan.people ? plan.people + APART : 0;
    const fixed = 2 * PAD + before + plan.gap * gaps + topic + (plan.policies ? RETURN : 0);
    const weight = shared.reduce((sum, name) => sum + plan[name], 0);
    const unit = Math.max((width - fixed) / weight, plan.least);
    const columns = { people: { x: PAD, w: plan.people } };
    let x = PAD + before;
    for (const name of shared) {
        columns[name] = { x, w: Math.floor(unit * plan[name]) };
        x += columns[name].w + (name === 'events' ? topic : plan.gap);
    }
    columns.topic = { x: columns.events.x + columns.events.w, w: topic };
    columns.policies ??= columns.events;
    return { columns, width: Math.max(width, Math.ceil(fixed + unit * weight)) };
}

const rowsHigh = (rows) => rows * ROW + Math.max(rows - 1, 0) * SPACE;

/* Notes of one kind below each other; `high` stretches them over that height. */
function stack(kind, lane, items, column, y, high = rowsHigh(items.length)) {
    const h = (high - SPACE * Math.max(items.length - 1, 0)) / Math.max(items.length, 1);
    return items.map((item, at) => ({
        id: `${kind}:${lane.service}:${at}`, kind, service: lane.service, item, x: column.x, y: y + at * (h + SPACE), w: column.w, h,
    }));
}

/* Commands beside each other: on a phone there is no room for a column of them. */
function bar(lane, y, x, width) {
    const w = (width - SPACE * (lane.commands.length - 1)) / Math.max(lane.commands.length, 1);
    return lane.commands.map((item, at) => ({
        id: `command:${lane.service}:${at}`, kind: 'command', service: lane.service, item, x: x + at * (w + SPACE), y, w, h: BAR,
    }));
}

function rowsOf(lane, name) {
    const { commands, aggregates, readModels, events, policies } = lane;
    const right = name === 'wide' ? Math.max(events.length, policies.length) : events.length + policies.length;
    return Math.max(name === 'narrow' ? 0 : commands.length, aggregates.length + readModels.length, right, 1);
}

function notesOf(lane, name, columns, y) {
    const rows = rowsOf(lane, name), high = rowsHigh(rows);
    const readHigh = lane.readModels.length ? rowsHigh(lane.readModels.length) + SPACE : 0;
    const people = lane.commands.length && columns.people.w ?
        [{ id: `people:${lane.service}`, kind: 'people', service: lane.service, item: null, ...columns.people, y, h: high }] : [];
    const elsewhere = lane.service === null ?
        [{ id: 'external', kind: 'external', service: null, item: null, ...columns.aggregates, y, h: high }] : [];
    const policyY = name === 'wide' ? y : y + lane.events.length * (ROW + SPACE);
    return [
        ...people, ...elsewhere,
        ...(columns.commands ? stack('command', lane, lane.commands, columns.commands, y) : []),
        ...stack('aggregate', lane, lane.aggregates, columns.aggregates, y, high - readHigh),
        ...stack('readModel', lane, lane.readModels, columns.aggregates, y + high - readHigh + SPACE),
        ...stack('event', lane, lane.events, columns.events, y),
        ...stack('policy', lane, lane.policies, columns.policies, policyY),
    ];
}

/* One lane at height `top`: {service, y, h, notes}. */
function laneAt(lane, name, columns, top) {
    const barred = name === 'narrow' && lane.commands.length > 0;
    const { head } = PLANS[name], y = top + head + (barred ? BAR + BETWEEN : 0);
    const notes = [
        ...(barred ? bar(lane, top + head, PAD, columns.topic.x - PAD) : []),
        ...notesOf(lane, name, columns, y),
    ];
    const below = name === 'wide' && lane.policies.length ? RETURN : 0;
    return { service: lane.service, lane, y: top, h: y - top + rowsHigh(rowsOf(lane, name)) + below + PAD, notes };
}

/* {name, width, height, columns, tracks: [type], pitch, lanes: [{service, lane, y, h, notes}]} */
export function placed(lanes, width) {
    const name = planOf(width), plan = PLANS[name], tracks = tracksOf(lanes);
    const { columns, width: taken } = columnsOf(plan, tracks.length, width);
    const out = [];
    let top = 0;
    for (const lane of lanes) {
        out.push(laneAt(lane, name, columns, top));
        top += out.at(-1).h + BETWEEN;
    }
    return { name, width: taken, height: Math.max(top - BETWEEN, 0), columns, tracks, pitch: plan.pitch, gap: plan.gap, lanes: out };
}
