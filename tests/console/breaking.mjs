/* breaking - the panel of faults as the stories use it. */
import { until, untilEqual } from './visitor.mjs';
import { isLive } from './shop.mjs';

export async function opensThePanel(visit, options = {}) {
    const page = await visit({ path: '/#/faults', ...options });
    await hasThePanel(page);
    return page;
}

/* All of it, so that nothing moves any more under who presses a button. */
export async function hasThePanel(page) {
    await isLive(page);
    await until(() => page.locator('#faults-service option').count(), 'the services that can be broken');
    await until(async () => await page.locator('.strip-lane').count() >= 5, 'a strip of each daemon');
}

const panel = (page) => page.locator('.faults-form');

/* Chooses in the form and presses its button; `values`: the fields by name. */
export async function wants(page, service, kind, values = {}) {
    await panel(page).locator('#faults-service').selectOption(service);
    await panel(page).locator('#faults-kind').selectOption(kind);
    if (values.p50)
        await panel(page).locator('#faults-spread').selectOption('drawn');
    for (const [name, value] of Object.entries(values)) {
        const field = panel(page).locator(`[name=${name}]`);
        await (['duration', 'method'].includes(name) ? field.selectOption(value) : field.fill(value));
    }
    await panel(page).locator('button[type=submit]').click();
}

export const dialog = (page) => page.locator('dialog.sure');

export async function isSure(page) {
    await until(() => dialog(page).isVisible(), 'it asks whether that is meant');
    await dialog(page).locator('button.main-action').click();
}

/* ["product http-latency", ...] as the list says. */
export const listed = (page) => page.locator('.fault-list li[data-key]').evaluateAll((all) =>
    all.map((one) => `${one.dataset.key.split(' ')[0]} ${one.dataset.kindName}`));

export const seesListed = (page, wanted) => untilEqual(() => listed(page), wanted, 'what is on');

export async function stopsAll(page) {
    await page.locator('.stop-all').click();
    await seesListed(page, []);
}

/* By which it is known everywhere how many are on. */
export const seesMark = (page, count) => untilEqual(() => page.locator('#faults-mark').evaluate((mark) => Number(mark.querySelector('[aria-hidden]:not(svg)')?.textContent ?? 0)), count, 'the number beside the name of the view');

export const isBalanced = (page) => until(() => page.locator('#books-light [data-tone=good]').isVisible(), 'the books balance');

/* Presses Tab until what has the focus is what is wanted. */
export async function tabsTo(page, selector) {
    for (let pressed = 0; pressed < 200; pressed++) {
        if (await page.evaluate((one) => document.activeElement?.matches(one), selector))
            return;
        await page.keyboard.press('Tab');
    }
    throw new Error(`Tab does not reach ${selector}`);
}
