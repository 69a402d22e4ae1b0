/* dead - dead letters: how many each group has, what each is and why, and what can become of it: replayed, mended or not, or dropped. */

import { announce } from './announce.js';
import { read, send } from './api.js';
import { STATES, ageOf, cameBack, isGarbage, leftOut, noteOf, pathOf, placeOf, readable, replayOf, shown } from './dead_model.js';
import { el, setText } from './dom.js';
import { asked } from './faults_sure.js';
import { add, t, time, translate } from './i18n.js';
import { symbol } from './icons.js';
import { latest, on, tell } from './mall.js';
import { onlyIn } from './only_in.js';
import { problemText } from './problem_text.js';

add({
    ko: {
        'dead.title': '데드 레터', 'dead.about': '서비스가 읽지 못한 이벤트는 버리지 않고 데드 레터 토픽에 따로 둡니다. 고쳐서 재처리하면 정확히 한 번 반영됩니다.',
        'dead.readOnly': '여기서는 보기만 할 수 있습니다. 재처리하려면 장애 주입을 켜야 합니다.', 'dead.waiting': '데드 레터를 읽는 중입니다…', 'dead.lost': '지금은 데드 레터를 읽을 수 없습니다. 다시 시도하는 중입니다.',
        'dead.empty': '데드 레터가 없습니다. 모든 서비스가 모든 이벤트를 읽었습니다.', 'dead.noneOfState': '이 상태의 데드 레터가 없습니다.',
        'dead.open': '미처리', 'dead.replayed': '재처리됨', 'dead.dropped': '폐기됨', 'dead.all': '전체', 'dead.show': '상태', 'dead.ofGroup': '그룹', 'dead.unlisted': '미처리 {all}건 중 {shown}건을 보여 줍니다.',
        'dead.groupOpen': { one: '미처리 {count}건', other: '미처리 {count}건' }, 'dead.oldest': '가장 오래된 것 {age} 전', 'dead.groups': '컨슈머 그룹',
        'dead.seconds': '{count}초', 'dead.minutes': '{count}분', 'dead.hours': '{count}시간', 'dead.days': '{count}일',
        'dead.region': '데드 레터 표', 'dead.time': '시각', 'dead.group': '그룹', 'dead.type': '이벤트 종류', 'dead.key': '키', 'dead.reason': '이유', 'dead.original': '원래 위치', 'dead.state': '상태', 'dead.look': '보기', 'dead.lookAt': '데드 레터 보기: {place}',
        'dead.chosen': '데드 레터 {place}', 'dead.none': '표에서 데드 레터를 고르면 내용이 여기에 나타납니다.', 'dead.value': '이벤트 내용', 
        'dead.mend': '고친 다음 재처리할 수 있습니다.', 'dead.replay': '재처리', 'dead.reset': '처음 내용으로', 'dead.drop': '폐기', 'dead.why': '폐기하는 이유',
        'dead.needsReason': '폐기하는 이유를 입력하세요.', 'dead.notJson': '올바른 JSON이 아닙니다.', 'dead.wasReplayed': '{place}: 재처리하도록 발행했습니다. 그래도 읽지 못하면 새 데드 레터가 됩니다.', 'dead.wasDropped': '{place}: 폐기했습니다.',
        'dead.cameBack': '{place}: 재처리했지만 읽지 못해서 새 데드 레터 {other}(으)로 돌아왔습니다.', 'dead.reading': '전체 내용을 읽는 중입니다…', 'dead.notWhole': '전체 내용을 읽지 못했습니다. 다시 고르면 다시 읽습니다.',
        'dead.garbage': '먼저 고치시겠습니까?', 'dead.garbage.why': '이 이벤트는 JSON이 아니어서 그대로는 아무도 읽지 못합니다. 그대로 재처리하면 새 데드 레터가 됩니다.', 'dead.garbage.yes': '그대로 재처리',
        'dead.note.replayed': '{at}에 {by} 재처리', 'dead.note.dropped': '{at}에 {by} 폐기', 'dead.by': '{by} 사용자가', 'dead.byConsole': '콘솔({address})에서',
        'dead.notOpen': '이미 처리된 데드 레터입니다. 목록에서 상태를 확인하세요.', 'dead.note': '메모',
    },
    en: {
        'dead.title': 'Dead letters', 'dead.about': 'An event that a service cannot read is not lost: it is set aside. Mended and replayed, it is applied exactly once.',
        'dead.readOnly': 'They can only be looked at here: to replay them, faults must be switched on.', 'dead.waiting': 'Reading the dead letters…', 'dead.lost': 'The dead letters cannot be read right now. Trying again.',
        'dead.empty': 'There are no dead letters: every event was read by all who hear it.', 'dead.noneOfState': 'None is in this state.',
        'dead.open': 'Open', 'dead.replayed': 'Replayed', 'dead.dropped': 'Dropped', 'dead.all': 'All', 'dead.show': 'State', 'dead.ofGroup': 'Group', 'dead.unlisted': '{shown} of {all} open ones are listed.',
        'dead.groupOpen': { one: '{count} open', other: '{count} open' }, 'dead.oldest': 'the oldest for {age}', 'dead.groups': 'Consumer groups',
        'dead.seconds': '{count} s', 'dead.minutes': '{count} min', 'dead.hours': '{count} h', 'dead.days': { one: '{count} day', other: '{count} days' },
        'dead.region': 'Table of the dead letters', 'dead.time': 'Time', 'dead.group': 'Group', 'dead.type': 'Type', 'dead.key': 'Key', 'dead.reason': 'Reason', 'dead.original': 'Original place', 'dead.state': 'State', 'dead.look': 'Look', 'dead.lookAt': 'Look at dead letter {place}',
        'dead.chosen': 'Dead letter {place}', 'dead.none': 'Choose a dead letter in the table to see what is in it.', 'dead.value': 'The event', 
        'dead.mend': 'It can be mended before it is replayed.', 'dead.replay': 'Replay', 'dead.reset': 'As it was', 'dead.drop': 'Drop', 'dead.why': 'Why it is dropped',
        'dead.needsReason': 'Say why it is dropped.', 'dead.notJson': 'This is no JSON.', 'dead.wasReplayed': '{place}: published again. If it still cannot be read, it becomes a new dead letter.', 'dead.wasDropped': '{place}: dropped.',
        'dead.cameBack': '{place}: it was replayed, could not be read again, and came back as dead letter {other}.', 'dead.reading': 'Reading all of it…', 'dead.notWhole': 'It could not be read as a whole. Choose it again to try again.',
        'dead.garbage': 'Mend it first?', 'dead.garbage.why': 'This event is no JSON: nobody can read it as it is. Replayed like this, it becomes a new dead letter.', 'dead.garbage.yes': 'Replay as it is',
        'dead.note.replayed': 'replayed at {at} {by}', 'dead.note.dropped': 'dropped at {at} {by}', 'dead.by': 'by {by}', 'dead.byConsole': 'at the console by {address}',
        'dead.notOpen': 'It is open no more. See its state in the list.', 'dead.note': 'Note',
    },
});

