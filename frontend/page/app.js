/* app - the frame: routes, switches, lights, and the parts of the page.

   A part is an element with data-part="x"; its module x.js has start(element), which fills it once and then follows the
   topics of mall.js. A part that cannot be loaded says so and stops no other. */

import { el, setText } from './dom.js';
import { add, language, languages, setLanguage, t, translate } from './i18n.js';
import { latest, on, start as startMall, tell } from './mall.js';
import { symbol } from './icons.js';
import { routeOf } from './route.js';

add({
    ko: {
        'app.title': '쇼핑몰', 'app.skip': '본문으로 건너뛰기', 'app.views': '화면', 'app.home': '현황', 'app.events': '이벤트 스트림',
        'app.services': '서비스', 'app.faults': '장애 주입', 'app.timeline': '주문 {id} 타임라인', 'app.connecting': '연결 중', 'app.open': '실시간', 'app.lost': '연결 끊김',
        'app.light': '밝은 화면', 'app.dark': '어두운 화면', 'app.broken': '이 부분을 불러오지 못했습니다. 페이지를 새로 고치세요.',
    },
    en: {
        'app.title': 'The mall', 'app.skip': 'Skip to the content', 'app.views': 'Views', 'app.home': 'Overview', 'app.events': 'Event stream',
        'app.services': 'Services', 'app.faults': 'Break it', 'app.timeline': 'Timeline of order {id}', 'app.connecting': 'Connecting', 'app.open': 'Live', 'app.lost': 'Not connected',
        'app.light': 'Light theme', 'app.dark': 'Dark theme', 'app.broken': 'This part could not be loaded. Reload the page.',
    },
});

const STREAM_SYMBOLS = { connecting: 'ring', open: 'dot', lost: 'cross' };
const root = document.documentElement;

/* --- routes --- */

function showRoute() {
    const route = routeOf(location.hash);
    for (const part of document.querySelectorAll('[data-views]'))
        part.hidden = !part.dataset.views.split(' ').includes(route.view);
    for (const link of document.querySelectorAll('nav.views a'))
        link.setAttribute('aria-current', routeOf(link.hash).view === route.view ? 'page' : 'false');
    root.dataset.view = route.view;
    tell('route', route);
}

/* Where each view was left: whoever comes back from a timeline finds the row again. */
const scrolls = new Map();
const placeOf = (route) => `${route?.view} ${route?.id}`;

function routeChanged() {
    const before = document.activeElement;
    scrolls.set(placeOf(latest('route')), scrollY);
    showRoute();
    showTitle();
    if (!before?.checkVisibility())
        document.getElementById('main').focus({ preventScroll: true });
    scrollTo({ top: scrolls.get(placeOf(latest('route'))) ?? 0, behavior: 'instant' });
}

function showTitle() {
    const { view, id } = latest('route') ?? routeOf('');
    const title = view === 'home' ? null : t(`app.${view}`, { id: id ?? '' }).trim();
    document.title = title ? `${title} - ${t('app.title')}` : t('app.title');
}

function skip(event) {
    event.preventDefault();
    document.getElementById('main').focus();
}

/* --- switches and lights --- */

function otherLanguage() {
    return Object.keys(languages).find((one) => one !== language());
}

function showLanguage() {
    const button = document.getElementById('language');
    button.textContent = languages[otherLanguage()];
    button.lang = otherLanguage();
}

const isDark = () => (root.dataset.theme ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark';

function showTheme() {
    const button = document.getElementById('theme');
    button.replaceChildren(symbol(isDark() ? 'sun' : 'moon'));
    button.setAttribute('aria-label', t(isDark() ? 'app.light' : 'app.dark'));
    button.title = t(isDark() ? 'app.light' : 'app.dark');
}

function switchTheme() {
    root.dataset.theme = isDark() ? 'light' : 'dark';
    try {
        localStorage.setItem('mall.theme', root.dataset.theme);
    } catch { /* then it is not remembered */ }
    showTheme();
    tell('theme', root.dataset.theme);
}

function showStream(state = latest('stream')) {
    const light = document.getElementById('connection');
    light.dataset.state = state;
    light.replaceChildren(symbol(STREAM_SYMBOLS[state]), el('span', {}, t(`app.${state}`)));
}

/* --- parts --- */

async function load(element) {
    try {
        const part = await import(`./${element.dataset.part}.js`);
        await part.start(element);
    } catch (error) {
        console.error(error);
        element.append(el('p', { class: 'note', 'data-t': 'app.broken' }, t('app.broken')));
    }
}

function showTexts() {
    showTitle();
    showLanguage();
    showTheme();
    showStream();
}

async function start() {
    translate();
    on('language', showTexts);
    on('stream', showStream);
    document.getElementById('language').addEventListener('click', () => setLanguage(otherLanguage()));
    document.getElementById('theme').addEventListener('click', switchTheme);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', showTheme);
    document.querySelector('.skip').addEventListener('click', skip);
    history.scrollRestoration = 'manual';
    addEventListener('hashchange', routeChanged);
    await Promise.all([...document.querySelectorAll('[data-part]')].map(load));
    startMall();
    showRoute();
    showTexts();
}

start();
