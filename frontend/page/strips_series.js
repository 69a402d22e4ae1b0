/* strips_series - who answered when, and how a probe fared: what the strips show, second by second. No DOM here. */

const STAYS = 5; /* s a pod counts after its answer: behind a load balancer not each of them is asked in each second */
const AWAY = 2;  /* s without an answer of any pod until that is a hole */
const AHEAD = 120; /* s that another machine's clock may be ahead; what claims to be later is no time */

/* Which pods and versions of each service answered in each of the last seconds. */
export class Answers {
    #keep;
    #services = new Map(); /* service -> Map of second -> set of "pod\nversion" */

    constructor(keep = 120) {
        this.#keep = keep;
    }

    seen(at, service, pod, version, now = Date.now()) {
        const second = Math.floor(at / 1000), present = Math.floor(now / 1000);
        if (!(second <= present + AHEAD))
            return;
        const seconds = entry(this.#services, service, () => new Map());
        const pods = entry(seconds, second, () => new Set()), key = `${pod ?? ''}\n${version ?? ''}`;
        pods.delete(key); /* the newest is the last */
        pods.add(key);
        for (const old of seconds.keys()) {
            if (old > Math.min(second, present) - this.#keep - 2)
                break;
            seconds.delete(old);
        }
    }

    services() {
        return [...this.#services.keys()];
    }

    /* A column for each second before `now`, the oldest first: [{version, pods: n, share}], by version; [] where nobody answered. */
    strip(service, now) {
        const seconds = this.#services.get(service) ?? new Map(), first = Math.floor(now / 1000) - this.#keep;
        const within = (second, count) => Array.from({ length: count }, (_, back) => [...seconds.get(second - back) ?? []].reverse()).flat();
        return Array.from({ length: this.#keep }, (_, at) => columnOf(within(first + at, AWAY).length ? within(first + at, STAYS) : []));
    }

    /* The pods that answered within the last `within` seconds: [{pod, version}], by name. */
    pods(service, now, within = 5) {
        const found = new Map();
        for (const [second, pods] of this.#services.get(service) ?? []) {
            if (second <= now / 1000 - within)
                continue;
            for (const key of pods) {
                const [pod, version] = key.split('\n');
                found.set(pod, { pod, version });
            }
        }
        return [...found.values()].sort((a, b) => a.pod.localeCompare(b.pod));
    }
}

function entry(map, key, make) {
    if (!map.has(key))
        map.set(key, make());
    return map.get(key);
}

/* How pods divide among versions: by pods, not by answers, so that a border moves with the rollout. The newest answer of a pod,
   which comes first, says its version: one that starts again under its name has another. */
function columnOf(answers) {
    const pods = new Map(), versions = new Map();
    for (const [pod, version] of answers.map((key) => key.split('\n'))) {
        if (!pods.has(pod))
            pods.set(pod, version);
    }
    for (const version of pods.values())
        versions.set(version, (versions.get(version) ?? 0) + 1);
    return [...versions].sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([version, count]) => ({ version, pods: count, share: count / pods.size }));
}

export const OUTCOMES = ['2xx', '4xx', '5xx', 'broken'];

/* 3xx is no answer that GET /orders has; it counts as the client's trouble. null: no answer at all. */
export const outcomeOf = (status) =>
    (status === null ? 'broken' : status >= 500 ? '5xx' : status >= 300 ? '4xx' : '2xx');

/* What a probe got: the last seconds one by one, and all of it together. */
export class Outcomes {
    #keep;
    #seconds = new Map(); /* second -> {outcome: count} */
    all = 0;
    good = 0;

    constructor(keep = 120) {
        this.#keep = keep;
    }

    put(at, status) {
        const outcome = outcomeOf(status), second = Math.floor(at / 1000);
        const counts = entry(this.#seconds, second, () => Object.fromEntries(OUTCOMES.map((name) => [name, 0])));
        counts[outcome]++;
        this.all++;
        this.good += outcome === '2xx';
        for (const old of this.#seconds.keys()) {
            if (old > second - this.#keep - 2)
                break;
            this.#seconds.delete(old);
        }
    }

    /* A column for each second before `now`: {2xx, 4xx, 5xx, broken}, or null where nothing was asked. */
    strip(now) {
        const first = Math.floor(now / 1000) - this.#keep;
        return Array.from({ length: this.#keep }, (_, at) => this.#seconds.get(first + at) ?? null);
    }

    /* Of the last whole second. */
    second(now) {
        return this.#seconds.get(Math.floor(now / 1000) - 1) ?? null;
    }

    /* "99.987", or null before the first answer. Rounded down: one failure in a million is not 100. */
    availability() {
        return this.all ? (Math.floor(this.good * 100000 / this.all) / 1000).toFixed(3) : null;
    }
}
