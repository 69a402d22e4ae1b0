/* board - the event-storming board of the mall, drawn from what the daemons say of themselves; what flows lights up. */

import { el, setText } from './dom.js';
import { add, number, t } from './i18n.js';
import { latest, on } from './mall.js';
import { markOf } from './faults_now.js';
import { healthOf } from './health.js';
import { Causes, boardOf, hearersOf, litBy, remembered, shapeOf } from './board_model.js';
import { placed } from './board_layout.js';
import { draw, drawFault, drawStatus } from './board_draw.js';
import { Lights } from './lights.js';
import { Rates } from './rates.js';

add({
    ko: {
        'board.title': '이벤트 스토밍 보드', 'board.region': '이벤트 스토밍 보드 그림', 'board.perSecond': '{rate}/초', 'board.all': '초당 이벤트 {rate}건',
        'board.summary': '서비스 {services}개와 이벤트 {events}종. 같은 내용이 아래 표에 있습니다.', 'board.asTable': '표로 보기',
        'board.waiting': '서비스 정보를 기다리는 중입니다…', 'board.command': '커맨드', 'board.aggregate': '애그리거트', 'board.event': '이벤트', 'board.policy': '정책',
        'board.readModel': '읽기 모델', 'board.external': '외부 시스템', 'board.people': '사람', 'board.externalName': '외부', 'board.externalDetail': '발행자', 'board.elsewhere': '외부',
        'board.create': '등록', 'board.change': '변경', 'board.remove': '삭제', 'board.createOf': '{entity} 등록', 'board.changeOf': '{entity} 변경',
        'board.removeOf': '{entity} 삭제', 'board.readOnly': '조회 전용', 'board.whenHeard': '수신하면 반응', 'board.topic': '토픽 mall',
        'board.saidBy': '발행', 'board.status': '발행 서비스 상태', 'board.heardBy': '구독', 'board.count': '건수', 'board.rate': '초당', 'board.nobody': '없음', 'board.legend': '범례',
        'board.lag': '랙 {count}', 'board.entity.order': '주문', 'board.entity.delivery': '배송', 'board.entity.inventory': '재고', 'board.entity.movement': '재고 이동',
        'board.tableTitle': '이벤트별 발행·구독 서비스와 건수',
    },
    en: {
        'board.title': 'Event-storming board', 'board.region': 'Picture of the event-storming board', 'board.perSecond': '{rate}/s', 'board.all': '{rate} events/s',
        'board.summary': '{services} services and {events} types of events. The table below says the same.', 'board.asTable': 'As a table',
        'board.waiting': 'Waiting to hear of the services…', 'board.command': 'Command', 'board.aggregate': 'Aggregate', 'board.event': 'Event', 'board.policy': 'Policy',
        'board.readModel': 'Read model', 'board.external': 'External system', 'board.people': 'People', 'board.externalName': 'External', 'board.externalDetail': 'producers', 'board.elsewhere': 'Elsewhere',
        'board.create': 'Create', 'board.change': 'Change', 'board.remove': 'Delete', 'board.createOf': 'Create {entity}', 'board.changeOf': 'Change {entity}',
        'board.removeOf': 'Delete {entity}', 'board.readOnly': 'read only', 'board.whenHeard': 'reacts when heard', 'board.topic': 'Topic mall',
        'board.saidBy': 'Said by', 'board.status': 'Its status', 'board.heardBy': 'Heard by', 'board.count': 'Count', 'board.rate': 'Per second', 'board.nobody': 'nobody', 'board.legend': 'Legend',
        'board.lag': 'Lag {count}', 'board.entity.order': 'order', 'board.entity.delivery': 'delivery', 'board.entity.inventory': 'inventory', 'board.entity.movement': 'movement',
        'board.tableTitle': 'Events, who says and who hears them, and how many came',
    },
});

const TICK_MS = 250;
const LEGEND = ['people', 'command', 'aggregate', 'event', 'policy', 'readModel'];

const lights = new Lights();
const rates = new Rates();
const causes = new Causes();
let services = [], lanes = [], drawn = null, table = new Map(), last = '';
let at = null, lost = null; /* when the services were asked last, and since when they cannot be */
let parts; /* {total, summary, region, body, legend} */

const rateText = (rate) => t('board.perSecond', { rate: number(rate, { minimumFractionDigits: rate < 100 ? 1 : 0, maximumFractionDigits: rate < 100 ? 1 : 0 }) });

/* --- drawing --- */

function drawLegend() {
    const kinds = [...LEGEND, ...(lanes.some((lane) => lane.service === null) ? ['external'] : [])];
    parts.legend.replaceChildren(...kinds.map((kind) => el('li', { 'data-kind': kind }, t(`board.${kind}`))));
}

function eventsOf() {
    return lanes.flatMap((lane) => lane.events.map((type) => ({ type, by: lane.service })));
}

function drawTable() {
    table = new Map();
    parts.body.replaceChildren(...eventsOf().map(({ type, by }) => {
        const count = el('td', { class: 'number' }), rate = el('td', { class: 'number' }), status = el('td', { 'data-status-of': by });
        table.set(type, [...(table.get(type) ?? []), { count, rate }]);
        return el('tr', {}, el('th', { scope: 'row' }, type), el('td', {}, by ?? t('board.elsewhere')), status,
            el('td', {}, hearersOf(lanes, type).join(', ') || t('board.nobody')), count, rate);
    }));
}

