/* browser - a visitor reads the site from the disk, where there may be no network.

   usage: browser.mjs '{"address": "file:///.../html/", "packages": "...", "pictures": "...", "pages": ["index.html", ...], ...}'      site_test.py calls it

   Prints a line of JSON for each case: {"case": ..., "trouble": null}. visitor.mjs watches the pages: errors, and requests to elsewhere. */
import { equal, launch, until, untilEqual } from '../console/visitor.mjs';
import { checkWidth } from '../console/fits.mjs';

const given = JSON.parse(process.argv[2]);
const PHONE = [390, 844], DESK = [1280, 900];
const say = (message) => process.stdout.write(JSON.stringify(message) + '\n');

const paints = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

async function everyPageFitsAPhoneAndADesk(visit) {
    const page = await visit({ size: PHONE }), wrong = [];
    for (const path of given.pages) {
        await page.setViewportSize({ width: PHONE[0], height: PHONE[1] });
        await page.goto(given.address + path);
        for (const [width, height] of [PHONE, DESK]) {
            await page.setViewportSize({ width, height });
            await paints(page);
            await checkWidth(page, `${path} at ${width}`).catch((error) => wrong.push(error.message));
        }
    }
    equal(wrong, [], 'what is too wide');
    equal(given.pages.length > 60, true, `that ${given.pages.length} pages are all`);
}

async function aLongLineScrollsInItsBlock(visit) {
    const page = await visit({ size: PHONE, path: 'README.ko.html' });
    const found = await page.locator('pre > code').evaluateAll((all) => all.filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => getComputedStyle(one).overflowX));
    equal(found.length > 0 && found.every((one) => one === 'auto'), true, `the long lines: ${found}`);
}

async function results(page, words) {
    if (await page.locator('label.md-header__button[for=__search]').isVisible())
        await page.locator('label.md-header__button[for=__search]').click();
    const field = page.locator('.md-search__input');
    await field.click();
    await field.fill(words);
    await field.press('End'); /* it listens to keyup, which fill() has not */
    return page.locator('.md-search-result__link').evaluateAll((all) => all.map((one) => decodeURIComponent(one.href)));
}

/* Waits until the word leads to a page of that language, and the results show it: those of the word before stay until the new ones come. */
async function finds(page, word, pattern) {
    let found = [], shown = '';
    await until(async () => {
        found = await results(page, word);
        shown = (await page.locator('.md-search-result__list').textContent()).toLowerCase();
        return found.some((href) => pattern.test(href)) && shown.includes(word.toLowerCase());
    }, `${word} leads to ${pattern}: ${found}; the results show it: ${shown}`);
}

const KOREAN = /README\.ko\.html|\/lab\/ko\//;

async function koreanWordsAreFound(visit) {
    const page = await visit({ language: 'ko', size: DESK, path: 'README.ko.html' });
    for (const word of given.words)
        await finds(page, word, KOREAN);
    await page.browser.picture('search-ko', page);
}

async function englishWordsAreFound(visit) {
    const page = await visit({ size: DESK });
    await finds(page, 'outbox', /docs\/architecture\.html/);
    await finds(page, 'Idempotency-Key', /docs\/retries\.html/);
}

async function aFoundPageIsShownAndItsWordsAreMarked(visit) {
    const page = await visit({ size: PHONE });
    await finds(page, 'outbox', /docs\/architecture\.html/);
    await page.locator('.md-search-result__link[href*="architecture"]').first().click();
    await until(() => /docs\/architecture\.html/.test(page.url()), 'the page');
    await until(async () => await page.locator('article mark').count() > 0, 'marked words');
}

/* There and back, on each page that is there in both languages. */
async function theOtherLanguageIsTheSamePage(visit) {
    const page = await visit({ size: PHONE });
    equal(given.pairs.length > 0, true, 'that there are pages in both languages');
    for (const [english, korean] of given.pairs) {
        await page.goto(given.address + english);
        for (const [path, language] of [[korean, 'ko'], [english, 'en']]) {
            await page.locator('header a[hreflang]').click();
            await until(() => page.url() === given.address + path, `${path} comes after a click`);
            await untilEqual(() => page.evaluate(() => document.documentElement.lang), language, `the language of ${path}`);
        }
    }
}

