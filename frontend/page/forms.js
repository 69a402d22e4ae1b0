/* forms - register a product, place an order, cancel it, change the stock: one form for each row of actions.js.

   A form shows the commands that do the same. What the mall refuses is shown at the field that it names, else on top of the form.
   Topic 'act' ({action, values}, told by the tables) opens a form with values; topic 'acted' tells that something was done. */

import { actionOf, ACTIONS, faultOf, idOf, requestOf } from './actions.js';
import { send } from './api.js';
import { copyLine } from './copy.js';
import { el, setText } from './dom.js';
import './form_texts.js';
import { t, translate } from './i18n.js';
import { on, tell } from './mall.js';
import { faultyField } from './problem.js';
import { problemText } from './problem_text.js';
import { curlWords, httpieWords } from './shell.js';
import { tabList } from './tabs.js';
import { followOrder } from './trail.js';

class Form {
    #fields = new Map();
    #lines = { httpie: copyLine('httpie'), curl: copyLine('curl') };
    #problem = el('div', { class: 'problem', role: 'alert', hidden: true });
    #result = el('p', { class: 'result', role: 'status' });
    #trail = el('ol', { class: 'trail' });
    #button;
    #endTrail = () => {};
    #isBusy = false;
    #shown = { say: () => {} };

    constructor(action) {
        this.action = action;
        this.#button = el('button', { type: 'submit', class: 'main-action', 'data-t': `forms.${action.name}.do` });
        this.element = el('form', { novalidate: true, autocomplete: 'off', onsubmit: (event) => this.#submit(event) },
            this.#problem,
            el('p', { class: 'note', 'data-t': `forms.${action.name}.note` }),
            el('div', { class: 'fields' }, action.fields.map((field) => this.#field(field))),
            el('div', { class: 'do' }, this.#button),
            this.#result, this.#trail,
            el('div', { class: 'lines' }, el('p', { class: 'note', 'data-t': 'forms.same' }), this.#lines.httpie.element, this.#lines.curl.element));
        this.#clear();
        this.#showLines();
    }

    #field(field) {
        const id = `${this.action.name}-${field.name}`;
        const error = el('p', { class: 'error', id: `${id}-error`, hidden: true });
        const input = el('input', {
            id, name: field.name, value: field.value, inputmode: field.number ? 'numeric' : null, 'aria-describedby': error.id,
            'aria-required': field.required ? 'true' : null, spellcheck: 'false', oninput: () => this.#changed(field.name),
        });
        this.#fields.set(field.name, { input, error });
        return el('div', { class: 'field' },
            el('label', { for: id }, el('span', { 'data-t': `forms.${field.name}` }), ' ', el('code', { class: 'muted' }, field.name)), input, error);
    }

    values() {
        return Object.fromEntries([...this.#fields].map(([name, { input }]) => [name, input.value.trim()]));
    }

    fill(values) {
        for (const [name, value] of Object.entries(values))
            this.#fields.get(name).input.value = value;
        this.#clear();
        this.#showLines();
    }

    focus() {
        this.#fields.values().next().value.input.focus();
    }

    /* In another language. */
    say() {
        this.#shown.say();
        Object.values(this.#lines).forEach((line) => line.say());
    }

    #showLines() {
        const request = requestOf(this.action, this.values());
        this.#lines.httpie.show(httpieWords(location.origin, request));
        this.#lines.curl.show(curlWords(location.origin, request));
    }

    #changed(name) {
        this.#mark(name, null);
        this.#showLines();
        this.onchange?.(name);
    }

    #mark(name, text) {
        const { input, error } = this.#fields.get(name);
        error.hidden = text === null;
        setText(error, text ?? '');
        input.toggleAttribute('aria-invalid', false);
        if (text !== null)
            input.setAttribute('aria-invalid', 'true');
    }

    #clear() {
        this.#show(() => this.#result.replaceChildren(el('span', { class: 'muted' }, t('forms.follows'))));
        this.#problem.hidden = true;
        this.#problem.replaceChildren();
        this.#endTrail();
        for (const name of this.#fields.keys())
            this.#mark(name, null);
    }

    /* Shows what became of it: now, and again whenever the language changes. */
    #show(say) {
        this.#shown = { say };
        say();
    }

    async #submit(event) {
        event.preventDefault();
        if (this.#isBusy)
            return;
        this.#clear();
        const values = this.values();
        const fault = faultOf(this.action, values);
        if (fault) {
            this.#refuse(fault.name, () => t(fault.key));
            return;
        }
        this.#busy(true);
        const { method, path, members } = requestOf(this.action, values);
        const answer = await send(method, path, members);
        this.#busy(false);
        if (answer.ok)
            this.#succeeded(idOf(answer.body) ?? values.orderId ?? values.inventoryId);
        else
            this.#failed(answer.problem);
    }

    #busy(isBusy) {
        this.#isBusy = isBusy;
        this.#button.setAttribute('aria-disabled', isBusy);
    }

    #refuse(name, text) {
        this.#show(() => this.#mark(name, text()));
        this.#fields.get(name).input.focus();
    }

    #failed(problem) {
        const name = faultyField(this.action, problem);
        if (name) {
            this.#refuse(name, () => problemText(problem, this.action.method).text);
            return;
        }
        this.#show(() => {
            const { text, quote } = problemText(problem, this.action.method);
            this.#problem.replaceChildren(el('p', {}, text), quote ? el('p', { class: 'quote' }, el('q', { lang: 'en' }, quote)) : '');
            this.#problem.hidden = false;
        });
    }

    #succeeded(id) {
        const isOrder = this.action.path.startsWith('/orders');
        this.#show(() => this.#result.replaceChildren(t(`forms.${this.action.name}.done`, { id }), ' ',
            isOrder ? el('a', { href: `#/timeline/${encodeURIComponent(id)}` }, t('forms.timeline')) : ''));
        if (isOrder)
            this.#endTrail = followOrder(this.#trail, id, this.action.name === 'cancel' ? 'OrderCanceled' : 'Orderplaced');
        tell('acted', { action: this.action.name, id });
    }
}

