import { randomBytes } from 'node:crypto'
import type { ChangeStream } from 'mongodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { billingInbox } from '../../src/store/billing-inbox.ts'
import { startTestApi, type TestApi } from '../api.ts'
import {
  paddleSender,
  type Sending,
  send,
  signatureLine,
  signedNow,
  stripeSender,
  type WebhookSender,
} from '../billing/webhook-senders.ts'

/**
 * The attacks on web hooks of the product's promises, for both providers over a real port. Whatever is not
 * answered 200 must have written nothing, which MongoDB's own change stream says.
 */
const secrets = ['whsec_first_of_two', 'whsec_second_of_two'] as const
const [secret, second] = secrets
const foreign = 'whsec_of_somebody_else'
const now = () => Math.floor(Date.now() / 1_000)

let api: TestApi
let changes: ChangeStream
let written: string[] = []

beforeAll(async () => {
  const both = secrets.join(',')
  api = await startTestApi({ STRIPE_WEBHOOK_SECRETS: both, PADDLE_WEBHOOK_SECRETS: both })
  const ofBilling = { 'ns.coll': /^(billing|provider|apiKeys|accessHistory|deliveries)/ }
  changes = api.db.watch([{ $match: ofBilling }])
  changes.on('change', (change) => {
    written.push('ns' in change && 'coll' in change.ns ? change.ns.coll : change.operationType)
  })
  await new Promise((ready) => changes.once('resumeTokenChanged', ready))
})
afterAll(async () => {
  await changes.close()
  await api.end()
})

/** What a row does with a good body and its sender. */
type Attack = (sender: WebhookSender, body: string) => Omit<Sending, 'path'>
type Row = [name: string, status: number, attack: Attack]

const line =
  (make: (sender: WebhookSender, body: string) => string): Attack =>
  (sender, body) => ({ headers: { [sender.header]: make(sender, body) }, body })

/** A header whose time is written like this, signed over what is written. */
const withTime = (time: (now: number) => string) =>
  line((sender, body) => {
    const text = time(now())
    return signatureLine(sender, text, [sender.digest(body, secret, text)])
  })

/** A body of this kind, rightly signed. */
const signed =
  (make: (body: string) => string | Uint8Array): Attack =>
  (sender, body) => {
    const other = make(body)
    return { headers: { [sender.header]: signedNow(sender, other, secret) }, body: other }
  }

/** A good header over the body that the provider made, and another body. */
const exchanged =
  (make: (body: string) => string | Uint8Array): Attack =>
  (sender, body) => ({
    headers: { [sender.header]: signedNow(sender, body, secret) },
    body: make(body),
  })

const parts = (sender: WebhookSender, body: string, by = secret) => {
  const seconds = now()
  return { seconds, hex: sender.digest(body, by, seconds), ...sender }
}

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

const aByte = (body: string) => {
  const bytes = Buffer.from(body)
  const at = Math.floor(bytes.length / 2)
  bytes[at] = (bytes[at] ?? 0) ^ 1
  return bytes
}

