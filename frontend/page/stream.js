/* stream - the events as they come, newest first: filters, a pause, and a bounded number of rows that are used again and again. */

import { el, setText } from './dom.js';
import { add, clock, iso, number, t } from './i18n.js';
import { on, recent } from './mall.js';
import { symbol } from './icons.js';
import { Rows, productOf } from './stream_rows.js';

add({
    ko: {
        'stream.title': '이벤트 스트림', 'stream.filter': '필터', 'stream.type': '이벤트', 'stream.every': '모든 이벤트', 'stream.order': '주문 번호', 'stream.product': '상품',
        'stream.pause': '일시 정지', 'stream.resume': '이어 보기', 'stream.rows': '최근 이벤트 목록', 'stream.empty': '아직 이벤트가 없습니다.',
        'stream.noMatch': '조건에 맞는 이벤트가 없습니다.', 'stream.orderLink': '주문 {order}', 'stream.toTimeline': '주문 {order}의 타임라인', 'stream.duplicate': '중복',
        'stream.skipped': '너무 빨라 {count}건을 건너뛰었습니다.', 'stream.waiting': '새 이벤트 {count}건', 'stream.qty': '수량 {qty}', 'stream.stock': '재고 {stock}',
    },
    en: {
        'stream.title': 'Event stream', 'stream.filter': 'Filter', 'stream.type': 'Event', 'stream.every': 'All events', 'stream.order': 'Order', 'stream.product': 'Product',
        'stream.pause': 'Pause', 'stream.resume': 'Resume', 'stream.rows': 'The last events', 'stream.empty': 'No events yet.',
        'stream.noMatch': 'No event matches the filter.', 'stream.orderLink': 'Order {order}', 'stream.toTimeline': 'Timeline of order {order}', 'stream.duplicate': 'duplicate',
        'stream.skipped': { one: '{count} event passed over: too many came.', other: '{count} events passed over: too many came.' },
        'stream.waiting': { one: '{count} new event', other: '{count} new events' }, 'stream.qty': 'qty {qty}', 'stream.stock': 'stock {stock}',
    },
});

const SHOWN = 60;      /* rows */
const TOLD_MS = 10000;
const PAUSE_MS = 200;  /* between two updates: five a second can still be read along */

const rows = new Rows();
const pool = [];
const filter = { type: '', order: '', product: '' };
let parts, paused = false, over = false, waiting = 0, skipped = 0, skippedTimer = 0, timer = 0;

/* --- a row --- */

function makeRow() {
    const at = el('time', { class: 'at' }), type = el('span', { class: 'type' }), link = el('a', { class: 'about' }), what = el('span', { class: 'what' });
    const who = el('span', { class: 'who' }), double = el('span', { class: 'double' });
    const element = el('li', { class: 'event-row', hidden: true }, el('span', { class: 'swatch', 'aria-hidden': 'true' }), at, type, link, what, who, double);
    return { element, at, type, link, what, who, double, shown: null };
}

function whatOf(event) {
    const { qty, stock, productName } = event.value ?? {};
    return [
        productName ?? productOf(event), qty !== undefined && qty !== null && t('stream.qty', { qty: number(qty) }),
        stock !== undefined && stock !== null && t('stream.stock', { stock: number(stock) }),
    ].filter((part) => part !== null && part !== undefined && part !== false).join(' · ');
}

function fillRow(row, event) {
    row.element.hidden = !event;
    if (!event || row.shown === event)
        return;
    row.shown = event;
    setText(row.at, event.announced ? clock(event.announced) : '');
    row.at.dateTime = event.announced ? iso(event.announced) : '';
    setText(row.type, event.type ?? '–');
    row.link.hidden = event.order === null;
    row.link.href = event.order === null ? '#/events' : `#/timeline/${encodeURIComponent(event.order)}`;
    setText(row.link, event.order === null ? '' : t('stream.orderLink', { order: event.order }));
    row.link.title = event.order === null ? '' : t('stream.toTimeline', { order: event.order });
    setText(row.what, whatOf(event));
    setText(row.who, [event.pod ?? event.service ?? event.source ?? '', event.version].filter(Boolean).join(' '));
    setText(row.double, event.duplicate ? t('stream.duplicate') : '');
}

/* --- updates --- */

/* A list under the pointer or the keyboard stands still, so that a link can be hit; so does one that was scrolled. */
const isHeld = () => paused || over || parts.list.contains(document.activeElement) || parts.scroll.scrollTop > 4;