const LOOKS = { open: ['warn', 'triangle'], replayed: ['good', 'check'], dropped: ['none', 'minus'] };
const COLUMNS = ['time', 'group', 'type', 'key', 'reason', 'original', 'state', 'look'];

let parts, answer, chosen = null, look = '', said = () => {};
let whole = null; /* the chosen letter with all of its value; null: that is not known yet */
let replayed = null; /* what was replayed last: {letter, value, known} */

function status(state) {
    const [tone, shape] = LOOKS[state] ?? ['none', 'ring'];
    return el('span', { class: 'status', 'data-tone': tone, 'data-state': state }, symbol(shape), el('span', {}, STATES.includes(state) ? t(`dead.${state}`) : state));
}

/* --- the list --- */

function groupItem({ group, open, oldestSeconds }) {
    const [count, unit] = ageOf(oldestSeconds ?? 0);
    return el('li', { 'data-group': group }, el('strong', {}, group), status(open ? 'open' : 'replayed').firstChild,
        el('span', {}, t('dead.groupOpen', { count: open })), open && oldestSeconds !== null ? el('span', { class: 'muted' }, t('dead.oldest', { age: t(unit, { count }) })) : null);
}

function row(letter) {
    const { original } = letter, place = placeOf(letter);
    const cells = {
        time: time(Date.parse(letter.at)), group: letter.group, type: el('code', {}, letter.eventType ?? '–'), key: el('code', {}, letter.key ?? '–'),
        reason: el('span', { lang: 'en', title: letter.reason }, letter.reason), original: el('code', {}, original ? `${original.topic} ${original.partition}-${original.offset}` : '–'),
        state: status(letter.state),
        look: el('button', { type: 'button', 'aria-label': t('dead.lookAt', { place }), onclick: () => choose(place) }, t('dead.look')),
    };
    return el('tr', { 'data-place': place, 'aria-current': place === chosen ? 'true' : null }, COLUMNS.map((name) => el('td', { class: `dead-${name}` }, cells[name])));
}

