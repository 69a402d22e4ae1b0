/* health - a service's status as a shape and a word: the same one on the board and in the topology. */

import { add, has, t, time } from './i18n.js';

add({
    ko: { 'health.UP': '정상', 'health.DOWN': '장애', 'health.OUT_OF_SERVICE': '준비 안 됨', 'health.AWAY': '응답 없음', 'health.unknown': '알 수 없음', 'health.lost': '{time}부터 알 수 없음' },
    en: { 'health.UP': 'Up', 'health.DOWN': 'Down', 'health.OUT_OF_SERVICE': 'Not ready', 'health.AWAY': 'No answer', 'health.unknown': 'Unknown', 'health.lost': 'Unknown since {time}' },
});

const LOOKS = {
    UP: { tone: 'good', shape: 'check' },
    DOWN: { tone: 'bad', shape: 'cross' },
    OUT_OF_SERVICE: { tone: 'warn', shape: 'triangle' },
    AWAY: { tone: 'bad', shape: 'cross' },
};

const UNKNOWN = { tone: 'none', shape: 'ring' };

/* {tone, shape, word}. lost: since when nobody can be asked, so that the last status may be wrong; null: not so. */
export function healthOf(status, lost = null) {
    if (lost !== null)
        return { ...UNKNOWN, word: t('health.lost', { time: time(lost) }) };
    const key = `health.${status}`;
    return { ...(LOOKS[status] ?? UNKNOWN), word: t(has(key) ? key : 'health.unknown') };
}