async function aPageWithoutAnotherLanguageLeadsToWhereThatBegins(visit) {
    const page = await visit({ size: DESK, path: 'docs/contract.html' });
    await page.locator('header a[hreflang=ko]').click();
    await until(() => page.url() === given.address + 'README.ko.html', 'where Korean begins');
    await page.locator('.md-header .md-logo').click();
    await until(() => page.url() === given.address + 'README.ko.html', 'the Korean home');
}

const colour = (page, what = '.md-main') => page.locator(what).evaluate((one) => getComputedStyle(one).backgroundColor);
const LIGHT = 'rgb(255, 255, 255)', DARK = 'rgb(27, 30, 35)'; /* --surface of the console */

async function itIsLightAndDarkAsTheConsole(visit) {
    for (const [scheme, wanted] of [['light', LIGHT], ['dark', DARK]]) {
        const page = await visit({ scheme, size: DESK });
        equal(await colour(page), wanted, `the surface in ${scheme}`);
    }
    const page = await visit({ scheme: 'dark', size: PHONE }), seen = [];
    for (let i = 0; i < 3; i++) {
        await page.locator('form[data-md-component=palette] label:visible').click();
        await paints(page);
        seen.push(await colour(page));
    }
    equal(seen, [LIGHT, DARK, DARK], 'light, dark, as the system');
    await page.locator('form[data-md-component=palette] label:visible').click();
    await page.goto(given.address + 'docs/contract.html');
    equal(await colour(page), LIGHT, 'the next page');
}

async function drawingsAreDrawn(visit) {
    for (const path of ['index.html', 'README.ko.html', 'docs/fifth-service.html']) {
        const page = await visit({ size: PHONE, path });
        await until(async () => await page.locator('div.mermaid').count() === 1 && await page.locator('pre.mermaid').count() === 0, `the drawing of ${path}`);
        await until(async () => (await page.locator('div.mermaid').boundingBox()).height > 100, 'its height');
    }
}

async function nobodyIsKeptOut(visit) {
    const wrong = [];
    for (const [path, language, scheme] of given.looked) {
        const page = await visit({ language, scheme, size: DESK, path });
        await paints(page);
        wrong.push(...(await page.browser.barriers(page)).map((text) => `${path}, ${scheme}: ${text}`));
    }
    equal(wrong, [], 'what keeps people out');
}

async function whatWasSeen(visit) {
    for (const [path, language, scheme] of given.looked) {
        for (const size of [PHONE, DESK]) {
            const page = await visit({ language, scheme, size, path });
            if (await page.locator('.mermaid').count())
                await until(async () => await page.locator('div.mermaid').count() > 0, 'the drawing');
            await page.browser.picture(`${path.replaceAll('/', '-')}-${size[0]}-${scheme}`, page, { fullPage: true });
            await page.context().close();
        }
    }
}

const cases = [everyPageFitsAPhoneAndADesk, aLongLineScrollsInItsBlock, koreanWordsAreFound, englishWordsAreFound, aFoundPageIsShownAndItsWordsAreMarked,
    theOtherLanguageIsTheSamePage, aPageWithoutAnotherLanguageLeadsToWhereThatBegins, itIsLightAndDarkAsTheConsole, drawingsAreDrawn, nobodyIsKeptOut, whatWasSeen];

const browser = await launch(given);
for (const tell of cases.filter(({ name }) => new RegExp(given.only ?? '').test(name))) {
    const trouble = [];
    try {
        await tell((options) => browser.visit({ path: 'index.html', ...options }));
    } catch (error) {
        await browser.picture(`${tell.name}-failed`);
        trouble.push(error.stack ?? String(error));
    }
    trouble.push(...await browser.leave());
    say({ case: tell.name.replace(/[A-Z]/g, (letter) => ' ' + letter.toLowerCase()), trouble: trouble.join('\n') || null });
}
await browser.close();
process.exit(0);
