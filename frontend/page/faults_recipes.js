/* faults_recipes - the first steps of the game days: one press each, and what to look at. */

import { send } from './api.js';
import { el } from './dom.js';
import { aboutText, doneWords, problemWords } from './faults_form.js';
import { RECIPES, isHarmful, recipePlace, wishOf } from './faults_model.js';
import { confirmed } from './faults_sure.js';
import { t } from './i18n.js';
import { tell } from './mall.js';

export class Recipes {
    #answer = null;
    #buttons = new Map();
    #problem = el('div', { class: 'problem', role: 'alert', hidden: true });
    #said = el('p', { class: 'result', role: 'status' });
    #shown = () => {};

    constructor() {
        this.element = el('div', { class: 'recipes' },
            el('div', { class: 'head' }, el('h3', { 'data-t': 'faults.recipes' }), el('p', { class: 'note', 'data-t': 'faults.recipes.about' })),
            el('ol', {}, RECIPES.map((recipe) => this.#recipe(recipe))), this.#problem, this.#said);
    }

    #recipe(recipe) {
        const { name, view } = recipe, label = `recipe-${name}`;
        const button = el('button', { type: 'button', 'data-t': 'faults.start', 'aria-describedby': label, onclick: () => this.#press(recipe) });
        this.#buttons.set(name, button);
        return el('li', { 'data-recipe': name }, el('h4', { id: label, 'data-t': `faults.${name}` }), el('p', { class: 'note', 'data-t': `faults.${name}.watch` }),
            el('p', { class: 'look' }, button, ' ', el('span', { class: 'muted' }, el('span', { 'data-t': 'faults.look' }), ' ',
                el('a', { href: `#/${view}`, 'data-t': `faults.look.${view || 'home'}` }))));
    }

    show(answer) {
        this.#answer = answer;
        for (const recipe of RECIPES)
            this.#buttons.get(recipe.name).setAttribute('aria-disabled', !recipePlace(recipe, answer).kind);
    }

    /* In another language. */
    say() {
        this.#shown();
    }

    #show(say) {
        this.#shown = say;
        say();
    }

    async #press(recipe) {
        const { service, members } = recipe, { kind } = recipePlace(recipe, this.#answer);
        this.#problem.hidden = true;
        if (!kind)
            return this.#show(() => this.#said.replaceChildren(t('faults.missing')));
        if (isHarmful(service, kind) && !await confirmed(service, kind.name, aboutText(kind), members.duration))
            return null;
        const wish = wishOf(service, kind, members, Boolean(members.p50));
        const answer = await send(wish.method, wish.path, wish.members);
        this.#show(() => {
            this.#problem.hidden = answer.ok;
            this.#problem.replaceChildren(...(answer.ok ? [] : problemWords(answer.problem)));
            this.#said.replaceChildren(...(answer.ok ? doneWords(service, kind.name, answer.body) : []));
        });
        return tell('faulted', service);
    }
}
