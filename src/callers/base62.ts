/** `crypto.randomBytes`, or a seeded stand-in: `size` uniformly random bytes. */
export type RandomBytes = (size: number) => Uint8Array

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
/** The largest multiple of 62 below 256: bytes above it would favour the first digits. */
const unbiased = 248

/** `length` digits, each of the 62 equally likely. */
export function randomBase62(random: RandomBytes, length: number): string {
  let text = ''
  while (text.length < length) {
    for (const byte of random(length - text.length)) {
      if (byte < unbiased) text += alphabet[byte % 62]
    }
  }
  return text
}

/** A whole number >= 0 in base 62, padded with zeros to `length`. */
export function toBase62(value: number, length: number): string {
  let text = ''
  for (let rest = value; text.length < length; rest = Math.floor(rest / 62)) {
    text = `${alphabet[rest % 62]}${text}`
  }
  return text
}
