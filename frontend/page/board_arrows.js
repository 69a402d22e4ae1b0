/* board_arrows - the arrows between the notes that board_layout placed: polylines with a key by which they light up. No DOM. */

const left = (note) => [note.x, note.y + note.h / 2];
const right = (note) => [note.x + note.w, note.y + note.h / 2];
const kind = (lane, name) => lane.notes.filter((note) => note.kind === name);

/* From a to b by one vertical piece at x. */
const across = (a, b, x) => (a[1] === b[1] ? [a, b] : [a, [x, a[1]], [x, b[1]], b]);

/* Where on the left or right edge of a tall note an arrow of height y comes or goes. */
const within = (note, y) => Math.min(Math.max(y, note.y + 8), note.y + note.h - 16);

/* The aggregate that an event is of: the one whose name the type begins with, else the first one. */
export function aggregateOf(lane, type) {
    const all = kind(lane, 'aggregate');
    return all.find((note) => type.toLowerCase().startsWith(note.item.entity.toLowerCase())) ??
        all[0] ?? kind(lane, 'readModel')[0] ?? kind(lane, 'external')[0];
}

function asks(lane, board) {
    return kind(lane, 'command').map((note) => {
        const to = kind(lane, 'aggregate').find(({ item }) => item.path === note.item.path);
        const points = board.name === 'narrow' ?
            [[note.x + note.w / 2, note.y + note.h], [note.x + note.w / 2, to.y - 7], [to.x + to.w / 2, to.y - 7], [to.x + to.w / 2, to.y]] :
            across(right(note), [to.x, within(to, right(note)[1])], (note.x + note.w + to.x) / 2);
        return { key: `asks:${lane.service}:${note.item.verb}`, from: note.id, to: to.id, points };
    });
}

function people(lane) {
    return kind(lane, 'people').flatMap((from) => kind(lane, 'command').map((note) => ({
        key: `people:${lane.service}:${note.item.verb}`, from: from.id, to: note.id, points: across(right(from), left(note), note.x - 8),
    })));
}

function says(lane) {
    return kind(lane, 'event').map((note) => {
        const from = aggregateOf(lane, note.item);
        const y = left(note)[1];
        return from && {
            key: `says:${lane.service}:${note.item}`, from: from.id, to: note.id,
            points: across([from.x + from.w, within(from, y)], left(note), note.x - 12),
        };
    }).filter(Boolean);
}

/* Events leave above the middle of their notes and reach policies below it: those of one row do not lie on each other. */
const LEAVES = 0.34, REACHES = 0.66;

/* By the event's own track of the topic into each policy that hears it. */
function heard(board) {
    const notes = board.lanes.flatMap((lane) => lane.notes);
    return notes.filter((note) => note.kind === 'event').flatMap((event) => {
        const x = board.columns.topic.x + board.gap / 2 + (board.tracks.indexOf(event.item) + 0.5) * board.pitch;
        const y = Math.round(event.y + event.h * LEAVES);
        return notes.filter((note) => note.kind === 'policy' && note.item === event.item).map((policy) => {
            const end = [board.name === 'wide' ? policy.x : policy.x + policy.w, Math.round(policy.y + policy.h * REACHES)];
            return {
                key: `heard:${event.item}:${policy.service}`, from: event.id, to: policy.id,
                points: [[event.x + event.w, y], [x, y], [x, end[1]], end],
            };
        });
    });
}

/* From the policies back to the aggregate: along the lane's lower edge where the topic lies between, else straight. */
function reacts(lane, board) {
    const to = aggregateOf(lane, '');
    return to ? kind(lane, 'policy').map((policy) => ({
        key: `reacts:${lane.service}:${policy.item}`, from: policy.id, to: to.id,
        points: board.name === 'wide' ? around(policy, to, lane.y + lane.h - 14) : straight(policy, to),
    })) : [];
}

const straight = (policy, to) =>
    across([policy.x, policy.y + policy.h / 2], [to.x + to.w, within(to, policy.y + policy.h / 2)], policy.x - 8);

function around(policy, to, y) {
    const out = policy.x + policy.w + 10, edge = to.x + to.w, end = to.y + to.h - 8;
    return [right(policy), [out, right(policy)[1]], [out, y], [edge + 11, y], [edge + 11, end], [edge, end]];
}

export function arrowsOf(board) {
    return [
        ...heard(board),
        ...board.lanes.flatMap((lane) => [...people(lane), ...asks(lane, board), ...says(lane), ...reacts(lane, board)]),
    ];
}

/* The path of a polyline with rounded corners. */
export function pathOf(points, radius = 6) {
    const parts = [`M${points[0].join(' ')}`];
    for (let at = 1; at < points.length - 1; at++) {
        const [before, corner, after] = points.slice(at - 1, at + 2);
        parts.push(`L${toward(corner, before, radius).join(' ')}`, `Q${corner.join(' ')} ${toward(corner, after, radius).join(' ')}`);
    }
    parts.push(`L${points.at(-1).join(' ')}`);
    return parts.join('');
}

/* The point at most `far` from a towards b, and not beyond the middle. */
function toward(a, b, far) {
    const long = Math.hypot(b[0] - a[0], b[1] - a[1]);
    const part = long ? Math.min(far, long / 2) / long : 0;
    return [a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part].map((n) => Math.round(n * 10) / 10);
}

/* The arrow's head: a triangle at the last point. */
export function headOf(points, size = 6) {
    const [x, y] = points.at(-1), [fx, fy] = points.at(-2);
    const long = Math.hypot(x - fx, y - fy) || 1;
    const [dx, dy] = [(x - fx) / long * size, (y - fy) / long * size];
    const round = (n) => Math.round(n * 10) / 10;
    return `M${round(x)} ${round(y)}L${round(x - dx - dy / 2)} ${round(y - dy + dx / 2)}L${round(x - dx + dy / 2)} ${round(y - dy - dx / 2)}Z`;
}
