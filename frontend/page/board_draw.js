/* board_draw - the board as an SVG. It is drawn anew only when its shape or width changes; lights and counts are set in it.

   draw(board) gives {element, events: Map of type to [{count, rate}], statuses, faults and lags: Maps of service to element,
   parts: Map of key to [element]}: what can light up, and what has numbers. */

import { svg } from './dom.js';
import { has, t } from './i18n.js';
import { symbol } from './icons.js';
import { fit, textWidth } from './fit.js';
import { arrowsOf, headOf, pathOf } from './board_arrows.js';

/* Of each plan: the sizes of a name and a detail, as in board.css, and the space left and right of them. */
const SIZES = { wide: [14, 12, 9], middle: [13, 12, 9], narrow: [12, 11.5, 6] };
const BOLD = 1.08;
const STATUS_ROOM = 104; /* of a lane's first line, at its right end */
const LAG_ROOM = 96;     /* and beside that; on a phone the lag has a line of its own */

/* What can be lit has the same key as in board_model's litBy(). */
const keyOf = ({ kind, service, item }) => ({
    command: `asks:${service}:${item?.verb}`, aggregate: `aggregate:${service}`,
    event: `event:${service}:${item}`, policy: `policy:${service}:${item}`,
}[kind] ?? null);

/* A service more has names that no dictionary knows: they stay as they are. */
const entityText = (entity) => (has(`board.entity.${entity}`) ? t(`board.entity.${entity}`) : entity);

/* [name, detail] of a note. */
function textsOf({ kind, item }, plan) {
    switch (kind) {
    case 'people': return ['', ''];
    case 'external': return [t('board.externalName'), t('board.externalDetail')];
    case 'command':
        return plan === 'narrow' ? [t(`board.${item.verb}`), ''] : [t(`board.${item.verb}Of`, { entity: entityText(item.entity) }), item.detail];
    case 'aggregate': return [entityText(item.entity), item.path];
    case 'readModel': return [entityText(item.entity), t('board.readOnly')];
    case 'policy': return [item, t('board.whenHeard')];
    default: return [item, ''];
    }
}

function text(className, x, y, content, more = {}) {
    return svg('text', { class: className, x, y, ...more }, content);
}

function numbersOf(note, inside, baseline, into) {
    const count = text('detail', note.x + inside, baseline, '0');
    const rate = text('detail', note.x + note.w - inside, baseline, '', { 'text-anchor': 'end' });
    into.events.set(note.item, [...(into.events.get(note.item) ?? []), { count, rate }]);
    return [count, rate];
}

function drawPeople(note) {
    const x = note.x + note.w / 2, y = note.y + note.h / 2;
    return [svg('circle', { class: 'figure', cx: x, cy: y - 7, r: 4.5 }), svg('path', { class: 'figure', d: `M${x - 8} ${y + 11}a8 9 0 0 1 16 0z` })];
}

/* Of a command that is too long its method says enough; the title has all of it. */
const shortened = ({ kind, item }, detail, room, size) =>
    (kind === 'command' && textWidth(detail, size) > room ? item.method : fit(detail, room, size));

function drawTexts(note, plan, into) {
    const [size, small, inside] = SIZES[plan], [name, detail] = textsOf(note, plan), room = note.w - 2 * inside;
    const tall = note.h > 40, first = note.y + (tall ? 20 : note.h / 2 + size * 0.36);
    return [
        svg('title', {}, detail ? `${name}, ${detail}` : name),
        text('name', note.x + inside, first, fit(name, room, size * BOLD)),
        ...(note.kind === 'event' ? numbersOf(note, inside, note.y + 37, into) : tall && detail ?
            [text('detail', note.x + inside, note.y + 37, shortened(note, detail, room, small))] : []),
    ];
}

function drawNote(note, plan, into) {
    const group = svg('g', { class: 'sticky', 'data-kind': note.kind },
        svg('rect', { x: note.x, y: note.y, width: note.w, height: note.h, rx: 3 }),
        note.kind === 'people' ? drawPeople(note) : drawTexts(note, plan, into));
    remember(into, keyOf(note), group);
    return group;
}

