/* books - the light "the books balance", and what is wrong, by id. */

import { el, setText } from './dom.js';
import { add, has, number, t, time } from './i18n.js';
import { announce } from './announce.js';
import { on } from './mall.js';
import { symbol } from './icons.js';

add({
    ko: {
        'books.title': '장부 대조', 'books.about': '주문마다 배송이 있는지, 배송마다 재고가 한 번씩 빠졌는지, 재고가 이동 내역의 합과 같은지 5초마다 확인합니다.',
        'books.balanced': '장부 일치', 'books.settling': '장부 정산 중', 'books.unbalanced': '장부 불일치', 'books.unknown': '장부 확인 불가', 'books.waiting': '장부 확인 중',
        'books.why.balanced': '모든 내역이 맞습니다.', 'books.why.settling': '처리 중인 이벤트가 있습니다. 같은 불일치가 두 번 이어지면 그때 알립니다.', 'books.why.unbalanced': '아래 내역이 맞지 않습니다.',
        'books.why.unknown': '지금은 장부를 확인할 수 없습니다.', 'books.why.waiting': '첫 결과를 기다리는 중입니다.',
        'books.orders': '주문', 'books.deliveries': '배송', 'books.products': '재고', 'books.movements': '재고 이동', 'books.events': '이벤트', 'books.at': '확인 시각',
        'books.offences': '맞지 않는 내역', 'books.unchecked': '확인하지 못한 것', 'books.order': '주문 {id}', 'books.delivery': '배송 {id}', 'books.inventory': '재고 {id}', 'books.other': '{about} {id}',
        'books.more': '그 밖에 {count}건',
    },
    en: {
        'books.title': 'The books', 'books.about': 'Every 5 seconds: has each order its delivery, took each delivery its stock once, is each stock the sum of its movements?',
        'books.balanced': 'Books balance', 'books.settling': 'Books settling', 'books.unbalanced': 'Books do not balance', 'books.unknown': 'Books unknown', 'books.waiting': 'Books being checked',
        'books.why.balanced': 'All of it agrees.', 'books.why.settling': 'Events are on their way. What disagrees twice in a row is told then.', 'books.why.unbalanced': 'This does not agree:',
        'books.why.unknown': 'The books cannot be checked right now.', 'books.why.waiting': 'Waiting for the first result.',
        'books.orders': 'Orders', 'books.deliveries': 'Deliveries', 'books.products': 'Inventories', 'books.movements': 'Movements', 'books.events': 'Events', 'books.at': 'Checked at',
        'books.offences': 'What is wrong', 'books.unchecked': 'Not checked', 'books.order': 'Order {id}', 'books.delivery': 'Delivery {id}', 'books.inventory': 'Inventory {id}', 'books.other': '{about} {id}',
        'books.more': '{count} more',
    },
});

const LOOKS = {
    balanced: ['good', 'check'], settling: ['none', 'half'], unbalanced: ['bad', 'cross'], unknown: ['warn', 'triangle'], waiting: ['none', 'ring'],
};
const COUNTS = ['orders', 'deliveries', 'products', 'movements', 'events'];
const MOST = 100; /* offences shown */

let parts, latestBooks = null, asked = false, said = '';

/* Before the first audit there is no time of one. */
const stateOf = () => (!asked || latestBooks?.at === null ? 'waiting' : LOOKS[latestBooks?.state] ? latestBooks.state : 'unknown');

function status(state) {
    const [tone, shape] = LOOKS[state];
    return el('span', { class: 'status', 'data-tone': tone }, symbol(shape), el('span', {}, t(`books.${state}`)));
}

function showLight(state) {
    const look = state + document.documentElement.lang;
    if (look === said)
        return;
    if (said && asked && ['unbalanced', 'unknown'].includes(state))
        announce(t(`books.${state}`));
    said = look;
    parts.light.replaceChildren(el('a', { href: '#/services' }, status(state)));
    parts.state.replaceChildren(status(state));
}

const nameOf = ({ about, id }) => t(has(`books.${about}`) ? `books.${about}` : 'books.other', { about, id: String(id) });

function offenceItem(offence) {
    const name = nameOf(offence);
    const link = offence.about === 'order' ? el('a', { href: `#/timeline/${encodeURIComponent(offence.id)}` }, name) : el('strong', {}, name);
    return el('li', {}, link, el('span', { lang: 'en' }, offence.text));
}

function showOffences(offences) {
    parts.offences.hidden = offences.length === 0;
    parts.list.replaceChildren(...offences.slice(0, MOST).map(offenceItem),
        ...(offences.length > MOST ? [el('li', { class: 'note' }, t('books.more', { count: offences.length - MOST }))] : []));
}

function show() {
    const state = stateOf(), books = latestBooks ?? {};
    showLight(state);
    setText(parts.why, t(`books.why.${state}`));
    setText(parts.detail, state === 'unknown' ? books.why ?? '' : '');
    for (const [name, cell] of parts.counts)
        setText(cell, books[name] === undefined || books[name] === null ? '–' : number(books[name]));
    setText(parts.at, books.at ? time(books.at) : '–');
    /* While it settles, what is found is other things each time, and most of it is none. */
    const offences = state === 'unbalanced' ? books.offences ?? [] : [];
    const wrong = JSON.stringify([offences, books.unchecked, document.documentElement.lang]);
    if (wrong === parts.wrong)
        return;
    parts.wrong = wrong;
    showOffences(offences);
    parts.unchecked.hidden = !books.unchecked?.length;
    parts.uncheckedList.replaceChildren(...(books.unchecked ?? []).map((text) => el('li', { lang: 'en' }, text)));
}

function listOf(name, into) {
    return el('div', { class: 'books-list', hidden: true }, el('h3', { 'data-t': `books.${name}` }, t(`books.${name}`)), into);
}

function frame(element) {
    const cell = () => el('dd', { class: 'number' }, '–');
    parts = {
        light: document.getElementById('books-light'), state: el('p', { class: 'books-state' }), why: el('p'), detail: el('p', { class: 'note', lang: 'en' }),
        counts: new Map(COUNTS.map((name) => [name, cell()])), at: cell(), list: el('ul'), uncheckedList: el('ul'), wrong: null,
    };
    parts.offences = listOf('offences', parts.list);
    parts.unchecked = listOf('unchecked', parts.uncheckedList);
    const count = ([name, value]) => el('div', {}, el('dt', { 'data-t': `books.${name}` }, t(`books.${name}`)), value);
    element.append(el('div', { class: 'books-all' },
        el('header', {}, el('h2', { id: 'books-title', 'data-t': 'books.title' }, t('books.title')), parts.state),
        el('p', { class: 'note', 'data-t': 'books.about' }, t('books.about')),
        el('div', { class: 'books-why' }, parts.why, parts.detail),
        el('dl', { class: 'books-counts' }, [...parts.counts, ['at', parts.at]].map(count)),
        parts.offences, parts.unchecked));
}

export function start(element) {
    frame(element);
    show();
    on('books', (books) => {
        asked = true;
        latestBooks = books;
        show();
    });
    on('language', show);
}