function render() {
    timer = 0;
    waiting = 0;
    const found = rows.newest(filter, SHOWN);
    pool.forEach((row, at) => fillRow(row, found[at]));
    showNone();
    showState();
}

function showNone() {
    parts.none.hidden = !pool[0].element.hidden;
    setText(parts.none, t(Object.values(filter).some(Boolean) ? 'stream.noMatch' : 'stream.empty'));
}

function showState() {
    setText(parts.state, waiting ? t('stream.waiting', { count: waiting }) : skipped ? t('stream.skipped', { count: skipped }) : '');
}

/* Within one animation frame, and not before the pause since the last one is over. */
function soon() {
    timer ||= setTimeout(() => requestAnimationFrame(() => (isHeld() ? hold() : render())), PAUSE_MS);
}

function hold() {
    timer = 0;
    showState();
}

function came(events) {
    rows.put(events);
    waiting += events.length;
    learnTypes(events);
    soon();
}

const types = new Set();
function learnTypes(events) {
    const fresh = events.map((event) => event.type).filter((type) => type && !types.has(type));
    if (!fresh.length)
        return;
    fresh.forEach((type) => types.add(type));
    const chosen = filter.type;
    parts.type.replaceChildren(el('option', { value: '', 'data-t': 'stream.every' }, t('stream.every')),
        ...[...types].sort().map((type) => el('option', { value: type }, type)));
    parts.type.value = chosen;
}

/* --- the part --- */

function showPause() {
    parts.pause.setAttribute('aria-pressed', String(paused));
    parts.pause.replaceChildren(symbol(paused ? 'right' : 'square'), el('span', {}, t(paused ? 'stream.resume' : 'stream.pause')));
}

function switchPause() {
    paused = !paused;
    showPause();
    if (!paused)
        release();
}

/* Shows at once what came meanwhile. */
function release() {
    if (!isHeld())
        render();
}

function filtered() {
    filter.type = parts.type.value;
    filter.order = parts.order.value.trim();
    filter.product = parts.product.value.trim();
    parts.scroll.scrollTop = 0;
    render();
}

const field = (name, control) => el('label', { class: 'filter-field' }, el('span', { 'data-t': `stream.${name}` }, t(`stream.${name}`)), control);

function makeParts() {
    parts = {
        state: el('span', { class: 'note stream-state' }),
        pause: el('button', { type: 'button', class: 'quiet', onclick: switchPause }),
        type: el('select', { name: 'type', onchange: filtered }, el('option', { value: '', 'data-t': 'stream.every' }, t('stream.every'))),
        order: el('input', { name: 'order', inputmode: 'numeric', autocomplete: 'off', oninput: filtered }),
        product: el('input', { name: 'product', autocomplete: 'off', oninput: filtered }),
        list: el('ol', { class: 'stream-list', 'data-t-label': 'stream.rows', 'aria-label': t('stream.rows') }),
        none: el('p', { class: 'note stream-none' }),
    };
    parts.scroll = el('div', {
        class: 'stream-scroll', role: 'region', tabindex: 0, 'data-t-label': 'stream.rows', 'aria-label': t('stream.rows'), onscroll: release,
        onpointerenter: () => { over = true; }, onpointerleave: () => { over = false; release(); },
        onfocusout: () => setTimeout(release),
    }, parts.list, parts.none);
}

function frame(element) {
    makeParts();
    element.append(
        el('header', {}, el('h2', { id: 'stream-title', 'data-t': 'stream.title' }, t('stream.title')), parts.state, parts.pause),
        el('form', { class: 'stream-filter', role: 'search', 'data-t-label': 'stream.filter', 'aria-label': t('stream.filter'), onsubmit: (event) => event.preventDefault() },
            field('type', parts.type), field('order', parts.order), field('product', parts.product)),
        parts.scroll);
    for (let count = 0; count < SHOWN; count++) {
        pool.push(makeRow());
        parts.list.append(pool.at(-1).element);
    }
    showPause();
}

/* The same events in other words, also while they stand still. */
function reworded() {
    showPause();
    for (const row of pool) {
        const { shown } = row;
        row.shown = null;
        fillRow(row, row.element.hidden ? undefined : shown);
    }
    showNone();
    showState();
}

/* What was passed over is told for a while. */
function passedOver(gap) {
    skipped += gap.skipped;
    clearTimeout(skippedTimer);
    skippedTimer = setTimeout(() => {
        skipped = 0;
        showState();
    }, TOLD_MS);
    showState();
}

export function start(element) {
    frame(element);
    came(recent());
    render();
    on('events', came);
    on('gap', passedOver);
    on('language', reworded);
}
