import { randomBytes } from 'node:crypto'
import { Writable } from 'node:stream'
import { pino } from 'pino'
import { expect, test, vi } from 'vitest'
import { revokeApiKey, rotateApiKey } from '../../src/callers/api-key-commands.ts'
import { newSecret } from '../../src/callers/api-key-secret.ts'
import { testDatabase } from '../servers.ts'
import { audience, startIssuer } from './issuer.ts'
import { startMongoProxy } from './mongo-proxy.ts'
import {
  adminApiKey,
  connectThrough,
  type Presented,
  seedAccount,
  seedKey,
  startCallers,
  tools,
} from './seeded-callers.ts'

/** What a secret looks like to whoever finds a part of it: no run of 16 of its characters may be seen. */
function partsOf(secret: string): string[] {
  const hidden = secret.startsWith('gc_live_') ? secret.slice(12, -4) : secret
  return Array.from({ length: Math.max(1, hidden.length - 15) }, (_, i) => hidden.slice(i, i + 16))
}

test('no secret is found in the database, the logs or the errors, whatever is done with it', async () => {
  const database = await testDatabase()
  const issuer = await startIssuer()
  const proxy = await startMongoProxy(database.uri)
  const lines: string[] = []
  const sink = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk))
      done()
    },
  })
  const callers = await startCallers(await connectThrough(proxy.uri), {
    oidc: { issuer: issuer.url, audience, clientId: null, clientClaim: null, adminClaim: null },
    log: pino({ level: 'trace' }, sink),
  })

  const account = await seedAccount(database.db)
  const { secret, apiKey } = await seedKey(database.db, { accountId: account._id })
  const scope = { apiKeyId: apiKey._id, accountId: null }
  const { secret: rotated } = await rotateApiKey(database.db, scope, 1, tools)
  const token = await issuer.token({ sub: account.userId })
  const badToken = await issuer.token({ sub: account.userId, aud: 'else' })
  const unknown = newSecret(randomBytes)
  const secrets = [secret, rotated, unknown, adminApiKey, token, badToken]

  const answers: string[] = []
  const presented: Presented[] = [
    ...[secret, rotated, unknown, adminApiKey, `${secret}x`, token].map((one) => ({ apiKey: one })),
    ...[token, badToken, secret, adminApiKey].map((one) => ({ authorization: `Bearer ${one}` })),
    { authorization: `Bearer ${token}`, apiKeyId: secret },
  ]
  const present = async (one: Presented) => {
    const answer = await callers.resolve(one).catch((error: Error) => error)
    const text =
      answer instanceof Error ? `${answer.stack} ${answer.cause}` : JSON.stringify(answer)
    answers.push(text)
  }
  const presentAll = () => Promise.all(presented.map(present))
  await presentAll()
  issuer.down = true
  proxy.cut()
  const blind = () => expect(lines.join('')).toContain('changes of keys are not seen')
  await vi.waitFor(blind, { timeout: 10_000 })
  await presentAll()
  proxy.restore()
  await revokeApiKey(database.db, scope, tools)
  callers.changed({ apiKeyId: apiKey._id })
  callers.touched(apiKey._id, Date.now())
  await presentAll()
  await callers.stop()

  const stored: string[] = []
  for (const { name } of await database.db.listCollections().toArray()) {
    for (const document of await database.db.collection(name).find().toArray()) {
      stored.push(JSON.stringify(document))
    }
  }
  // The search itself works: it finds what may be shown.
  expect(stored.join('\n')).toContain(rotated.slice(0, 12))
  expect(answers).toHaveLength(3 * presented.length)
  for (const [place, text] of Object.entries({ stored, lines, answers })) {
    const found = secrets.flatMap(partsOf).filter((part) => text.join('\n').includes(part))
    expect(found, place).toEqual([])
  }
  await proxy.close()
  await issuer.close()
  await database.drop()
})
