/* tabs - a tab list with roving focus: Tab reaches the chosen tab, the arrows, Home and End move within. */

import { el } from './dom.js';

const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

function target(key, index, count) {
    if (key === 'Home' || key === 'End')
        return key === 'Home' ? 0 : count - 1;
    return key in STEPS ? (index + STEPS[key] + count) % count : -1;
}

/* panels: [[name, key of the tab's text, panel], ...]. Gives {list, choose(name), chosen()}; chosen(name) is called at each choice. */
export function tabList(id, label, panels, chosen = () => {}) {
    const tabs = panels.map(([name, key, panel], index) => {
        panel.id = `${id}-${name}`;
        panel.setAttribute('role', 'tabpanel');
        panel.setAttribute('aria-labelledby', `${id}-tab-${name}`);
        return el('button', {
            type: 'button', role: 'tab', id: `${id}-tab-${name}`, 'aria-controls': panel.id, 'data-t': key,
            onclick: () => choose(name), onkeydown: (event) => move(event, index),
        });
    });

    function choose(name, focus = false) {
        panels.forEach(([one, , panel], index) => {
            panel.hidden = one !== name;
            tabs[index].setAttribute('aria-selected', one === name);
            tabs[index].tabIndex = one === name ? 0 : -1;
            if (focus && one === name)
                tabs[index].focus();
        });
        chosen(name);
    }

    function move(event, index) {
        const to = target(event.key, index, tabs.length);
        if (to < 0)
            return;
        event.preventDefault();
        choose(panels[to][0], true);
    }

    return { list: el('div', { role: 'tablist', 'data-t-label': label }, tabs), choose };
}
