/* timeline - the view #/timeline/17: all that happened to an order, as a picture and as a table; live while it goes on. */

import { el, setText } from './dom.js';
import { add, clock, has, number, t } from './i18n.js';
import { latest, on } from './mall.js';
import { orderOf } from './stream_rows.js';
import { kindText, spansBetween } from './faults_now.js';
import { symbol } from './icons.js';
import { causesOf, timeSpan, timesOf } from './timeline_layout.js';
import { keptOf } from './timeline_kept.js';
import { isOrder, triesAgain } from './timeline_order.js';
import { detailOf, drawTimeline } from './timeline_draw.js';

add({
    ko: {
        'timeline.title': '주문 타임라인', 'timeline.titleOf': '주문 {order} 타임라인', 'timeline.order': '주문 번호', 'timeline.show': '보기',
        'timeline.region': '타임라인 그림', 'timeline.tableRegion': '타임라인 표', 'timeline.elsewhere': '외부',
        'timeline.placed': '접수됨', 'timeline.started': '배송 시작', 'timeline.outOfStock': '재고 부족', 'timeline.canceled': '취소됨',
        'timeline.summary': '{span} ms 동안 이벤트 {count}건. 같은 내용이 아래 표에 있습니다.', 'timeline.scale': '가로축은 주문부터 지난 시간(ms)이며, 간격은 로그 눈금입니다. 화살표는 원인에서 결과로 향합니다.',
        'timeline.fault': '{service} 장애: {kind}, {from}부터 {to}까지', 'timeline.faultOn': '{service} 장애: {kind}, {from}부터 지금까지',
        'timeline.suppressed': '중복 · 무시됨', 'timeline.stockMoved': '{product} {moved} → 재고 {left}', 'timeline.trace': '트레이스 보기', 'timeline.loading': '불러오는 중…',
        'timeline.ask': '주문 번호를 입력하면 그 주문에 일어난 일을 모두 보여 줍니다.', 'timeline.unknown': '주문 {order}에 대해 기억하는 이벤트가 없습니다.',
        'timeline.kept': '콘솔은 최근 이벤트 {most}건을 기억하며, 그중 가장 오래된 것은 {since}에 왔습니다.', 
        'timeline.older': '더 오래된 주문은 이벤트 토픽이나 트레이스에서 찾으세요.', 'timeline.failed': '지금은 타임라인을 가져올 수 없습니다. 다시 시도하는 중입니다.',
        'timeline.wrong': '“{order}”은(는) 주문 번호가 아닙니다. 주문 번호는 18자리 이하의 숫자입니다.', 'timeline.refused': '타임라인 요청이 거절되었습니다(상태 {status}).',
        'timeline.ms': 'ms', 'timeline.event': '이벤트', 'timeline.service': '서비스', 'timeline.pod': '파드', 'timeline.version': '버전', 'timeline.place': '파티션-오프셋',
        'timeline.announced': '발행 시각', 'timeline.cause': '원인', 'timeline.what': '내용', 'timeline.traceId': '트레이스', 'timeline.number': '번호',
    },
    en: {
        'timeline.title': 'Timeline of an order', 'timeline.titleOf': 'Timeline of order {order}', 'timeline.order': 'Order', 'timeline.show': 'Show',
        'timeline.region': 'Picture of the timeline', 'timeline.tableRegion': 'Table of the timeline', 'timeline.elsewhere': 'Elsewhere',
        'timeline.placed': 'Placed', 'timeline.started': 'Delivery started', 'timeline.outOfStock': 'Out of stock', 'timeline.canceled': 'Canceled',
        'timeline.summary': { one: '{count} event in {span} ms. The table below says the same.', other: '{count} events in {span} ms. The table below says the same.' },
        'timeline.scale': 'From left to right: milliseconds since the order, on a logarithmic scale. Arrows lead from cause to effect.',
        'timeline.fault': 'Fault at {service}: {kind}, from {from} to {to}', 'timeline.faultOn': 'Fault at {service}: {kind}, on since {from}',
        'timeline.suppressed': 'duplicate · suppressed', 'timeline.stockMoved': '{product} {moved} → stock {left}', 'timeline.trace': 'Show the trace', 'timeline.loading': 'Loading…',
        'timeline.ask': 'Enter the number of an order to see all that happened to it.', 'timeline.unknown': 'No event of order {order} is remembered.',
        'timeline.kept': 'The last {most} events are remembered; the oldest of them came at {since}.',
        'timeline.older': 'Look for an older order on the topic or in its trace.', 'timeline.failed': 'The timeline cannot be had right now. Trying again.',
        'timeline.wrong': '“{order}” is no order number. An order number has up to 18 digits and nothing else.', 'timeline.refused': 'The timeline was refused (status {status}).',
        'timeline.ms': 'ms', 'timeline.event': 'Event', 'timeline.service': 'Service', 'timeline.pod': 'Pod', 'timeline.version': 'Version', 'timeline.place': 'Partition-offset',
        'timeline.announced': 'Announced', 'timeline.cause': 'Cause', 'timeline.what': 'What', 'timeline.traceId': 'Trace', 'timeline.number': 'No.',
    },
});

