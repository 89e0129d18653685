import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Db, Document } from 'mongodb'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { readWorkerConfig } from '../../src/config.ts'
import { createLog } from '../../src/log.ts'
import { billingInbox } from '../../src/store/billing-inbox.ts'
import { channels } from '../../src/store/channels.ts'
import { encryptedPlaces } from '../../src/store/encrypted-places.ts'
import { createEncryption, type Encrypted, type EncryptionKey } from '../../src/store/encryption.ts'
import { reencryptPlace } from '../../src/store/reencrypt.ts'
import { startWorkers, type WorkerProcess } from '../../src/worker.ts'
import { dataOf, startTestApi, type TestApi } from '../api.ts'
import { stripeSubscriptionOf, webhookSecret } from '../billing/signed-events.ts'

const script = join(import.meta.dirname, '../../src/rotate-encryption.ts')
const keys = ['new', 'old', 'lost'].map((id) => ({ id, key: randomBytes(32) }))
const [newest, old, lost] = keys as unknown as [EncryptionKey, EncryptionKey, EncryptionKey]
const setting = (...some: EncryptionKey[]) =>
  some.map(({ id, key }) => `${id}:${Buffer.from(key).toString('base64')}`).join(',')
const encryptedWith = (...some: EncryptionKey[]) => createEncryption(some, randomBytes)
/** Of each place. Small beside what a test run may take, large beside a batch. */
const PLANTED = 450

let api: TestApi
let workers: WorkerProcess

beforeAll(async () => {
  api = await startTestApi({
    ...{ STRIPE_WEBHOOK_SECRETS: webhookSecret, LIMIT_UNMETERED_PER_SECOND: '100000' },
    ENCRYPTION_KEYS: setting(newest, old),
  })
  const config = readWorkerConfig({ ...api.environment, METRICS_PORT: '0' })
  workers = await startWorkers(config, ['apply-billing-events'], createLog('silent', 'test'))
  await workers.ready
})
afterAll(async () => {
  await workers.stop()
  await api.end()
})

/** As an operator calls it. */
async function rotate(encryptionKeys: string, ...options: string[]) {
  const { MONGODB_URI, REDIS_URL } = api.environment
  const { PATH } = process.env
  const child = spawn(process.execPath, [script, ...options], {
    env: { PATH, MONGODB_URI, REDIS_URL, ENCRYPTION_KEYS: encryptionKeys },
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => {
      said += data
    })
  }
  const [code] = await once(child, 'exit')
  return { code, said }
}

/** Values under an older key in every place, with nothing else in their records than what makes them one. */
async function plant(key: EncryptionKey, count: number, prefix: string): Promise<void> {
  const { encrypt } = encryptedWith(key)
  for (const { collection, path } of encryptedPlaces) {
    const records = Array.from({ length: count }, (_, n) => {
      const _id = `${prefix}:${path}:${n}`
      const value = encrypt(`text of ${_id}`, _id, path)
      const [outer = '', inner] = path.split('.')
      const unique = { secrets: [{ hash: _id }] }
      return { _id, ...unique, [outer]: inner === undefined ? value : { [inner]: value } }
    })
    await api.db.collection<Document & { _id: string }>(collection).insertMany(records)
  }
}

function encryptedIn(value: unknown, path = ''): { path: string; value: Encrypted }[] {
  if (typeof value !== 'object' || value === null || value instanceof Date) return []
  if ('keyId' in value && 'iv' in value && 'data' in value) {
    return [{ path, value: value as Encrypted }]
  }
  return Object.entries(value).flatMap(([name, inner]) =>
    encryptedIn(inner, path === '' ? name : `${path}.${name}`),
  )
}

/** Everything encrypted in the whole database, whatever the list of places says. */
async function stored() {
  const found: { place: string; id: string; path: string; value: Encrypted }[] = []
  for (const { name } of await api.db.listCollections().toArray()) {
    for (const record of await api.db.collection(name).find().toArray()) {
      const values = encryptedIn(record)
      for (const one of values) found.push({ place: name, id: String(record._id), ...one })
    }
  }
  return found
}

