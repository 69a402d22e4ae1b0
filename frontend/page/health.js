/* health - a service's status as a shape and a word: the same one on the board and in the topology. */

import { add, has, t } from './i18n.js';

add({
    ko: { 'health.UP': '정상', 'health.DOWN': '장애', 'health.OUT_OF_SERVICE': '준비 안 됨', 'health.AWAY': '응답 없음', 'health.unknown': '알 수 없음' },
    en: { 'health.UP': 'Up', 'health.DOWN': 'Down', 'health.OUT_OF_SERVICE': 'Not ready', 'health.AWAY': 'No answer', 'health.unknown': 'Unknown' },
});

const LOOKS = {
    UP: { tone: 'good', shape: 'check' },
    DOWN: { tone: 'bad', shape: 'cross' },
    OUT_OF_SERVICE: { tone: 'warn', shape: 'triangle' },
    AWAY: { tone: 'bad', shape: 'cross' },
};

/* {tone, shape, word} */
export function healthOf(status) {
    const key = `health.${status}`;
    return { ...(LOOKS[status] ?? { tone: 'none', shape: 'ring' }), word: t(has(key) ? key : 'health.unknown') };
}
