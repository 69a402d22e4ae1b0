/* faults_model - which faults can be switched on where, what a wish for one says, and what is on. No DOM here.

   /faults tells of each service its places (pods), and of each place what it has: `kinds`, `faults` and `ended`. */

export const GROUPS = ['http', 'resources', 'store', 'events', 'gateway', 'other'];
const GROUP_OF = {
    'not-ready': 'resources', 'not-alive': 'resources', cpu: 'resources', memory: 'resources', 'slow-disk': 'store', 'refused-commit': 'store',
};
const BEGINNINGS = { 'http-': 'http', 'publish-': 'events', 'consume-': 'events', 'upstream-': 'gateway' };

export const groupOf = (kind) => GROUP_OF[kind] ?? Object.entries(BEGINNINGS).find(([begin]) => kind.startsWith(begin))?.[1] ?? 'other';

export const DURATIONS = ['10s', '30s', '1min', '5min', '15min', '60min'];
export const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/* What a field has at first, and which kind wants another value. */
const DEFAULTS = { delay: '1s', p50: '100ms', p99: '2s', status: '503', cores: '1', size: '64MiB', rate: '1', duration: '30s' };
export const defaultOf = (name) => DEFAULTS[name] ?? '';

/* The kinds of a service, those of all its places together: [{name, about, target, parameters, rate, harmful}]. */
export function kindsOf(service) {
    const known = new Map((service?.places ?? []).flatMap((place) => place.kinds ?? []).map((kind) => [kind.name, kind]));
    return [...known.values()];
}

/* [[group, [kind, ...]], ...] of those that have any. */
export function grouped(kinds) {
    return GROUPS.map((group) => [group, kinds.filter((kind) => groupOf(kind.name) === group)]).filter(([, list]) => list.length);
}

/* A delay is one time for all, or drawn between two: the one or the others are asked for. */
export const isSpread = (kind) => ['p50', 'p99'].every((name) => kind.parameters?.includes(name));

const parametersOf = (kind, spread) => (kind.parameters ?? []).filter((name) =>
    !isSpread(kind) || (name === 'delay' ? !spread : ['p50', 'p99'].includes(name) ? spread : true));

/* The names of the fields of that kind, in order. */
export const fieldsOf = (kind, spread = false) => [...kind.target ?? [], ...parametersOf(kind, spread), ...kind.rate ? ['rate'] : [], 'duration'];

/* {method, path, members} of the request. A field that is left empty is not sent. */
export function wishOf(service, kind, values, spread = false) {
    const named = fieldsOf(kind, spread).map((name) => [name, values[name]?.trim?.() ?? '']).filter(([, value]) => value !== '');
    return { method: 'POST', path: `/faults/${encodeURIComponent(service)}`, members: { kind: kind.name, ...Object.fromEntries(named) } };
}

/* routeId -> --route-id */
const optionOf = (name) => '--' + name.replace(/[A-Z]/g, (letter) => '-' + letter.toLowerCase());

/* Where mallctl looks by itself: the admin listeners of `make run FAULTS=1`. */
const USUAL = { order: '9081', delivery: '9082', product: '9083', frontend: '9080', gateway: '9088' };

function isUsual(service, url) {
    const { protocol, hostname, port } = new URL(url);
    return protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(hostname) && port === USUAL[service];
}

/* As mallctl's --at wants it, or [] where mallctl finds them by itself. */
function atWords(service, quote) {
    const urls = (service.places ?? []).map(({ url }) => url).filter((url) => URL.canParse(url ?? ''));
    return urls.every((url) => isUsual(service.name, url)) ? [] : ['--at', quote(urls.map((url) => `${service.name}=${url}`).join(','))];
}

export const MALLCTL = 'build/bin/mallctl'; /* where the source tree has it */

/* The words of the line for mallctl, for a service as /faults tells of it; `quote` makes one word of a text. */
export function mallctlWords(service, { kind, ...members }, quote) {
    return [MALLCTL, 'fault', 'add', quote(kind), '--service', quote(service.name), ...atWords(service, quote),
        ...Object.entries(members).flatMap(([name, value]) => [optionOf(name), quote(value)])];
}

/* By these the page itself comes. */
export const isOnTheWay = (service) => ['gateway', 'frontend'].includes(service);