function showRows() {
    const letters = shown(answer.letters ?? [], parts.state.value, parts.group.value), focused = parts.body.contains(document.activeElement) ? document.activeElement.closest('tr').dataset.place : null;
    parts.body.replaceChildren(...letters.map(row));
    setText(parts.empty, letters.length ? '' : t(answer.letters?.length ? 'dead.noneOfState' : 'dead.empty'));
    parts.empty.hidden = letters.length > 0;
    parts.table.hidden = letters.length === 0;
    if (focused)
        parts.body.querySelector(`tr[data-place="${CSS.escape(focused)}"] button`)?.focus();
}

/* Those that there are; nobody's choice is taken away. */
function offerGroups() {
    const names = (answer.groups ?? []).map(({ group }) => group), said = JSON.stringify(names), value = parts.group.value;
    if (parts.group.dataset.said === said)
        return;
    parts.group.dataset.said = said;
    parts.group.replaceChildren(el('option', { value: '', 'data-t': 'dead.all' }, t('dead.all')), ...names.map((name) => el('option', { value: name }, name)));
    parts.group.value = names.includes(value) ? value : '';
}

/* Does what was replayed lie there again? */
function seeReturn() {
    const back = replayed && cameBack(answer.letters ?? [], replayed);
    if (!back)
        return;
    const values = { place: placeOf(replayed.letter), other: placeOf(back) };
    replayed = null;
    said = () => setText(parts.result, t('dead.cameBack', values));
    said();
    announce(t('dead.cameBack', values));
}

function show(told = answer) {
    answer = told ?? answer;
    setText(parts.note, told === null ? t('dead.lost') : answer ? (answer.allowed ? '' : t('dead.readOnly')) : t('dead.waiting'));
    if (!answer)
        return;
    parts.groups.replaceChildren(...(answer.groups ?? []).map(groupItem));
    const left = leftOut(answer);
    setText(parts.left, left ? t('dead.unlisted', left) : '');
    offerGroups();
    seeReturn();
    const now = JSON.stringify([answer.letters, answer.allowed, parts.state.value, parts.group.value, chosen, whole !== null, document.documentElement.lang]);
    if (now === look)
        return;
    look = now;
    showRows();
    showChosen();
}

/* --- the one that was chosen --- */

const letterOf = (place) => answer?.letters?.find((letter) => placeOf(letter) === place);

function choose(place) {
    chosen = place;
    const letter = letterOf(place);
    parts.why.value = '';
    clear();
    fill(letter?.valueCut ? null : letter);
    show();
    parts.detail.scrollIntoView({ block: 'nearest' });
    parts.detailTitle.focus();
    if (letter?.valueCut)
        readWhole(letter, place);
}

