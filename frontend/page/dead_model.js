/* dead_model - dead letters: events that a service could not read, set aside. No DOM here. */

export const STATES = ['open', 'replayed', 'dropped'];

export const placeOf = ({ group, partition, offset }) => `${group}/${partition}/${offset}`;

/* Where a letter is read whole, replayed or dropped. */
export const pathOf = (letter, deed = '') => `/dead/${encodeURIComponent(letter.group)}/${letter.partition}/${letter.offset}${deed && '/'}${deed}`;

/* The text laid out anew, where that changes nothing but blanks; undefined where it is no JSON, null where it would change more:
   a number may have more digits than JavaScript keeps. */
function relaid(text, from, to) {
    try {
        const value = JSON.parse(text);
        return JSON.stringify(value, null, from) === text.trim() ? JSON.stringify(value, null, to) : null;
    } catch {
        return undefined;
    }
}

/* An event as one reads it; what is no JSON stays as it is. */
export const readable = (value) => relaid(value ?? '', 0, 2) ?? value ?? '';

/* What is sent to replay it: {body}, or {key} of the text that says why it is not sent. An event that nobody touched goes as it is;
   one that was mended must be JSON, and goes without the blanks that are there for people, or as it was typed. */
export function replayOf(letter, text) {
    if (text === readable(letter.value))
        return { body: {} };
    const sent = relaid(text, 2, 0);
    return sent === undefined ? { key: 'dead.notJson' } : { body: { value: sent ?? text.trim() } };
}

/* The letters of one state or all, and of one group or all; newest first, as they come. */
export const shown = (letters, state, group = '') => letters.filter((letter) => (!state || letter.state === state) && (!group || letter.group === group));

/* {shown, all} of the open letters where the list has not all of them, or null. */
export function leftOut({ letters, unlisted }) {
    const open = (letters ?? []).filter(({ state }) => state === 'open').length;
    return unlisted > 0 ? { shown: open, all: open + unlisted } : null;
}

/* Would nobody read it, as it is? */
export const isGarbage = ({ eventType, value }) => eventType === 'publish-garbage' || relaid(value ?? '', 0, 2) === undefined;

/* The open letter that came of a replay of `letter` with that value: the same event, in the same group, that was not there before;
   `known`: the places of those that were. Undefined: none, so far. */
export const cameBack = (letters, { letter, value, known }) => letters.find((one) => one.state === 'open' && !known.has(placeOf(one)) &&
    one.group === letter.group && one.key === letter.key && one.eventType === letter.eventType && (one.valueCut ? value.startsWith(one.value) : one.value === value));

/* {deed, by, at, why} of a note that the mall writes: "dropped by the console at ::1 at 2026-11-30T06:00:00.000Z: an exercise", or null. `by`
   is null where nobody is named, and `console` is the address of who used the console. */
export function noteOf(note) {
    const found = /^(?<deed>replayed|dropped)(?: by (?<by>.*?))? at (?<at>\d{4}-\d\d-\d\dT[\d:.]+Z)(?:: (?<why>[^]*))?$/.exec(note ?? '')?.groups;
    if (!found)
        return null;
    const console = /^the console at (.*)$/.exec(found.by ?? '')?.[1] ?? null;
    return { deed: found.deed, by: found.by ?? null, console, at: Date.parse(found.at), why: found.why ?? null };
}

/* [number, key of its unit] of an age: the largest unit that is at least one. */
export function ageOf(seconds) {
    const units = [[86400, 'dead.days'], [3600, 'dead.hours'], [60, 'dead.minutes']];
    const found = units.find(([long]) => seconds >= long);
    return found ? [Math.floor(seconds / found[0]), found[1]] : [Math.max(0, Math.floor(seconds)), 'dead.seconds'];
}
