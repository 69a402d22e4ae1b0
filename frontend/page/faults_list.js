/* faults_list - what is on, with a countdown and a button that ends it; and what ended lately. */

import { send } from './api.js';
import { el, setText } from './dom.js';
import { awayOf, detailsOf, endPath, endedLast, keyOf, leftText, listed, reasonKey, timeOf } from './faults_model.js';
import { problemWords, warningWords } from './faults_form.js';
import { kindText, mallNow } from './faults_now.js';
import { t, time } from './i18n.js';
import { symbol } from './icons.js';
import { again } from './mall.js';

const TRIES = 8, BETWEEN_MS = 250;

const reasonText = (reason) => (reasonKey(reason) ? t(reasonKey(reason)) : reason ?? '');

const whereOf = ({ service, pod }) => (pod && pod !== service ? `${service} · ${pod}` : service);

export class FaultList {
    #rows = new Map(); /* key -> {element, left, injected, end} */
    #list = el('ul', { class: 'fault-list' });
    #none = el('p', { class: 'note', 'data-t': 'faults.none' });
    #ended = el('ul', { class: 'fault-ended' });
    #noneEnded = el('p', { class: 'note', 'data-t': 'faults.noneEnded' });
    #problem = el('div', { class: 'problem', role: 'alert', hidden: true });
    #said = el('p', { class: 'result', role: 'status' });
    #all = el('button', { type: 'button', class: 'stop-all', onclick: () => this.#end('/faults', [...this.#rows.keys()]) }, symbol('square'), el('span', { 'data-t': 'faults.stopAll' }));
    #look = '';
    #endedLook = '';

    constructor() {
        this.element = el('div', { class: 'faults-on' },
            el('div', { class: 'head' }, el('h3', { 'data-t': 'faults.on' }), this.#all),
            el('div', { class: 'fault-region', role: 'region', tabindex: 0, 'data-t-label': 'faults.on' }, this.#none, this.#list),
            this.#problem, this.#said);
        this.endedElement = el('div', { class: 'faults-ended-part' }, el('h3', { 'data-t': 'faults.ended' }), el('div', { class: 'ended-region', role: 'region', tabindex: 0, 'data-t-label': 'faults.ended' }, this.#noneEnded, this.#ended));
    }

    show(answer) {
        const faults = listed(answer), away = awayOf(answer), lang = document.documentElement.lang;
        const look = JSON.stringify([faults.map((fault) => [keyOf(fault), fault.begunAt]), away, lang]);
        if (look !== this.#look)
            this.#draw(faults, away);
        this.#look = look;
        this.#none.hidden = faults.length + away.length > 0;
        this.#all.setAttribute('aria-disabled', faults.length === 0);
        for (const fault of faults)
            setText(this.#rows.get(keyOf(fault)).injected, t('faults.injected', { count: fault.injected ?? 0 }));
        this.#showEnded(endedLast(answer), lang);
        this.tick();
    }

    /* Each second. */
    tick() {
        for (const { left, end } of this.#rows.values())
            setText(left, t('faults.left', { left: leftText(end, mallNow()) }));
    }

    #draw(faults, away) {
        const focused = this.#list.contains(document.activeElement) ? document.activeElement.closest('li')?.dataset.key : null;
        const before = this.#rows;
        this.#rows = new Map(faults.map((fault) => [keyOf(fault), this.#row(fault)]));
        this.#list.replaceChildren(...[...this.#rows.values()].map(({ element }) => element), ...away.map(awayItem));
        if (focused && before.has(focused))
            (this.#rows.get(focused)?.element.querySelector('button') ?? this.#all).focus();
    }

    #row(fault) {
        const end = timeOf(fault.endsAt), left = el('span', { class: 'left' }), injected = el('span', { class: 'muted' });
        const label = t('faults.stopOne', { service: fault.service, pod: fault.pod ?? '', kind: kindText(fault.kind) });
        const stop = el('button', { type: 'button', 'aria-label': label, onclick: () => this.#end(endPath(fault), [keyOf(fault)]) }, symbol('square'), el('span', {}, t('faults.stop')));
        const element = el('li', { 'data-key': keyOf(fault), 'data-kind-name': fault.kind },
            el('div', { class: 'what' }, el('span', { class: 'status', 'data-tone': 'warn' }, symbol('triangle'), el('strong', {}, kindText(fault.kind))),
                el('code', { class: 'details' }, [fault.kind, ...detailsOf(fault)].join(' · ')), el('span', { class: 'where' }, whereOf(fault)),
                fault.warning ? el('span', { class: 'why' }, warningWords(fault.warning)) : null),
            el('div', { class: 'when' }, left, el('span', { class: 'muted' }, t('faults.until', { time: time(end) })), injected), stop);
        return { element, left, injected, end };
    }

    #showEnded(ended, lang) {
        const look = JSON.stringify([ended, lang]);
        if (look === this.#endedLook)
            return;
        this.#endedLook = look;
        this.#noneEnded.hidden = ended.length > 0;
        this.#ended.replaceChildren(...ended.map((fault) => el('li', {}, el('span', {}, kindText(fault.kind)), el('span', { class: 'where' }, whereOf(fault)),
            el('span', { class: 'muted' }, [t('faults.endedAt', { time: time(timeOf(fault.endedAt)) }), reasonText(fault.reason), t('faults.injected', { count: fault.injected ?? 0 })].filter(Boolean).join(' · ')))));
    }

    /* Another pod of the console may answer with what it knew a moment before. */
    async #untilGone(keys) {
        for (let tries = 0; tries < TRIES; tries++) {
            await again('faults');
            if (!keys.some((key) => this.#rows.has(key)))
                return;
            await new Promise((done) => setTimeout(done, BETWEEN_MS));
        }
    }

    async #end(path, keys) {
        if (path === '/faults' && this.#all.getAttribute('aria-disabled') === 'true')
            return;
        setText(this.#said, '');
        const { ok, body, problem } = await send('DELETE', path);
        await this.#untilGone(ok ? keys : []); /* first the list says it */
        this.#problem.hidden = ok;
        this.#problem.replaceChildren(...(ok ? [] : problemWords(problem)));
        setText(this.#said, ok ? t('faults.stopped', { count: body?.ended ?? 0 }) : '');
    }
}

const awayItem = ({ service, url, why }) => el('li', { class: 'away' },
    el('div', { class: 'what' }, el('span', { class: 'status', 'data-tone': 'bad' }, symbol('cross'), el('span', {}, `${service}: ${t('faults.away')}`)),
        el('code', { class: 'where' }, url ?? ''), why ? el('span', { class: 'why', lang: 'en' }, why) : null));
