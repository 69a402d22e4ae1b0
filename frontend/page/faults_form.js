/* faults_form - one fault to be switched on: a service, a kind, its target and its numbers; and the commands that do the same. */

import { send } from './api.js';
import { copyLine } from './copy.js';
import { el, setText } from './dom.js';
import { confirmed } from './faults_sure.js';
import { DURATIONS, METHODS, defaultOf, fieldsOf, grouped, isHarmful, isSpread, kindsOf, mallctlWords, timeOf, warningKey, wishOf } from './faults_model.js';
import { kindText } from './faults_now.js';
import { has, t, time, translate } from './i18n.js';
import { latest, tell } from './mall.js';
import { problemText } from './problem_text.js';
import { curlWords, httpieWords, quote } from './shell.js';

/* In the page's language, or as the mall says it. */
export const aboutText = (kind) => (has(`faults.tells.${kind.name}`) ? t(`faults.tells.${kind.name}`) : kind.about ?? '');

const option = (value, text) => el('option', { value }, text);

/* What may be typed: what the mall says of itself. */
function offers(name, service) {
    const services = latest('topology')?.services ?? [], own = services.find((one) => one.name === service);
    const of = { routeId: services.map((one) => one.name), status: ['500', '502', '503', '504', '429'],
        eventType: [...new Set([...own?.says ?? [], ...own?.hears ?? []])],
        path: (own?.collections ?? services.flatMap((one) => one.collections ?? [])).flatMap(({ path }) => [path, `${path}/{id}`]) };
    return of[name] ?? [];
}

export class FaultForm {
    #values = new Map();   /* what was typed stays while another kind is looked at */
    #fields = new Map();
    #answer = null;
    #look = '';
    #isBusy = false;
    #shown = () => {};
    #lines = { mallctl: copyLine('mallctl'), httpie: copyLine('httpie'), curl: copyLine('curl') };
    #service = el('select', { id: 'faults-service', name: 'service', onchange: () => this.#chosen() });
    #kind = el('select', { id: 'faults-kind', name: 'kind', 'aria-describedby': 'faults-tells', onchange: () => this.#chosen() });
    #tells = el('p', { class: 'note', id: 'faults-tells' });
    #spread = el('select', { id: 'faults-spread', name: 'spread', onchange: () => this.#draw() });
    #rows = el('div', { class: 'fields' });
    #problem = el('div', { class: 'problem', role: 'alert', hidden: true });
    #result = el('p', { class: 'result', role: 'status' });
    #button = el('button', { type: 'submit', class: 'main-action', 'data-t': 'faults.do' });

