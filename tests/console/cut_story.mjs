/* The page's connection is lost and comes back; daemons come and go under it. */
import { equal, until } from './visitor.mjs';
import { eventsHeld, isLive, typesShown } from './shop.mjs';

const BROKEN = [/net::ERR_/, /status of 50[234]/];

const text = (places) => places.map(([partition, offset]) => `${partition}-${offset}`);

/* A page that is live, and checks that it has each event that came since, once. */
async function begin(visit, mall) {
    const before = new Set(text(await mall.places_of_events()));
    const page = await visit({ allow: BROKEN });
    await isLive(page);
    async function hasAllOnce() {
        await mall.settle();
        const since = text(await mall.places_of_events()).filter((place) => !before.has(place)).sort();
        const heldSince = async () => text(await eventsHeld(page)).filter((place) => !before.has(place)).sort();
        await until(async () => (await heldSince()).length >= since.length, `${since.length} events`);
        equal(await heldSince(), since, 'the events held');
        const held = text(await eventsHeld(page));
        equal(held.length, new Set(held).size, 'events held, and different ones of them');
    }
    return { page, hasAllOnce };
}

async function isLost(page) {
    await until(() => page.locator('#connection:not([data-state=open])').isVisible(), 'the page says so');
}

const WORDS = '.topology-health .status, .lane-status text, .board-table td[data-status-of]';

/* What the board, its table and the topology say of the services: each of it, or none, that it is not known now. */
async function saysUnknown(page, unknown) {
    const words = () => page.locator(WORDS).allTextContents();
    await until(async () => (await words()).length > 9 && (await words()).every((word) => /(Unknown since|부터) ?/.test(word) === unknown),
        unknown ? 'the statuses are unknown' : 'the statuses are known again');
}

async function aConnectionThatIsCutComesBackWithoutAGapOrADouble(visit, mall) {
    await mall.register('1001', 'TV', 1000000);
    const { page, hasAllOnce } = await begin(visit, mall);
    await mall.place(20);
    await until(async () => (await typesShown(page)).length > 0, 'events');
    await mall.cut();
    await isLost(page);
    await mall.place(200);
    await mall.settle();
    await mall.heal();
    await isLive(page);
    await mall.place(20);
    await hasAllOnce();
}

async function aBrowserThatIsOfflineComesBack(visit, mall) {
    const { page, hasAllOnce } = await begin(visit, mall);
    await page.context().setOffline(true);
    await mall.place(5);
    await mall.cut(); /* offline ends no stream that is open */
    await mall.heal();
    await isLost(page);
    await page.context().setOffline(false);
    await isLive(page);
    await hasAllOnce();
}

async function aFrontendThatStartsAgain(visit, mall) {
    const { page, hasAllOnce } = await begin(visit, mall);
    await saysUnknown(page, false);
    await mall.kill('frontend');
    await isLost(page);
    await saysUnknown(page, true);
    await mall.place(5);
    await mall.start('frontend');
    await isLive(page);
    await saysUnknown(page, false);
    await hasAllOnce();
}

async function aGatewayThatStartsAgain(visit, mall) {
    const { page, hasAllOnce } = await begin(visit, mall);
    await mall.stop('gateway');
    await isLost(page);
    await mall.start('gateway');
    await isLive(page);
    await mall.place(1);
    await hasAllOnce();
}

async function aHiddenTabMissesNothing(visit, mall) {
    const { page, hasAllOnce } = await begin(visit, mall);
    const other = await page.context().newPage();
    await other.bringToFront();
    await mall.place(20);
    await page.bringToFront();
    await hasAllOnce();
}

export const cases = [
    aConnectionThatIsCutComesBackWithoutAGapOrADouble, aBrowserThatIsOfflineComesBack, aFrontendThatStartsAgain, aGatewayThatStartsAgain, aHiddenTabMissesNothing,
];