/* The next forms have what the last one was about. */
function passOn(forms, { action, id }) {
    if (action === 'order')
        forms.get('cancel').fill({ orderId: id });
    if (action !== 'register')
        return;
    const { productId, productName } = forms.get('register').values();
    forms.get('order').fill({ productId, productName });
    forms.get('change').fill({ inventoryId: id });
}

/* Known products: a number that is chosen brings its name. */
function offerProducts(forms) {
    const list = el('datalist', { id: 'products' });
    const order = forms.get('order');
    const input = order.element.querySelector('[name=productId]');
    let products = [], shown = '';
    input.setAttribute('list', list.id);
    order.onchange = (name) => {
        const known = name === 'productId' && products.find(({ productId }) => productId === input.value.trim());
        if (known)
            order.fill({ productName: known.productName ?? '' });
    };
    on('rows', ({ collection, rows }) => {
        if (collection !== 'inventories')
            return;
        products = rows;
        if (shown === (shown = JSON.stringify(rows.map(({ productId, productName }) => [productId, productName]))))
            return; /* a list that is open stays open */
        list.replaceChildren(...rows.map(({ productId, productName }) => el('option', { value: productId ?? '' }, productName ?? '')));
    });
    return list;
}

export function start(section) {
    const forms = new Map(ACTIONS.map((action) => [action.name, new Form(action)]));
    const panels = ACTIONS.map(({ name }) => [name, `forms.${name}.title`, el('div', {}, forms.get(name).element)]);
    const tabs = tabList('forms', 'forms.title', panels);
    section.append(el('header', {}, el('h2', { id: 'forms-title', 'data-t': 'forms.title' })), tabs.list, ...panels.map(([, , panel]) => panel), offerProducts(forms));
    tabs.choose('order');
    translate(section);
    on('language', () => forms.forEach((form) => form.say()));
    on('acted', (what) => passOn(forms, what));
    on('act', ({ action, values }) => {
        tabs.choose(actionOf(action).name);
        forms.get(action).fill(values);
        section.scrollIntoView({ block: 'nearest' });
        forms.get(action).focus();
    });
}