    constructor() {
        const field = (name, input) => el('div', { class: 'field' }, el('label', { for: input.id }, el('span', { 'data-t': `faults.${name}` })), input);
        this.element = el('form', { class: 'faults-form', novalidate: true, autocomplete: 'off', onsubmit: (event) => this.#submit(event) },
            el('h3', { 'data-t': 'faults.choose' }),
            el('div', { class: 'fields faults-what' }, field('service', this.#service), field('kind', this.#kind)),
            this.#tells, this.#rows, this.#problem,
            el('div', { class: 'do' }, this.#button), this.#result,
            el('div', { class: 'lines' }, el('p', { class: 'note', 'data-t': 'faults.same' }), Object.values(this.#lines).map((line) => line.element)));
    }

    #serviceNow = () => this.#answer?.services.find(({ name }) => name === this.#service.value);
    #kindNow = () => kindsOf(this.#serviceNow()).find(({ name }) => name === this.#kind.value);
    #isSpread = (kind) => isSpread(kind) && this.#spread.value === 'drawn';

    /* What can be chosen. A list is made anew only where it is another one: nobody's choice is taken away. */
    show(answer) {
        this.#answer = answer;
        const look = JSON.stringify([answer.services.map((service) => [service.name, kindsOf(service)]), document.documentElement.lang]);
        if (look === this.#look)
            return;
        this.#look = look;
        const chosen = this.#service.value;
        this.#service.replaceChildren(...answer.services.map(({ name }) => option(name, name)));
        if (chosen)
            this.#service.value = chosen;
        this.#chosen();
    }

    /* In another language. */
    say() {
        this.#shown();
        Object.values(this.#lines).forEach((line) => line.say());
    }

    #chosen() {
        const before = this.#kind.value, kinds = kindsOf(this.#serviceNow());
        this.#kind.replaceChildren(...grouped(kinds).map(([group, list]) => el('optgroup', { label: t(`faults.group.${group}`) }, list.map(({ name }) => option(name, kindText(name))))));
        this.#kind.value = kinds.some(({ name }) => name === before) ? before : kinds[0]?.name ?? '';
        this.#spread.replaceChildren(option('fixed', t('faults.fixed')), option('drawn', t('faults.drawn')));
        this.#draw();
    }

    #draw() {
        const kind = this.#kindNow();
        this.#clear();
        this.#tells.replaceChildren(...(kind ? [el('code', {}, kind.name), ' · ', aboutText(kind)] : [t('faults.noKinds')]));
        this.#button.setAttribute('aria-disabled', !kind);
        this.#fields.clear();
        this.#rows.replaceChildren(...(kind ? fieldsOf(kind, this.#isSpread(kind)) : []).flatMap((name) => [
            ...(kind && isSpread(kind) && ['delay', 'p50'].includes(name) ? [this.#field('spread', this.#spread)] : []), this.#field(name)]));
        translate(this.#rows);
        this.#showLines();
    }

    #inputOf(name) {
        const id = `faults-${name}`, about = `faults-${name}-error`, value = this.#values.get(name) ?? defaultOf(name);
        const heard = { oninput: (event) => this.#typed(name, event.target.value) };
        if (name === 'method' || name === 'duration') {
            const options = name === 'method' ? [['', t('faults.any')], ...METHODS.map((one) => [one, one])] : DURATIONS.map((one) => [one, t(`faults.time.${one}`)]);
            const select = el('select', { id, name, 'aria-describedby': about, ...heard }, options.map(([one, text]) => option(one, text)));
            select.value = value;
            return [select];
        }
        const list = offers(name, this.#service.value), isTarget = ['path', 'routeId', 'eventType', 'key'].includes(name);
        return [el('input', {
            id, name, value, 'aria-describedby': about, spellcheck: 'false', placeholder: isTarget ? t('faults.any') : null,
            inputmode: ['rate', 'cores', 'status'].includes(name) ? 'decimal' : null, list: list.length ? `${id}-list` : null, ...heard,
        }), list.length ? el('datalist', { id: `${id}-list` }, list.map((one) => option(one, one))) : null];
    }

    #field(name, input = null) {
        const inputs = input ? [input] : this.#inputOf(name), error = el('p', { class: 'error', id: `faults-${name}-error`, hidden: true });
        const label = has(`faults.${name}`) ? el('span', { 'data-t': `faults.${name}` }, t(`faults.${name}`)) : el('span', {}, name);
        if (!input)
            this.#fields.set(name, { input: inputs[0], error });
        return el('div', { class: 'field' },
            el('label', { for: inputs[0].id }, label, input || label.textContent === name ? null : [' ', el('code', { class: 'muted' }, name)]), inputs, error);
    }

    #typed(name, value) {
        this.#values.set(name, value);
        this.#mark(name, null);
        this.#showLines();
    }

    #wish() {
        const kind = this.#kindNow(), values = Object.fromEntries([...this.#fields].map(([name, { input }]) => [name, input.value]));
        return wishOf(this.#service.value, kind, values, this.#isSpread(kind));
    }

    #showLines() {
        if (!this.#kindNow())
            return Object.values(this.#lines).forEach((line) => line.show([]));
        const wish = this.#wish();
        this.#lines.mallctl.show(mallctlWords(this.#serviceNow(), wish.members, quote));
        this.#lines.httpie.show(httpieWords(location.origin, wish));
        return this.#lines.curl.show(curlWords(location.origin, wish));
    }

    /* words: what is wrong with it, as elements; null: nothing. */
    #mark(name, words) {
        const { input, error } = this.#fields.get(name);
        error.hidden = words === null;
        error.replaceChildren(...words ?? []);
        if (words === null)
            input.removeAttribute('aria-invalid');
        else
            input.setAttribute('aria-invalid', 'true');
    }

    #clear() {
        this.#shown = () => {};
        this.#problem.hidden = true;
        this.#result.replaceChildren();
        for (const name of this.#fields.keys())
            this.#mark(name, null);
    }

    #show(say) {
        this.#shown = say;
        say();
    }

    async #submit(event) {
        event.preventDefault();
        const kind = this.#kindNow(), service = this.#service.value;
        if (!kind || this.#isBusy)
            return;
        this.#clear();
        const wish = this.#wish();
        if (isHarmful(service, kind) && !await confirmed(service, kind.name, aboutText(kind), wish.members.duration))
            return;
        this.#busy(true);
        const answer = await send(wish.method, wish.path, wish.members);
        this.#busy(false);
        this.#answered(answer, service, kind);
    }

    #busy(isBusy) {
        this.#isBusy = isBusy;
        this.#button.setAttribute('aria-disabled', isBusy);
    }

    #answered(answer, service, kind) {
        if (answer.ok)
            this.#show(() => this.#result.replaceChildren(...doneWords(service, kind.name, answer.body)));
        else
            this.#failed(answer.problem);
        tell('faulted', service);
    }

    #failed(problem) {
        const { member } = problem;
        this.#show(() => {
            const { text, quote: words } = problemText(problem, 'POST');
            if (this.#fields.has(member))
                return this.#mark(member, words ? wrongWords(member, words) : [text]);
            this.#problem.replaceChildren(...problemWords(problem));
            this.#problem.hidden = false;
            return null;
        });
        this.#fields.get(member)?.input.focus();
    }
}

/* Our own sentence in the page's language, and below it what the daemon said. */
const quoted = (key, words) => [el('span', {}, t(key)), el('q', { class: 'daemon-says', lang: 'en' }, words)];
const wrongWords = (member, words) => quoted(`faults.wrong.${member}`, words);
export const warningWords = (words) => quoted(warningKey(words), words);

export function problemWords(problem) {
    const { text, quote: words } = problemText(problem, 'POST');
    return [el('p', {}, text), ...(words ? [el('p', { class: 'quote' }, el('q', { lang: 'en' }, words))] : [])];
}

/* What was switched on, until when; and where it matches nothing, why. */
export function doneWords(service, kind, body) {
    const faults = (body?.places ?? []).map((place) => place.fault).filter(Boolean);
    const until = Math.max(...faults.map(({ endsAt }) => timeOf(endsAt)));
    const warnings = [...new Set(faults.map(({ warning }) => warning).filter(Boolean))];
    return [t('faults.done', { service, kind: kindText(kind), time: time(until) || '–' }),
        ...warnings.flatMap((text) => [' ', el('strong', {}, t('faults.warning')), ' ', ...warningWords(text)])];
}
