/* route - what the part of the address after # names. No DOM here. */

const VIEWS = ['home', 'events', 'timeline', 'services', 'faults'];

/* Whoever writes an address by hand may write what cannot be decoded: then it is taken as it is. */
function decoded(text) {
    try {
        return decodeURIComponent(text);
    } catch {
        return text;
    }
}

/* {view, id} of '#/timeline/17'; id is null where there is none */
export function routeOf(hash) {
    const [, view, id] = hash.split('/');
    return { view: VIEWS.includes(view) ? view : 'home', id: id ? decoded(id) : null };
}
