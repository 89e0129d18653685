/**
 * An argument that a client must correct: out of range, unknown, or in contradiction to another.
 * Rules know no error codes; the API turns this class, and no other, into BAD_USER_INPUT and shows
 * its message, so the message says what is wrong and what would be right.
 */
export class BadInput extends Error {
  override readonly name = 'BadInput'
}
