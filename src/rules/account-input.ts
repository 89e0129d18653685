import { BadInput } from './bad-input.ts'
import { isCurrency } from './currency.ts'
import { unprintable } from './unprintable.ts'

/**
 * A dot-atom at a host name with at least one dot (RFC 5321 without quoted local parts and address
 * literals, which no mail provider hands out).
 */
const email =
  /^[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*@(?:[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?\.)+[a-z](?:[a-z\d-]{0,61}[a-z\d])$/i

export const NAME_LENGTH = 100

export const ADDRESS_LINES = 8
export const LONGEST_GRACE_DAYS = 365

/**
 * The name of an account or a key, or a line of an invoice: 1–100 characters after its outer blanks are cut.
 * @param field how the client calls it
 */
export function checkedName(text: string, field = 'name'): string {
  if (unprintable.test(text)) throw new BadInput(`"${field}" must not hold control characters.`)
  const name = text.trim()
  const length = [...name].length
  if (length < 1 || length > NAME_LENGTH) {
    throw new BadInput(`"${field}" must have 1 to ${NAME_LENGTH} characters.`)
  }
  return name
}

/** Where invoices go: lines as they are printed. */
export function checkedAddress(lines: readonly string[], field = 'billingAddress'): string[] {
  if (lines.length < 1 || lines.length > ADDRESS_LINES) {
    throw new BadInput(`"${field}" must have 1 to ${ADDRESS_LINES} lines.`)
  }
  return lines.map((line) => checkedName(line, field))
}

export function checkedGraceDays(days: number): number {
  if (Number.isInteger(days) && days >= 0 && days <= LONGEST_GRACE_DAYS) return days
  throw new BadInput(`"graceDays" must be a whole number from 0 to ${LONGEST_GRACE_DAYS}.`)
}

/** @param field how the client calls it */
export function checkedEmail(text: string, field = 'email'): string {
  if (text.length > 254 || text.indexOf('@') > 64 || !email.test(text)) {
    throw new BadInput(`"${field}" must be an address like name@example.com.`)
  }
  return text
}

/** The `sub` of the owner's tokens: compared byte for byte, so nothing is cut from it (OIDC: at most 255). */
export function checkedUserId(text: string): string {
  if (text.trim() === '' || text.length > 255 || unprintable.test(text)) {
    throw new BadInput('"userId" must have 1 to 255 characters, none of them a control character.')
  }
  return text
}

export function checkedCurrency(text: string): string {
  if (!isCurrency(text)) throw new BadInput('"currency" must be an ISO 4217 code such as USD.')
  return text
}
