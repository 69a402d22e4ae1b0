/* shell - the httpie and the curl line that do what a request of the page does. No DOM here.

   A request is {method, path, members}; members, all texts, is absent where there is no body. The line is given as its words, each
   quoted for a POSIX shell; bash, zsh and dash read them alike. */

const PLAIN = /^[A-Za-z0-9_][A-Za-z0-9_.,:/@%+=-]*$/;

/* One word for the shell. Within single quotes only the single quote is special: it ends them, and comes back escaped. */
export const quote = (text) => (PLAIN.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

/* httpie's name=value. A value that would make another operator (==, =@), or has a backslash, which httpie reads itself, goes as
   JSON (:=); there, two backslashes of a JSON escape stay two. */
function item([name, value]) {
    const isPlain = !/^[=@]|\\/.test(value);
    return quote(isPlain ? `${name}=${value}` : `${name}:=${JSON.stringify(value)}`);
}

export function httpieWords(origin, { method, path, members }) {
    return ['http', method, quote(origin + path), ...Object.entries(members ?? {}).map(item)];
}

export function curlWords(origin, { method, path, members }) {
    const body = members ? ['-H', quote('Content-Type: application/json'), '-d', quote(JSON.stringify(members))] : [];
    return ['curl', '-X', method, quote(origin + path), ...body];
}
