/* The page's connection is lost and comes back; daemons come and go under it. */
import { equal, until, untilEqual } from './visitor.mjs';
import { cells, eventsHeld, isLive, typesShown } from './shop.mjs';

const BROKEN = [/net::ERR_/, /status of 50[234]/];

const text = (places) => places.map(([partition, offset]) => `${partition}-${offset}`);

/* The page has each event of the topic, once. */
async function hasAllOnce(page, mall) {
    const wanted = text(await mall.places_of_events()).sort();
    await until(async () => (await eventsHeld(page)).length >= wanted.length, `${wanted.length} events`);
    const held = text(await eventsHeld(page));
    equal(held.length, new Set(held).size, 'events held, and different ones of them');
    equal([...held].sort(), wanted, 'the events held');
}

async function isLost(page) {
    await until(() => page.locator('#connection:not([data-state=open])').isVisible(), 'the page says so');
}

async function aConnectionThatIsCutComesBackWithoutAGapOrADouble(visit, mall) {
    await mall.register('1001', 'TV', 1000000);
    const page = await visit({ allow: BROKEN });
    await isLive(page);
    await mall.place(20);
    await until(async () => (await typesShown(page)).length > 0, 'events');
    await mall.cut();
    await isLost(page);
    await mall.place(200);
    await mall.settle();
    await mall.heal();
    await isLive(page);
    await mall.place(20);
    await mall.settle();
    await hasAllOnce(page, mall);
}

async function aBrowserThatIsOfflineComesBack(visit, mall) {
    const page = await visit({ allow: BROKEN });
    await isLive(page);
    await page.context().setOffline(true);
    await mall.place(5);
    await mall.cut(); /* offline ends no stream that is open */
    await mall.heal();
    await isLost(page);
    await page.context().setOffline(false);
    await isLive(page);
    await mall.settle();
    await hasAllOnce(page, mall);
}

async function aFrontendThatStartsAgain(visit, mall) {
    const page = await visit({ allow: BROKEN });
    await isLive(page);
    await mall.kill('frontend');
    await isLost(page);
    await mall.place(5);
    await mall.start('frontend');
    await isLive(page);
    await mall.settle();
    await hasAllOnce(page, mall);
}

async function aGatewayThatStartsAgain(visit, mall) {
    const page = await visit({ allow: BROKEN });
    await isLive(page);
    await mall.stop('gateway');
    await isLost(page);
    await mall.start('gateway');
    await isLive(page);
    await mall.place(1);
    await mall.settle();
    await hasAllOnce(page, mall);
}

async function aHiddenTabMissesNothing(visit, mall) {
    const page = await visit({ allow: BROKEN });
    await isLive(page);
    const other = await page.context().newPage();
    await other.bringToFront();
    await mall.place(20);
    await mall.settle();
    await page.bringToFront();
    await hasAllOnce(page, mall);
}

export const cases = [
    aConnectionThatIsCutComesBackWithoutAGapOrADouble, aBrowserThatIsOfflineComesBack, aFrontendThatStartsAgain, aGatewayThatStartsAgain, aHiddenTabMissesNothing,
];
