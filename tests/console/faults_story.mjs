/* Somebody breaks the mall by the page, sees it everywhere, and mends it. */
import { equal, until, untilEqual } from './visitor.mjs';
import { dialog, isBalanced, isSure, opensThePanel, seesListed, seesMark, stopsAll, tabsTo, wants } from './breaking.mjs';
import { mkdirSync } from 'node:fs';
import { checkWidth, overlaps, resize } from './fits.mjs';
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
    await until(async () => /product: slow answers, until \d\d:\d\d:\d\d/.test(await textOf(page, '.faults-form .result')), 'what was switched on, until when');
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
    await untilEqual(() => page.locator('.faults-form .result strong').textContent(), 'Mind:', 'what matches nothing is said');
    await until(async () => (await page.locator('.fault-ended li').first().textContent()).includes('its time was over'), 'it is among those that ended');
    await seesListed(page, []);
    await seesMark(page, 0);
}

async function aPageThatComesLaterKnowsOfItsTimeToo(visit, mall) {
    const first = await opensThePanel(visit);
    await wants(first, 'delivery', 'consume-delay', { delay: '20ms', duration: '5min' });
    await isSure(first);
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
    await page.evaluate(() => {
        const said = document.querySelector('.faults-on .result'), list = () => document.querySelectorAll('.fault-list li[data-key]').length;
        new MutationObserver(() => said.textContent && (globalThis.listedThen = list())).observe(said, { childList: true, characterData: true, subtree: true });
    });
    await stopsAll(page);
    await untilEqual(() => textOf(page, '.faults-on .result'), '2 faults are stopped.', 'how many');
    equal(await page.evaluate(() => globalThis.listedThen), 0, 'what the list has when it is said');
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
    equal((await dialog(page).textContent()).includes('may not load again'), true, 'what it says of the page');
    await dialog(page).getByRole('button', { name: 'Cancel' }).click();
    await wants(page, 'frontend', 'http-latency', { delay: '1ms' });
    await until(() => dialog(page).isVisible(), 'a question for frontend');
    equal(await dialog(page).locator('code').textContent(), 'build/bin/mallctl fault clear', 'what ends it');
    await dialog(page).getByRole('button', { name: 'Cancel' }).click();
    equal((await (await page.request.get(new URL('/faults', page.url()).href)).json()).services.flatMap(({ places }) => places.flatMap(({ faults }) => faults)), [], 'what is on');
    await wants(page, 'gateway', 'upstream-latency', { routeId: 'order', delay: '1ms', duration: '5min' });
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
    equal(lines[0].replace(/:\d+ /, ':PORT '), 'build/bin/mallctl fault add http-latency --service product --at product=http://127.0.0.1:PORT --delay 1ms --rate 1 --duration 30s', 'the line of mallctl');
    await mall.type_in_a_shell(lines[2]);
    await seesListed(page, ['product http-latency']);
    await stopsAll(page);
}

