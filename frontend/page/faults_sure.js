/* faults_sure - asks once more before something is done that others will feel. The dialog is the browser's own: it keeps the focus,
   Escape leaves it, and the focus comes back. */

import { el } from './dom.js';
import { MALLCTL, isOnTheWay } from './faults_model.js';
import { kindText } from './faults_now.js';
import { has, t } from './i18n.js';

const timeText = (duration) => (has(`faults.time.${duration}`) ? t(`faults.time.${duration}`) : duration ?? t('faults.time.5min'));

/* Whether a fault of that service is meant. */
export function confirmed(service, kind, about, duration) {
    return asked(t('faults.sure'), t('faults.do'), [
        el('p', {}, t('faults.sure.who', { service, kind: kindText(kind), time: timeText(duration) })), el('p', {}, about),
        el('p', {}, t('faults.sure.others'), ' ', t('faults.sure.end')),
        isOnTheWay(service) ? el('p', { class: 'sure-page' }, t('faults.sure.page'), ' ', el('code', {}, `${MALLCTL} fault clear`)) : null,
    ]);
}

/* Whether it was said again. */
export function asked(title, yes, words) {
    return new Promise((decided) => {
        const leave = el('button', { type: 'button', value: '', onclick: () => dialog.close('') }, t('faults.cancel'));
        const dialog = el('dialog', { class: 'sure', 'aria-labelledby': 'sure-title', 'aria-describedby': 'sure-what' },
            el('h2', { id: 'sure-title' }, title),
            el('div', { id: 'sure-what' }, words),
            el('div', { class: 'sure-buttons' }, leave,
                el('button', { type: 'button', class: 'main-action', onclick: () => dialog.close('yes') }, yes)));
        dialog.addEventListener('close', () => {
            dialog.remove();
            decided(dialog.returnValue === 'yes');
        });
        document.body.append(dialog);
        dialog.showModal();
        leave.focus();
    });
}
