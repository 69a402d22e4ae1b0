/* dead_model - dead letters: events that a service could not read, set aside. No DOM here. */

export const STATES = ['open', 'replayed', 'dropped'];

export const placeOf = ({ group, partition, offset }) => `${group}/${partition}/${offset}`;

/* Where a letter is replayed or dropped. */
export const pathOf = (letter, deed) => `/dead/${encodeURIComponent(letter.group)}/${letter.partition}/${letter.offset}/${deed}`;

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

/* The letters of one state, or all; newest first, as they come. */
export const shown = (letters, state) => letters.filter((letter) => !state || letter.state === state);

/* [number, key of its unit] of an age: the largest unit that is at least one. */
export function ageOf(seconds) {
    const units = [[86400, 'dead.days'], [3600, 'dead.hours'], [60, 'dead.minutes']];
    const found = units.find(([long]) => seconds >= long);
    return found ? [Math.floor(seconds / found[0]), found[1]] : [Math.max(0, Math.floor(seconds)), 'dead.seconds'];
}
