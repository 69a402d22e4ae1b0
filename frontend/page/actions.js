/* actions - what one can do here, as a table: the requests, and the fields that one fills in. No DOM here.

   Fields have the API's names. One with `inPath` is a part of the path; the others are the body, all as texts, as the course's
   commands send them: what is not right the mall refuses itself, and names the member. */

export const ACTIONS = [
    {
        name: 'register', method: 'POST', path: '/inventories',
        fields: [
            { name: 'productId', value: '1001', required: true },
            { name: 'productName', value: 'TV' },
            { name: 'stock', value: '100', number: true },
        ],
    },
    {
        name: 'order', method: 'POST', path: '/orders',
        fields: [
            { name: 'productId', value: '1001', required: true },
            { name: 'productName', value: 'TV' },
            { name: 'qty', value: '5', number: true },
            { name: 'customerId', value: '100' },
        ],
    },
    {
        name: 'cancel', method: 'DELETE', path: '/orders/{orderId}',
        fields: [{ name: 'orderId', value: '1', number: true, required: true, inPath: true }],
    },
    {
        name: 'change', method: 'PATCH', path: '/inventories/{inventoryId}',
        fields: [
            { name: 'inventoryId', value: '1', number: true, required: true, inPath: true },
            { name: 'stock', value: '100', number: true, required: true },
        ],
    },
];

export const actionOf = (name) => ACTIONS.find((action) => action.name === name);

/* {method, path, members}: a field that is left empty is not sent. */
export function requestOf(action, values) {
    const path = action.path.replace(/\{(\w+)\}/g, (all, name) => encodeURIComponent(values[name] || all));
    const members = action.fields.filter(({ name, inPath }) => !inPath && values[name]).map(({ name }) => [name, values[name]]);
    return action.method === 'DELETE' ? { method: action.method, path } : { method: action.method, path, members: Object.fromEntries(members) };
}

const isNumber = (value) => /^\d+$/.test(value);

/* {name, key} of the first field with which nothing can be sent, and the text that says why; or null. What is in the path must be a
   number: the mall would say of another path that it is not there, and not what is wrong with it. */
export function faultOf(action, values) {
    const field = action.fields.find(({ name, required, inPath }) => (required && !values[name]) || (inPath && !isNumber(values[name])));
    return field ? { name: field.name, key: values[field.name] ? 'forms.digits' : 'forms.missing' } : null;
}

/* The number of the row that an answer is about. */
export const idOf = (row) => row?._links?.self?.href.split('/').pop() ?? null;