function drawArrow(arrow, into) {
    const group = svg('g', { class: 'arrow', 'data-kind': arrow.key.split(':')[0] },
        svg('path', { class: 'line', d: pathOf(arrow.points) }), svg('path', { class: 'head', d: headOf(arrow.points) }));
    remember(into, arrow.key, group);
    return group;
}

function remember(into, key, element) {
    if (key)
        into.parts.set(key, [...(into.parts.get(key) ?? []), element]);
}

function drawLane({ service, y, h }, board, into) {
    const right = board.name === 'wide' ? board.width - 12 : board.columns.topic.x;
    const status = svg('g', { class: 'lane-status', transform: `translate(${right} ${y + 21})` });
    into.statuses.set(service, status);
    const name = service ?? t('board.elsewhere'), after = 12 + textWidth(name, 14 * BOLD) + 12;
    const isNarrow = board.name === 'narrow', lagRight = right - STATUS_ROOM;
    const fault = svg('g', { class: 'lane-fault', transform: `translate(${after} ${y + 21})`, 'data-room': lagRight - after - (isNarrow ? 0 : LAG_ROOM) });
    into.faults.set(service, fault);
    const lag = isNarrow ? text('lane-lag', 12, y + 41, '') : text('lane-lag', lagRight, y + 22, '', { 'text-anchor': 'end' });
    into.lags.set(service, lag);
    return svg('g', { class: 'lane' },
        svg('rect', { x: 0.5, y: y + 0.5, width: board.width - 1, height: h - 1, rx: 8 }),
        text('lane-name', 12, y + 22, name), fault, lag, status);
}

/* The topic is a band behind its tracks, named once. */
function drawTopic(board) {
    const { x, w } = board.columns.topic, inset = board.gap / 2 - 3;
    return board.tracks.length ? svg('g', { class: 'topic' },
        svg('rect', { x: x + inset, y: 1, width: w - 2 * inset, height: board.height - 2, rx: 4 }),
        svg('title', {}, t('board.topic')),
        text('lane-state', x + w / 2, 22, 'mall', { 'text-anchor': 'middle' })) : null;
}

export function draw(board) {
    const into = { events: new Map(), statuses: new Map(), faults: new Map(), lags: new Map(), parts: new Map() };
    const lanes = board.lanes.map((lane) => drawLane(lane, board, into));
    const topic = drawTopic(board);
    const arrows = arrowsOf(board).map((arrow) => drawArrow(arrow, into));
    const notes = board.lanes.flatMap((lane) => lane.notes).map((note) => drawNote(note, board.name, into));
    const element = svg('svg', {
        class: 'board', 'data-plan': board.name, width: board.width, height: board.height, viewBox: `0 0 ${board.width} ${board.height}`,
        role: 'img', 'aria-labelledby': 'board-title board-summary',
    }, lanes, topic, arrows, notes);
    return { element, ...into };
}

/* Health of a lane's service, at the right end of its first line. */
export function drawStatus(group, { tone, shape, word }) {
    const label = text('lane-state', 0, 1, word, { 'text-anchor': 'end' });
    group.dataset.tone = tone;
    group.replaceChildren(label);
    if (tone !== 'good') {
        const mark = symbol(shape);
        mark.setAttribute('width', 14);
        mark.setAttribute('height', 14);
        mark.setAttribute('x', -18 - Math.ceil(label.getComputedTextLength?.() ?? 0));
        mark.setAttribute('y', -10);
        group.append(mark);
    }
}

/* A fault that is on in a lane's service, beside its name: a shape and words, or one word where there is no room. */
export function drawFault(group, words) {
    if (!words)
        return group.replaceChildren();
    const mark = symbol('triangle');
    for (const [name, value] of Object.entries({ width: 14, height: 14, x: 0, y: -10 }))
        mark.setAttribute(name, value);
    const said = textWidth(words, 12) <= Number(group.dataset.room) - 18 ? words : t('fault.word');
    return group.replaceChildren(svg('title', {}, words), mark, text('lane-state', 18, 1, said));
}
