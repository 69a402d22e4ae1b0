/* only_in - listens to a topic only while one of the views is seen that need it: what nobody sees is not asked for. No DOM here. */

import { on } from './topics.js';

export function onlyIn(views, topic, listener) {
    let end = null;
    on('route', ({ view }) => {
        const isWanted = views.includes(view);
        if (isWanted === Boolean(end))
            return;
        end?.();
        end = isWanted ? on(topic, listener) : null;
    });
}