/* null: it is being read. */
function fill(letter) {
    whole = letter ?? null;
    parts.value.value = letter ? readable(letter.value) : '';
    parts.value.placeholder = letter ? '' : t('dead.reading');
}

/* The list has the beginning of a long value only. */
async function readWhole(letter, place) {
    const { ok, body } = await read(pathOf(letter));
    if (place !== chosen)
        return;
    if (ok && body)
        fill(body);
    else
        parts.value.placeholder = t('dead.notWhole');
    show();
}

function clear() {
    said = () => {};
    parts.problem.hidden = parts.valueError.hidden = parts.whyError.hidden = true;
    parts.value.removeAttribute('aria-invalid');
    parts.why.removeAttribute('aria-invalid');
    parts.result.replaceChildren();
}

/* What is being typed is not touched, whatever comes. */
function showChosen() {
    const letter = letterOf(chosen), canAct = answer.allowed === true && letter?.state === 'open', isWhole = whole !== null;
    parts.detail.hidden = !answer.letters?.length;
    setText(parts.detailTitle, letter ? t('dead.chosen', { place: placeOf(letter) }) : t('dead.none'));
    parts.letter.hidden = !letter;
    if (!letter)
        return;
    parts.facts.replaceChildren(status(letter.state), el('span', { lang: 'en' }, letter.reason), letter.note ? el('span', { class: 'muted dead-said' }, noteText(letter.note)) : '');
    parts.value.readOnly = !canAct || !isWhole;
    parts.replay.setAttribute('aria-disabled', !isWhole);
    parts.deeds.hidden = !canAct;
    parts.mend.hidden = !canAct || !isWhole;
}

/* What became of it, in the page's language and at local time. */
function noteText(note) {
    const told = noteOf(note);
    if (!told)
        return `${t('dead.note')}: ${note}`;
    const by = told.console ? t('dead.byConsole', { address: told.console }) : told.by ? t('dead.by', { by: told.by }) : '';
    return [t(`dead.note.${told.deed}`, { at: time(told.at), by }).trim().replace('  ', ' '), told.why].filter(Boolean).join(': ');
}

function refuse(input, error, text) {
    setText(error, text);
    error.hidden = false;
    input.setAttribute('aria-invalid', 'true');
    input.focus();
}

function failed(problem) {
    said = () => {
        const { text, quote } = problem.status === 409 ? { text: t('dead.notOpen'), quote: problem.detail } : problemText(problem, 'POST');
        parts.problem.replaceChildren(el('p', {}, text), ...(quote ? [el('p', { class: 'quote' }, el('q', { lang: 'en' }, quote))] : []));
        parts.problem.hidden = false;
    };
    said();
}

async function act(letter, deed, body, key) {
    clear();
    const place = placeOf(letter), { ok, problem } = await send('POST', pathOf(letter, deed), body);
    if (!ok && problem.member === 'value')
        refuse(parts.value, parts.valueError, problem.detail);
    else if (!ok && problem.member === 'reason')
        refuse(parts.why, parts.whyError, problem.detail);
    else if (!ok)
        failed(problem);
    else {
        said = () => setText(parts.result, t(key, { place }));
        said();
        announce(t(key, { place }));
        parts.detailTitle.focus();
    }
    tell('buried', place);
}

/* As it is, or mended. */
async function replay() {
    if (!whole)
        return null;
    const letter = whole, { body, key } = replayOf(letter, parts.value.value);
    clear();
    if (key)
        return refuse(parts.value, parts.valueError, t(key));
    if (body.value === undefined && isGarbage(letter) && !await asked(t('dead.garbage'), t('dead.garbage.yes'), [el('p', {}, t('dead.garbage.why'))]))
        return parts.value.focus();
    replayed = { letter, value: body.value ?? letter.value, known: new Set(answer.letters.map(placeOf)) };
    return act(letter, 'replay', body, 'dead.wasReplayed');
}

