/* faults_now - what the parts of the page that do not switch faults show of them: which are on, and which were. */

import { FaultsSeen } from './faults_seen.js';
import { add, has, t } from './i18n.js';
import { on } from './mall.js';
import { onlyIn } from './only_in.js';

add({
    ko: {
        'fault.http-latency': '응답 지연', 'fault.http-status': '오류 응답', 'fault.http-reset': '연결 리셋', 'fault.http-half-answer': '응답 중간 끊김',
        'fault.not-ready': '레디니스 실패', 'fault.not-alive': '라이브니스 실패', 'fault.cpu': 'CPU 부하', 'fault.memory': '메모리 점유',
        'fault.slow-disk': '디스크 지연', 'fault.refused-commit': '커밋 실패',
        'fault.publish-delay': '발행 지연', 'fault.publish-twice': '중복 발행', 'fault.publish-garbage': '깨진 이벤트 발행',
        'fault.consume-delay': '소비 지연', 'fault.consume-twice': '중복 전달', 'fault.consume-reorder': '순서 뒤바꿈', 'fault.consume-pause': '소비 중단',
        'fault.upstream-latency': '업스트림 지연', 'fault.upstream-broken': '업스트림 끊김', 'fault.upstream-refused': '업스트림 연결 거부',
        'fault.marked': '장애: {kinds}', 'fault.word': '장애',
    },
    en: {
        'fault.http-latency': 'slow answers', 'fault.http-status': 'error answers', 'fault.http-reset': 'connections reset', 'fault.http-half-answer': 'half answers',
        'fault.not-ready': 'not ready', 'fault.not-alive': 'not alive', 'fault.cpu': 'busy CPU', 'fault.memory': 'memory held',
        'fault.slow-disk': 'slow disk', 'fault.refused-commit': 'commits refused',
        'fault.publish-delay': 'publishing late', 'fault.publish-twice': 'publishing twice', 'fault.publish-garbage': 'publishing garbage',
        'fault.consume-delay': 'consuming late', 'fault.consume-twice': 'delivered twice', 'fault.consume-reorder': 'out of order', 'fault.consume-pause': 'consuming paused',
        'fault.upstream-latency': 'slow upstream', 'fault.upstream-broken': 'upstream breaks', 'fault.upstream-refused': 'upstream refuses',
        'fault.marked': 'Fault: {kinds}', 'fault.word': 'Fault',
    },
});

const seen = new FaultsSeen();
let skew = 0; /* of this browser's clock, against the mall's */

/* A kind that the page does not know keeps its name. */
export const kindText = (kind) => (has(`fault.${kind}`) ? t(`fault.${kind}`) : kind);

/* "Fault: slow answers, busy CPU", or nothing. */
export const markOf = (faults) => (faults?.length ? t('fault.marked', { kinds: [...new Set(faults.map(({ kind }) => kindText(kind)))].join(', ') }) : '');

/* The mall's time now. */
export const mallNow = () => Date.now() - skew;

/* [{service, kind, from, to}] by the mall's clock. */
export const spansBetween = (from, to) => seen.spans(from, to);

on('topology', (topology) => {
    if (!topology)
        return;
    skew = Date.now() - topology.at;
    seen.told(topology);
});
onlyIn(['faults', 'timeline'], 'faults', (answer) => {
    if (answer)
        seen.remembered(answer);
});