async function aDeadConsumerLagsAndCatchesUp(visit, mall) {
    const page = await opensThePanel(visit);
    await page.locator('[data-recipe=deadConsumer] button').click();
    await isSure(page);
    await seesListed(page, ['delivery consume-pause']);
    await stopsAll(page);
    await wants(page, 'delivery', 'consume-pause', { duration: '15min' }); /* all that is looked at takes longer than the recipe's minute */
    await isSure(page);
    await seesListed(page, ['delivery consume-pause']);
    const orders = await mall.place(5);
    await view(page, '');
    const lane = page.locator('#board .lane').filter({ has: page.locator('.lane-name', { hasText: 'delivery' }) });
    const heights = () => page.locator('#board svg.board').getAttribute('height');
    const before = await heights();
    await until(async () => /^Lag [1-5]$/.test(await lane.locator('.lane-lag').textContent()), 'the lag on its lane');
    equal(await page.locator('#board .lane').filter({ has: page.locator('.lane-name', { hasText: 'order' }) }).locator('.lane-lag').textContent(), '', 'the lag of another');
    for (const [width, height] of SIZES) {
        await resize(page, width, height);
        await until(async () => /^Lag [1-5]$/.test(await lane.locator('.lane-lag').textContent()), `the lag at ${width}`);
        const boxes = await lane.locator('.lane-name, .lane-fault, .lane-lag, .lane-status').evaluateAll((all) => all.map((one) => one.getBoundingClientRect()).map(({ left, right, top, bottom }) => ({ left, right, top, bottom })));
        const over = boxes.flatMap((a, at) => boxes.slice(at + 1).filter((b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 4 && b.top < a.bottom - 4).map((b) => [a, b]));
        equal(over, [], `what lies over each other on the lane at ${width}`);
        await page.browser.picture(`lag-${width}`, page);
    }
    equal(await heights(), before, 'the height of the board');
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
    await tabsTo(page, '#faults-duration');
    await page.keyboard.type('5');
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
                wrong.push(...(await overlaps(page)).map((text) => `${name || 'home'} at ${width}, ${language}: ${text}`));
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

/* What comes and goes in the list moves nothing beside or below it. The strips have their own height: they grow when a pod is first
   seen. */
async function whatIsOnMovesNothing(visit) {
    const page = await opensThePanel(visit);
    await wants(page, 'order', 'http-latency', { delay: '1ms', duration: '15min' });
    await seesListed(page, ['order http-latency']);
    const tops = () => page.evaluate(() => ['.recipes', '.faults-form', '.faults-ended-part', '#strips'].map((one) => document.querySelector(one).getBoundingClientRect().top + scrollY));
    const before = await tops();
    await wants(page, 'product', 'http-latency', { delay: '1ms', duration: '15min' });
    await seesListed(page, ['order http-latency', 'product http-latency']);
    equal(await tops(), before, 'where things are');
    await stopsAll(page);
    equal(await tops(), before, 'where things are afterwards');
}

/* Whatever word the books have, and the stream. */
async function theHeaderKeepsItsHeight(visit) {
    const wrong = [];
    for (const language of ['ko', 'en']) {
        const page = await opensThePanel(visit, { language });
        for (const width of [360, 768, 1024, 1440]) {
            await resize(page, width, 800);
            const heights = await page.evaluate(async () => {
                const { tell } = await import('/assets/topics.js'), seen = [];
                for (const stream of ['lost', 'open'])
                    for (const state of ['balanced', 'settling', 'unbalanced', 'unknown']) {
                        tell('stream', stream);
                        tell('books', { at: 1, state });
                        seen.push(document.querySelector('.top').getBoundingClientRect().height);
                    }
                return seen;
            });
            if (new Set(heights).size > 1 || heights[0] > (width > 640 ? 60 : 108))
                wrong.push(`${language} at ${width}: ${heights}`);
        }
    }
    equal(wrong, [], 'headers that jump, or have too many rows');
}

/* On a phone what is on, and what ends it, come before all that one can start. */
async function whatIsOnComesFirst(visit) {
    const page = await opensThePanel(visit, { size: [360, 800] });
    await wants(page, 'product', 'http-latency', { delay: '1ms', duration: '15min' });
    await seesListed(page, ['product http-latency']);
    const tops = await page.evaluate(() => ['.stop-all', '.fault-list button', '.recipes', '.faults-form'].map((one) => document.querySelector(one).getBoundingClientRect().top + scrollY));
    equal(tops, [...tops].sort((a, b) => a - b), 'the order of things');
    equal(tops[1] < 560, true, `the button that stops it is at ${tops[1]}`);
    await stopsAll(page);
}

/* The daemon's English is quoted below a Korean sentence. */
async function inKoreanItSaysWhatIsWrong(visit) {
    const page = await opensThePanel(visit, { language: 'ko', allow: [/status of 400/] });
    await wants(page, 'product', 'http-latency', { path: '/thing', delay: '1ms', duration: '15min' });
    await until(async () => (await textOf(page, '.faults-form .result')).includes('이 서비스에는 이런 경로가 없습니다.'), 'a Korean warning');
    equal(/no path here is like/.test(await textOf(page, '.faults-form .result q[lang=en]')), true, 'what the daemon said');
    await until(async () => (await textOf(page, '.fault-list .why')).includes('이 서비스에는 이런 경로가 없습니다.'), 'the list says it, too');
    await stopsAll(page);
    await wants(page, 'product', 'http-latency', { delay: 'soon' });
    await until(() => page.locator('#faults-delay[aria-invalid=true]').isVisible(), 'the field is marked');
    equal((await textOf(page, '#faults-delay-error')).startsWith('지연은 100ms, 2s처럼 입력하세요.'), true, 'a Korean sentence');
    equal(await page.locator('#faults-delay-error q[lang=en]').count(), 1, 'what the daemon said');
    await page.locator('#faults-kind').selectOption('cpu');
    equal(await page.locator('#faults-kind').evaluate((select) => select.selectedOptions[0].textContent), 'CPU 부하', 'the name of the kind');
    equal(await textOf(page, '#faults-tells code'), 'cpu', 'its name on the wire');
    equal(await leftovers(page), [], 'what is not Korean');
}

/* One for docs/faults.md, where it is wanted. */
async function thePictureOfTheDocument(visit, mall, { for_readme: folder, bus }) {
    if (!folder || bus !== 'log')
        return;
    mkdirSync(folder, { recursive: true });
    const page = await opensThePanel(visit, { size: [1440, 900] });
    await mall.place(12);
    await mall.settle();
    await wants(page, 'product', 'http-latency', { path: '/inventories/**', p50: '100ms', p99: '2s', rate: '0.5', duration: '15min' });
    await seesListed(page, ['product http-latency']);
    await until(() => page.locator('#books-light [data-tone=good]').isVisible(), 'the books balance');
    await page.evaluate(() => {
        document.activeElement.blur();
        scrollTo({ top: 0, behavior: 'instant' });
    });
    await page.screenshot({ path: `${folder}/faults.png`, animations: 'disabled' });
    await stopsAll(page);
}

export const cases = [
    thereIsSomethingToSell, aFaultIsSeenEverywhere, aFaultEndsByItself, aPageThatComesLaterKnowsOfItsTimeToo, stopAllEndsAllOfThem,
    whatHarmsOthersIsAskedForTwice, whatTheMallRefusesIsSaidAtItsField, theCommandDoesTheSame, aDeadConsumerLagsAndCatchesUp, theKeyboardIsEnough,
    whatIsOnMovesNothing, whatIsOnComesFirst, theHeaderKeepsItsHeight, inKoreanItSaysWhatIsWrong, thePictureOfTheDocument, itIsForEverybody,
];