/* Whoever else uses the mall has to bear these: they are asked for twice. */
export const isHarmful = (service, kind) => kind?.harmful === true || isOnTheWay(service);

/* --- what is on --- */

export const timeOf = (value) => (typeof value === 'number' ? value : Date.parse(value ?? ''));

/* Milliseconds as one writes them: 200ms, 2s, 1.5s */
export const spanText = (ms) => (ms % 1000 && ms < 1000 ? `${ms}ms` : `${ms / 1000}s`);

const flat = (answer, of) => (answer?.services ?? []).flatMap(({ name, places }) =>
    (places ?? []).flatMap((place) => (place[of] ?? []).map((fault) => ({ ...fault, service: name, pod: place.pod ?? null }))));

/* Those that are on, by service and pod: each with `service` and `pod`. */
export const listed = (answer) => flat(answer, 'faults');

/* Those that ended last, newest first. */
export const endedLast = (answer, most = 8) => flat(answer, 'ended').sort((a, b) => timeOf(b.endedAt) - timeOf(a.endedAt)).slice(0, most);

/* [{service, url, why}] of places that cannot be asked. */
export const awayOf = (answer) => (answer?.services ?? []).flatMap(({ name, places }) =>
    (places ?? []).filter(({ status }) => status === 'AWAY').map(({ url, why }) => ({ service: name, url, why })));

/* What of it names a target or a number, as text: ['POST /orders', '100ms … 2s', '50%'] */
export function detailsOf(fault) {
    const request = [fault.method, fault.path].filter(Boolean).join(' ');
    const share = Number(fault.rate);
    return [
        request, fault.routeId, fault.eventType, fault.key,
        fault.delayMs ? spanText(fault.delayMs) : '', fault.p50Ms ? `${spanText(fault.p50Ms)} … ${spanText(fault.p99Ms)}` : '',
        fault.status, fault.cores, fault.size ? `${Math.round(fault.size / 1048576)} MiB` : '',
        share > 0 && share < 1 ? `${Math.round(share * 1000) / 10}%` : '',
    ].filter(Boolean).map(String);
}

/* "0:07" or "59:59" until `end`. */
export function leftText(end, now) {
    const seconds = Math.max(0, Math.ceil((end - now) / 1000));
    return Number.isFinite(seconds) ? `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}` : '';
}

/* Why a fault ended, as the mall says it: the key of the text that says the same, or undefined. */
const REASONS = { 'its time is over': 'faults.reason.over', 'it was removed': 'faults.reason.removed', 'the process ends': 'faults.reason.gone' };
export const reasonKey = (reason) => REASONS[reason];

/* What a daemon says of a target that matches nothing there: the key of the text that says the same. */
const WARNINGS = [
    [/^no request has the method /, 'method'], [/^no path here is like /, 'path'], [/^no route has the id /, 'routeId'],
    [/^no event of the type .* is heard here/, 'heard'], [/^no event of the type .* is said here/, 'said'],
];
export const warningKey = (warning) => `faults.warned.${WARNINGS.find(([pattern]) => pattern.test(warning))?.[1] ?? 'other'}`;

export const keyOf = ({ service, pod, id }) => `${service} ${pod ?? ''} ${id}`;

/* Where it is ended: at its own pod only. */
export const endPath = ({ service, pod, id }) =>
    `/faults/${encodeURIComponent(service)}/${encodeURIComponent(id)}${pod ? `?pod=${encodeURIComponent(pod)}` : ''}`;

/* --- the first steps of the game days --- */

export const RECIPES = [
    { name: 'deadConsumer', service: 'delivery', view: 'services', members: { kind: 'consume-pause', duration: '1min' } },
    { name: 'slowProduct', service: 'product', view: 'services', members: { kind: 'http-latency', p50: '100ms', p99: '2s', duration: '1min' } },
    { name: 'poisonedTopic', service: 'order', view: 'faults', members: { kind: 'publish-garbage', eventType: 'Orderplaced', duration: '30s' } },
    { name: 'sickPod', service: 'order', view: '', members: { kind: 'http-status', path: '/orders', status: '503', duration: '30s' } },
];

/* {service, kind} as /faults tells of them; kind is undefined where that service has none such. */
export function recipePlace(recipe, answer) {
    const service = answer?.services?.find(({ name }) => name === recipe.service);
    return { service, kind: kindsOf(service).find(({ name }) => name === recipe.members.kind) };
}
