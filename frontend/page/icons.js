/* icons - shapes of 16 by 16 that stand beside a word: a status is told by shape and word, never by colour alone. */

import { svg } from './dom.js';

const line = { fill: 'none', stroke: 'currentColor', 'stroke-width': 1.75, 'stroke-linecap': 'round', 'stroke-linejoin': 'round' };
const path = (d, more = line) => ['path', { d, ...more }];
const solid = { fill: 'currentColor' };

const SHAPES = {
    dot: [['circle', { cx: 8, cy: 8, r: 4.5, ...solid }]],
    ring: [['circle', { cx: 8, cy: 8, r: 4, ...line }]],
    half: [['circle', { cx: 8, cy: 8, r: 4, ...line }], path('M8 4a4 4 0 0 1 0 8z', solid)],
    triangle: [path('M8 3 13.5 12.5H2.5z', { ...solid, 'stroke-linejoin': 'round' })],
    square: [['rect', { x: 4, y: 4, width: 8, height: 8, rx: 1, ...solid }]],
    cross: [path('M4.5 4.5l7 7M11.5 4.5l-7 7')],
    check: [path('M3.5 8.5l3 3 6-7')],
    minus: [path('M4 8h8')],
    plus: [path('M8 4v8M4 8h8')],
    up: [path('M8 13V3.5M4 7.5l4-4 4 4')],
    down: [path('M8 3v9.5M4 8.5l4 4 4-4')],
    left: [path('M10 3.5 5.5 8l4.5 4.5')],
    right: [path('M6 3.5 10.5 8 6 12.5')],
    copy: [['rect', { x: 6, y: 6, width: 7, height: 7.5, rx: 1.5, ...line }], path('M3.5 10V3.8c0-.7.5-1.3 1.3-1.3H10')],
    clock: [['circle', { cx: 8, cy: 8, r: 5.5, ...line }], path('M8 5v3.2l2 1.3')],
    sun: [['circle', { cx: 8, cy: 8, r: 2.8, ...line }],
        path('M8 1.5v1.3M8 13.2v1.3M1.5 8h1.3M13.2 8h1.3M3.4 3.4l.9.9M11.7 11.7l.9.9M3.4 12.6l.9-.9M11.7 4.3l.9-.9')],
    moon: [path('M13 9.6A5.5 5.5 0 0 1 6.4 3a5.5 5.5 0 1 0 6.6 6.6z')],
};

export const symbol = (name) => svg('svg', { class: 'symbol', viewBox: '0 0 16 16', 'aria-hidden': 'true', focusable: 'false' },
    SHAPES[name].map(([tag, attributes]) => svg(tag, attributes)));
