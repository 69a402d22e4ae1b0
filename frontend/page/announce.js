/* announce - says something to a screen reader, politely and at most every two seconds: of several texts the last one. */

const PAUSE_MS = 2000;
let next = 0;
let text = '';
let timer = 0;

function speak() {
    timer = 0;
    next = Date.now() + PAUSE_MS;
    document.getElementById('live').textContent = text;
}

export function announce(said) {
    text = said;
    timer ||= setTimeout(speak, Math.max(0, next - Date.now()));
}
