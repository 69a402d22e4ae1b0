/* Somebody breaks the mall by the page, sees it everywhere, and mends it. */
import { equal, until, untilEqual } from './visitor.mjs';
import { dialog, isBalanced, isSure, opensThePanel, seesListed, seesMark, stopsAll, tabsTo, wants } from './breaking.mjs';
import { checkWidth, resize } from './fits.mjs';
import { isLive, view } from './shop.mjs';
import { leftovers } from './words.mjs';

const textOf = (page, selector) => page.locator(selector).textContent();

async function thereIsSomethingToSell(visit, mall) {
    await mall.register('1001', 'TV', 1000);
    await mall.settle();
}

/* Board, strips, topology, timeline: all of them say it, and stop saying it. */
async function aFaultIsSeenEverywhere(visit, mall) {
    const page = await opensThePanel(visit);
    await wants(page, 'product', 'http-latency', { path: '/inventories', p50: '50ms', p99: '300ms', rate: '0.5', duration: '5min' });
    await seesListed(page, ['product http-latency']);
    equal(/product: slow answers, until \d\d:\d\d:\d\d/.test(await textOf(page, '.faults-form .result')), true, 'what was switched on, until when');
    equal(/\d:\d\d left/.test(await textOf(page, '.fault-list .left')), true, 'how long it is on still');
    equal((await textOf(page, '.fault-list .details')).replaceAll('\u00a0', ' '), 'http-latency · /inventories · 50ms … 300ms · 50%', 'its details');
    await seesMark(page, 1);
    await until(() => page.locator('.strip-lane[data-service=product] .strip-faults rect').count(), 'a band over its strip');
    await untilEqual(() => textOf(page, '.strip-lane[data-service=product] .strip-fault'), 'Fault: slow answers', 'the name of the band');
    equal(await page.locator('.strip-lane[data-service=order] .strip-faults rect').count(), 0, 'bands over another strip');
    const [order] = await mall.place();
    await mall.settle();
    await view(page, '');
    await untilEqual(() => page.locator('#board .lane.faulty .lane-fault text').allTextContents(), ['Fault: slow answers'], 'the board');
    equal(await page.locator('#board .lane.faulty .lane-name').textContent(), 'product', 'the lane that is marked');
    await view(page, 'services');
    await untilEqual(() => page.locator('#topology td.topology-faults .status').allTextContents(), ['slow answers'], 'the topology');
    await view(page, `timeline/${order}`);
    await until(async () => (await page.locator('#timeline .timeline-faults li').allTextContents()).some((text) => text.startsWith('Fault at product: slow answers, on since')), 'the timeline says it');
    await until(() => page.locator('#timeline .shade rect').count(), 'the timeline shades its time');
    await view(page, 'faults');
    await page.locator('.fault-list li[data-key] button').click();
    await seesListed(page, []);
    await until(async () => (await page.locator('.fault-ended li').first().textContent()).includes('it was stopped'), 'why it ended');
    await seesMark(page, 0);
    await untilEqual(() => textOf(page, '.strip-lane[data-service=product] .strip-fault'), 'There was a fault: slow answers', 'what the strip remembers');
    await view(page, '');
    await untilEqual(() => page.locator('#board .lane.faulty').count(), 0, 'lanes that are marked');
    await isBalanced(page);
}

async function aFaultEndsByItself(visit) {
    const page = await opensThePanel(visit);
    await wants(page, 'order', 'http-latency', { delay: '1ms', path: '/nowhere-at-all', duration: '10s' });
    await seesListed(page, ['order http-latency']);
    equal(await page.locator('.faults-form .result strong').textContent(), 'Mind:', 'what matches nothing is said');
    await until(async () => (await page.locator('.fault-ended li').first().textContent()).includes('its time was over'), 'it is among those that ended');
    await seesListed(page, []);
    await seesMark(page, 0);
}

async function aPageThatComesLaterKnowsOfItsTimeToo(visit, mall) {
    const first = await opensThePanel(visit);
    await wants(first, 'delivery', 'consume-delay', { delay: '20ms', duration: '5min' });
    await seesListed(first, ['delivery consume-delay']);
    const [order] = await mall.place();
    await mall.settle();
    await stopsAll(first);
    const page = await visit({ path: `/#/timeline/${order}` });
    await isLive(page);
    await until(async () => (await page.locator('#timeline .timeline-faults li').allTextContents()).some((text) => /^Fault at delivery: consuming late, from .* to /.test(text)), 'the timeline says it');
}

