/* Somebody trades in the mall by the page: all of it shows what became of that. */
import { equal, until, untilEqual } from './visitor.mjs';
import { act, cells, countsOnBoard, form, isLive, result, row, seesRow, table, typesShown } from './shop.mjs';

const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; " +
    "form-action 'none'; frame-ancestors 'none'";

async function thePageIsThereAndSaysWhatItMayLoad(visit) {
    const page = await visit();
    const answer = await page.request.get(page.url());
    equal(answer.headers()['content-security-policy'], POLICY, 'the policy');
    await isLive(page);
}

/* Three buttons, one after the other, and what to watch. */
async function theFirstMinuteExplainsItself(visit, mall) {
    const page = await visit();
    await isLive(page);
    const first = page.locator('#first'), buttons = first.locator('.step button');
    await until(async () => await first.isVisible() && await buttons.count() === 3, 'three buttons');
    await buttons.nth(0).click();
    await seesRow(page, 'inventories', 1, ['1', '1001', 'TV', '100']);
    await buttons.nth(1).click();
    await seesRow(page, 'inventories', 1, ['1', '1001', 'TV', '95']);
    await untilEqual(() => first.locator('.trail code').allTextContents(), ['Orderplaced', 'DeliveryStarted', 'InventoryModified'], 'what followed');
    await seesRow(page, 'orders', 1, ['1', 'TV', '5', '100', 'DeliveryStarted']); /* else its row has nothing to mark */
    await buttons.nth(2).click();
    await until(async () => (await cells(page, 'orders', 1)).at(-1) === 'canceled', 'the order is canceled'); /* first, for its row stays 30 s */
    await seesRow(page, 'inventories', 1, ['1', '1001', 'TV', '100']);
    await untilEqual(() => first.locator('.trail code').allTextContents(), ['OrderCanceled', 'DeliveryCanceled', 'InventoryModified'], 'what followed');
    await first.locator('a[href="#/timeline/1"]').click();
    await untilEqual(() => page.evaluate(() => document.documentElement.dataset.view), 'timeline', 'the view');
    await isBalanced(page);
    const other = await visit();
    await isLive(other);
    await seesRow(other, 'inventories', 1, ['1', '1001', 'TV', '100']);
    equal(await other.locator('#first').isVisible(), false, 'the first minute is there for who comes later');
}

const isBalanced = (page) => until(() => page.locator('#books-light [data-tone=good]').isVisible(), 'the books balance');

async function aProductIsRegistered(visit) {
    const page = await visit();
    await isLive(page);
    await act(page, 'register', { productId: '3003', productName: 'Radio', stock: '30' });
    await seesRow(page, 'inventories', 2, ['2', '3003', 'Radio', '30']);
    await seesRow(page, 'movements', 4, ['4', '3003', '+30', 'registered', '']);
    await until(async () => /\b2\b/.test(await result(page, 'register')), 'the number of the inventory');
}

async function anOrderStartsADeliveryAndTakesStock(visit) {
    const page = await visit();
    await isLive(page);
    await act(page, 'order', { productId: '1001', productName: 'TV', qty: '5', customerId: '100' });
    await seesRow(page, 'orders', 2, ['2', 'TV', '5', '100', 'DeliveryStarted']);
    await seesRow(page, 'deliveries', 2, ['2', '2', '1001', '5', '100', 'DeliveryStarted']);
    await seesRow(page, 'inventories', 1, ['1', '1001', 'TV', '95']);
    await seesRow(page, 'movements', 5, ['5', '1001', '-5', 'taken', '2']);
    await untilEqual(async () => (await typesShown(page)).slice(0, 3).sort(), ['DeliveryStarted', 'InventoryModified', 'Orderplaced'], 'the stream');
    await untilEqual(() => countsOnBoard(page), { Orderplaced: 2, OrderCanceled: 1, DeliveryStarted: 2, DeliveryCanceled: 1, InventoryModified: 3, OutOfStock: 0 }, 'the board');
    await untilEqual(() => form(page, 'order').locator('.trail code').allTextContents(), ['Orderplaced', 'DeliveryStarted', 'InventoryModified'], 'the trail');
}

async function itsTimelineIsAPictureAndATable(visit) {
    const page = await visit();
    await isLive(page);
    await row(page, 'orders', 2).locator('a').click();
    const timeline = page.locator('#timeline');
    await untilEqual(() => timeline.locator('tbody th').allTextContents(), ['Orderplaced', 'DeliveryStarted', 'InventoryModified'], 'the events');
    const told = await timeline.locator('tbody tr').evaluateAll((all) => all.map((one) => [...one.querySelectorAll('td')].map((cell) => cell.textContent)));
    equal(told.map((cell) => cell[3]), ['order', 'delivery', 'product'], 'the services');
    equal(told.every((cell) => /^[a-z]+-\d+$/.test(cell[4]) && cell[5] === '1.0.0'), true, `the pods and versions of ${JSON.stringify(told)}`);
    equal(told.map((cell) => cell[8]), ['', '1', '2'], 'what caused each');
    equal(new Set(told.map((cell) => cell[9])).size, 1, 'traces');
    await until(() => timeline.locator('svg').isVisible(), 'the picture');
    await page.goBack();
    await until(() => table(page, 'orders').isVisible(), 'the tables again');
}

