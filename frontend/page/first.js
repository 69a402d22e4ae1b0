/* first - the first minute of an empty mall: three buttons that register a product, place an order and cancel it, and what to watch.
   It stays until it is closed, also over a reload: nothing vanishes while one reads. */

import { actionOf, idOf, requestOf } from './actions.js';
import { send } from './api.js';
import { el } from './dom.js';
import { Emptiness } from './emptiness.js';
import { add, t, translate } from './i18n.js';
import { symbol } from './icons.js';
import { on, tell } from './mall.js';
import { problemText } from './problem_text.js';
import { followOrder } from './trail.js';

add({
    ko: {
        'first.title': '처음 1분', 'first.close': '닫기',
        'first.empty': '쇼핑몰이 비어 있습니다.',
        'first.intro': '버튼을 차례로 눌러 서비스들이 이벤트로 어떻게 협력하는지 살펴보세요.',
        'first.register': '상품 등록', 'first.register.do': 'TV 100대 등록',
        'first.register.watch': '재고 목록에 TV 100이 나타납니다. 상품 등록은 이벤트를 발행하지 않습니다.',
        'first.order': '주문', 'first.order.do': 'TV 5대 주문',
        'first.order.watch': '보드를 보세요. delivery가 Orderplaced를 받아 배송을 시작하고, product가 DeliveryStarted를 받아 재고를 95로 줄입니다.',
        'first.cancel': '주문 취소', 'first.cancel.do': '방금 한 주문 취소',
        'first.cancel.watch': 'delivery가 OrderCanceled를 받아 배송을 취소하고, product가 DeliveryCanceled를 받아 재고를 100으로 되돌립니다.',
        'first.done': '완료', 'first.end': '모두 끝났습니다. 주문 하나에 일어난 일은 타임라인에서 한눈에 볼 수 있습니다.', 'first.timeline': '타임라인 보기',
    },
    en: {
        'first.title': 'The first minute', 'first.close': 'Close',
        'first.empty': 'The mall is empty.',
        'first.intro': 'Press the buttons one after the other, and watch how the services work together by events.',
        'first.register': 'Register a product', 'first.register.do': 'Register 100 TVs',
        'first.register.watch': 'Inventories shows TV with a stock of 100. Registering says no event.',
        'first.order': 'Place an order', 'first.order.do': 'Order 5 TVs',
        'first.order.watch': 'Watch the board. delivery hears Orderplaced and starts a delivery. product hears DeliveryStarted, and the stock goes down to 95.',
        'first.cancel': 'Cancel it', 'first.cancel.do': 'Cancel that order',
        'first.cancel.watch': 'delivery hears OrderCanceled and calls its delivery back. product hears DeliveryCanceled, and the stock is 100 again.',
        'first.done': 'Done', 'first.end': 'That was all. What happened to one order is together on its timeline.', 'first.timeline': 'See its timeline',
    },
});

const STEPS = ['register', 'order', 'cancel'];
const KEPT = 'mall.first';

/* {step, order}: how many steps are done, and the order's number. */
function kept() {
    try {
        return JSON.parse(sessionStorage.getItem(KEPT));
    } catch {
        return null;
    }
}

function keep(state) {
    try {
        sessionStorage.setItem(KEPT, JSON.stringify(state));
    } catch { /* then a reload begins anew */ }
}

class First {
    #section;
    #state;
    #steps;
    #trail = el('ol', { class: 'trail' });
    #problem = el('p', { class: 'problem', role: 'alert', hidden: true });
    #empty = el('span', { 'data-t': 'first.empty', hidden: true });
    #end = el('p', { class: 'note end', role: 'status' });
    #endTrail = () => {};
    #isBusy = false;
    #say = () => {};

