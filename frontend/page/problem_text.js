/* problem_text - a problem (problem.js) of a request as words: {text, quote}. `text` is in the page's language; `quote` is the mall's own
   sentence, which is English, where there is no text that says the same. */

import { add, t } from './i18n.js';
import { sentenceOf } from './problem.js';

/* After these nobody knows whether it was done: may one press again? */
const UNKNOWN = ['problem.unreachable', 'problem.away', 'problem.slow'];

add({
    ko: {
        'problem.wholeNumber': '{least}부터 {most}까지의 정수를 입력하세요(입력한 값: {value}).',
        'problem.string': '글자를 입력하세요(입력한 값: {value}).',
        'problem.noSuch': '그런 번호가 없습니다. 번호를 확인하세요. 이미 취소했거나 삭제했을 수도 있습니다.',
        'problem.notEnough': '상품 {product}의 재고는 {stock}개입니다. {qty}개를 주문할 수 없습니다.',
        'problem.unreachable': '쇼핑몰에 연결하지 못했습니다. gateway가 실행 중인지, 네트워크가 연결되어 있는지 확인한 다음 다시 누르세요.',
        'problem.away': '담당 서비스가 응답하지 않습니다. 서비스가 다시 뜰 때까지 몇 초 기다린 다음 다시 누르세요.',
        'problem.slow': '제때 응답이 오지 않았습니다. 처리되었을 수도 있습니다. 다시 누르세요.',
        'problem.oneKey': '같은 Idempotency-Key로 보내므로 두 번 처리되지 않습니다.', 'problem.sameResult': '여러 번 눌러도 결과는 같습니다.',
        'problem.gone': '찾지 못했습니다. 이미 취소했거나 삭제했을 수도 있습니다.',
        'problem.conflict': '지금은 처리할 수 없습니다. 잠시 뒤 다시 누르세요.',
        'problem.changed': '그 사이에 다른 요청이 바꾸었습니다. 최신 값을 확인하고 다시 시도하세요.',
        'problem.tooMany': '요청이 너무 많습니다. 몇 초 뒤 다시 누르세요.',
        'problem.refused': '요청이 거절되었습니다.',
        'problem.failed': '서비스 안에서 오류가 났습니다. 로그를 확인하세요.',
    },
    en: {
        'problem.wholeNumber': 'Enter a whole number from {least} to {most}, not {value}.',
        'problem.string': 'Enter a text, not {value}.',
        'problem.noSuch': 'There is no such number. Check it; it may have been canceled or removed already.',
        'problem.notEnough': 'The stock of product {product} is {stock}. {qty} cannot be ordered.',
        'problem.unreachable': 'The mall cannot be reached. See whether the gateway runs and the network is up, then press again.',
        'problem.away': 'The service does not answer. Wait some seconds until it is back, then press again.',
        'problem.slow': 'No answer came in time. It may have been done. Press again.',
        'problem.oneKey': 'The same Idempotency-Key is sent: nothing is done twice.', 'problem.sameResult': 'Pressing again has the same result.',
        'problem.gone': 'It was not found. It may have been canceled or removed already.',
        'problem.conflict': 'This cannot be done now. Press again in a moment.',
        'problem.changed': 'Another request changed it meanwhile. Look at it, then try again.',
        'problem.tooMany': 'There are too many requests. Press again in some seconds.',
        'problem.refused': 'The request was refused.',
        'problem.failed': 'The service failed. Look at its log.',
    },
});

export function problemText({ advice, detail }, method) {
    const sentence = sentenceOf(detail);
    if (sentence)
        return { text: t(sentence.key, sentence.values), quote: null };
    const promise = UNKNOWN.includes(advice) ? ' ' + t(method === 'POST' ? 'problem.oneKey' : 'problem.sameResult') : '';
    return { text: t(advice) + promise, quote: detail };
}