const unsigned: Row[] = [
  ['no signature header', 400, (_, body) => ({ body })],
  ['an empty signature header', 400, line(() => '')],
  [
    'two signature headers, both right',
    400,
    (sender, body) => {
      const good = signedNow(sender, body, secret)
      return { headers: { [sender.header]: [good, good] }, body }
    },
  ],
  [
    'two signature headers, the second right',
    400,
    (sender, body) => {
      const lines = [foreign, secret].map((one) => signedNow(sender, body, one))
      return { headers: { [sender.header]: lines }, body }
    },
  ],
  ['a tampered byte', 400, exchanged(aByte)],
  ['a body written anew', 400, exchanged((body) => JSON.stringify(JSON.parse(body), null, 1))],
  ['a body with a newline at its end', 400, exchanged((body) => `${body}\n`)],
  ['a body with a BOM that was not signed', 400, exchanged((body) => `\ufeff${body}`)],
  ['no body', 400, exchanged(() => '')],
  ['a wrong secret', 400, line((sender, body) => signedNow(sender, body, foreign))],
  ['a blank secret', 400, line((sender, body) => signedNow(sender, body, ''))],
  ['a secret with a newline', 400, line((sender, body) => signedNow(sender, body, `${secret}\n`))],
  ['both secrets as one', 400, line((sender, body) => signedNow(sender, body, secrets.join(',')))],
  ['a time 302 s ago', 400, line((sender, body) => signedNow(sender, body, secret, -302))],
  ['a time 10 min ago', 400, line((sender, body) => signedNow(sender, body, secret, -600))],
  ['a time 302 s ahead', 400, line((sender, body) => signedNow(sender, body, secret, 302))],
  ['a time 1 h ahead', 400, line((sender, body) => signedNow(sender, body, secret, 3_600))],
  ['a time in milliseconds', 400, withTime((seconds) => `${seconds}000`)],
  ['a time that is NaN', 400, withTime(() => 'NaN')],
  ['an empty time', 400, withTime(() => '')],
  ['a negative time', 400, withTime((seconds) => `-${seconds}`)],
  ['a time with a fraction', 400, withTime((seconds) => `${seconds}.5`)],
  ['a time with an exponent', 400, withTime((seconds) => `${seconds / 1e9}e9`)],
  ['a time in hexadecimal', 400, withTime((seconds) => `0x${seconds.toString(16)}`)],
  ['a time with letters after it', 400, withTime((seconds) => `${seconds}abc`)],
  [
    'no time',
    400,
    line((sender, body) => `${sender.scheme}=${sender.digest(body, secret, now())}`),
  ],
  [
    'the time twice, the last right',
    400,
    line((sender, body) => {
      const { seconds, hex, time, scheme, separator } = parts(sender, body)
      return [`${time}=1`, `${time}=${seconds}`, `${scheme}=${hex}`].join(separator)
    }),
  ],
  [
    'the same time twice',
    400,
    line((sender, body) => {
      const { seconds, hex, time, scheme, separator } = parts(sender, body)
      return [`${time}=${seconds}`, `${scheme}=${hex}`, `${time}=${seconds}`].join(separator)
    }),
  ],
  [
    'only a signature of another scheme',
    400,
    line((sender, body) => {
      const { seconds, hex, time, separator } = parts(sender, body)
      return [`${time}=${seconds}`, `v0=${hex}`].join(separator)
    }),
  ],
  [
    'the wrong separator',
    400,
    line((sender, body) => {
      const { seconds, hex, time, scheme, separator } = parts(sender, body)
      return [`${time}=${seconds}`, `${scheme}=${hex}`].join(separator === ',' ? ';' : ',')
    }),
  ],
  [
    'upper-case hexadecimal',
    400,
    line((sender, body) => {
      const { seconds, hex } = parts(sender, body)
      return signatureLine(sender, seconds, [hex.toUpperCase()])
    }),
  ],
  [
    'a signature in base64',
    400,
    line((sender, body) => {
      const { seconds, hex } = parts(sender, body)
      return signatureLine(sender, seconds, [Buffer.from(hex, 'hex').toString('base64')])
    }),
  ],
  [
    'a signature that is cut short',
    400,
    line((sender, body) => {
      const { seconds, hex } = parts(sender, body)
      return signatureLine(sender, seconds, [hex.slice(0, -1)])
    }),
  ],
  [
    'a signature with more behind it',
    400,
    line((sender, body) => {
      const { seconds, hex } = parts(sender, body)
      return signatureLine(sender, seconds, [`${hex}00`])
    }),
  ],
  ['an empty signature', 400, line((sender) => signatureLine(sender, now(), ['']))],
  [
    'two wrong signatures',
    400,
    line((sender, body) => {
      const seconds = now()
      const digests = ['a', 'b'].map((one) => sender.digest(body, one, seconds))
      return signatureLine(sender, seconds, digests)
    }),
  ],
  [
    'a hundred signatures, the last right',
    400,
    line((sender, body) => {
      const { seconds, hex } = parts(sender, body)
      const wrong = Array.from({ length: 99 }, () => randomBytes(32).toString('hex'))
      return signatureLine(sender, seconds, [...wrong, hex])
    }),
  ],
  [
    'the signature of the other provider',
    400,
    (sender, body) => {
      const other = sender.provider === 'STRIPE' ? paddleSender : stripeSender
      const headers = { [sender.header]: signedNow(other, body, secret) }
      return { headers: { ...headers, [other.header]: signedNow(other, body, secret) }, body }
    },
  ],
  [
    'the signature without the time in what is signed',
    400,
    line((sender, body) => signatureLine(sender, now(), [sender.digest(body, secret, '')])),
  ],
]