const SOON_MS = 200, GAP_MS = 1000, AGAIN_MS = 5000;
const COLUMNS = ['number', 'ms', 'event', 'what', 'service', 'pod', 'version', 'place', 'announced', 'cause', 'traceId'];
const NUMBERS = ['number', 'ms', 'cause'];

let parts, order = null, shown = null, failure = null, timer = 0, asked = 0, drawnAs = '';

/* --- the trace --- */

/* Only http: what a setting says must not become a script. */
export function traceHref(pattern, trace) {
    return pattern && trace && /^https?:\/\//.test(pattern) ? pattern.replaceAll('{trace}', encodeURIComponent(trace)) : null;
}

function traceCell(trace) {
    const href = traceHref(latest('topology')?.traceUrl, trace), short = trace ? `${trace.slice(0, 8)}…` : '';
    return href ? el('a', { href, rel: 'noreferrer', target: '_blank', title: trace }, el('code', {}, short)) : el('code', { title: trace }, short);
}

/* --- showing --- */

function tableRow(event, at, causes, times) {
    const cells = {
        number: number(at + 1), ms: number(times[at]), what: detailOf(event), service: event.service ?? t('timeline.elsewhere'), pod: event.pod ?? '',
        version: event.version ?? '', place: `${event.partition}-${event.offset}`, announced: event.announced ? clock(event.announced) : '',
        cause: causes[at] >= 0 ? number(causes[at] + 1) : '', traceId: traceCell(event.trace),
    };
    return el('tr', { class: event.duplicate && 'duplicate' }, COLUMNS.map((name) => (name === 'event' ?
        el('th', { scope: 'row' }, event.type ?? '–') : el('td', { class: NUMBERS.includes(name) && 'number' }, cells[name]))));
}

function showTable() {
    const causes = causesOf(shown.events), times = timesOf(shown.events);
    parts.body.replaceChildren(...shown.events.map((event, at) => tableRow(event, at, causes, times)));
}

/* The faults that were on while it happened. */
function faultsWithin(events) {
    const span = timeSpan(events);
    return span ? spansBetween(span.from, span.to) : [];
}

const faultItem = ({ service, kind, from, to }) => el('li', {}, el('span', { class: 'status', 'data-tone': 'warn' }, symbol('triangle'),
    el('span', {}, t(to === null ? 'timeline.faultOn' : 'timeline.fault', { service, kind: kindText(kind), from: clock(from), to: clock(to ?? from) }))));

function showFound() {
    const { events, status } = shown, times = timesOf(events);
    setText(parts.status, has(`timeline.${status}`) ? t(`timeline.${status}`) : status ?? '');
    setText(parts.summary, failure ? failureText() : t('timeline.summary', { count: events.length, span: Math.max(...times) - Math.min(...times) }));
    const href = traceHref(latest('topology')?.traceUrl, events.find((event) => event.trace)?.trace);
    parts.trace.hidden = !href;
    if (href)
        parts.trace.href = href;
    const faults = faultsWithin(events);
    parts.faults.replaceChildren(...faults.map(faultItem));
    const zero = timeSpan(events)?.zero ?? 0;
    parts.region.replaceChildren(drawTimeline(events, parts.region.clientWidth, faults.map((one) => ({ ...one, from: one.from - zero, to: one.to === null ? null : one.to - zero }))));
    showTable();
}

const failureText = () => (triesAgain(failure) ? t('timeline.failed') : t('timeline.refused', { status: failure.status }));

function wordsOf() {
    if (order === null)
        return [t('timeline.ask')];
    if (!isOrder(order))
        return [t('timeline.wrong', { order })];
    if (failure?.status !== 404)
        return [failure ? failureText() : t('timeline.loading')];
    const kept = keptOf(failure);
    return [t('timeline.unknown', { order }), kept ? t('timeline.kept', { most: kept.most, since: new Date(kept.since).toLocaleString(document.documentElement.lang) }) : failure.detail, t('timeline.older')];
}

function showWords() {
    parts.words.replaceChildren(...wordsOf().filter(Boolean).map((line) => el('p', { lang: line === failure?.detail && 'en' }, line)));
}

