/* topology - each service with its health, version, pods, store, bus, outbox and lag. */

import { el, setText } from './dom.js';
import { add, number, t, time } from './i18n.js';
import { announce } from './announce.js';
import { on } from './mall.js';
import { symbol } from './icons.js';
import { kindText } from './faults_now.js';
import { healthOf } from './health.js';

add({
    ko: {
        'topology.title': '서비스', 'topology.region': '서비스 상태 표', 'topology.service': '서비스', 'topology.health': '상태', 'topology.version': '버전', 'topology.pods': '파드',
        'topology.store': '저장소', 'topology.bus': '버스', 'topology.outbox': '아웃박스 대기', 'topology.lag': '컨슈머 랙', 'topology.faults': '켜져 있는 장애', 'topology.waiting': '서비스 정보를 기다리는 중입니다…',
        'topology.lost': '{time} 이후 새 정보가 없어 마지막 상태를 보여 줍니다.', 'topology.fresh': '{time} 기준', 'topology.turned': '{service}: {health}',
    },
    en: {
        'topology.title': 'Services', 'topology.region': 'Table of the services', 'topology.service': 'Service', 'topology.health': 'Health', 'topology.version': 'Version', 'topology.pods': 'Pods',
        'topology.store': 'Store', 'topology.bus': 'Bus', 'topology.outbox': 'Outbox', 'topology.lag': 'Lag', 'topology.faults': 'Faults', 'topology.waiting': 'Waiting to hear of the services…',
        'topology.lost': 'Nothing new since {time}. This is how it was then.', 'topology.fresh': 'as of {time}', 'topology.turned': '{service}: {health}',
    },
});

const COLUMNS = ['service', 'health', 'version', 'pods', 'store', 'bus', 'outbox', 'lag', 'faults'];
const NUMBERS = ['outbox', 'lag'];

const rows = new Map(); /* service -> {element, cells: Map of column to cell, why, status} */
let parts, current = null, lost = null; /* what was told last, and since when nothing is */

/* Roles are said, since on a phone these rows are laid out as cards, and a table that is no table has lost them. */
function makeRow(name) {
    const cells = new Map(COLUMNS.map((column) => [column, el(column === 'service' ? 'th' : 'td', {
        role: column === 'service' ? 'rowheader' : 'cell', scope: column === 'service' && 'row', class: `topology-${column}`,
        'data-label': t(`topology.${column}`),
    })]));
    const row = { element: el('tr', { role: 'row' }, [...cells.values()]), cells, status: undefined };
    rows.set(name, row);
    return row;
}

function showHealth(cell, service) {
    const { tone, shape, word } = healthOf(service.status, lost), why = lost === null && service.why;
    const look = `${service.status} ${why ? why : ''} ${word}`;
    if (cell.dataset.look === look)
        return;
    cell.dataset.look = look;
    cell.replaceChildren(el('span', { class: 'status', 'data-tone': tone }, symbol(shape), el('span', {}, word)),
        ...(why ? [el('span', { class: 'why', lang: 'en', title: why }, why)] : []));
}

/* Those that somebody switched on there. */
function showFaults(cell, { faults }) {
    const kinds = [...new Set((faults ?? []).map(({ kind }) => kindText(kind)))], look = kinds.join(', ');
    if (cell.dataset.look === look)
        return;
    cell.dataset.look = look;
    cell.replaceChildren(look ? el('span', { class: 'status', 'data-tone': 'warn', title: look }, symbol('triangle'), el('span', {}, look)) : '–');
}

const textOf = {
    service: ({ name }) => name,
    version: ({ version, commit }) => [version, commit && commit.slice(0, 7)].filter(Boolean).join(' · '),
    pods: ({ pods }) => [...new Set((pods ?? []).map((one) => one.pod))].join(', '), /* one that started again is told twice */
    store: ({ store }) => store ?? '',
    bus: ({ bus }) => bus ?? '',
    outbox: ({ outbox }) => (outbox === null || outbox === undefined ? '' : number(outbox)),
    lag: ({ lag }) => (lag === null || lag === undefined ? '' : number(lag)),
};

function showService(service) {
    const row = rows.get(service.name) ?? makeRow(service.name);
    for (const [column, cell] of row.cells) {
        if (column === 'health')
            showHealth(cell, service);
        else if (column === 'faults')
            showFaults(cell, service);
        else
            setText(cell, textOf[column](service) || '–');
    }
    if (row.status !== undefined && row.status !== service.status)
        announce(t('topology.turned', { service: service.name, health: healthOf(service.status).word }));
    row.status = service.status;
    return row.element;
}

/* Rows are moved only when another set of services came. */
function showAll(services) {
    const elements = services.map(showService);
    if (elements.length !== parts.body.children.length || elements.some((element, at) => parts.body.children[at] !== element))
        parts.body.replaceChildren(...elements);
}

function show(topology) {
    current = topology ?? current;
    lost = topology ? null : current?.at ?? null;
    parts.state.dataset.lost = parts.body.dataset.lost = String(lost !== null);
    if (current)
        showAll(current.services);
    setText(parts.state, current ? t(lost === null ? 'topology.fresh' : 'topology.lost', { time: time(current.at) }) : t('topology.waiting'));
}

function reworded() {
    for (const row of rows.values())
        row.cells.forEach((cell, column) => { cell.dataset.label = t(`topology.${column}`); });
    show(lost === null ? current : null);
}

export function start(element) {
    const heads = COLUMNS.map((name) => el('th', { role: 'columnheader', scope: 'col', class: `topology-${name}`, 'data-t': `topology.${name}` }, t(`topology.${name}`)));
    parts = { state: el('p', { class: 'note topology-state' }), body: el('tbody', { role: 'rowgroup' }) };
    element.append(
        el('header', {}, el('h2', { id: 'topology-title', 'data-t': 'topology.title' }, t('topology.title')), parts.state),
        el('div', { class: 'topology-region', role: 'region', tabindex: 0, 'data-t-label': 'topology.region', 'aria-label': t('topology.region') },
            el('table', { role: 'table', 'data-t-label': 'topology.region', 'aria-label': t('topology.region') },
                el('thead', { role: 'rowgroup' }, el('tr', { role: 'row' }, heads)), parts.body)));
    show(null);
    on('topology', show);
    on('language', reworded);
}
