/* strips - which pods and versions answer, second by second, and how a gentle probe fares. */

import { el, setText } from './dom.js';
import { add, number, t } from './i18n.js';
import { on } from './mall.js';
import { symbol } from './icons.js';
import { kindText, mallNow, spansBetween } from './faults_now.js';
import { secondsOf } from './faults_seen.js';
import { Probe } from './probe.js';
import { Pods } from './served.js';
import { Answers, OUTCOMES, Outcomes } from './strips_series.js';
import { TONES, faultStrip, outcomeStrip, versionStrip } from './strips_draw.js';

add({
    ko: {
        'strips.title': '파드와 버전', 'strips.about': '최근 2분 동안 응답한 파드를 버전별로 나누어 1초 단위로 보여 줍니다. 롤링 업데이트 중에는 경계가 움직입니다.',
        'strips.ago': '2분 전', 'strips.now': '지금', 'strips.nobody': '응답한 파드 없음', 'strips.fault': '장애: {kinds}', 'strips.faultWas': '장애가 있었음: {kinds}', 'strips.version': '{version} · 파드 {count}개', 'strips.unknown': '버전 모름',
        'strips.probe': '가용성 측정', 'strips.probeAbout': '게이트웨이를 거쳐 GET /orders?size=1을 보내 응답을 셉니다. 2xx만 성공으로 세고, 5초 안에 응답이 없거나 연결이 끊기면 끊김으로 셉니다.',
        'strips.start': '측정 시작', 'strips.stop': '측정 중지', 'strips.perSecond': '초당 요청', 'strips.availability': '가용성', 'strips.asked': '요청', 'strips.good': '성공',
        'strips.2xx': '2xx', 'strips.4xx': '4xx', 'strips.5xx': '5xx', 'strips.broken': '끊김', 'strips.rate': '{count}/초', 'strips.reset': '처음부터 세기', 'strips.percent': '{share}%',
    },
    en: {
        'strips.title': 'Pods and versions', 'strips.about': 'Which pods answered in the last two minutes, second by second, divided by version. A rolling update is a moving border.',
        'strips.ago': '2 min ago', 'strips.now': 'now', 'strips.nobody': 'no pod answered', 'strips.fault': 'Fault: {kinds}', 'strips.faultWas': 'There was a fault: {kinds}', 'strips.version': { one: '{version} · {count} pod', other: '{version} · {count} pods' }, 'strips.unknown': 'version unknown',
        'strips.probe': 'Success of a probe', 'strips.probeAbout': 'Sends GET /orders?size=1 through the gateway and counts the answers. Only a 2xx is a success; no answer within 5 s, or one that breaks off, is broken.',
        'strips.start': 'Start the probe', 'strips.stop': 'Stop the probe', 'strips.perSecond': 'Requests a second', 'strips.availability': 'Availability', 'strips.asked': 'Asked', 'strips.good': 'Succeeded',
        'strips.2xx': '2xx', 'strips.4xx': '4xx', 'strips.5xx': '5xx', 'strips.broken': 'Broken', 'strips.rate': '{count}/s', 'strips.reset': 'Count anew', 'strips.percent': '{share}%',
    },
});

const TICK_MS = 1000, SHOWN_MS = 120000;

const pods = new Pods();
const answers = new Answers();
let outcomes = new Outcomes();
const seenLast = new Map();  /* pod -> when /topology saw it last */
const lanes = new Map();     /* service -> {element, picture, legend} */
const tones = new Map();     /* version -> its colour, as they come */
let parts, services = [];

const probe = new Probe((status) => outcomes.put(Date.now(), status));

/* --- what is learnt --- */

function describe(topology) {
    if (!topology)
        return;
    services = topology.services.map((service) => service.name);
    pods.learn(topology.services);
    const skew = Date.now() - topology.at;
    for (const { name, pods: list } of topology.services) {
        for (const { pod, version, seen } of list ?? []) {
            if (seenLast.get(pod) !== seen)
                answers.seen(seen + skew, name, pod, version);
            seenLast.set(pod, seen);
        }
    }
}

function served({ pod, version, path }) {
    const service = pod && pods.serviceOf(pod, path);
    if (service)
        answers.seen(Date.now(), service, pod, version);
}

/* An event tells of its pod when it was announced, which may be long ago. */
function came(events) {
    const last = new Map(events.filter((event) => event.pod && event.service && event.announced).map((event) => [`${event.pod} ${Math.floor(event.announced / 1000)}`, event]));
    for (const event of last.values())
        answers.seen(event.announced, event.service, event.pod, event.version);
}

/* --- the pods' strips --- */

const toneOf = (version) => {
    if (!tones.has(version))
        tones.set(version, tones.size);
    return tones.get(version);
};

function laneOf(service) {
    if (!lanes.has(service)) {
        const picture = el('div', { class: 'strip-picture' }), legend = el('ul', { class: 'strip-legend' });
        const band = el('div', { class: 'strip-faults' }), fault = el('p', { class: 'strip-fault' });
        const element = el('div', { class: 'strip-lane', 'data-service': service }, el('h3', {}, service), legend, picture, band, fault);
        lanes.set(service, { element, picture, legend, band, fault, look: '', faultLook: '' });
        parts.lanes.append(element);
    }
    return lanes.get(service);
}

function versionsOf(service, now) {
    const versions = new Map();
    for (const { pod, version } of answers.pods(service, now))
        versions.set(version, [...(versions.get(version) ?? []), pod]);
    return [...versions].sort(([a], [b]) => (a < b ? -1 : 1));
}

