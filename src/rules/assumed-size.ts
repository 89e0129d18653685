/** What a list without `first` is taken to hold where its field says nothing. */
const usualSize = 10

/**
 * The `extensions` of a list that is known to be shorter than most, as the few sources of a rule:
 * `t.field({ extensions: assumedSize(2) })`. What is selected below it costs so many times as much.
 * Say the mean of the data rounded up, not the longest: over a page of dates it is the sum that counts.
 */
export function assumedSize(items: number): { assumedSize: number } {
  return { assumedSize: items }
}

/** What `assumedSize` declared on a list field, or the usual. */
export function assumedSizeOf(extensions: Readonly<Record<string, unknown>>): number {
  return typeof extensions.assumedSize === 'number' ? extensions.assumedSize : usualSize
}
