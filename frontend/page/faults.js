/* faults - the panel that breaks the mall so that one can practise: recipes, a fault of one's own choice, and what is on.

   It is there only where the mall allows it (/faults says so); else one sentence says how to switch it on. How many faults are on
   is said beside the view's name, in every view. */

import { announce } from './announce.js';
import { el, setText } from './dom.js';
import { FaultForm } from './faults_form.js';
import { FaultList } from './faults_list.js';
import './faults_now.js';
import { Recipes } from './faults_recipes.js';
import './faults_texts.js';
import { t, translate } from './i18n.js';
import { symbol } from './icons.js';
import { latest, on } from './mall.js';
import { onlyIn } from './only_in.js';

const TICK_MS = 1000;

let parts, count = 0;

function stateText(answer) {
    if (answer === undefined)
        return t('faults.waiting');
    return answer === null ? t('faults.lost') : '';
}

/* What was known stays to be seen while there is no answer. */
function show(answer) {
    const isAllowed = answer?.allowed === true;
    if (answer) {
        parts.off.hidden = isAllowed;
        parts.work.hidden = !isAllowed;
    }
    setText(parts.state, stateText(answer));
    if (!isAllowed)
        return;
    parts.recipes.show(answer);
    parts.form.show(answer);
    parts.list.show(answer);
}

/* By /topology, since that is asked for in every view. */
function mark(topology) {
    if (!topology)
        return;
    const now = topology.services.reduce((sum, { faults }) => sum + (faults?.length ?? 0), 0);
    if (now !== count)
        announce(t('faults.turned', { count: now }));
    count = now;
    showMark();
}

function showMark() {
    const text = count ? t('faults.light', { count }) : '';
    if (parts.mark.dataset.said === text)
        return;
    parts.mark.dataset.said = text;
    parts.mark.title = text;
    parts.mark.replaceChildren(...(count ? [symbol('triangle'), el('span', { 'aria-hidden': 'true' }, String(count)), el('span', { class: 'unseen' }, text)] : []));
}

function frame(element) {
    parts = {
        state: el('p', { class: 'note' }), recipes: new Recipes(), form: new FaultForm(), list: new FaultList(), mark: document.getElementById('faults-mark'),
        off: el('p', { class: 'note', hidden: true }, el('span', { 'data-t': 'faults.off' }), ' ', el('code', {}, 'MALL_CONSOLE_FAULTS=on'), ' · ', el('code', {}, 'make run FAULTS=1')),
    };
    parts.work = el('div', { hidden: true }, el('p', { class: 'note', 'data-t': 'faults.about' }), parts.list.element, parts.recipes.element,
        el('div', { class: 'faults-sides' }, parts.form.element, parts.list.endedElement));
    element.append(el('header', {}, el('h2', { id: 'faults-title', 'data-t': 'faults.title' }), parts.state), parts.off, parts.work);
    translate(element);
}

function reworded() {
    showMark();
    show(latest('faults'));
    parts.form.say();
    parts.recipes.say();
}

export function start(element) {
    frame(element);
    show(undefined);
    onlyIn(['faults'], 'faults', show);
    on('topology', mark);
    on('language', reworded);
    setInterval(() => parts.list.tick(), TICK_MS);
}