async function anOrderThatNobodyRemembersSaysSo(visit) {
    const page = await visit({ path: '/#/timeline/99999', allow: [/status of 404/] });
    await isLive(page);
    await until(async () => /99,?999/.test(await page.locator('#timeline .timeline-words').textContent()), 'words');
}

/* How many timelines the page asked for until now. */
function timelinesAsked(page) {
    const asked = [];
    page.on('request', (request) => /\/timeline\//.test(request.url()) && asked.push(request.url()));
    return asked;
}

async function whatIsNoOrderNumberIsNotAskedFor(visit) {
    const page = await visit({ path: '/#/services' }), asked = timelinesAsked(page);
    await isLive(page);
    for (const wrong of ['abc', '12345678901234567890', '..', '%20']) {
        await page.evaluate((id) => { location.hash = `#/timeline/${id}`; }, wrong);
        await until(async () => (await page.locator('#timeline .timeline-words').textContent()).includes(`“${decodeURIComponent(wrong)}” is no order number`), `words for ${wrong}`);
    }
    equal(asked, [], 'what was asked for');
    equal(await page.locator('#timeline input').getAttribute('inputmode'), 'numeric', 'the keys that a phone shows');
}

const AGAIN_MS = 5500; /* the view asks again every 5 s */

/* A headless browser hides no tab. */
const look = (page, hidden) => page.evaluate((value) => {
    Object.defineProperty(document, 'hidden', { get: () => value, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
}, hidden);

async function aHiddenTimelineAsksNothingAndAnUnknownOneOnlyOnce(visit) {
    const page = await visit({ path: '/#/timeline/2' }), unknown = await visit({ path: '/#/timeline/99999', allow: [/status of 404/] });
    await isLive(page);
    await until(() => page.locator('#timeline svg').isVisible(), 'the picture');
    await until(async () => /99,?999/.test(await unknown.locator('#timeline .timeline-words').textContent()), 'words');
    await isLive(unknown);
    await look(page, true);
    await page.waitForTimeout(500); /* for those under way */
    const asked = timelinesAsked(page), again = timelinesAsked(unknown);
    await page.waitForTimeout(AGAIN_MS);
    equal([asked.length, again.length], [0, 0], 'what was asked for');
    await look(page, false);
    await until(() => asked.length > 0, 'asked for when it is seen again');
}

async function moreThanThereIsIsOutOfStock(visit) {
    const page = await visit();
    await isLive(page);
    await act(page, 'order', { qty: '500' });
    await until(async () => (await cells(page, 'orders', 3)).at(-1) === 'OutOfStock', 'OutOfStock');
    await until(async () => (await typesShown(page)).includes('OutOfStock'), 'OutOfStock in the stream');
    await seesRow(page, 'inventories', 1, ['1', '1001', 'TV', '95']);
}

async function aCancelTakesAllOfItBack(visit) {
    const page = await visit();
    await isLive(page);
    await row(page, 'orders', 2).getByRole('button').click();
    equal(await form(page, 'cancel').locator('[name=orderId]').inputValue(), '2', 'the order in the form');
    await form(page, 'cancel').locator('button[type=submit]').click();
    await until(async () => (await cells(page, 'orders', 2)).at(-1) === 'canceled', 'the row stays and says so');
    await seesRow(page, 'inventories', 1, ['1', '1001', 'TV', '100']);
    await untilEqual(async () => (await typesShown(page)).slice(0, 3).sort(), ['DeliveryCanceled', 'InventoryModified', 'OrderCanceled'], 'the stream');
    await until(async () => (await countsOnBoard(page)).OrderCanceled === 2, 'the board');
    await isBalanced(page);
}

async function whatTheMallRefusesIsSaidAtTheField(visit) {
    const page = await visit({ allow: [/status of 4\d\d/] });
    await isLive(page);
    await act(page, 'order', { qty: 'many' });
    const field = form(page, 'order').locator('[name=qty]');
    await until(async () => await field.getAttribute('aria-invalid') === 'true', 'the field is said to be wrong');
    const about = await field.getAttribute('aria-describedby');
    await until(async () => (await page.locator(`#${about}`).textContent()).includes('many'), 'why');
    equal(await page.evaluate(() => document.activeElement.name), 'qty', 'where the focus is');
    await field.fill('1');
    equal(await page.locator(`#${about}`).isHidden(), true, 'the complaint is gone');
    await act(page, 'register', { productId: '' });
    await until(async () => await form(page, 'register').locator('[name=productId]').getAttribute('aria-invalid') === 'true', 'what is missing');
    await act(page, 'cancel', { orderId: '99999' });
    await until(async () => (await form(page, 'cancel').textContent()).length && await form(page, 'cancel').locator('.problem, .error').filter({ visible: true }).count(), 'what is not there');
}

async function theCommandsShownDoTheSame(visit, mall) {
    const page = await visit();
    await isLive(page);
    const order = form(page, 'order');
    const values = { productId: '1001', productName: `TV's "big" 55" $HOME`, qty: '1', customerId: '=100' };
    for (const [name, value] of Object.entries(values))
        await order.locator(`[name=${name}]`).fill(value);
    for (const [at, tool] of ['httpie', 'curl'].entries()) {
        const line = await order.locator('.line', { hasText: tool }).locator('code').textContent();
        await mall.type_in_a_shell(line);
        const number = 4 + at;
        await until(async () => (await cells(page, 'orders', number)).length > 0, `an order by ${tool}`);
        const made = await mall.order(number);
        equal([made.productId, made.productName, made.qty, made.customerId], ['1001', values.productName, 1, '=100'], `the order by ${tool}`);
        await order.locator('.line', { hasText: tool }).getByRole('button').click();
        await untilEqual(() => page.evaluate(() => navigator.clipboard.readText()), line, `what was copied of ${tool}`);
    }
}

async function theStreamIsFiltered(visit, mall) {
    const page = await visit({ path: '/#/events' });
    await isLive(page);
    await mall.settle();
    const { length } = await mall.places_of_events();
    await until(async () => (await typesShown(page)).length === length, `${length} events`);
    const all = await typesShown(page);
    await page.locator('#stream select').selectOption('OrderCanceled');
    await untilEqual(() => typesShown(page), all.filter((type) => type === 'OrderCanceled'), 'OrderCanceled only');
    await page.locator('#stream select').selectOption('');
    await page.locator('#stream [name=order]').fill('3');
    await untilEqual(async () => [...new Set(await page.locator('#stream .event-row:not([hidden]) a.about').allTextContents())], ['Order 3'], 'order 3 only');
    await page.locator('#stream [name=order]').fill('');
    await page.locator('#stream [name=product]').fill('nothing of that name');
    await untilEqual(() => typesShown(page), [], 'no event');
}

async function byTheKeyboardAlone(visit, mall) {
    const page = await visit();
    await isLive(page);
    await page.keyboard.press('Tab');
    equal(await page.evaluate(() => document.activeElement.className), 'skip', 'the first stop');
    await page.keyboard.press('Enter');
    await tabTo(page, '#forms-tab-order');
    await page.keyboard.press('ArrowLeft');
    equal(await page.evaluate(() => document.activeElement.id), 'forms-tab-register', 'the tab to the left');
    await tabTo(page, '#register-productId');
    await retype(page, '2002');
    await page.keyboard.press('Tab');
    await retype(page, 'Radio');
    await page.keyboard.press('Enter');
    await until(async () => (await cells(page, 'inventories', 3))[1] === '2002', 'the product is registered');
    await tabTo(page, '#theme');
    const colour = () => page.evaluate(() => getComputedStyle(document.body).color), before = await colour();
    await page.keyboard.press('Space');
    await until(async () => await colour() !== before, 'another theme');
    await tabTo(page, 'nav.views a[href="#/events"]');
    await page.keyboard.press('Enter');
    await untilEqual(() => page.evaluate(() => document.documentElement.dataset.view), 'events', 'the view');
}

async function retype(page, text) {
    await page.keyboard.press('Control+A');
    await page.keyboard.type(text);
}

/* Forward only, once around; every stop shows that it has the focus. */
async function tabTo(page, selector) {
    for (let presses = 0; presses < 300; presses++) {
        await page.keyboard.press('Tab');
        const here = await page.evaluate((wanted) => {
            const one = document.activeElement, look = getComputedStyle(one);
            return { isIt: one.matches(wanted), shows: one === document.body || look.outlineStyle !== 'none' || look.boxShadow !== 'none', html: one.outerHTML.slice(0, 200) };
        }, selector);
        if (!here.shows)
            throw new Error(`nobody sees that this has the focus: ${here.html}`);
        if (here.isIt)
            return;
    }
    throw new Error(`the keyboard does not reach ${selector}`);
}

async function theTablesHavePages(visit, mall) {
    await mall.place(10);
    const page = await visit();
    await isLive(page);
    const orders = table(page, 'orders'), ids = () => orders.locator('tr[data-id]').evaluateAll((all) => all.map((one) => Number(one.dataset.id)));
    await until(async () => (await ids()).length >= 8, 'a page of orders');
    const first = await ids();
    equal(first, [...first].sort((a, b) => b - a), 'the newest first');
    await orders.locator('.pager button:not([disabled])').last().click();
    await until(async () => (await ids())[0] === first.at(-1) - 1, 'the page after it');
}

export const cases = [
    thePageIsThereAndSaysWhatItMayLoad, theFirstMinuteExplainsItself, aProductIsRegistered, anOrderStartsADeliveryAndTakesStock,
    itsTimelineIsAPictureAndATable, anOrderThatNobodyRemembersSaysSo, whatIsNoOrderNumberIsNotAskedFor,
    aHiddenTimelineAsksNothingAndAnUnknownOneOnlyOnce, moreThanThereIsIsOutOfStock, aCancelTakesAllOfItBack,
    whatTheMallRefusesIsSaidAtTheField, theCommandsShownDoTheSame, theStreamIsFiltered, byTheKeyboardAlone, theTablesHavePages,
];
