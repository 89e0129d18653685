import { foreign, line, parts, type Row, second, secret, signed } from './webhook-attack.ts'
import { signatureLine, signedNow } from './webhook-senders.ts'

const changed = (make: (event: Record<string, unknown>) => unknown) =>
  signed((body) => JSON.stringify(make(JSON.parse(body) as Record<string, unknown>)))

/** The id's field at each provider. */
const withId = (id: unknown) =>
  changed((event) => ('event_id' in event ? { ...event, event_id: id } : { ...event, id }))
const withType = (type: unknown) =>
  changed((event) => ('event_type' in event ? { ...event, event_type: type } : { ...event, type }))

/** The good body, made so many bytes long. */
const padded = (bytes: number) => (body: string) =>
  body.replace(/}$/, `,"filler":"${'x'.repeat(bytes - body.length - 12)}"}`)

/** Rightly signed, and yet nothing to store. */
export const bodyAttacks: readonly Row[] = [
  ['a BOM that was signed', 400, signed((body) => `\ufeff${body}`)],
  [
    'invalid UTF-8 that was signed',
    400,
    signed((body) =>
      Buffer.concat([Buffer.from(body).subarray(0, -2), Buffer.from('c328', 'hex')]),
    ),
  ],
  [
    'invalid UTF-8 that was signed as it reads decoded',
    400,
    (sender, body) => {
      const bytes = Buffer.concat([
        Buffer.from(body.slice(0, -1)),
        Buffer.from('2c22c3223a317d', 'hex'),
      ])
      const text = new TextDecoder().decode(bytes)
      return { headers: { [sender.header]: signedNow(sender, text, secret) }, body: bytes }
    },
  ],
  ['UTF-16 that was signed', 400, signed((body) => Buffer.from(body, 'utf16le'))],
  ['what is no JSON', 400, signed(() => 'not JSON')],
  ['a form', 400, signed(() => 'id=evt_1&type=invoice.paid')],
  ['nothing, signed', 400, signed(() => '')],
  ['null', 400, signed(() => 'null')],
  ['a number', 400, signed(() => '1')],
  ['a string', 400, signed(() => '"evt_1"')],
  ['a list', 400, signed((body) => `[${body}]`)],
  ['an empty object', 400, signed(() => '{}')],
  ['two objects', 400, signed((body) => `${body}${body}`)],
  ['no id', 400, withId(undefined)],
  ['an id that is an operator', 400, withId({ $gt: '' })],
  ['an id that is a number', 400, withId(7)],
  ['an empty id', 400, withId('')],
  ['an id with a blank', 400, withId('evt 1')],
  ['an id with a line break', 400, withId('evt_1\nevt_2')],
  ['an id with NUL', 400, withId('evt_1\0')],
  ['an id of 300 characters', 400, withId(`evt_${'x'.repeat(300)}`)],
  ['no type', 400, withType(undefined)],
  ['a type that is a list', 400, withType(['invoice.paid'])],
  ['a type of 300 characters', 400, withType('x'.repeat(300))],
  // Not too long, and yet parsing it would hold the process for a second.
  [
    'lists nested 400,000 deep',
    400,
    signed((body) =>
      body.replace(/"data":.*}$/, `"data":${'['.repeat(400_000)}${']'.repeat(400_000)}}`),
    ),
  ],
  ['a body one byte too long', 413, signed(padded(1_000_001))],
  ['10 MB', 413, signed(padded(10_000_000))],
  [
    '10 MB in chunks',
    413,
    (sender, body) => ({ ...signed(padded(10_000_000))(sender, body), chunked: 200 }),
  ],
  ...['gzip', 'deflate', 'br', 'gzip, identity'].map(
    (encoding): Row => [
      `a content encoding of ${encoding}`,
      415,
      (sender, body) => {
        const headers = {
          [sender.header]: signedNow(sender, body, secret),
          'content-encoding': encoding,
        }
        return { headers, body }
      },
    ],
  ),
  ...['GET', 'PUT', 'DELETE'].map(
    (method): Row => [
      `the method ${method}`,
      405,
      (sender, body) => ({ ...signed((same) => same)(sender, body), method }),
    ],
  ),
]

/** As they should be, or as they may be. */
export const goodWebhooks: readonly Row[] = [
  ['a good event', 200, signed((body) => body)],
  ['a good event signed with the second secret', 200, line((s, b) => signedNow(s, b, second))],
  ['a time 298 s ago', 200, line((sender, body) => signedNow(sender, body, secret, -298))],
  ['a time 298 s ahead', 200, line((sender, body) => signedNow(sender, body, secret, 298))],
  ...[0, 1].map(
    (place): Row => [
      `two signatures, the ${place === 0 ? 'first' : 'second'} right`,
      200,
      line((sender, body) => {
        const { seconds, hex } = parts(sender, body)
        const wrong = sender.digest(body, foreign, seconds)
        return signatureLine(sender, seconds, place === 0 ? [hex, wrong] : [wrong, hex])
      }),
    ],
  ),
  [
    'a right signature beside one in upper case and an unknown scheme',
    200,
    line((sender, body) => {
      const { seconds, hex, separator } = parts(sender, body)
      const digests = [hex.toUpperCase(), hex]
      return [signatureLine(sender, seconds, digests), 'v9=x'].join(separator)
    }),
  ],
  ['chunks', 200, (sender, body) => ({ ...signed((same) => same)(sender, body), chunked: 7 })],
  ['a body of 1 MB', 200, signed(padded(1_000_000))],
  [
    'a content type that does not fit',
    200,
    (sender, body) => {
      const sending = signed((same) => same)(sender, body)
      return { ...sending, headers: { ...sending.headers, 'content-type': 'text/plain' } }
    },
  ],
  ['brackets in its strings', 200, changed((event) => ({ ...event, note: '[{"\\'.repeat(500) }))],
  [
    'lists nested 100 deep',
    200,
    signed((body) => body.replace(/}$/, `,"deep":${'['.repeat(100)}${']'.repeat(100)}}`)),
  ],
  ['letters beyond ASCII', 200, changed((event) => ({ ...event, note: 'Zoë 🦘 \ud800' }))],
]