function showLegend(lane, service, now) {
    const versions = versionsOf(service, now), look = JSON.stringify([versions, document.documentElement.lang]);
    if (lane.look === look)
        return;
    lane.look = look;
    lane.legend.replaceChildren(...(versions.length ? versions.map(([version, list]) => el('li', { title: list.join(', ') },
        el('span', { class: `swatch tone-${toneOf(version) % TONES}`, 'aria-hidden': 'true' }),
        el('span', {}, t('strips.version', { version: version || t('strips.unknown'), count: list.length })),
        el('span', { class: 'muted' }, list.join(', ')))) : [el('li', { class: 'muted' }, t('strips.nobody'))]));
}

function showPods(now) {
    for (const service of new Set([...services, ...answers.services()])) {
        const lane = laneOf(service);
        lane.picture.replaceChildren(versionStrip(answers.strip(service, now), toneOf));
        showLegend(lane, service, now);
        showFaults(lane, service);
    }
}

/* A band while a fault was on, and below it its name. */
function showFaults(lane, service) {
    const now = mallNow(), spans = spansBetween(now - SHOWN_MS, now).filter((span) => span.service === service);
    lane.band.replaceChildren(faultStrip(secondsOf(spans, now)));
    const still = spans.filter(({ to }) => to === null), told = still.length ? still : spans;
    const kinds = [...new Set(told.map(({ kind }) => kindText(kind)))].join(', ');
    const text = kinds ? t(still.length ? 'strips.fault' : 'strips.faultWas', { kinds }) : '';
    if (lane.faultLook === text)
        return;
    lane.faultLook = text;
    lane.fault.dataset.on = String(still.length > 0);
    lane.fault.replaceChildren(...(text ? [symbol(still.length ? 'triangle' : 'ring'), el('span', { title: text }, text)] : []));
}

/* --- the probe --- */

function showProbe(now) {
    const columns = outcomes.strip(now), most = Math.max(Number(parts.rate.value), ...columns.flatMap((column) => Object.values(column ?? {})));
    const second = outcomes.second(now), share = outcomes.availability();
    for (const [outcome, { picture, rate }] of parts.outcomes) {
        picture.replaceChildren(outcomeStrip(columns, outcome, most));
        setText(rate, t('strips.rate', { count: second?.[outcome] ?? 0 }));
    }
    setText(parts.availability, share === null ? '–' : t('strips.percent', { share }));
    setText(parts.asked, number(outcomes.all));
    setText(parts.good, number(outcomes.good));
}

function showSwitch() {
    parts.go.setAttribute('aria-pressed', String(probe.running));
    parts.go.replaceChildren(symbol(probe.running ? 'square' : 'right'), el('span', {}, t(probe.running ? 'strips.stop' : 'strips.start')));
    setText(parts.chosen, parts.rate.value);
}

function switchProbe() {
    if (probe.running)
        probe.stop();
    else
        probe.start(Number(parts.rate.value));
    showSwitch();
}

function chooseRate() {
    if (probe.running)
        probe.start(Number(parts.rate.value));
    showSwitch();
}

/* --- the part --- */

function show() {
    if (document.hidden || !parts.lanes.clientWidth)
        return;
    showPods(Date.now());
    showProbe(Date.now());
}

function probeFrame() {
    const tally = (name, cell) => el('div', {}, el('dt', { 'data-t': `strips.${name}` }, t(`strips.${name}`)), cell);
    const lane = (outcome) => el('div', { class: 'outcome-lane' },
        el('h4', { 'data-t': `strips.${outcome}` }, t(`strips.${outcome}`)), parts.outcomes.get(outcome).rate, parts.outcomes.get(outcome).picture);
    return el('div', { class: 'probe' },
        el('h3', { 'data-t': 'strips.probe' }, t('strips.probe')), el('p', { class: 'note', 'data-t': 'strips.probeAbout' }, t('strips.probeAbout')),
        el('div', { class: 'probe-controls' }, parts.go,
            el('label', {}, el('span', { 'data-t': 'strips.perSecond' }, t('strips.perSecond')), parts.rate, parts.chosen), parts.anew),
        el('dl', { class: 'probe-tally' }, tally('availability', parts.availability), tally('asked', parts.asked), tally('good', parts.good)),
        el('div', { class: 'outcome-lanes' }, OUTCOMES.map(lane)));
}

function makeParts() {
    const cell = () => el('dd', {}, '–');
    parts = {
        lanes: el('div', { class: 'strip-lanes' }),
        go: el('button', { type: 'button', onclick: switchProbe }),
        rate: el('input', { type: 'range', min: 1, max: 10, value: 2, oninput: chooseRate }), chosen: el('output', {}, '2'),
        anew: el('button', { type: 'button', class: 'quiet', 'data-t': 'strips.reset', onclick: () => { outcomes = new Outcomes(); show(); } }, t('strips.reset')),
        availability: cell(), asked: cell(), good: cell(),
        outcomes: new Map(OUTCOMES.map((outcome) => [outcome, { picture: el('div', { class: 'strip-picture' }), rate: el('span', { class: 'number muted' }) }])),
    };
}

export function start(element) {
    makeParts();
    const times = el('div', { class: 'strip-times muted', 'aria-hidden': 'true' },
        el('span', { 'data-t': 'strips.ago' }, t('strips.ago')), el('span', { 'data-t': 'strips.now' }, t('strips.now')));
    element.append(
        el('header', {}, el('h2', { id: 'strips-title', 'data-t': 'strips.title' }, t('strips.title'))),
        el('p', { class: 'note', 'data-t': 'strips.about' }, t('strips.about')),
        el('div', { class: 'strips-sides' }, el('div', {}, parts.lanes, times), probeFrame()));
    showSwitch();
    on('topology', describe);
    on('served', served);
    on('events', came);
    on('route', show);
    on('language', () => { showSwitch(); show(); });
    setInterval(show, TICK_MS);
}