async function stopAllEndsAllOfThem(visit) {
    const page = await opensThePanel(visit);
    await wants(page, 'order', 'http-latency', { delay: '1ms', duration: '5min' });
    await wants(page, 'delivery', 'consume-twice', { duration: '5min' });
    await seesListed(page, ['order http-latency', 'delivery consume-twice']);
    await seesMark(page, 2);
    await stopsAll(page);
    equal(await textOf(page, '.faults-on .result'), '2 faults are stopped.', 'how many');
    await seesMark(page, 0);
}

/* What harms others, and the gateway, is asked for twice. */
async function whatHarmsOthersIsAskedForTwice(visit) {
    const page = await opensThePanel(visit);
    await wants(page, 'delivery', 'consume-pause');
    await until(() => dialog(page).isVisible(), 'a question');
    const said = await dialog(page).textContent();
    equal(['delivery', 'consuming paused', '30 seconds', 'Everybody'].filter((word) => !said.includes(word)), [], 'what the question leaves out');
    equal(await page.evaluate(() => document.activeElement.textContent), 'Cancel', 'what has the focus');
    await page.keyboard.press('Escape');
    await until(async () => await dialog(page).count() === 0, 'it is gone');
    equal(await page.evaluate(() => document.activeElement.getAttribute('type')), 'submit', 'what has the focus again');
    await wants(page, 'gateway', 'upstream-latency', { routeId: 'order', delay: '1ms' });
    await until(() => dialog(page).isVisible(), 'a question for the gateway');
    await dialog(page).getByRole('button', { name: 'Cancel' }).click();
    equal((await (await page.request.get(new URL('/faults', page.url()).href)).json()).services.flatMap(({ places }) => places.flatMap(({ faults }) => faults)), [], 'what is on');
    await wants(page, 'gateway', 'upstream-latency', { routeId: 'order', delay: '1ms' });
    await isSure(page);
    await seesListed(page, ['gateway upstream-latency']);
    await stopsAll(page);
}

async function whatTheMallRefusesIsSaidAtItsField(visit) {
    const page = await opensThePanel(visit, { allow: [/status of 400/] });
    await wants(page, 'order', 'http-latency', { rate: '2' });
    await until(() => page.locator('#faults-rate[aria-invalid=true]').isVisible(), 'the field is marked');
    equal(/rate/.test(await textOf(page, '#faults-rate-error')), true, 'what is wrong with it');
    await page.locator('#faults-rate').fill('1');
    equal(await page.locator('#faults-rate-error').isVisible(), false, 'the error after another value');
    await wants(page, 'order', 'http-status', { status: '200' });
    await until(() => page.locator('#faults-status[aria-invalid=true]').isVisible(), 'the field is marked');
}

async function theCommandDoesTheSame(visit, mall) {
    const page = await opensThePanel(visit);
    await page.locator('#faults-service').selectOption('product');
    await page.locator('#faults-kind').selectOption('http-latency');
    await page.locator('#faults-delay').fill('1ms');
    const lines = await page.locator('.faults-form .line code').allTextContents();
    equal(lines[0], 'mallctl fault add http-latency --service product --delay 1ms --rate 1 --duration 30s', 'the line of mallctl');
    await mall.type_in_a_shell(lines[2]);
    await seesListed(page, ['product http-latency']);
    await stopsAll(page);
}

async function aDeadConsumerLagsAndCatchesUp(visit, mall) {
    const page = await opensThePanel(visit);
    await page.locator('[data-recipe=deadConsumer] button').click();
    await isSure(page);
    await seesListed(page, ['delivery consume-pause']);
    const orders = await mall.place(5);
    await view(page, 'services');
    const lag = async () => {
        const row = page.locator('#topology tbody tr').filter({ has: page.locator('th', { hasText: 'delivery' }) });
        return Number((await row.locator('td.topology-lag').textContent()).replaceAll(',', ''));
    };
    await until(async () => await lag() > 0, 'a lag'); /* on Kafka that of its longest partition */
    equal(await page.locator('#topology tbody tr').filter({ has: page.locator('th', { hasText: 'delivery' }) }).locator('.topology-health .status').first().getAttribute('data-tone'), 'good', 'its health');
    await view(page, 'faults');
    await stopsAll(page);
    await view(page, 'services');
    await untilEqual(lag, 0, 'the lag');
    await mall.settle();
    for (const order of orders)
        equal(await mall.deliveries_of(order), 1, `deliveries of order ${order}`);
    await isBalanced(page);
}