function drawBoard() {
    const board = placed(lanes, Math.max(parts.region.clientWidth, 280));
    drawn = draw(board);
    parts.region.replaceChildren(drawn.element);
    setText(parts.summary, t('board.summary', { services: lanes.filter((lane) => lane.service).length, events: eventsOf().length }));
    for (const key of lights.lit())
        shine(key, true);
    showStatuses();
}

/* All of it, where it is another board or width than what is seen. */
function show(anyway = false) {
    lanes = boardOf(services, rates.counts());
    const shape = shapeOf(lanes) + parts.region.clientWidth;
    if (!lanes.length || (shape === last && !anyway) || !parts.region.clientWidth)
        return showStatuses();
    last = shape;
    drawLegend();
    drawTable();
    drawBoard();
    showCounts();
}

/* --- what changes all the time --- */

function showStatuses() {
    for (const [name, group] of drawn?.statuses ?? []) {
        const service = services.find((one) => one.name === name);
        if (!service)
            continue; /* elsewhere */
        const { tone, shape, word } = healthOf(service.status, lost);
        const said = [service.version, word].filter(Boolean).join(' · ');
        const mark = lost === null ? markOf(service.faults) : '';
        /* How far its consumer is behind: where it is not, nothing is said. */
        const lag = lost === null && service.lag > 0 ? t('board.lag', { count: service.lag }) : '';
        for (const cell of parts.body.querySelectorAll(`[data-status-of="${name}"]`))
            setText(cell, [word, mark, lag].filter(Boolean).join(' · '));
        showFault(name, mark);
        setText(drawn.lags.get(name), lag);
        if (group.dataset.said === said)
            continue;
        group.dataset.said = said;
        drawStatus(group, { tone, shape, word: said });
        group.parentElement.classList.toggle('away', lost === null && service.status === 'AWAY');
        group.parentElement.classList.toggle('lost', lost !== null);
    }
}

/* A fault that somebody switched on there. */
function showFault(name, mark) {
    const group = drawn.faults.get(name);
    if (group.dataset.said === mark)
        return;
    group.dataset.said = mark;
    drawFault(group, mark);
    group.parentElement.classList.toggle('faulty', mark !== '');
}

function showCounts() {
    const now = performance.now();
    let sum = 0;
    for (const [type, cells] of table) {
        const rate = rates.rate(type, now);
        sum += rate;
        for (const { count, rate: cell } of [...cells, ...(drawn.events.get(type) ?? [])]) {
            setText(count, number(rates.count(type)));
            setText(cell, rateText(rate));
        }
    }
    setText(parts.total, t('board.all', { rate: number(sum, { minimumFractionDigits: sum < 100 ? 1 : 0, maximumFractionDigits: sum < 100 ? 1 : 0 }) }));
}

function shine(key, on) {
    for (const element of drawn?.parts.get(key) ?? [])
        element.classList.toggle('lit', on);
}

/* Of a thousand events most are alike: each sort of event is looked at once. */
function flow(events) {
    const sorts = new Map();
    for (const event of events) {
        causes.put(event);
        const because = causes.of(event);
        sorts.set(`${event.type} ${event.service} ${because}`, { event, because });
    }
    for (const { event, because } of sorts.values())
        lights.touch(litBy(event, because, lanes), performance.now()).forEach((key) => shine(key, true));
}

function tick() {
    lights.expired(performance.now()).forEach((key) => shine(key, false));
    if (!document.hidden && drawn && parts.region.clientWidth)
        showCounts();
}

/* --- the part --- */

function frame(element) {
    parts = {
        total: el('p', { class: 'note board-total', 'aria-live': 'off' }),
        summary: el('p', { id: 'board-summary', class: 'unseen' }),
        legend: el('ul', { class: 'board-legend', 'data-t-label': 'board.legend', 'aria-label': t('board.legend') }),
        region: el('div', { class: 'board-region', role: 'region', tabindex: 0, 'data-t-label': 'board.region', 'aria-label': t('board.region') },
            el('p', { class: 'note', 'data-t': 'board.waiting' }, t('board.waiting'))),
        body: el('tbody'),
    };
    const heads = ['event', 'saidBy', 'status', 'heardBy', 'count', 'rate'].map((name) =>
        el('th', { scope: 'col', class: ['count', 'rate'].includes(name) && 'number', 'data-t': `board.${name}` }, t(`board.${name}`)));
    element.append(
        el('header', {}, el('h2', { id: 'board-title', 'data-t': 'board.title' }, t('board.title')), parts.total),
        parts.legend, parts.summary, parts.region,
        el('details', { class: 'board-table' }, el('summary', { 'data-t': 'board.asTable' }, t('board.asTable')),
            el('div', { class: 'scrolls', role: 'region', tabindex: 0, 'data-t-label': 'board.tableTitle', 'aria-label': t('board.tableTitle') },
                el('table', { 'data-t-label': 'board.tableTitle', 'aria-label': t('board.tableTitle') }, el('thead', {}, el('tr', {}, heads)), parts.body))));
}

function described(topology) {
    if (topology) {
        services = remembered(topology.services, services);
        at = topology.at;
    }
    lost = topology ? null : at;
    show();
}

export function start(element) {
    frame(element);
    on('topology', described);
    on('rates', ({ counts }) => {
        rates.put(performance.now(), counts);
        show();
    });
    on('events', flow);
    on('language', () => show(true));
    on('theme', () => show());
    new ResizeObserver(() => show()).observe(parts.region);
    setInterval(tick, TICK_MS);
    described(latest('topology'));
}
