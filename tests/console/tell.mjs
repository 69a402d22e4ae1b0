/* tell - tells the cases of one story in a browser: `cases` of STORY_story.mjs, in order, on one mall.

   usage: tell.mjs '{"story": "shop", "address": "http://localhost:1", ...}'      browser_test.py calls it

   Each case is a function of (visit, mall): visit(options) opens a page (visitor.mjs), mall.x(...) does x of stage.py's Orders.
   What a case leaves open is closed; what its pages complained of is its trouble. */

import { createInterface } from 'node:readline';
import { launch } from './visitor.mjs';

const given = JSON.parse(process.argv[2]);
const say = (message) => process.stdout.write(JSON.stringify(message) + '\n');

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function ask(name, words) {
    say({ do: name, with: words });
    const answer = JSON.parse((await answers.next()).value);
    if (answer.trouble)
        throw new Error(`${name}: ${answer.trouble}`);
    return answer.gives;
}

/* mall.stop('order') */
const mall = new Proxy({}, { get: (_, name) => (...words) => ask(name, words) });

const nameOf = (tell) => tell.name.replace(/[A-Z]/g, (letter) => ' ' + letter.toLowerCase());

async function told(tell, browser) {
    try {
        await tell((options) => browser.visit(options), mall, given);
    } catch (error) {
        await browser.picture(`${given.story}-${tell.name}-failed`);
        return [error.stack ?? String(error), ...await browser.leave()].join('\n');
    }
    return (await browser.leave()).join('\n') || null;
}

const browser = await launch(given);
const { cases } = await import(`./${given.story}_story.mjs`);
for (const tell of cases.filter(({ name }) => new RegExp(given.only ?? "").test(name)))
    say({ case: nameOf(tell), trouble: await told(tell, browser) });
await browser.close();
process.exit(0);
