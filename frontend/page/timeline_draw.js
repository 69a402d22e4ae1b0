/* timeline_draw - the picture of an order's timeline: lanes, marks, arrows from cause to effect, and the axis. */

import { svg } from './dom.js';
import { markOf } from './faults_now.js';
import { number, t } from './i18n.js';
import { laidOut, shadesOf } from './timeline_layout.js';

const signed = (value) => number(value, { signDisplay: 'always' });

/* What stands below an event's name: what it moved, or that it moved nothing. */
export function detailOf(event) {
    if (event.duplicate)
        return t('timeline.suppressed');
    return event.stock ? t('timeline.stockMoved', { product: event.stock.productName ?? event.stock.productId, moved: signed(event.stock.moved), left: number(event.stock.left) }) : '';
}

const whoOf = (event) => [event.pod, event.version].filter(Boolean).join(' ');

export const textsOf = (event) => [event.type ?? '–', detailOf(event) || whoOf(event)];

const text = (className, x, y, content, more) => svg('text', { class: className, x, y, ...more }, content);

function drawLane({ service, y, h }, width) {
    return svg('g', { class: 'time-lane' }, svg('rect', { x: 0.5, y: y + 3, width: width - 1, height: h - 6, rx: 8 }),
        text('lane-name', 12, y + 22, service ?? t('timeline.elsewhere')));
}

function drawMark(mark, event, height) {
    const [name, detail] = textsOf(event);
    return svg('g', { class: event.duplicate ? 'mark duplicate' : 'mark' },
        svg('title', {}, [event.type, detailOf(event), whoOf(event)].filter(Boolean).join(', ')),
        svg('path', { class: 'drop', d: `M${mark.x} ${mark.y}V${height}` }),
        svg('rect', { x: mark.x - 7, y: mark.y - 7, width: 14, height: 14, rx: 2 }),
        text('name', mark.x + 13, mark.y - 1, name), text('detail', mark.x + 13, mark.y + 14, detail));
}

function drawAxis(picture) {
    return svg('g', { class: 'axis' },
        svg('path', { d: `M0 ${picture.axis + 4}H${picture.width}` }),
        picture.ticks.flatMap(({ x, time }) => [
            svg('path', { d: `M${x} ${picture.axis + 4}v5` }), text('tick', x, picture.axis + 24, number(time), { 'text-anchor': 'middle' }),
        ]));
}

/* A time in which a fault was on: a shade with an edge on each side, and its name. */
function drawShade({ kind, x, y, w, h }) {
    const words = markOf([{ kind }]);
    return svg('g', { class: 'shade' }, svg('title', {}, words), svg('rect', { x, y: y + 3, width: w, height: h - 6 }),
        svg('path', { d: `M${x} ${y + 3}v${h - 6}M${x + w} ${y + 3}v${h - 6}` }));
}

/* spans: times of faults, as in shadesOf(). */
export function drawTimeline(events, width, spans = []) {
    const picture = laidOut(events, width, textsOf);
    return svg('svg', {
        class: 'times', width: picture.width, height: picture.height, viewBox: `0 0 ${picture.width} ${picture.height}`,
        role: 'img', 'aria-labelledby': 'timeline-title timeline-summary',
    },
    picture.lanes.map((lane) => drawLane(lane, picture.width)), shadesOf(spans, picture).map(drawShade), drawAxis(picture),
    picture.arrows.flatMap(({ path, head }) => [svg('path', { class: 'cause', d: path }), svg('path', { class: 'effect', d: head })]),
    picture.marks.map((mark) => drawMark(mark, events[mark.index], picture.axis)));
}