describe('the rotation of encryption keys', () => {
  test('counts in a dry run, place by place, and changes nothing', async () => {
    await plant(old, PLANTED, 'first')
    const { code, said } = await rotate(setting(newest, old), '--dry-run')
    expect(code).toBe(0)
    for (const { collection, path } of encryptedPlaces) {
      expect(said).toContain(
        `${collection}.${path}: ${PLANTED} values, ${PLANTED} under older keys`,
      )
    }
    const ids = new Set((await stored()).map(({ value }) => value.keyId))
    expect([...ids]).toEqual(['old'])
  })

  test('under load leaves nothing on the old key and nothing that cannot be read', async () => {
    const { accountId, apiKeyId } = await api.seed('free')
    const create = `mutation { createChannel(input: { accountId: "${accountId}", kind: WEBHOOK, name: "x", target: "https://example.com/0" }) { channel { id } } }`
    const created = dataOf<{ channel: { id: string } }>(
      await api.ask(create, { key: api.adminApiKey }),
      'createChannel',
    )
    const { id } = created.channel
    const subscription = stripeSubscriptionOf(api.url, apiKeyId, { customer: 'cus_under_load' })
    let rotating = true
    const load = { hooks: 0, changes: 0 }
    const second = Math.floor(Date.now() / 1_000) - 100_000
    const hooks = async () => {
      while (rotating) {
        load.hooks += 1
        expect(await subscription.updated(second + load.hooks)).toBe(200)
      }
    }
    // Planted records change too, by processes that know both keys: the newest encrypts.
    const { encrypt } = encryptedWith(newest, old)
    const changes = async () => {
      while (rotating) {
        const n = load.changes++
        const target = `https://example.com/${n}`
        const change = `mutation { updateChannel(id: "${id}", input: { target: "${target}" }) { id } rotateChannelSecret(id: "${id}") { secret } }`
        expect((await api.ask(change, { key: api.adminApiKey })).errors).toBeUndefined()
        const _id = `first:target:${n % PLANTED}`
        const set = { target: encrypt(`changed ${n}`, _id, 'target') }
        await channels(api.db).updateOne({ _id }, { $set: set })
      }
    }
    const running = [hooks(), changes()]
    const { code, said } = await rotate(setting(newest, old))
    rotating = false
    await Promise.all(running)
    expect(said).toContain('Nothing is left under older keys')
    expect(code).toBe(0)
    expect(load.hooks).toBeGreaterThan(5)
    expect(load.changes).toBeGreaterThan(5)
    console.log(`rotated ${PLANTED * encryptedPlaces.length} values beside ${JSON.stringify(load)}`)
    const pending = () => billingInbox(api.db).countDocuments({ status: 'PENDING' })
    await vi.waitFor(async () => expect(await pending()).toBe(0), 20_000)

    // With the old key taken out everything is still there.
    const { decrypt } = encryptedWith(newest)
    const all = await stored()
    const texts = new Map(all.map((one) => [one.id, decrypt(one.value, one.id, one.path)]))
    expect(all.length).toBeGreaterThan(PLANTED * encryptedPlaces.length + load.hooks)
    expect(texts.get(`STRIPE:${subscription.id}`)).toBe('cus_under_load')
    const planted = [...texts].filter(([of]) => of.startsWith('first:'))
    expect(planted).toHaveLength(PLANTED * encryptedPlaces.length)
    for (const [of, text] of planted) {
      const changed = of.startsWith('first:target:') && text.startsWith('changed ')
      if (!changed) expect(text).toBe(`text of ${of}`)
    }
    expect(planted.filter(([, text]) => text.startsWith('changed ')).length).toBeGreaterThan(5)
  })

  test('goes on where it was broken off, and leaves what somebody else has written meanwhile', async () => {
    await plant(old, 30, 'second')
    const [place] = encryptedPlaces
    if (!place) throw new Error('no place')
    const encryption = encryptedWith(newest, old)
    let batches = 0
    const stopping = () => batches >= 2
    const onBatch = () => {
      batches += 1
    }
    await reencryptPlace({ db: api.db, encryption, batchSize: 10, onBatch, stopping }, place)
    const ofSecond = { _id: /^second:target:/ }
    const onOld = () => channels(api.db).countDocuments({ ...ofSecond, 'target.keyId': 'old' })
    expect(await onOld()).toBe(10)
    // Between reading and writing somebody changes one: his stays, and is found by the next pass.
    const victim = await channels(api.db).findOne({ ...ofSecond, 'target.keyId': 'old' })
    if (!victim) throw new Error('none is left')
    const late = encryptedWith(old).encrypt('written late', victim._id, 'target')
    const write = () => channels(api.db).updateOne({ _id: victim._id }, { $set: { target: late } })
    await reencryptPlace({ db: writingAfterEachRead(write), encryption }, place)
    expect(await onOld()).toBe(1)
    await reencryptPlace({ db: api.db, encryption }, place)
    const found = await channels(api.db).findOne({ _id: victim._id })
    expect(found && encryption.decrypt(found.target, victim._id, 'target')).toBe('written late')
    expect(await onOld()).toBe(0)
  })

  /** The database, but that somebody is faster each time that something was read. */
  function writingAfterEachRead(write: () => Promise<unknown>): Db {
    const collection = (name: string) => {
      const real = api.db.collection(name)
      const find = (...query: Parameters<typeof real.find>) => ({
        async toArray() {
          const found = await real.find(...query).toArray()
          if (found.length > 0) await write()
          return found
        },
      })
      return { find, bulkWrite: real.bulkWrite.bind(real) }
    }
    return { collection } as unknown as Db
  }

  test('ends with 1 and says what is left where a key is not known any more', async () => {
    await plant(lost, 3, 'third')
    const { code, said } = await rotate(setting(newest, old))
    expect(code).toBe(1)
    expect(said).toContain('channels.target: 3 cannot be read with these keys: third:target:0')
    expect(said).toContain(`${3 * encryptedPlaces.length} values are left under older keys`)
    expect((await rotate(setting(newest, lost))).code).toBe(0)
  })

  test('says what it takes, and refuses what it does not know', async () => {
    const help = await rotate('', '--help')
    expect([help.code, help.said]).toEqual([0, expect.stringContaining('--dry-run')])
    expect((await rotate(setting(newest), '--dry')).code).toBe(1)
    const missing = await rotate('')
    expect([missing.code, missing.said]).toEqual([1, expect.stringContaining('ENCRYPTION_KEYS')])
  })
})
