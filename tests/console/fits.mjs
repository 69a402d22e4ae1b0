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

/* ["dead over strips at 700", ...]: parts that lie over each other, wherever one scrolls to. */
export const overlaps = (page) => page.evaluate(async () => {
    const found = [], parts = [...document.querySelectorAll('main > section, main > section header, .books-all')].filter((one) => one.checkVisibility());
    for (let top = 0; top < document.documentElement.scrollHeight; top += 350) {
        scrollTo({ top, behavior: 'instant' });
        await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        const boxes = parts.map((part) => [part, part.getBoundingClientRect()]);
        for (const [a, one] of boxes)
            for (const [b, two] of boxes)
                if (!a.contains(b) && !b.contains(a) && one.left < two.right - 1 && two.left < one.right - 1 && one.top < two.bottom - 1 && two.top < one.bottom - 1)
                    found.push(`${a.closest('section').id} over ${b.closest('section').id} at ${top}`);
    }
    scrollTo({ top: 0, behavior: 'instant' });
    return [...new Set(found)];
});
