import fc from 'fast-check'

/** Four octets, none of them public. */
export type Octets = readonly [number, number, number, number]

const octet = fc.integer({ min: 0, max: 255 })
const within = (first: number, second: fc.Arbitrary<number> = octet) =>
  fc.tuple(fc.constant(first), second, octet, octet)

/** Every range that an attacker would aim at; loopback most often, because a listener waits there. */
export const privateIpv4: fc.Arbitrary<Octets> = fc.oneof(
  { weight: 5, arbitrary: fc.constant<Octets>([127, 0, 0, 1]) },
  within(127),
  within(0),
  within(10),
  within(100, fc.integer({ min: 64, max: 127 })),
  within(169, fc.constant(254)),
  within(172, fc.integer({ min: 16, max: 31 })),
  within(192, fc.constant(168)),
  within(198, fc.constantFrom(18, 19)),
  fc.tuple(fc.integer({ min: 224, max: 255 }), octet, octet, octet),
)

const hex = (value: number, digits = 0) => value.toString(16).padStart(digits, '0')
const numeral = (value: number) =>
  fc.oneof(
    fc.constant(`${value}`),
    fc.constant(`0x${hex(value)}`),
    fc.constant(`0X${hex(value).toUpperCase()}`),
    fc.integer({ min: 1, max: 5 }).map((zeros) => `${'0'.repeat(zeros)}${value.toString(8)}`),
    fc.integer({ min: 1, max: 5 }).map((zeros) => `0x${'0'.repeat(zeros)}${hex(value)}`),
  )

/** One to four numbers, of which the last holds what is left. */
function shortForms([a, b, c, d]: Octets): fc.Arbitrary<string> {
  const forms = [
    [a, b, c, d],
    [a, b, c * 256 + d],
    [a, (b * 256 + c) * 256 + d],
    [((a * 256 + b) * 256 + c) * 256 + d],
  ]
  return fc
    .constantFrom(...forms)
    .chain((numbers) => fc.tuple(...numbers.map(numeral)).map((parts) => parts.join('.')))
}

const wide = (text: string) =>
  text.replace(/[!-~]/g, (one) => String.fromCodePoint(one.charCodeAt(0) + 0xfee0))
const percent = (text: string) => text.replace(/[0-9a-fx]/gi, (one) => `%${hex(one.charCodeAt(0))}`)
const circled = (text: string) =>
  text.replace(/[1-9]/g, (one) => String.fromCodePoint(0x2460 + Number(one) - 1))

/** The IPv6 addresses that carry it. */
export function embeddingsOf([a, b, c, d]: Octets): fc.Arbitrary<string> {
  const dotted = `${a}.${b}.${c}.${d}`
  const [high, low] = [hex(a * 256 + b), hex(c * 256 + d)]
  return fc.constantFrom(
    `::ffff:${dotted}`,
    `::FFFF:${high}:${low}`,
    `0:0:0:0:0:ffff:${high}:${low}`,
    `::${dotted}`,
    `::ffff:0:${dotted}`,
    `64:ff9b::${dotted}`,
    `64:ff9b:1::${high}:${low}`,
    `2002:${high}:${low}::1`,
    `2001:0:${high}:${low}::1`,
    `2001::${hex(0xffff ^ (a * 256 + b))}:${hex(0xffff ^ (c * 256 + d))}`,
    `fe80::${high}:${low}`,
    `fd00::${high}:${low}`,
    `2606:4700::5efe:${dotted}`,
  )
}

/** Hosts as they may stand in a URL, each meaning this address to one parser or another. */
export function notationsOf(octets: Octets): fc.Arbitrary<string> {
  const bracketed = embeddingsOf(octets).map((address) => `[${address}]`)
  const disguise = fc.constantFrom<(text: string) => string>(
    (text) => text,
    (text) => `${text}.`,
    wide,
    percent,
    circled,
    (text) => text.replaceAll('.', '。'),
    (text) => text.replaceAll('.', '．'),
    (text) => text.replaceAll('.', '｡'),
    (text) => text.replaceAll('.', '%2e'),
    (text) => `example.com@${text}`,
    (text) => `u:p@${text}`,
    (text) => `example.com%40${text}`,
    (text) => `${text}#@example.com`,
    (text) => `${text}\\@example.com`,
    (text) => `\t${text}`,
  )
  return fc
    .tuple(fc.oneof({ weight: 3, arbitrary: shortForms(octets) }, bracketed), disguise)
    .map(([host, hide]) => hide(host))
}
