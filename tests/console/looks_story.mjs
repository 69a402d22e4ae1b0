/* How it looks: on every width, in both themes and languages, while nothing has happened, while very much happens, and while a
   service is away. Pictures of all of it are kept; what can be checked of it is checked. */
import { mkdirSync } from 'node:fs';
import { equal, until } from './visitor.mjs';
import { cells, isLive, table, typesShown, view } from './shop.mjs';
import { checkWidth } from './fits.mjs';
import { leftovers } from './words.mjs';

const SIZES = [[360, 800], [768, 1024], [1440, 900]];
const SCHEMES = ['light', 'dark'];
const LANGUAGES = ['en', 'ko'];
const VIEWS = ['', 'events', 'services', 'faults', 'timeline/1'];
const AWAY = [/status of 50[234]/];
const RATE = 350; /* orders a second: each is three events */

async function pictures(visit, state, ready, allow = []) {
    for (const language of LANGUAGES) {
        const page = await visit({ language, allow });
        await isLive(page);
        await ready(page);
        for (const scheme of SCHEMES) {
            for (const [width, height] of SIZES) {
                await page.setViewportSize({ width, height });
                await page.emulateMedia({ colorScheme: scheme });
                await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
                await checkWidth(page, `${state} at ${width}, ${language}`);
                await page.browser.picture(`${state}-${width}-${scheme}-${language}`, page, { fullPage: true });
            }
        }
        await page.context().close();
    }
}

/* Of each view: what keeps people out, and English words of a Korean page. */
async function checkViews(visit, state, views = VIEWS) {
    const wrong = [];
    for (const [language, scheme] of [['ko', 'light'], ['en', 'dark']]) {
        const page = await visit({ language, scheme, allow: [...AWAY, /status of 404/] });
        await isLive(page);
        for (const name of views) {
            await view(page, name);
            await until(() => page.evaluate(() => [...document.querySelectorAll('main > section')].some((one) => one.checkVisibility())), 'a part');
            const about = `${state}, view "${name}", ${language}, ${scheme}: `;
            wrong.push(...(await page.browser.barriers(page)).map((text) => about + text));
            if (language === 'ko')
                wrong.push(...(await leftovers(page)).map((text) => about + 'not Korean: ' + text));
            await page.browser.picture(`${state}-view-${name.replace('/', '-') || 'home'}-${scheme}-${language}`, page, { fullPage: true });
        }
        await page.context().close();
    }
    equal(wrong, [], 'what is wrong with the views');
}

async function anEmptyMall(visit) {
    await pictures(visit, 'empty', (page) => until(() => table(page, 'orders').locator('.empty').isVisible(), 'no orders'));
}

async function theViewsOfAnEmptyMall(visit) {
    await checkViews(visit, 'empty', VIEWS.slice(0, 4));
}

async function muchBeginsToHappen(visit, mall) {
    await mall.register('1001', 'TV', 1000000000);
    await mall.be_busy(RATE);
}

async function aBusyMall(visit) {
    await pictures(visit, 'busy', (page) => until(async () => (await typesShown(page)).length >= 50, 'a full stream'));
}

async function nothingJumpsWhileMuchComesIn(visit) {
    const page = await visit();
    await isLive(page);
    await until(async () => (await typesShown(page)).length >= 50, 'a full stream');
    await page.evaluate(() => {
        globalThis.jumps = [];
        new PerformanceObserver((list) => list.getEntries().forEach((entry) => globalThis.jumps.push(
            [entry.value, ...entry.sources.map((source) => source.node?.outerHTML?.slice(0, 120) ?? source.node?.data ?? '')]))).observe({ type: 'layout-shift' });
    });
    const first = (await cells(page, 'orders', await newest(page)))[0];
    await until(async () => await newest(page) > Number(first) + 500, 'five hundred orders more');
    const jumps = await page.evaluate(() => globalThis.jumps);
    const sum = jumps.reduce((all, [value]) => all + value, 0);
    equal(sum < 0.02 ? [] : jumps.slice(0, 5), [], `layout shifts of ${sum} in all`);
}

const newest = (page) => table(page, 'orders').locator('tr[data-id]').first().getAttribute('data-id').then(Number);

async function theMallIsQuietAgain(visit, mall) {
    await mall.be_quiet();
    await mall.settle();
}

async function theViewsOfAMallThatWasBusy(visit) {
    await checkViews(visit, 'traded');
}

async function aMallWithAServiceAway(visit, mall) {
    await mall.stop('product');
    await pictures(visit, 'broken', (page) => until(() => table(page, 'inventories').locator('.fault').isVisible(), 'what cannot be read'), AWAY);
}

async function theViewsOfAMallWithAServiceAway(visit) {
    await checkViews(visit, 'broken');
}

async function theServiceComesBack(visit, mall) {
    const page = await visit({ allow: AWAY });
    await isLive(page);
    await until(() => table(page, 'inventories').locator('.fault').isVisible(), 'what cannot be read');
    await mall.start('product');
    await until(() => table(page, 'inventories').locator('.fault').isHidden(), 'it is read again');
}

/* Two for README.md and two for README.ko.md, where they are wanted: the mall at work, and what became of an order. */
async function thePicturesOfTheReadme(visit, mall, { for_readme: folder }) {
    if (!folder)
        return;
    mkdirSync(folder, { recursive: true });
    const picture = (page, name, language) => page.screenshot({ path: `${folder}/${name}${{ en: '', ko: '.ko' }[language]}.png`, animations: 'disabled' });
    for (const language of LANGUAGES) {
        const page = await visit({ language, size: [1440, 900] });
        await isLive(page);
        const rate = async () => parseFloat((await page.locator('#board .board-total').textContent()).replaceAll(',', '').match(/\d+(\.\d+)?/)[0]);
        await until(async () => await rate() > RATE && await page.locator('#board .lit').count() > 10, 'a board that is lit');
        await picture(page, 'console', language);
    }
    await mall.be_quiet();
    await mall.settle();
    await mall.register('2002', 'Radio', 3);
    const [order] = await mall.place(1, 500, '2002');
    await mall.settle();
    for (const language of LANGUAGES) {
        const page = await visit({ language, size: [1200, 690], path: `/#/timeline/${order}` });
        await until(async () => await page.locator('#timeline tbody tr').count() === 4, 'all events of the order');
        await picture(page, 'timeline', language);
    }
}

export const cases = [
    anEmptyMall, theViewsOfAnEmptyMall, muchBeginsToHappen, aBusyMall, nothingJumpsWhileMuchComesIn, thePicturesOfTheReadme, theMallIsQuietAgain, theViewsOfAMallThatWasBusy,
    aMallWithAServiceAway, theViewsOfAMallWithAServiceAway, theServiceComesBack,
];
