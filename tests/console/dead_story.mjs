/* Somebody finds events that could not be read, mends one, and drops another. */
import { equal, until, untilEqual } from './visitor.mjs';
import { isBalanced, isSure, opensThePanel, seesListed, stopsAll } from './breaking.mjs';
import { seesRow, view } from './shop.mjs';
import { checkWidth, resize } from './fits.mjs';
import { leftovers } from './words.mjs';

const letters = (page, state = 'open') => page.locator(`#dead tbody tr:has([data-state=${state}])`);
const stateOf = (page, place) => page.locator(`#dead tr[data-place="${place}"] [data-state]`).getAttribute('data-state');

async function thereAreNone(visit, mall) {
    await mall.register('1001', 'TV', 100);
    const page = await opensThePanel(visit);
    await until(async () => /There are no dead letters/.test(await page.locator('#dead .dead-region').textContent()), 'one sentence');
    equal(await page.locator('#dead textarea').isVisible(), false, 'an event to mend');
}

/* Orders go on, and only the garbage is set aside. */
async function aPoisonedTopicMakesDeadLetters(visit, mall) {
    const page = await opensThePanel(visit);
    await page.locator('[data-recipe=poisonedTopic] button').click();
    await isSure(page);
    await seesListed(page, ['order publish-garbage']);
    await mall.place(6);
    await until(async () => await letters(page).count() >= 6, 'dead letters');
    await stopsAll(page);
    await mall.settle();
    await view(page, '');
    await seesRow(page, 'inventories', 1, ['1', '1001', 'TV', '94']);
    await isBalanced(page);
    await view(page, 'faults');
    await until(() => letters(page).count(), 'they are there still');
    const [first] = await letters(page).all();
    equal(/^\d\d:\d\d:\d\d$/.test(await first.locator('.dead-time').textContent()), true, 'its time');
    equal((await first.locator('.dead-reason').textContent()).length > 5, true, 'its reason');
    equal(/^mall \d+-\d+$/.test(await first.locator('.dead-original').textContent()), true, 'its original place');
}

/* A group that starts a delivery for an order: what was mended is applied once. */
async function oneIsMendedAndReplayed(visit, mall) {
    const page = await opensThePanel(visit);
    await until(() => letters(page).count(), 'dead letters');
    const place = await letters(page).locator('xpath=self::*[starts-with(@data-place, "delivery/")]').first().getAttribute('data-place');
    await page.locator(`#dead tr[data-place="${place}"] button`).click();
    const value = page.locator('#dead-value');
    await until(async () => (await value.inputValue()).includes('no JSON'), 'what is in it');
    await value.fill('{ still no JSON');
    await page.locator('#dead .dead-deeds .main-action').click();
    equal(await page.locator('#dead-value-error').textContent(), 'This is no JSON.', 'what is wrong');
    const mended = { eventType: 'Orderplaced', timestamp: Date.now(), id: 4242, productId: '1001', productName: 'TV', qty: 1, customerId: '7', status: null };
    await value.fill(JSON.stringify(mended, null, 2));
    await page.locator('#dead .dead-deeds .main-action').click();
    await until(async () => (await page.locator('#dead .dead-detail > .result').textContent()) === `${place}: published again.`, 'it is said');
    await untilEqual(() => stateOf(page, place), 'replayed', 'its state');
    equal(await page.locator('#dead .dead-deeds').isVisible(), false, 'what can be done with it');
    await untilEqual(() => mall.deliveries_of(4242), 1, 'the deliveries of the mended event');
    await untilEqual(() => mall.stock(), 93, 'the stock, which it took once');
}

async function anotherIsDroppedAndSaysWhy(visit) {
    const page = await opensThePanel(visit);
    await until(() => letters(page).count(), 'dead letters');
    const place = await letters(page).first().getAttribute('data-place');
    await page.locator(`#dead tr[data-place="${place}"] button`).click();
    await page.locator('.dead-drop button').click();
    equal(await page.locator('#dead-why-error').textContent(), 'Say why it is dropped.', 'what is missing');
    await page.locator('#dead-why').fill('an exercise');
    await page.keyboard.press('Enter');
    await untilEqual(() => stateOf(page, place), 'dropped', 'its state');
    await until(async () => (await page.locator('.dead-facts').textContent()).includes('an exercise'), 'why it was dropped');
    await page.locator('#dead-show').selectOption('dropped');
    await untilEqual(() => page.locator('#dead tbody tr').count(), 1, 'those that were dropped');
}

/* Another one did it meanwhile: what was typed is refused, and what became of it is said. */
async function whatIsOpenNoMoreIsRefused(visit) {
    const page = await opensThePanel(visit, { allow: [/status of 409/] });
    await until(() => letters(page).count(), 'dead letters');
    const place = await letters(page).first().getAttribute('data-place');
    await page.locator(`#dead tr[data-place="${place}"] button`).click();
    await page.locator('#dead-why').fill('too late');
    const done = await page.request.post(new URL(`/dead/${place}/drop`, page.url()).href, { data: { reason: 'sooner' } });
    equal(done.status(), 200, 'what the other got');
    await page.evaluate(() => document.querySelector('.dead-drop').requestSubmit());
    await untilEqual(() => stateOf(page, place), 'dropped', 'its state');
}

async function whatIsTypedIsNotTouched(visit, mall) {
    const page = await opensThePanel(visit);
    await until(() => letters(page).count(), 'dead letters');
    await letters(page).first().locator('button').click();
    await page.locator('#dead-value').fill('half of somethi');
    const answers = [];
    page.on('response', (response) => new URL(response.url()).pathname === '/dead' && answers.push(1));
    await mall.place();
    await until(() => answers.length >= 2, 'two more answers');
    equal(await page.locator('#dead-value').inputValue(), 'half of somethi', 'what was typed');
}

async function itIsForEverybody(visit) {
    const wrong = [];
    for (const [language, scheme] of [['ko', 'light'], ['en', 'dark']]) {
        const page = await opensThePanel(visit, { language, scheme });
        await until(() => letters(page).count(), 'dead letters');
        await letters(page).first().locator('button').click();
        for (const [width, height] of [[360, 800], [768, 1024], [1440, 900]]) {
            await resize(page, width, height);
            await checkWidth(page, `dead letters at ${width}, ${language}`);
            await page.browser.picture(`dead-${width}-${scheme}-${language}`, page, { fullPage: true });
        }
        wrong.push(...(await page.browser.barriers(page)).map((text) => `${language}: ${text}`));
        if (language === 'ko')
            wrong.push(...(await leftovers(page)).map((text) => `not Korean: ${text}`));
    }
    equal(wrong, [], 'what is wrong');
}

export const cases = [
    thereAreNone, aPoisonedTopicMakesDeadLetters, oneIsMendedAndReplayed, anotherIsDroppedAndSaysWhy, whatIsOpenNoMoreIsRefused, whatIsTypedIsNotTouched, itIsForEverybody,
];
