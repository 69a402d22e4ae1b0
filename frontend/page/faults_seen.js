/* faults_seen - in which time a fault was on at which service: as /topology tells each second, and as /faults remembers. No DOM here.

   Times are those of the mall's clock. A fault that is told no more has ended when that was noticed, or at its own end if
   that was before. */

import { timeOf } from './faults_model.js';

const KEPT = 200;

const nameOf = (service, { id, kind, begunAt }) => `${service} ${kind} ${id} ${begunAt}`;

export class FaultsSeen {
    #spans = new Map(); /* name -> {service, kind, from, until, end}; end is null while it is on */

    #put(service, fault, end) {
        const name = nameOf(service, fault), from = timeOf(fault.begunAt);
        if (Number.isNaN(from))
            return;
        const known = this.#spans.get(name);
        this.#spans.set(name, { service, kind: fault.kind, from, until: timeOf(fault.endsAt), end: known?.end ?? end });
        if (this.#spans.size > KEPT)
            this.#spans.delete(this.#spans.keys().next().value);
    }

    /* What /topology told, at its `at`. A service that cannot be asked says nothing of an end. */
    told({ at, services }) {
        for (const { name, faults, status } of services) {
            (faults ?? []).forEach((fault) => this.#put(name, fault, null));
            const on = new Set((faults ?? []).map((fault) => nameOf(name, fault)));
            for (const [key, span] of this.#spans) {
                if (span.service === name && span.end === null && !on.has(key) && (status !== 'AWAY' || span.until <= at))
                    span.end = span.until < at ? span.until : at;
            }
        }
    }

    /* What /faults told: also of those that began and ended before anybody looked. */
    remembered({ services }) {
        for (const { name, places } of services ?? []) {
            for (const fault of (places ?? []).flatMap((place) => place.ended ?? []))
                this.#put(name, fault, timeOf(fault.endedAt ?? fault.endsAt));
        }
    }

    /* [{service, kind, from, to}] of those that were on between the two times; `to` is null where it is on still. */
    spans(from, to) {
        return [...this.#spans.values()].filter((span) => span.from <= to && (span.end ?? Infinity) >= from)
            .map(({ service, kind, from: begin, end }) => ({ service, kind, from: begin, to: end }));
    }
}

/* For each of `keep` seconds before `now`, whether a fault was on. */
export function secondsOf(spans, now, keep = 120) {
    const first = Math.floor(now / 1000) - keep;
    return Array.from({ length: keep }, (_, at) => {
        const begin = (first + at) * 1000;
        return spans.some((span) => span.from < begin + 1000 && (span.to ?? Infinity) >= begin);
    });
}
