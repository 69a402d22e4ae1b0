/* Where faults are not allowed there is nothing to press. */
import { equal, until } from './visitor.mjs';
import { isLive } from './shop.mjs';
import { leftovers } from './words.mjs';

async function thereIsOneSentenceAndNothingToPress(visit) {
    const page = await visit({ path: '/#/faults' });
    await isLive(page);
    await until(async () => (await page.locator('#faults').textContent()).includes('MALL_CONSOLE_FAULTS=on'), 'how to switch them on');
    const seen = (selector) => page.locator(selector).evaluateAll((all) => all.filter((one) => one.checkVisibility()).length);
    equal(await seen('#faults :is(button, input, select)'), 0, 'what can be pressed');
    await until(async () => /There are no dead letters/.test(await page.locator('#dead .dead-region').textContent()), 'no dead letters');
    equal(await seen('#dead :is(button, input, textarea)'), 0, 'what can be pressed among the dead letters');
    equal(await page.locator('#faults-mark').textContent(), '', 'a number beside the view');
}

async function inKoreanToo(visit) {
    const page = await visit({ path: '/#/faults', language: 'ko', size: [360, 800] });
    await isLive(page);
    await until(async () => (await page.locator('#faults').textContent()).includes('장애 주입이 꺼져 있습니다'), 'how to switch them on');
    equal(await leftovers(page), [], 'what is not Korean');
    equal(await page.browser.barriers(page), [], 'what keeps people out');
    await page.browser.picture('nofaults-360-light-ko', page, { fullPage: true });
}

async function aRequestIsRefused(visit) {
    const page = await visit();
    const answer = await page.request.post(new URL('/faults/order', page.url()).href, { data: { kind: 'http-latency', delay: '1ms' } });
    equal(answer.status(), 403, 'the answer');
}

export const cases = [thereIsOneSentenceAndNothingToPress, inKoreanToo, aRequestIsRefused];
