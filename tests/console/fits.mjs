/* fits - does the page fit its window? */
import { equal } from './visitor.mjs';

/* Wider than the window: one would have to scroll aside. */
export async function checkWidth(page, about) {
    const wide = await page.evaluate(() => {
        const room = document.documentElement.clientWidth;
        const inside = (one) => one.closest('[role=region], .rows, .scrolls, pre, svg') !== null;
        const out = [...document.body.querySelectorAll('*')].find((one) => one.getBoundingClientRect().right > room + 1 && !inside(one) && one.checkVisibility());
        return document.documentElement.scrollWidth > room ? `${document.documentElement.scrollWidth} of ${room} px: ${out?.outerHTML.slice(0, 200)}` : null;
    });
    equal(wide, null, `what is too wide, ${about}`);
}

/* Gives the page another window, and waits until it is laid out for that. */
export async function resize(page, width, height) {
    await page.setViewportSize({ width, height });
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}
