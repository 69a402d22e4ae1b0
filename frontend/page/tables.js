/* tables - orders, deliveries, inventories, movements, live. */

import { COLLECTIONS } from './collections.js';
import { el } from './dom.js';
import { translate } from './i18n.js';
import { latest, on } from './mall.js';
import { Table } from './table.js';
import './table_texts.js';

const WITHOUT_STREAM_MS = 3000;
const STALE_MS = 2000;

/* Not everything is announced (a product that is registered, for one): each table is read now and then as well. */
function readNowAndThen(table) {
    const every = table.isStale ? STALE_MS : latest('stream') === 'open' ? table.collection.every : WITHOUT_STREAM_MS;
    setTimeout(() => {
        table.ask();
        readNowAndThen(table);
    }, every);
}

export function start(section) {
    const isWanted = () => !document.hidden && !section.hidden;
    const tables = COLLECTIONS.map((collection) => new Table(collection, isWanted));
    const askAll = () => tables.forEach((table) => table.askAll());

    section.append(el('h2', { id: 'tables-title', class: 'unseen', 'data-t': 'tables.title' }), ...tables.map((table) => table.element));
    translate(section);
    on('language', () => tables.forEach((table) => table.say()));
    on('events', (events) => tables.forEach((table) => table.note(events)));
    for (const topic of ['acted', 'gap', 'route', 'visible'])
        on(topic, askAll);
    on('stream', (state) => state === 'open' && askAll());
    tables.forEach(readNowAndThen);
}
