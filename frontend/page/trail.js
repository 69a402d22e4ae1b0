/* trail - what became of an order, as the events come: Orderplaced, DeliveryStarted, InventoryModified, ... beside the button that
   began it. */

import { announce } from './announce.js';
import { el } from './dom.js';
import { add, t } from './i18n.js';
import { on, recent } from './mall.js';
import { continued } from './story.js';

add({
    ko: { 'trail.follows': '주문 {order}: {type}', 'trail.label': '주문 {order}의 이벤트' },
    en: { 'trail.follows': 'Order {order}: {type}', 'trail.label': 'Events of order {order}' },
});

function chip(event, first) {
    const ms = event.announced - first.announced;
    return el('li', { class: 'event-chip' }, el('code', {}, event.type), ms > 0 ? el('span', { class: 'muted' }, `+${ms} ms`) : null);
}

/* Fills the list with the order's events, from the one of type `from` on, until end() is called. */
export function followOrder(list, order, from) {
    let story = [];

    function look() {
        const longer = continued(story, recent(), order, from);
        if (longer === story)
            return;
        story = longer;
        list.replaceChildren(...story.map((event) => chip(event, story[0])));
        announce(t('trail.follows', { order, type: story.at(-1).type }));
    }

    list.replaceChildren();
    list.setAttribute('aria-label', t('trail.label', { order }));
    look();
    const end = on('events', look);
    return () => {
        end();
        list.replaceChildren();
    };
}
