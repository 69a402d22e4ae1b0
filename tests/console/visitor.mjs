/* visitor - a browser whose pages are watched: what the page must never do ends in the case's trouble.

   launch({packages, address, pictures})        packages: where npm's are
   visit({language: 'ko', scheme: 'dark', size: [360, 800], path: '/', allow: [/status of 422/], storage})
       a page of a visitor of their own. `allow`: errors on the console that the case expects.

   Watched: errors on the console, errors nobody caught, violations of the Content-Security-Policy, requests outside of the
   mall's origin. */

import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

export const PATIENCE = 1000 * (process.env.MALL_TEST_PATIENCE ?? 60); /* ms: a deadline only ends what hangs */

/* The first true result of what(), which may fail meanwhile. */
export async function until(what, about = String(what)) {
    const deadline = Date.now() + PATIENCE;
    for (;;) {
        let last;
        try {
            last = await what();
            if (last)
                return last;
        } catch (error) {
            last = error;
        }
        if (Date.now() > deadline)
            throw new Error(`not within ${PATIENCE / 1000} s: ${about}; last: ${last instanceof Error ? last.message : JSON.stringify(last)}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
}

export async function untilEqual(what, wanted, about = '') {
    const text = JSON.stringify(wanted);
    let last;
    try {
        await until(async () => JSON.stringify(last = await what()) === text);
    } catch {
        throw new Error(`${about} is still ${JSON.stringify(last)} and not ${text}`);
    }
}

export function equal(got, wanted, about = 'it') {
    if (JSON.stringify(got) !== JSON.stringify(wanted))
        throw new Error(`${about} is ${JSON.stringify(got)} and not ${JSON.stringify(wanted)}`);
}

/* What a page does that stands still has no end of its own. */
function within(promise, about) {
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`not within ${PATIENCE / 1000} s: ${about}`)), PATIENCE);
    });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/* In the page, before anything of it runs. */
function listen() {
    addEventListener('securitypolicyviolation', (event) =>
        console.error(`Content-Security-Policy: ${event.effectiveDirective} forbids ${event.blockedURI} ${event.sample}`));
}

class Browser {
    constructor(browser, given) {
        this.browser = browser;
        this.given = given;
        this.axe = readFileSync(`${given.packages}/node_modules/axe-core/axe.min.js`, 'utf8');
        this.pages = [];
        this.complaints = [];
    }

    async visit({ language = 'en', scheme = 'light', size = [1440, 900], path = '/', allow = [], storage } = {}) {
        const context = await this.browser.newContext({
            locale: { ko: 'ko-KR', en: 'en-US' }[language], colorScheme: scheme, viewport: { width: size[0], height: size[1] },
            reducedMotion: 'reduce', storageState: storage, permissions: ['clipboard-read', 'clipboard-write'],
        });
        context.setDefaultTimeout(PATIENCE);
        await context.addInitScript(listen);
        const page = await context.newPage();
        const evaluate = page.evaluate.bind(page);
        page.evaluate = (...words) => within(evaluate(...words), `the page answers ${String(words[0]).slice(0, 80)}`);
        this.watch(page, allow);
        this.pages.push(page);
        page.browser = this;
        await page.goto(this.given.address + path);
        return page;
    }

    watch(page, allow) {
        const complain = (text) => allow.some((pattern) => pattern.test(text)) || this.complaints.push(text);
        const { origin } = new URL(this.given.address);
        page.on('console', (message) => message.type() === 'error' && complain(`on the console: ${message.text()} (${message.location().url})`));
        page.on('pageerror', (error) => complain(`nobody caught ${error.stack ?? error}`));
        page.on('request', (request) => {
            const url = new URL(request.url());
            if (url.origin !== origin && url.protocol !== 'data:')
                complain(`a request outside of the origin: ${url}`);
        });
        page.on('crash', () => complain('the page crashed'));
    }

    /* What is wrong for people who cannot see or point, by axe-core: serious and critical only. */
    async barriers(page) {
        await page.evaluate(this.axe);
        const found = await page.evaluate(async () => (await globalThis.axe.run(document, { preload: false, resultTypes: ['violations'] })).violations);
        return found.filter(({ impact }) => ['serious', 'critical'].includes(impact))
            .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 200)).join(' ')}`);
    }

    /* Of the page that was opened last. */
    async picture(name, page = this.pages.at(-1), options = {}) {
        try {
            await page?.screenshot({ path: `${this.given.pictures}/${name}.png`, animations: 'disabled', ...options });
        } catch { /* there is nothing to see */ }
    }

    /* Closes what is open; what was wrong with it. */
    async leave() {
        for (const page of this.pages)
            await page.context().close();
        const complaints = [...new Set(this.complaints)].slice(0, 20);
        [this.pages, this.complaints] = [[], []];
        return complaints;
    }

    close() {
        return this.browser.close();
    }
}

export async function launch(given) {
    const { chromium } = createRequire(given.packages + '/package.json')('playwright-core');
    /* The sandbox needs what a container's root has not. */
    const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'] });
    return new Browser(browser, given);
}
