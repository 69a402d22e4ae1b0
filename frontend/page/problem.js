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
