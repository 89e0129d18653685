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

/** The name of an account or a key: 1–100 characters after its outer blanks are cut. */
export function checkedName(text: string): string {
  if (unprintable.test(text)) throw new BadInput('"name" must not hold control characters.')
  const name = text.trim()
  const length = [...name].length
  if (length < 1 || length > NAME_LENGTH) {
    throw new BadInput(`"name" must have 1 to ${NAME_LENGTH} characters.`)
  }
  return name
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

const LINE_LENGTH = 100
const ADDRESS_LINES = 8

/** A name, a tax id: one line of an invoice; empty where it is to be none. */
export function checkedBillingLine(text: string, field: string): string {
  const line = text.trim()
  if (unprintable.test(line) || [...line].length > LINE_LENGTH) {
    throw new BadInput(`"${field}" must be one line of at most ${LINE_LENGTH} characters.`)
  }
  return line
}

/** The lines of an address on an invoice. */
export function checkedBillingAddress(lines: readonly string[]): string[] {
  if (lines.length > ADDRESS_LINES) {
    throw new BadInput(`"billingAddress" must have at most ${ADDRESS_LINES} lines.`)
  }
  return lines.map((line) => checkedBillingLine(line, 'billingAddress'))
}

export function checkedCurrency(text: string): string {
  if (!isCurrency(text)) throw new BadInput('"currency" must be an ISO 4217 code such as USD.')
  return text
}