function drop(event) {
    event.preventDefault();
    clear();
    const reason = parts.why.value.trim();
    return reason ? act(letterOf(chosen), 'drop', { reason }, 'dead.wasDropped') : refuse(parts.why, parts.whyError, t('dead.needsReason'));
}

/* --- the part --- */

function makeParts() {
    parts = {
        note: el('p', { class: 'note' }), groups: el('ul', { class: 'dead-groups', 'data-t-label': 'dead.groups' }),
        left: el('p', { class: 'note dead-left' }), group: el('select', { id: 'dead-group', onchange: () => show() }),
        state: el('select', { id: 'dead-show', onchange: () => show() }, ['', ...STATES].map((state) => el('option', { value: state, 'data-t': `dead.${state || 'all'}` }))),
        body: el('tbody'), empty: el('p', { class: 'note' }), detailTitle: el('h3', { tabindex: -1 }), facts: el('p', { class: 'dead-facts' }),
        value: el('textarea', { id: 'dead-value', rows: 8, spellcheck: 'false', 'aria-describedby': 'dead-value-error' }), valueError: el('p', { class: 'error', id: 'dead-value-error', hidden: true }),
        why: el('input', { id: 'dead-why', 'aria-describedby': 'dead-why-error', autocomplete: 'off' }), whyError: el('p', { class: 'error', id: 'dead-why-error', hidden: true }),
        problem: el('div', { class: 'problem', role: 'alert', hidden: true }), result: el('p', { class: 'result', role: 'status' }), mend: el('span', { class: 'muted', 'data-t': 'dead.mend' }),
    };
    parts.table = el('table', { 'data-t-label': 'dead.region', hidden: true },
        el('thead', {}, el('tr', {}, COLUMNS.map((name) => el('th', { scope: 'col', class: `dead-${name}`, 'data-t': `dead.${name}` })))), parts.body);
    parts.replay = el('button', { type: 'button', class: 'main-action', 'data-t': 'dead.replay', onclick: replay });
    parts.deeds = el('div', { class: 'dead-deeds' },
        el('div', {}, parts.replay, ' ',
            el('button', { type: 'button', class: 'quiet', 'data-t': 'dead.reset', onclick: () => { parts.value.value = readable(whole?.value); clear(); } })),
        el('form', { class: 'dead-drop', novalidate: true, onsubmit: drop },
            el('div', { class: 'field' }, el('label', { for: 'dead-why', 'data-t': 'dead.why' }), parts.why, parts.whyError), el('button', { type: 'submit', 'data-t': 'dead.drop' })));
    parts.letter = el('div', { class: 'dead-letter', hidden: true }, parts.facts,
        el('div', { class: 'field' }, el('label', { for: 'dead-value' }, el('span', { 'data-t': 'dead.value' }), parts.mend), parts.value, parts.valueError), parts.deeds, parts.problem);
    parts.detail = el('div', { class: 'dead-detail', hidden: true }, parts.detailTitle, parts.letter, parts.result);
}

function reworded() {
    show();
    said();
}

export function start(element) {
    makeParts();
    element.append(
        el('header', {}, el('h2', { id: 'dead-title', 'data-t': 'dead.title' }), parts.groups,
            el('div', { class: 'dead-filters' }, el('label', { class: 'dead-filter' }, el('span', { 'data-t': 'dead.ofGroup' }), parts.group),
                el('label', { class: 'dead-filter' }, el('span', { 'data-t': 'dead.show' }), parts.state))),
        el('p', { class: 'note', 'data-t': 'dead.about' }), el('div', { class: 'dead-notes' }, parts.note, parts.left),
        el('div', { class: 'dead-region', role: 'region', tabindex: 0, 'data-t-label': 'dead.region' }, parts.empty, parts.table), parts.detail);
    translate(element);
    show(latest('dead'));
    onlyIn(['faults'], 'dead', show);
    on('language', reworded);
}
