/* table - one live table of a collection: newest first, paged. The newest page follows what happens; an older page keeps its
   rows, which change in place, and says that there are newer ones. Rows have one height, and room for a whole page is kept: nothing
   jumps. */

import { read } from './api.js';
import { STATUSES } from './collections.js';
import { el, setText } from './dom.js';
import { has, number, t } from './i18n.js';
import { symbol } from './icons.js';
import { tell } from './mall.js';
import { Pace } from './pace.js';
import { changes, merged, pageOf, touchedRows } from './rows.js';
import { Turns } from './turns.js';

const SIZE = 8;
const MARKED_MS = 1500;
const MOST_MARKED = 3; /* new rows; where nearly all are new, marks say nothing and only flicker */

function statusCell(status) {
    const [shape, tone] = STATUSES[status] ?? ['half', 'none'];
    const word = has(`status.${status}`) ? t(`status.${status}`) : status;
    return el('span', { class: 'status', 'data-tone': tone, 'data-status': status, title: word }, symbol(shape), el('span', {}, word));
}

function numberText({ value, text, isSigned }) {
    return typeof value === 'number' ? number(value, isSigned ? { signDisplay: 'exceptZero' } : {}) : text;
}

function content(shown) {
    if (shown.status !== undefined)
        return statusCell(shown.status);
    if (shown.order && shown.text)
        return el('a', { href: `#/timeline/${encodeURIComponent(shown.order)}`, title: shown.text, 'aria-label': t('tables.timelineOf', { order: shown.text }) }, shown.text);
    const text = numberText(shown); /* as a title too: a long one is cut */
    return el('span', { title: shown.title ?? (text || null) }, text);
}

export class Table {
    isStale = false; /* could it not be read the last time? */
    #pace = new Pace(() => this.#refresh());
    #rows = [];
    #lines = new Map();
    #page = 0;
    #total = 0;
    #pages = 1;
    #touched = new Set();
    #marked = [];
    #unmarking = 0;
    #isWanted = () => true;
    #turns = new Turns();

    constructor(collection, isWanted) {
        this.collection = collection;
        this.#isWanted = isWanted;
        this.#build();
    }

