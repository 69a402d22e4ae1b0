/* i18n - the page's texts in Korean and English.

   add({ko: {'tables.orders': '주문'}, en: {'tables.orders': 'Orders'}})   each module brings its own; keys begin with its name
   t('tables.page', {page: 2})      the text, with {page} filled in
   A text may be {one: '{count} order', other: '{count} orders'}: chosen by the value `count`.
   translate(root)                  fills elements that have data-t="key" (text), data-t-label (aria-label), data-t-title (title)
   number(1234), time(ms), clock(ms)      as the language writes them; iso(ms) as machines do
   setLanguage('ko')                topic 'language' is told; static texts follow by themselves

   early.js chose the first language: what was remembered, else the browser's. */

import { tell } from './topics.js';

export const languages = { ko: '한국어', en: 'English' };

const texts = { ko: {}, en: {} };
const ATTRIBUTES = { tLabel: 'aria-label', tTitle: 'title', tPlaceholder: 'placeholder' };

export const language = () => (document.documentElement.lang === 'ko' ? 'ko' : 'en');

export function add(more) {
    for (const of of Object.keys(texts))
        Object.assign(texts[of], more[of]);
}

export function t(key, values = {}) {
    let text = texts[language()][key] ?? texts.en[key] ?? key;
    if (typeof text === 'object')
        text = text[new Intl.PluralRules(language()).select(values.count ?? 0)] ?? text.other;
    return text.replace(/\{(\w+)\}/g, (all, name) => {
        const value = values[name] ?? all;
        return typeof value === 'number' ? number(value) : value;
    });
}

/* Is there such a text? For names that come from outside, such as a status. */
export const has = (key) => key in texts.en;

export function translate(root = document) {
    for (const element of root.querySelectorAll('[data-t]'))
        element.textContent = t(element.dataset.t);
    for (const [data, attribute] of Object.entries(ATTRIBUTES))
        for (const element of root.querySelectorAll(`[data-${data.replace(/[A-Z]/g, (c) => '-' + c.toLowerCase())}]`))
            element.setAttribute(attribute, t(element.dataset[data]));
}

export function setLanguage(wanted) {
    document.documentElement.lang = wanted;
    try {
        localStorage.setItem('mall.language', wanted);
    } catch { /* then it is not remembered */ }
    translate();
    tell('language', wanted);
}

const formats = new Map();
function format(kind, options) {
    const key = language() + JSON.stringify(options);
    if (!formats.has(key))
        formats.set(key, new kind(language(), options));
    return formats.get(key);
}

export const number = (value, options = {}) => format(Intl.NumberFormat, options).format(value);
/* What comes from a topic or a service may be no time: that is written as nothing. */
const isTime = (ms) => typeof ms === 'number' && !Number.isNaN(new Date(ms).getTime());
/* 14:02:31 */
export const time = (ms) => (isTime(ms) ? format(Intl.DateTimeFormat, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }).format(ms) : '');
/* 14:02:31.071 */
export const clock = (ms) => (isTime(ms) ? format(Intl.DateTimeFormat, {
    hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3, hourCycle: 'h23',
}).format(ms) : '');
/* 2026-11-22T14:02:31.071Z, for machines */
export const iso = (ms) => (isTime(ms) ? new Date(ms).toISOString() : '');
