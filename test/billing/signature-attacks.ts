import { randomBytes } from 'node:crypto'
import {
  attackedSecrets,
  exchanged,
  foreign,
  line,
  now,
  parts,
  type Row,
  secret,
  withTime,
} from './webhook-attack.ts'
import { paddleSender, signatureLine, signedNow, stripeSender } from './webhook-senders.ts'

const aByte = (body: string) => {
  const bytes = Buffer.from(body)
  const at = Math.floor(bytes.length / 2)
  bytes[at] = (bytes[at] ?? 0) ^ 1
  return bytes
}

/** What does not vouch for its body. */
export const signatureAttacks: readonly Row[] = [
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
  [
    'both secrets as one',
    400,
    line((sender, body) => signedNow(sender, body, attackedSecrets.join(','))),
  ],
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
