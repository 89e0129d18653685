/**
 * What no text of a client may hold where it travels on into mail subjects, chat messages, calendars and
 * invoices: no control characters (CR and LF would split a header), no line separators, no characters
 * that reverse the reading direction, no half surrogates.
 */
export const unprintable = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u202a-\u202e\u2066-\u2069]/u
