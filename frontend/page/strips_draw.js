/* strips_draw - strips over time as SVG: a second is one unit wide, so that the strip fits any width. */

import { svg } from './dom.js';

export const TONES = 6; /* colours of versions in strips.css; a seventh version has the first one's again */

const strip = (height, children) => svg('svg', { class: 'strip', viewBox: `0 0 120 ${height}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' }, children);

/* Equal columns beside each other become one piece. */
function piecesOf(columns, sameOf) {
    const pieces = [];
    columns.forEach((column, at) => {
        const last = pieces.at(-1), look = sameOf(column);
        if (last?.look === look)
            last.w++;
        else
            pieces.push({ look, column, x: at, w: 1 });
    });
    return pieces;
}

/* Each second divided among the versions that answered in it. */
export function versionStrip(columns, toneOf) {
    const pieces = piecesOf(columns, (column) => JSON.stringify(column.map(({ version, share }) => [version, share])));
    return strip(1, pieces.flatMap(({ column, x, w }) => {
        let y = 0;
        return column.map(({ version, share }) => {
            const part = svg('rect', { class: `tone-${toneOf(version) % TONES}`, x, y, width: w, height: share });
            y += share;
            return part;
        });
    }));
}

/* One outcome of the probe: how often in each second, out of `most`. */
export function outcomeStrip(columns, outcome, most) {
    const pieces = piecesOf(columns, (column) => column?.[outcome] ?? 0);
    return strip(1, pieces.filter(({ look }) => look > 0).map(({ look, x, w }) => {
        const height = Math.max(Math.min(look / most, 1), 0.12);
        return svg('rect', { class: `outcome-${outcome}`, x, y: 1 - height, width: w, height });
    }));
}

/* The seconds in which a fault was on. */
export function faultStrip(seconds) {
    return strip(1, piecesOf(seconds, (isOn) => isOn).filter(({ look }) => look).map(({ x, w }) => svg('rect', { class: 'fault', x, y: 0, width: w, height: 1 })));
}
