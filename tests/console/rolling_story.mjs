/* A rolling update as one sees it from outside: order goes and comes, a second one of another version answers beside it, the first
   one leaves. */
import { equal, until, untilEqual } from './visitor.mjs';
import { isLive } from './shop.mjs';

const AWAY = [/status of 50[234]/];

const service = (page, name) => page.locator('#topology tbody tr', { has: page.locator('th', { hasText: name }) });
const health = (page, name) => service(page, name).locator('.topology-health .status').getAttribute('data-tone');
const lane = (page, name) => page.locator(`.strip-lane[data-service=${name}]`);

/* "9.9.9": who answered within the last seconds, by version. */
const versions = async (page, name) => (await lane(page, name).locator('.strip-legend li').allTextContents()).map((text) => /\d+\.\d+\.\d+/.exec(text)?.[0]);

const tally = (page, at) => page.locator('.probe-tally dd').nth(at).textContent().then((text) => Number(text.replace(/[^\d.]/g, '')));

async function watching(visit) {
    const page = await visit({ path: '/#/services', allow: AWAY });
    await isLive(page);
    const rate = page.locator('.probe-controls input');
    await rate.fill('10');
    await page.locator('.probe-controls button').first().click();
    await until(async () => await tally(page, 2) > 5, 'good answers');
    return page;
}

async function outcome(page, which) {
    return page.locator('.outcome-lane', { hasText: which }).locator('svg rect, svg path').count();
}

async function aSecondOneOfAnotherVersionShowsOnTheStrips(visit, mall) {
    const page = await watching(visit);
    await untilEqual(() => versions(page, 'order'), ['1.0.0'], 'the versions of order');
    const second = await mall.start_second_order();
    await untilEqual(() => versions(page, 'order'), ['1.0.0', second.version], 'the versions of order');
    await until(async () => (await lane(page, 'order').textContent()).includes(second.pod), 'its pod');
    equal(await versions(page, 'delivery'), ['1.0.0'], 'the versions of delivery');
    await mall.leave_second_order();
    await untilEqual(() => versions(page, 'order'), [second.version], 'the versions of order');
    equal(await tally(page, 0), 100, 'the availability meanwhile');
    await page.browser.picture('rolling', page);
}

async function oneThatIsAwayIsSeenAndComesBack(visit, mall) {
    const page = await watching(visit);
    await untilEqual(() => health(page, 'product'), 'good', 'the health of product');
    await mall.stop('product');
    await untilEqual(() => health(page, 'product'), 'bad', 'the health of product');
    await untilEqual(() => versions(page, 'product'), [undefined], 'the versions of product');
    await until(() => page.locator('#books-light [data-tone=warn]').isVisible(), 'the books cannot be audited');
    await mall.start('product');
    await untilEqual(() => health(page, 'product'), 'good', 'the health of product');
    await untilEqual(() => versions(page, 'product'), ['1.0.0'], 'the versions of product');
}

async function eachDaemonSaysWhatItIs(visit) {
    const page = await visit({ path: '/#/services' });
    await isLive(page);
    const told = (name, what) => service(page, name).locator(`.topology-${what}`).textContent();
    for (const name of ['delivery', 'product', 'gateway', 'frontend']) {
        await until(async () => (await told(name, 'version')).startsWith('1.0.0'), `the version of ${name}`);
        await until(async () => (await told(name, 'pods')).startsWith(name + '-'), `the pods of ${name}`);
    }
    equal([await told('product', 'store'), await told('product', 'bus'), await told('product', 'outbox')], ['postgresql', 'kafka', '0'], 'what product says');
}

async function whatAClientMeetsIsCounted(visit, mall) {
    const page = await watching(visit);
    equal(await outcome(page, '5xx'), 0, 'failures so far');
    await mall.stop('second');
    await until(async () => await tally(page, 1) - await tally(page, 2) > 5, 'requests without a good answer');
    await until(async () => await outcome(page, '5xx') > 0, '5xx on its strip');
    await until(async () => await tally(page, 0) < 100, 'less than 100 %');
    await mall.start('second');
    const good = await tally(page, 2);
    await until(async () => await tally(page, 2) > good + 5, 'good answers again');
}

async function booksThatDoNotBalanceSayWhatIsWrong(visit, mall) {
    const number = await mall.register('7007', 'Lamp', 10);
    const page = await visit({ path: '/#/services' });
    await isLive(page);
    await until(() => page.locator('#books-light [data-tone=good]').isVisible(), 'the books balance');
    await mall.spoil();
    await until(() => page.locator('#books-light [data-tone=bad]').isVisible(), 'they do not');
    await until(async () => new RegExp(`\\b${number}\\b`).test(await page.locator('#books .books-list').first().textContent()), 'what is wrong, by its number');
    equal((await page.browser.barriers(page)), [], 'what keeps people out');
}

export const cases = [
    aSecondOneOfAnotherVersionShowsOnTheStrips, oneThatIsAwayIsSeenAndComesBack, eachDaemonSaysWhatItIs,
    whatAClientMeetsIsCounted, booksThatDoNotBalanceSayWhatIsWrong,
];