    #build() {
        const { name, columns, act } = this.collection;
        const head = columns.map((column) => el('th', { scope: 'col', class: this.#class(column), 'data-t': `tables.${column.name}` }));
        if (act)
            head.push(el('th', { scope: 'col', class: 'act' }, el('span', { class: 'unseen', 'data-t': 'tables.act' })));
        this.body = el('tbody');
        this.count = el('span', { class: 'count' });
        this.fault = el('span', { class: 'status fault', 'data-tone': 'bad', 'data-t-title': 'tables.fault.why', hidden: true }, symbol('cross'), el('span'));
        this.element = el('section', { class: 'panel table', 'data-collection': name, 'aria-labelledby': `${name}-title` },
            el('div', { class: 'head' }, el('h3', { id: `${name}-title`, 'data-t': `tables.${name}` }), this.count, this.fault, this.#pager()),
            el('div', { class: 'rows' },
                el('table', { 'aria-labelledby': `${name}-title` }, el('thead', {}, el('tr', {}, head)), this.body),
                this.empty = el('p', { class: 'empty note', hidden: true, 'data-t': `tables.${name}.empty` })));
    }

    #class(column) {
        return [`c-${column.name}`, column.number && 'number', column.minor && 'minor', column.wide && 'wide-column'].filter(Boolean).join(' ');
    }

    #pager() {
        const button = (label, shape, go) => el('button', { type: 'button', class: 'quiet icon', 'data-t-label': label, 'data-t-title': label, onclick: go }, symbol(shape));
        this.newest = el('button', { type: 'button', class: 'quiet fresh', hidden: true, onclick: () => this.#turn(0) }, symbol('up'), el('span', { 'data-t': 'tables.fresh' }));
        this.newer = button('tables.newer', 'left', () => this.#turn(this.#page - 1));
        this.older = button('tables.older', 'right', () => this.#turn(this.#page + 1));
        this.place = el('span', { class: 'place' });
        return el('div', { class: 'pager' }, this.newest, this.newer, this.place, this.older);
    }

    /* --- what happened elsewhere --- */

    note(events) {
        const heard = events.filter((event) => this.collection.hears(event));
        if (!heard.length || !this.#isWanted())
            return;
        if (this.#page > 0)
            heard.forEach((event) => this.#touched.add(event.key));
        this.ask();
    }

    /* Whatever may have happened. */
    askAll() {
        this.#rows.forEach((row) => this.#touched.add(this.collection.keyOf(row)));
        this.ask();
    }

    ask() {
        if (this.#isWanted())
            this.#pace.ask();
    }

    /* In another language. */
    say() {
        this.#lines.clear();
        this.body.replaceChildren();
        this.#show(this.#rows, false);
    }

    /* --- reading --- */

    #path(page, size = SIZE) {
        return `/${this.collection.name}?page=${page}&size=${size}&sort=id,desc`;
    }

    async #turn(page) {
        const wanted = Math.max(0, page), isMine = this.#turns.begin();
        const answer = await read(this.#path(wanted));
        if (!isMine() || !this.#heard(answer))
            return;
        const { rows, total, pages } = pageOf(this.collection.name, answer.body);
        this.#page = wanted;
        this.#takeTotals(total, pages);
        this.newest.hidden = true;
        this.#show(rows, false);
    }

    async #refresh() {
        const touched = this.#touched;
        this.#touched = new Set();
        await (this.#page === 0 ? this.#refreshNewest() : this.#refreshShown(touched));
    }

    async #refreshNewest() {
        const isMine = this.#turns.current();
        const answer = await read(this.#path(0));
        if (!isMine() || this.#page !== 0 || !this.#heard(answer))
            return;
        const { rows, total, pages } = pageOf(this.collection.name, answer.body);
        const isFirst = this.#lines.size === 0;
        this.#takeTotals(total, pages);
        this.#show(merged(this.#rows, rows, SIZE, Date.now()), !isFirst);
    }

    /* An older page: only the rows that an event was about are read again, and how many there are now. */
    async #refreshShown(touched) {
        const page = this.#page, isMine = this.#turns.current();
        const total = await read(this.#path(0, 1));
        const about = touchedRows(this.#rows, touched, this.collection.keyOf);
        const answers = await Promise.all(about.map((row) => read(`/${this.collection.name}/${row.id}`)));
        if (!isMine() || this.#page !== page || !this.#heard(total))
            return;
        const now = pageOf(this.collection.name, total.body).total;
        this.newest.hidden = this.newest.hidden && now <= this.#total;
        this.#takeTotals(now, Math.ceil(now / SIZE));
        this.#show(this.#rows.map((row) => this.#again(row, answers[about.indexOf(row)])), true);
    }

    #again(row, answer) {
        if (answer?.ok)
            return { ...answer.body, id: row.id, isGone: false };
        return answer?.status === 404 ? { ...row, isGone: true } : row;
    }

    /* Shows why there is no answer; what was there before stays. */
    #heard(answer) {
        this.fault.hidden = answer.ok;
        setText(this.fault.lastChild, answer.ok ? '' : answer.status ? t('tables.fault', { status: String(answer.status) }) : t('tables.silence'));
        this.element.classList.toggle('stale', !answer.ok);
        this.isStale = !answer.ok;
        return answer.ok;
    }

    #takeTotals(total, pages) {
        this.#total = total;
        this.#pages = Math.max(1, pages);
        this.#showTotals();
    }

    #showTotals() {
        setText(this.count, number(this.#total));
        setText(this.place, t('tables.place', { page: this.#page + 1, pages: this.#pages }));
        this.newer.disabled = this.#page === 0;
        this.older.disabled = this.#page + 1 >= this.#pages;
    }

    /* --- showing --- */

    #show(rows, mark) {
        this.#rows = rows;
        this.#showTotals();
        this.empty.hidden = rows.length > 0;
        this.#unmark();
        const isCalm = mark && rows.filter((row) => !this.#lines.has(row.id)).length <= MOST_MARKED;
        const lines = new Map(rows.map((row) => [row.id, this.#line(row, isCalm)]));
        for (const [id, line] of this.#lines)
            if (!lines.has(id))
                line.element.remove();
        this.#lines = lines;
        this.#order([...lines.values()].map((line) => line.element));
        tell('rows', { collection: this.collection.name, total: this.#total, rows });
    }

    /* Puts the lines into this order and moves only those that are elsewhere: what has the focus keeps it. */
    #order(elements) {
        elements.forEach((element, index) => {
            if (this.body.children[index] !== element)
                this.body.insertBefore(element, this.body.children[index] ?? null);
        });
    }

    #line(row, mark) {
        const line = this.#lines.get(row.id);
        if (!line)
            return this.#newLine(row, mark);
        for (const name of changes(this.collection.columns, line.row, row))
            this.#update(line, name, row, mark);
        line.row = row;
        line.element.classList.toggle('gone', row.isGone);
        if (line.button)
            line.button.disabled = row.isGone;
        return line;
    }

    #newLine(row, mark) {
        const { name, columns, act } = this.collection;
        const cells = new Map(columns.map((column) => [column.name, el('td', { class: this.#class(column) }, content(column.of(row)))]));
        const line = { row, cells, element: el('tr', { 'data-id': row.id, class: row.isGone ? 'gone' : null }, [...cells.values()]) };
        if (act) {
            const open = () => tell('act', { action: act.action, values: act.values(line.row) });
            line.button = el('button', { type: 'button', class: 'quiet', disabled: row.isGone, 'aria-label': t(`tables.${name}.act.of`, { id: row.id }), onclick: open }, t(`tables.${name}.act`));
            line.element.append(el('td', { class: 'act' }, line.button));
        }
        if (mark)
            this.#mark(line.element);
        return line;
    }

    #update(line, name, row, mark) {
        const cell = line.cells.get(name);
        const column = this.collection.columns.find((one) => one.name === name);
        const hadFocus = cell.contains(document.activeElement);
        cell.replaceChildren(content(column.of(row)));
        if (hadFocus)
            cell.querySelector('a')?.focus();
        if (mark)
            this.#mark(cell);
    }

    /* What is new or has changed stands out for a while. Nothing fades: that costs a picture every 16 ms as long as it lasts. */
    #mark(element) {
        clearTimeout(this.#unmarking);
        this.#unmarking = setTimeout(() => this.#unmark(), MARKED_MS);
        element.classList.add('marked');
        this.#marked.push(element);
    }

    #unmark() {
        this.#marked.splice(0).forEach((element) => element.classList.remove('marked'));
    }
}
