/* words - what a Korean page still says in English: everything that people see or a screen reader reads is looked at. */

/* Names, of the mall and of the world, that nobody translates. A word of Latin letters that is none of these is a leftover. */
const NAMES = new Set(`
    Orderplaced OrderCanceled DeliveryStarted DeliveryCanceled InventoryModified OutOfStock
    order delivery product frontend gateway mall
    productId productName qty stock customerId orderId inventoryId
    httpie curl mallctl copy CPU MiB GET POST PATCH DELETE HTTP JSON API JavaScript EventSource URL SVG Kafka PostgreSQL SQLite
    sqlite postgresql log kafka Idempotency-Key Jaeger UTC
    ms ID xx
    TV Radio`.split(/\s+/));

/* In the page: [text, where] of each text and each attribute that is read out, of what is to be seen. */
function textsSeen() {
    const found = [];
    const isForeign = (element) => element.closest('[lang]')?.lang !== 'ko' || element.closest('code, pre, kbd, samp, [translate=no]');
    const where = (element) => `<${element.localName}${element.id ? ' id=' + element.id : ''}${element.className?.baseVal ?? element.className ? ' class=' + (element.className.baseVal ?? element.className) : ''}>`;
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        if (walker.currentNode.data.trim() && !['SCRIPT', 'STYLE', 'NOSCRIPT'].includes(element.tagName) && element.checkVisibility() && !isForeign(element))
            found.push([walker.currentNode.data, where(element)]);
    }
    for (const element of document.querySelectorAll('[aria-label], [title], [placeholder], [alt], [aria-roledescription], [aria-valuetext]')) {
        if (!element.checkVisibility() || isForeign(element))
            continue;
        for (const name of ['aria-label', 'title', 'placeholder', 'alt', 'aria-roledescription', 'aria-valuetext'])
            if (element.getAttribute(name))
                found.push([element.getAttribute(name), `${name} of ${where(element)}`]);
    }
    found.push([document.title, 'the title']);
    return found;
}

/* A pod (order-8081), a version, a path, an id of a trace. */
const IS_A_NAME = /^([a-z]+-\d+|v?\d+(\.\d+)+\S*|\/\S*|[0-9a-f]{7,}…?|\S+:\/\/\S+)$/;

/* ["word in text (where)", ...] */
export async function leftovers(page) {
    const found = [];
    for (const [text, where] of await page.evaluate(textsSeen)) {
        const rest = text.split(/\s+/).filter((part) => !IS_A_NAME.test(part.replace(/^[("']+|[)"',.;:]+$/g, ''))).join(' ');
        for (const word of rest.match(/[A-Za-z][A-Za-z'-]+/g) ?? [])
            if (!NAMES.has(word) && !NAMES.has(word.replace(/-\d+$/, '')))
                found.push(`${word} in "${text.trim().slice(0, 60)}" (${where})`);
    }
    return [...new Set(found)];
}
