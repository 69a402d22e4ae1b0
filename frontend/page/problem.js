/* problem - what an answer that is no success means to the one who pressed the button. No DOM here.

   problemOf(status, body) gives {status, member, detail, advice}: `member` is the field that the mall names, or null; `detail`
   is the mall's own sentence (English, as the API says it) or null; `advice` is the key of a text that says what to do. */

const ADVICE = {
    0: 'problem.unreachable', 404: 'problem.gone', 408: 'problem.slow', 409: 'problem.conflict', 412: 'problem.changed',
    422: 'problem.refused', 429: 'problem.tooMany', 502: 'problem.away', 503: 'problem.away', 504: 'problem.slow',
};

const textOf = (value) => (typeof value === 'string' && value ? value : null);

export function problemOf(status, body) {
    const told = body && typeof body === 'object' ? body : {};
    return {
        status,
        member: textOf(told.member),
        detail: textOf(told.detail) ?? textOf(told.title),
        advice: ADVICE[status] ?? (status >= 500 ? 'problem.failed' : 'problem.refused'),
    };
}

/* The mall's sentences that a field's user meets, so that they can be said in another language. */
const SENTENCES = [
    ['problem.wholeNumber', /^(?<member>\w+) must be a whole number from (?<least>-?\d+) to (?<most>\d+), not (?<value>.*)$/],
    ['problem.string', /^(?<member>\w+) must be a string, not (?<value>.*)$/],
    ['problem.noSuch', /^there is no (?:such )?(?<what>\w+)(?: \d+)?$/],
    ['problem.notEnough', /^there are (?<stock>-?\d+) of product (?<product>.*) in stock, not (?<qty>-?\d+)$/],
];

/* {key, values} of the text that says the same, or null where the sentence is not known. */
export function sentenceOf(detail) {
    for (const [key, pattern] of SENTENCES) {
        const found = pattern.exec(detail ?? '');
        if (found)
            return { key, values: { ...found.groups } };
    }
    return null;
}

/* The field of the action at which the problem is to be shown, or null: the member that the mall names, or the number in the path
   under which there is nothing. */
export function faultyField(action, { member, status }) {
    const field = action.fields.find(({ name, inPath }) => (inPath ? status === 404 : name === member));
    return field?.name ?? null;
}