/* Drawn anew only when it is another picture: reading and selecting in it are not disturbed. */
function show() {
    const look = JSON.stringify([order, shown, failure, parts.region.clientWidth, document.documentElement.lang, latest('topology')?.traceUrl, shown && faultsWithin(shown.events)]);
    if (look === drawnAs)
        return;
    drawnAs = look;
    setText(parts.title, order === null ? t('timeline.title') : t('timeline.titleOf', { order }));
    parts.words.hidden = shown !== null;
    for (const part of [parts.found, parts.status, parts.trace])
        part.hidden = shown === null;
    showWords();
    if (shown)
        showFound();
}

/* --- asking --- */

async function fetched(wanted) {
    try {
        const answer = await fetch(`/timeline/${encodeURIComponent(wanted)}`, { headers: { Accept: 'application/json' }, signal: AbortSignal.timeout(8000) });
        const body = await answer.json();
        return answer.ok ? { body } : { problem: { ...body, status: answer.status } };
    } catch {
        return { problem: { status: 0 } };
    }
}

async function ask() {
    clearTimeout(timer);
    if (!isOrder(order) || document.hidden)
        return; /* seen again, it is asked for again */
    const wanted = order, turn = ++asked;
    const { body, problem } = await fetched(wanted);
    if (turn !== asked || wanted !== order || order === null)
        return;
    if (body || problem.status === 404)
        shown = body?.events?.length ? body : null;
    failure = problem ?? null;
    show();
    clearTimeout(timer);
    if (triesAgain(failure))
        timer = setTimeout(ask, AGAIN_MS);
}

/* More of this order came: one question for all that comes within a moment. */
let due = 0;
function askSoon(pause = SOON_MS) {
    due ||= setTimeout(() => {
        due = 0;
        ask();
    }, pause);
}

function came(events) {
    if (order === null)
        return;
    const traces = new Set(shown?.events.map((event) => event.trace).filter(Boolean));
    if (events.some((event) => orderOf(event) === order || traces.has(event.trace)))
        askSoon();
}

function routed({ view, id }) {
    const wanted = view === 'timeline' ? id : null;
    if (view !== 'timeline' || wanted !== order) {
        clearTimeout(timer);
        asked++;
        order = wanted;
        shown = failure = null;
        parts.input.value = wanted ?? '';
    }
    if (view !== 'timeline')
        return;
    show();
    ask();
}

/* --- the part --- */

function frame(element) {
    parts = {
        title: el('h2', { id: 'timeline-title' }), status: el('span', { class: 'timeline-status' }),
        trace: el('a', { target: '_blank', rel: 'noreferrer', 'data-t': 'timeline.trace' }, t('timeline.trace')),
        input: el('input', { name: 'order', inputmode: 'numeric', autocomplete: 'off', required: true }),
        words: el('div', { class: 'note timeline-words' }), summary: el('p', { id: 'timeline-summary', class: 'note' }), body: el('tbody'), faults: el('ul', { class: 'timeline-faults' }),
        region: el('div', { class: 'timeline-region', role: 'region', tabindex: 0, 'data-t-label': 'timeline.region', 'aria-label': t('timeline.region') }),
    };
    parts.found = el('div', {}, parts.summary, parts.faults, parts.region, el('p', { class: 'note timeline-scale', 'data-t': 'timeline.scale' }, t('timeline.scale')), table());
    element.append(el('header', {}, parts.title, parts.status, parts.trace, lookUp()), parts.words, parts.found);
}

function table() {
    const heads = COLUMNS.map((name) => el('th', { scope: 'col', class: NUMBERS.includes(name) && 'number', 'data-t': `timeline.${name}` }, t(`timeline.${name}`)));
    return el('div', { class: 'timeline-table', role: 'region', tabindex: 0, 'data-t-label': 'timeline.tableRegion', 'aria-label': t('timeline.tableRegion') },
        el('table', { 'data-t-label': 'timeline.tableRegion', 'aria-label': t('timeline.tableRegion') }, el('thead', {}, el('tr', {}, heads)), parts.body));
}

function lookUp() {
    return el('form', {
        class: 'timeline-look', onsubmit: (event) => {
            event.preventDefault();
            location.hash = `#/timeline/${encodeURIComponent(parts.input.value.trim())}`;
        },
    }, el('label', {}, el('span', { 'data-t': 'timeline.order' }, t('timeline.order')), parts.input),
    el('button', { type: 'submit', 'data-t': 'timeline.show' }, t('timeline.show')));
}

export function start(element) {
    frame(element);
    on('route', routed);
    on('events', came);
    on('visible', (visible) => visible && ask());
    on('gap', () => askSoon(GAP_MS));
    on('stream', (state) => state === 'open' && askSoon());
    on('language', show);
    on('topology', () => shown && show());
    new ResizeObserver(() => shown && show()).observe(element);
}
