/* copy - a line of code with a button that copies it. */

import { announce } from './announce.js';
import { el } from './dom.js';
import { symbol } from './icons.js';
import { add, t } from './i18n.js';

add({
    ko: { 'copy.region': '{tool} 명령', 'copy.copy': '복사', 'copy.line': '{tool} 명령 복사', 'copy.done': '복사했습니다', 'copy.failed': '복사하지 못했습니다. 직접 선택해 복사하세요.' },
    en: { 'copy.region': 'The {tool} line', 'copy.copy': 'Copy', 'copy.line': 'Copy the {tool} line', 'copy.done': 'Copied', 'copy.failed': 'Could not copy. Select the line and copy it.' },
});

const SHOWN_MS = 1500;

/* Where the page came by plain HTTP from another host there is no navigator.clipboard. */
function copyBySelection(text) {
    const area = el('textarea', { class: 'unseen', readonly: true, 'aria-hidden': 'true', tabindex: -1 });
    const before = document.activeElement;
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    before?.focus();
    return done;
}

async function copyText(text) {
    try {
        await navigator.clipboard.writeText(text);
        return true;
    } catch {
        return copyBySelection(text);
    }
}

async function pressed(button, text) {
    const done = await copyText(text);
    announce(t(done ? 'copy.done' : 'copy.failed'));
    button.replaceChildren(symbol(done ? 'check' : 'cross'));
    setTimeout(() => button.replaceChildren(symbol('copy')), SHOWN_MS);
}

/* {element, show(words), say()}; say() is for another language. A word of the line is broken only where it is too long for one. */
export function copyLine(tool) {
    const code = el('code', {});
    const button = el('button', { type: 'button', class: 'quiet icon', onclick: () => pressed(button, code.textContent) }, symbol('copy'));
    const box = el('pre', { role: 'region', tabindex: 0 }, code); /* the keyboard scrolls what has the focus */
    const say = () => {
        box.setAttribute('aria-label', t('copy.region', { tool }));
        button.setAttribute('aria-label', t('copy.line', { tool }));
        button.title = t('copy.copy');
    };
    say();
    return {
        element: el('div', { class: 'line' }, el('span', { class: 'tool' }, tool), box, button),
        show: (words) => code.replaceChildren(...words.flatMap((word, index) => [index ? ' ' : '', el('span', {}, word)])),
        say,
    };
}
