/* dom - to make elements without markup in strings.

   el('td', {class: 'number', title: 'x', onclick: f}, 'text', child, null)      null and false children are left out
   svg('circle', {cx: 4, cy: 4, r: 3})
   Attributes that begin with on are listeners; true is an attribute without a value; null and false is none. */

function fill(element, attributes, children) {
    for (const [name, value] of Object.entries(attributes ?? {})) {
        if (name.startsWith('on'))
            element.addEventListener(name.slice(2), value);
        else if (value !== null && value !== undefined && value !== false)
            element.setAttribute(name, value === true ? '' : value);
    }
    element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
    return element;
}

export const el = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
export const svg = (tag, attributes, ...children) =>
    fill(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);

/* Sets a text only if it is another one: what does not change is not announced or painted again. */
export function setText(element, text) {
    if (element.textContent !== text)
        element.textContent = text;
}