    constructor(section, state) {
        this.#section = section;
        this.#state = state;
        this.#steps = STEPS.map((name) => this.#step(name));
        section.append(
            el('header', {}, el('h2', { id: 'first-title', 'data-t': 'first.title' }),
                el('button', { type: 'button', class: 'quiet close', onclick: () => this.#close() }, symbol('cross'), el('span', { 'data-t': 'first.close' }))),
            el('p', { class: 'note' }, this.#empty, ' ', el('span', { 'data-t': 'first.intro' })),
            el('ol', { class: 'steps' }, this.#steps.map((step) => step.element)),
            this.#problem, this.#trail, this.#end);
        delete section.dataset.off;
        translate(section);
        this.#show();
    }

    #step(name) {
        const button = el('button', { type: 'button', 'data-t': `first.${name}.do`, onclick: () => this.#press(name) });
        const done = el('span', { class: 'status', 'data-tone': 'good' }, symbol('check'), el('span', { 'data-t': 'first.done' }));
        return {
            button, done,
            element: el('li', { class: 'step' }, el('div', { class: 'head' }, el('h3', { 'data-t': `first.${name}` }), done),
                el('p', { class: 'note', 'data-t': `first.${name}.watch` }), button),
        };
    }

    #show() {
        const { step, order } = this.#state;
        this.#steps.forEach(({ button, done, element }, index) => {
            const isNext = index === step;
            button.classList.toggle('main-action', isNext);
            button.setAttribute('aria-disabled', !isNext || this.#isBusy);
            done.hidden = index >= step;
            element.toggleAttribute('data-done', index < step);
        });
        if (step === STEPS.length)
            this.#end.replaceChildren(t('first.end'), ' ', el('a', { href: `#/timeline/${encodeURIComponent(order)}` }, t('first.timeline')));
    }

    sayEmpty(isEmpty) {
        this.#empty.hidden = !isEmpty;
    }

    /* In another language. */
    say() {
        this.#show();
        this.#say();
    }

    #request(name) {
        const action = actionOf(name);
        const values = Object.fromEntries(action.fields.map((field) => [field.name, field.value]));
        return requestOf(action, { ...values, orderId: this.#state.order });
    }

    async #press(name) {
        if (this.#isBusy || STEPS.indexOf(name) !== this.#state.step)
            return;
        this.#busy(true);
        this.#problem.hidden = true;
        const { method, path, members } = this.#request(name);
        const answer = await send(method, path, members);
        this.#busy(false);
        if (answer.ok)
            this.#advance(name, answer);
        else
            this.#fail(answer.problem, method);
    }

    #busy(isBusy) {
        this.#isBusy = isBusy;
        this.#show();
    }

    #advance(name, answer) {
        const order = name === 'order' ? idOf(answer.body) : this.#state.order;
        this.#state = { step: this.#state.step + 1, order };
        keep(this.#state);
        this.#show();
        if (name !== 'register') {
            this.#endTrail();
            this.#endTrail = followOrder(this.#trail, order, name === 'cancel' ? 'OrderCanceled' : 'Orderplaced');
        }
        tell('acted', { action: name, id: name === 'register' ? idOf(answer.body) : order });
    }

    #fail(problem, method) {
        this.#say = () => {
            const { text, quote } = problemText(problem, method);
            this.#problem.replaceChildren(text, quote ? ' ' : '', quote ? el('q', { lang: 'en' }, quote) : '');
        };
        this.#say();
        this.#problem.hidden = false;
    }

    #close() {
        keep({ isClosed: true });
        this.#endTrail();
        this.#section.dataset.off = '';
        document.getElementById('main').focus();
    }
}

export function start(section) {
    const mall = new Emptiness();
    const state = kept();
    let first = state && !state.isClosed ? new First(section, state) : null;
    let isAsked = !state; /* is it to be shown once the mall is known to be empty? */

    on('language', () => first?.say());
    on('rows', (rows) => {
        mall.note(rows);
        if (isAsked && mall.isEmpty)
            first = new First(section, { step: 0, order: null });
        isAsked &&= !mall.isKnown;
        first?.sayEmpty(mall.isEmpty);
    });
}