const hostile: Row[] = [
  ['a BOM that was signed', 400, signed((body) => `\ufeff${body}`)],
  [
    'invalid UTF-8 that was signed',
    400,
    signed((body) =>
      Buffer.concat([Buffer.from(body).subarray(0, -2), Buffer.from('c328', 'hex')]),
    ),
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
  // Not too long to parse, yet too deep to write.
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

const thin = {
  id: 'evt_test_65',
  object: 'v2.core.event',
  type: 'v1.billing.meter.error_report_triggered',
  created: '2026-11-22T11:57:47.390Z',
  livemode: false,
  related_object: { id: 'mtr_1', type: 'billing.meter', url: '/v1/billing/meters/mtr_1' },
}

const good: Row[] = [
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
  ['letters beyond ASCII', 200, changed((event) => ({ ...event, note: 'Zoë 🦘 \ud800' }))],
]

describe.each([stripeSender, paddleSender])('a web hook of $provider', (sender) => {
  let n = 0
  const attackWith = async (attack: Attack) => {
    n += 1
    const id = `evt_${sender.provider.toLowerCase()}_${n}`
    const sending = attack(sender, sender.event(id))
    return { id, answer: await send(api.url, { path: sender.path, ...sending }) }
  }

  test.each([...unsigned, ...hostile])(
    'with %s is answered %i and writes nothing',
    async (...row) => {
      const { answer } = await attackWith(row[2])
      expect(answer).toMatchObject({ status: row[1] })
      if (row[1] !== 405) expect(JSON.parse(answer.text)).toHaveProperty('code')
    },
  )

  test('that was refused has written nothing, as the change stream says once it shows what is written', async () => {
    const { id, answer } = await attackWith(signed((body) => body))
    expect(answer.status).toBe(200)
    await expect.poll(() => written.length).toBeGreaterThan(0)
    expect(written).toEqual(['billingInbox'])
    expect(await billingInbox(api.db).countDocuments({ provider: sender.provider })).toBe(1)
    await billingInbox(api.db).deleteOne({ _id: `${sender.provider}:${id}` })
    await expect.poll(() => written.length).toBe(2)
    written = []
  })

  test.each(good)('with %s is answered %i and stored', async (...row) => {
    const { id, answer } = await attackWith(row[2])
    expect(answer).toMatchObject({ status: row[1], text: '{"received":true}' })
    expect(await billingInbox(api.db).findOne({ eventId: id })).toMatchObject({ status: 'PENDING' })
  })

  test('that are good can be taken back from the count', async () => {
    const { deletedCount } = await billingInbox(api.db).deleteMany({ provider: sender.provider })
    expect(deletedCount).toBe(good.length)
    await expect.poll(() => written.length).toBe(2 * good.length)
    written = []
  })
})

test('a thin event is answered 400 on the route of Stripe, and writes nothing', async () => {
  const body = JSON.stringify(thin)
  const headers = { [stripeSender.header]: signedNow(stripeSender, body, secret) }
  const answer = await send(api.url, { path: stripeSender.path, headers, body })
  expect(answer.status).toBe(400)
  expect(await billingInbox(api.db).countDocuments({ eventId: thin.id })).toBe(0)
})
