/* shop - the parts of the page as the stories use them: what people see, by name and role. */
import { until, untilEqual } from './visitor.mjs';

export const table = (page, collection) => page.locator(`[data-collection=${collection}]`);
export const row = (page, collection, id) => table(page, collection).locator(`tr[data-id="${id}"]`);

/* What a row says: its cells' texts; a status as the mall calls it. */
export async function cells(page, collection, id) {
    return row(page, collection, id).locator('td:not(.act)').evaluateAll((all) =>
        all.map((cell) => cell.querySelector('[data-status]')?.dataset.status ?? cell.textContent.trim()));
}

export const seesRow = (page, collection, id, wanted) => untilEqual(() => cells(page, collection, id), wanted, `row ${id} of ${collection}`);

/* Types of the events in the stream that are shown, newest first. */
export const typesShown = (page) => page.locator('#stream .event-row:not([hidden]) .type').allTextContents();

/* {Orderplaced: 1, ...}: how often each event came, as the board's table says. */
export async function countsOnBoard(page) {
    const rows = await page.locator('#board .board-table tbody tr').evaluateAll((all) =>
        all.map((one) => [one.querySelector('th').textContent, Number(one.querySelectorAll('td.number')[0].textContent.replaceAll(',', ''))]));
    return Object.fromEntries(rows);
}

export const form = (page, name) => page.locator(`#forms-${name}`);

/* Fills the form of that name and sends it. */
export async function act(page, name, values = {}) {
    await page.locator(`#forms-tab-${name}`).click();
    for (const [field, value] of Object.entries(values))
        await form(page, name).locator(`[name=${field}]`).fill(value);
    await form(page, name).locator('button[type=submit]').click();
}

export const result = (page, name) => form(page, name).locator('.result').textContent();

/* Until the page has its stream. */
export const isLive = (page) => until(() => page.locator('#connection[data-state=open]').isVisible(), 'the stream is open');

export async function view(page, name) {
    await page.evaluate((hash) => { location.hash = hash; }, `#/${name}`);
    await until(() => page.evaluate(() => document.documentElement.dataset.view), 'a view');
}

/* Each event that the page holds, as [partition, offset], in the order in which it came. */
export const eventsHeld = (page) => page.evaluate(async () => (await import('/assets/mall.js')).recent().map((event) => [event.partition, event.offset]));
