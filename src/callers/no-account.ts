import { ApiError } from '../errors.ts'

/** A good token whose `sub` has no account. */
export class NoAccount extends ApiError {
  override readonly name = 'NoAccount'
  readonly userId: string
  /** ms; the token's end. */
  readonly validUntil: number

  constructor(userId: string, validUntil: number) {
    super('FORBIDDEN', 'There is no account for this token.')
    this.userId = userId
    this.validUntil = validUntil
  }
}