async function theKeyboardIsEnough(visit) {
    const page = await opensThePanel(visit);
    await tabsTo(page, '#faults-service');
    await page.keyboard.type('delivery');
    await tabsTo(page, '#faults-kind');
    await page.keyboard.type('consuming p');
    await tabsTo(page, '.faults-form button[type=submit]');
    await page.keyboard.press('Enter');
    await until(() => dialog(page).isVisible(), 'a question');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await seesListed(page, ['delivery consume-pause']);
    await tabsTo(page, '.fault-list button');
    await page.keyboard.press('Space');
    await seesListed(page, []);
    equal(await page.evaluate(() => document.activeElement.matches('.stop-all')), true, 'the focus stays among the faults');
}

const SIZES = [[360, 800], [768, 1024], [1440, 900]];

/* In both languages, on every width: nobody is kept out, nothing is too wide, and a Korean page is Korean. */
async function itIsForEverybody(visit) {
    const first = await opensThePanel(visit), wrong = [];
    await wants(first, 'product', 'http-latency', { path: '/inventories', p50: '50ms', p99: '300ms', duration: '15min' });
    await seesListed(first, ['product http-latency']);
    for (const [language, scheme] of [['ko', 'light'], ['en', 'dark']]) {
        const page = await opensThePanel(visit, { language, scheme });
        await seesListed(page, ['product http-latency']);
        for (const name of ['faults', '', 'services']) {
            await view(page, name);
            for (const [width, height] of SIZES) {
                await resize(page, width, height);
                await checkWidth(page, `${name || 'home'} at ${width}, ${language}`);
                await page.browser.picture(`broken-${name || 'home'}-${width}-${scheme}-${language}`, page, { fullPage: true });
            }
            wrong.push(...(await page.browser.barriers(page)).map((text) => `${name}, ${language}: ${text}`));
            if (language === 'ko')
                wrong.push(...(await leftovers(page)).map((text) => `${name}: not Korean: ${text}`));
        }
        await view(page, '');
        await resize(page, 360, 800);
        await untilEqual(() => page.locator('#board .lane.faulty .lane-fault text').allTextContents(), [language === 'ko' ? '장애' : 'Fault'], 'the board on a phone');
        await view(page, 'faults');
        await wants(page, 'delivery', 'consume-pause');
        await until(() => dialog(page).isVisible(), 'a question');
        wrong.push(...(await page.browser.barriers(page)).map((text) => `question, ${language}: ${text}`));
        await page.browser.picture(`broken-question-${scheme}-${language}`, page);
        await page.keyboard.press('Escape');
    }
    await stopsAll(first);
    equal(wrong, [], 'what is wrong');
}

/* What comes and goes in the list moves nothing beside or below it. */
async function whatIsOnMovesNothing(visit) {
    const page = await opensThePanel(visit);
    await wants(page, 'order', 'http-latency', { delay: '1ms', duration: '15min' });
    await seesListed(page, ['order http-latency']);
    const tops = () => page.evaluate(() => ['.faults-form', '.faults-on h3:last-of-type', '#strips', '#dead'].map((one) => document.querySelector(one).getBoundingClientRect().top + scrollY));
    const before = await tops();
    await wants(page, 'product', 'http-latency', { delay: '1ms', duration: '15min' });
    await seesListed(page, ['order http-latency', 'product http-latency']);
    equal(await tops(), before, 'where things are');
    await stopsAll(page);
    equal(await tops(), before, 'where things are afterwards');
}

export const cases = [
    thereIsSomethingToSell, aFaultIsSeenEverywhere, aFaultEndsByItself, aPageThatComesLaterKnowsOfItsTimeToo, stopAllEndsAllOfThem,
    whatHarmsOthersIsAskedForTwice, whatTheMallRefusesIsSaidAtItsField, theCommandDoesTheSame, aDeadConsumerLagsAndCatchesUp, theKeyboardIsEnough,
    whatIsOnMovesNothing, itIsForEverybody,
];
