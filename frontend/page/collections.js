/* collections - the four tables: what is asked for, the columns, and what an event changes in them. No DOM here.

   A column has a name (its text is tables.<collection>.<name>, else tables.<name>) and gives of a row {text, ...}: `order` links to
   that order's timeline, `status` is a shape and a word, `number` is aligned right, `minor` is left out where there is no room.
   hears(event): is the table to be read again?    keyOf(row): the key of the events that are about the row. */

const text = (value) => (value === null || value === undefined ? '' : String(value));

const isOfOrder = ({ type }) => type !== 'InventoryModified';
const isOfStock = ({ type }) => type === 'InventoryModified';

/* A movement is no state: it is shown by its direction. */
const REASONS = { DeliveryStarted: 'taken', DeliveryCanceled: 'givenBack' };

const product = (row) => ({ text: text(row.productName) || text(row.productId), title: `${text(row.productName)} ${text(row.productId)}`.trim() });

export const COLLECTIONS = [
    {
        name: 'orders', every: 15000, hears: isOfOrder, keyOf: (row) => row.id, gone: 'canceled',
        columns: [
            { name: 'id', of: (row) => ({ text: row.id, order: row.id }) },
            { name: 'product', wide: true, of: product },
            { name: 'qty', number: true, of: (row) => ({ text: text(row.qty), value: row.qty }) },
            { name: 'customer', minor: true, of: (row) => ({ text: text(row.customerId) }) },
            { name: 'status', of: (row) => ({ status: row.isGone ? 'canceled' : row.status ?? 'placed' }) },
        ],
        act: { action: 'cancel', values: (row) => ({ orderId: row.id }) },
    },
    {
        name: 'deliveries', every: 15000, hears: isOfOrder, keyOf: (row) => row.orderId, gone: 'calledBack',
        columns: [
            { name: 'id', of: (row) => ({ text: row.id }) },
            { name: 'order', of: (row) => ({ text: text(row.orderId), order: row.orderId }) },
            { name: 'productId', wide: true, of: (row) => ({ text: text(row.productId) }) },
            { name: 'qty', number: true, of: (row) => ({ text: text(row.qty), value: row.qty }) },
            { name: 'customer', minor: true, of: (row) => ({ text: text(row.customerId) }) },
            { name: 'status', of: (row) => ({ status: row.isGone ? 'calledBack' : row.status ?? 'none' }) },
        ],
    },
    {
        name: 'inventories', every: 4000, hears: isOfStock, keyOf: (row) => row.productId, gone: 'removed',
        columns: [
            { name: 'id', of: (row) => ({ text: row.id }) },
            { name: 'productId', minor: true, of: (row) => ({ text: text(row.productId) }) },
            { name: 'product', wide: true, of: product },
            { name: 'stock', number: true, of: (row) => ({ text: text(row.stock), value: row.stock }) },
        ],
        act: { action: 'change', values: (row) => ({ inventoryId: row.id, stock: text(row.stock) }) },
    },
    {
        name: 'movements', every: 4000, hears: isOfStock, keyOf: () => null, gone: 'removed',
        columns: [
            { name: 'id', of: (row) => ({ text: row.id }) },
            { name: 'productId', minor: true, of: (row) => ({ text: text(row.productId) }) },
            { name: 'moved', number: true, of: (row) => ({ text: text(row.qty), value: row.qty, isSigned: true }) },
            { name: 'reason', wide: true, of: (row) => ({ status: REASONS[row.reason] ?? row.reason ?? 'none' }) },
            { name: 'order', of: (row) => ({ text: text(row.orderId), order: row.orderId }) },
        ],
    },
];

/* Shape and tone of each status and reason; one that is not here is shown as it is. */
export const STATUSES = {
    placed: ['ring', 'none'], DeliveryStarted: ['dot', 'good'], OutOfStock: ['triangle', 'warn'], DeliveryCanceled: ['cross', 'none'],
    canceled: ['cross', 'none'], calledBack: ['cross', 'none'], removed: ['cross', 'none'], registered: ['plus', 'none'], changed: ['square', 'none'],
    taken: ['down', 'none'], givenBack: ['up', 'none'], none: ['minus', 'none'],
};
