/* Somebody finds events that could not be read, mends one, and drops another. */
import { equal, until, untilEqual } from './visitor.mjs';
import { dialog, hasThePanel, isBalanced, isSure, opensThePanel, seesListed, stopsAll } from './breaking.mjs';
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
    await until(async () => (await page.locator('#dead .dead-detail > .result').textContent()).startsWith(`${place}: published again.`), 'it is said');
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

/* As it is, nobody can read it: it asks, and what comes of it is said. */
async function whatIsReplayedInVainComesBack(visit) {
    const page = await opensThePanel(visit);
    await until(() => letters(page).count(), 'dead letters');
    const place = await letters(page).first().getAttribute('data-place');
    const group = place.split('/')[0];
    await page.locator(`#dead tr[data-place="${place}"] button`).click();
    await page.locator('#dead .dead-deeds .main-action').click();
    await until(() => dialog(page).isVisible(), 'a question');
    equal(await dialog(page).locator('h2').textContent(), 'Mend it first?', 'the question');
    await page.keyboard.press('Escape');
    await until(async () => await dialog(page).count() === 0, 'it is gone');
    equal(await stateOf(page, place), 'open', 'its state');
    await page.locator('#dead .dead-deeds .main-action').click();
    await isSure(page);
    await untilEqual(() => stateOf(page, place), 'replayed', 'its state');
    const said = new RegExp(`^${place}: it was replayed, .* came back as dead letter ${group}/\\d+/\\d+\\.$`);
    await until(async () => said.test(await page.locator('#dead .dead-detail > .result').textContent()), 'it came back');
    await page.locator('#dead-group').selectOption(group);
    await until(async () => (await page.locator('#dead tbody .dead-group').allTextContents()).every((name) => name === group), 'those of one group');
}

/* A list that has not all, and the beginning of a long value: nobody mends half an event. */
async function aLongValueIsReadWhole(visit) {
    const page = await visit();
    const whole = `{"eventType":"Orderplaced","note":"${'x'.repeat(3000)}"}`;
    let place = null, release;
    const held = new Promise((resolve) => { release = resolve; });
    await page.route((url) => url.pathname === '/dead', async (route) => {
        const answer = await (await route.fetch()).json(), letter = answer.letters.find(({ state }) => state === 'open');
        place = `${letter.group}/${letter.partition}/${letter.offset}`;
        Object.assign(letter, { value: whole.slice(0, 1000), valueCut: true });
        await route.fulfill({ json: { ...answer, unlisted: 115 } });
    });
    await page.route((url) => /^\/dead\/.*\d$/.test(url.pathname), async (route) => {
        await held;
        await route.fulfill({ json: { group: place.split('/')[0], partition: Number(place.split('/')[1]), offset: Number(place.split('/')[2]), state: 'open', eventType: 'Orderplaced', key: '1', value: whole } });
    });
    await view(page, 'faults');
    await hasThePanel(page);
    await until(() => letters(page).count(), 'dead letters');
    const open = await letters(page).count();
    equal(await page.locator('#dead .dead-left').textContent(), `${open} of ${open + 115} open ones are listed.`, 'how many are not listed');
    await page.locator(`#dead tr[data-place="${place}"] button`).click();
    const value = page.locator('#dead-value');
    equal([await value.inputValue(), await value.evaluate((one) => one.readOnly), await value.getAttribute('placeholder')], ['', true, 'Reading all of it…'], 'what can be mended meanwhile');
    release();
    await until(async () => (await value.inputValue()).length > 3000, 'all of it');
    equal(JSON.parse(await value.inputValue()), JSON.parse(whole), 'what is in it');
    equal(await value.evaluate((one) => one.readOnly), false, 'whether it can be mended now');
}

/* What became of a letter is said in the page's words. */
async function inKoreanItSaysWhatBecameOfIt(visit) {
    const page = await opensThePanel(visit, { language: 'ko' });
    await until(() => letters(page, 'dropped').count(), 'one that was dropped');
    await letters(page, 'dropped').first().locator('button').click();
    await until(async () => /^\d\d:\d\d:\d\d에 콘솔\(.+\)에서 폐기: /.test(await page.locator('.dead-facts .dead-said').textContent()), 'what became of it');
    equal((await page.locator('.dead-facts [data-state]').textContent()), '폐기됨', 'its state');
}

export const cases = [
    thereAreNone, aPoisonedTopicMakesDeadLetters, oneIsMendedAndReplayed, anotherIsDroppedAndSaysWhy, whatIsOpenNoMoreIsRefused, whatIsReplayedInVainComesBack, aLongValueIsReadWhole, inKoreanItSaysWhatBecameOfIt, whatIsTypedIsNotTouched,
    itIsForEverybody,
];
