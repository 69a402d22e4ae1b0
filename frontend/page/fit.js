/* fit - a text cut to a width that is estimated, since nothing is measured before it is drawn. No DOM here. */

/* Hangul is as wide as it is high; of Latin letters, capitals and m and w are wide. */
const widthOf = (letter) => (letter > '\u1100' ? 1 : /[A-Zmw]/.test(letter) ? 0.74 : /[iljtf.,:/'{}()]/.test(letter) ? 0.34 : 0.58);

export const textWidth = (text, size) => [...text].reduce((sum, letter) => sum + widthOf(letter), 0) * size;

export function fit(text, width, size) {
    if (textWidth(text, size) <= width)
        return text;
    let kept = [...text];
    while (kept.length > 1 && textWidth(kept.join('') + '…', size) > width)
        kept = kept.slice(0, -1);
    return kept.join('') + '…';
}
