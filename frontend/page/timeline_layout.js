/* timeline_layout - an order's timeline as a picture: a lane for each service, time from left to right. No DOM here.

   Some steps take a millisecond, others a day. So the distance between two times grows with the logarithm of the time
   between them, and every time that fits is written on the axis. */

const LEFT = 26, RIGHT = 16, HEAD = 26, LEVEL = 42, FOOT = 12, AXIS = 34, LETTER = 7.2, MARK = 8;
const LEAST = 30, CLOSE = 6, FAR = 60; /* pixels between two times, and for each doubling of the time between them */

/* Milliseconds since the order, for each event; an old frontend may leave them out. */
export const timesOf = (events) => events.map((event) => event.ms ?? event.announced - events[0].announced);

/* Services in the order in which they come into it. */
export const lanesOf = (events) => [...new Set(events.map((event) => event.service))];

/* For each event the index of the one that caused it, or -1. Ids count up in each store on its own, so the cause is
   the latest earlier event with that id in the same trace, of another service where there is one. */
export function causesOf(events) {
    return events.map((event, at) => {
        if (event.cause === null || event.cause === undefined)
            return -1;
        const could = events.slice(0, at).map((_, index) => index).filter((index) => {
            const one = events[index];
            return one.id === event.cause && !one.duplicate && (one.trace === event.trace || !event.trace);
        });
        return could.findLast((index) => events[index].service !== event.service) ?? could.at(-1) ?? -1;
    });
}

/* Map of time to pixels: up to `width` where that is enough, and never so far apart that it cannot be seen at once. */
export function scaleOf(times, width) {
    const steps = [...new Set(times)].sort((a, b) => a - b);
    const gaps = steps.slice(1).map((time, at) => Math.log2(1 + time - steps[at]));
    const room = width - LEFT - gaps.length * LEAST;
    const sum = gaps.reduce((a, b) => a + b, 0);
    const unit = sum ? Math.min(Math.max(room / sum, CLOSE), FAR) : 0;
    const x = new Map();
    let here = LEFT;
    steps.forEach((time, at) => {
        here += at ? LEAST + gaps[at - 1] * unit : 0;
        x.set(time, Math.floor(here));
    });
    return x;
}

/* A text a mark has beside it, as wide as it will be, about. */
const labelWidth = (texts) => Math.ceil(16 + Math.max(...texts.map((text) => text.length)) * LETTER);

/* Each mark of a lane gets the first level on which its label meets no other. */
function levelsOf(marks) {
    const ends = [];
    return marks.map((mark) => {
        let level = ends.findIndex((end) => end + 8 < mark.x - 8);
        level = level < 0 ? ends.length : level;
        ends[level] = mark.x + mark.label;
        return { ...mark, level };
    });
}

/* Times to write on the axis: as many as have room. */
function ticksOf(x) {
    const ticks = [];
    let free = -Infinity;
    for (const [time, at] of x) {
        const half = String(time).length * LETTER / 2 + 4;
        if (at - half < free)
            continue;
        ticks.push({ x: at, time });
        free = at + half;
    }
    return ticks;
}

function arrowBetween(from, to) {
    const bend = Math.max((to.x - from.x) / 2, 14), end = to.x - MARK;
    return {
        from: from.index, to: to.index,
        path: `M${from.x} ${from.y}C${from.x + bend} ${from.y} ${end - bend} ${to.y} ${end} ${to.y}`,
        head: `M${end} ${to.y}l-7 -3.5v7z`,
    };
}

/* Where a time lies between those that have a place of their own. */
function placeOf(x, width, time) {
    const known = [...x], after = known.findIndex(([one]) => one >= time);
    if (after === 0 || after < 0)
        return after === 0 && known[0][0] === time ? known[0][1] : after === 0 ? 0 : width;
    const [[from, left], [to, right]] = [known[after - 1], known[after]];
    return left + (right - left) * (time - from) / (to - from);
}

/* Where a fault was on in the time that is seen: [{service, kind, x, y, w, h}]; spans are [{service, kind, from, to}], in
   milliseconds since the order; `to` is null where it is on still. */
export function shadesOf(spans, picture) {
    const { x, lanes, width } = picture;
    return spans.map(({ service, kind, from, to }) => {
        const lane = lanes.find((one) => one.service === service);
        const left = placeOf(x, width, from), right = to === null ? width : placeOf(x, width, to);
        return lane ? { service, kind, x: left, y: lane.y, w: Math.max(right - left, 3), h: lane.h } : null;
    }).filter(Boolean);
}

/* The times of the first and the last event by the mall's clock, and the order's own: null where no event says when it was. */
export function timeSpan(events) {
    const times = timesOf(events), at = events.findIndex((event) => Number.isFinite(event.announced));
    const zero = at < 0 ? null : events[at].announced - times[at];
    return zero === null ? null : { zero, from: zero + Math.min(...times), to: zero + Math.max(...times) };
}

/* {width, height, lanes: [{service, y, h}], marks: [{index, x, y}], arrows: [{from, to, path}], ticks: [{x, time}], axis, x: Map of time to pixels}.
   `textsOf(event)` are the lines beside its mark. */
export function laidOut(events, width, textsOf) {
    const times = timesOf(events), labels = events.map((event) => labelWidth(textsOf(event)));
    const last = Math.max(...times), x = scaleOf(times, width - RIGHT - Math.max(...labels.filter((_, at) => times[at] === last)));
    const marks = [], lanes = [];
    let top = 0;
    for (const service of lanesOf(events)) {
        const own = events.map((event, index) => ({ event, index })).filter(({ event }) => event.service === service)
            .map(({ index }) => ({ index, x: x.get(times[index]), label: labels[index] }));
        const levelled = levelsOf(own);
        const h = HEAD + LEVEL * (1 + Math.max(...levelled.map((mark) => mark.level))) + FOOT;
        marks.push(...levelled.map((mark) => ({ ...mark, y: top + HEAD + LEVEL * mark.level + LEVEL / 2 - 4 })));
        lanes.push({ service, y: top, h });
        top += h;
    }
    marks.sort((a, b) => a.index - b.index);
    const arrows = causesOf(events).map((from, to) => from >= 0 && arrowBetween(marks[from], marks[to])).filter(Boolean);
    const needed = Math.ceil(Math.max(0, ...marks.map((mark) => mark.x + mark.label)) + RIGHT);
    return { width: Math.max(width, needed), height: top + AXIS, axis: top, lanes, marks, arrows, ticks: ticksOf(x), x };
}
