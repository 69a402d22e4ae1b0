/* The mall as somebody sees it who comes for the first time, and then trades in it. */
import { equal, until } from './visitor.mjs';

async function thePageIsThereAndSaysWhatItMayLoad(visit) {
    const page = await visit();
    await until(() => page.locator('nav.views').isVisible(), 'the views');
    const answer = await page.request.get(page.url());
    equal(answer.headers()['content-security-policy'], "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'", 'the policy');
}

export const cases = [thePageIsThereAndSaysWhatItMayLoad];
