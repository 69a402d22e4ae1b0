/* timeline_order - which timelines can be asked for, and when to ask again. No DOM here. */

/* As the frontend takes it: a whole number that fits 64 bits. */
export const isOrder = (text) => /^\d{1,18}$/.test(text ?? '');

/* What was refused is refused again: only an outage (status 0 is no answer) and a timeline that goes on are asked for again. */
export const triesAgain = (failure) => !(failure?.status >= 400 && failure.status < 500);
