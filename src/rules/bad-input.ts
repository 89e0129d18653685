/** Longer than any message of ours; only what a client sent makes one longer. */
const LONGEST = 1_000

/**
 * An argument that a client must correct: out of range, unknown, or in contradiction to another.
 * Rules know no error codes; the API turns this class, and no other, into BAD_USER_INPUT and shows
 * its message, so the message says what is wrong and what would be right. A long value is repeated in
 * part: else one variable, refused under many aliases, would come back many times its size.
 */
export class BadInput extends Error {
  override readonly name = 'BadInput'

  constructor(message: string) {
    super(message.length > LONGEST ? bothEnds(message) : message)
  }
}

function bothEnds(text: string): string {
  const half = LONGEST / 2
  return `${text.slice(0, half)} … ${text.slice(-half)}`.toWellFormed()
}
