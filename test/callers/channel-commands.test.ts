import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { updateAccount } from '../../src/callers/account-commands.ts'
import {
  type ChannelTools,
  channelsOf,
  removeChannel,
  rotateChannelSecret,
  updateChannel,
} from '../../src/callers/channel-commands.ts'
import { createChannel, MOST_CHANNELS, type NewChannel } from '../../src/callers/create-channel.ts'
import type { AccountDoc } from '../../src/store/accounts.ts'
import { type ChannelDoc, channels, ensureOwnAddress } from '../../src/store/channels.ts'
import { createEncryption } from '../../src/store/encryption.ts'
import { createIndexes } from '../../src/store/indexes.ts'
import { type TestDatabase, testDatabase } from '../servers.ts'
import { clock, tools as keyTools, seedAccount, seedKey } from './seeded-callers.ts'

let database: TestDatabase
let account: AccountDoc
beforeAll(async () => {
  database = await testDatabase()
  await createIndexes(database.db)
})
afterAll(() => database.drop())
beforeEach(async () => {
  account = await seedAccount(database.db)
})

const tools: ChannelTools = {
  clock: clock.now,
  random: randomBytes,
  encryption: keyTools.encryption,
  outboundAllow: new Set(),
}
const hook = 'https://example.com/hook?token=planted'

function create(input: Partial<NewChannel> = {}) {
  const given = { accountId: account._id, kind: 'WEBHOOK', name: 'Mine', target: hook } as const
  return createChannel(database.db, { ...given, ...input }, tools)
}

function changeEmail(email: string, encryption = tools.encryption) {
  const whose = { accountId: account._id, by: 'owner' } as const
  return updateAccount(database.db, whose, { email }, { ...keyTools, encryption })
}

const own = () => `ch_${account._id}`
const scope = (channelId: string) => ({ channelId, accountId: account._id })
const stored = (_id: string) => channels(database.db).findOne({ _id })
const update = (id: string, changes: Parameters<typeof updateChannel>[2]) =>
  updateChannel(database.db, scope(id), changes, tools)
const disable = (_id: string, disabledBecause: string | null) =>
  channels(database.db).updateOne({ _id }, { $set: { enabled: false, disabledBecause } })

function targetOf({ _id, target }: ChannelDoc): string {
  return tools.encryption.decrypt(target, _id, 'target')
}

describe("an account's own address", () => {
  test('is a channel from the start: for every level and key, encrypted, shown masked', async () => {
    const channel = await stored(own())
    expect(channel).toMatchObject({
      ...{ accountId: account._id, kind: 'EMAIL', secret: null, levels: null, apiKeyIds: null },
      ...{ enabled: true, disabledBecause: null, shown: 'u…@example.com' },
      createdAt: account.createdAt,
    })
    expect(channel && targetOf(channel)).toBe(account.email)
    expect(JSON.stringify(channel)).not.toContain(account.email)
  })

  test('follows the e-mail of the account, and keeps its name and filters', async () => {
    await update(own(), { name: 'Me', levels: ['EXCEEDED'] })
    await changeEmail('new@example.org')
    const channel = await stored(own())
    expect(channel).toMatchObject({ name: 'Me', levels: ['EXCEEDED'], shown: 'n…@example.org' })
    expect(channel && targetOf(channel)).toBe('new@example.org')
  })

  test('is tried again at a new e-mail where the old one was given up, and not where the owner disabled it', async () => {
    await disable(own(), 'The mail server refused the address.')
    await changeEmail('new@example.org')
    expect(await stored(own())).toMatchObject({ enabled: true, disabledBecause: null })
    await update(own(), { enabled: false })
    await changeEmail('newer@example.org')
    expect(await stored(own())).toMatchObject({ enabled: false, shown: 'n…@example.org' })
  })

  test('stays with a change of the account that fails', async () => {
    const encrypt = () => {
      throw new Error('no key')
    }
    const failing = { ...tools.encryption, encrypt }
    const change = changeEmail('x@example.org', failing)
    await expect(change).rejects.toThrow('no key')
    const found = await database.db.collection('accounts').findOne({ email: 'x@example.org' })
    expect(found).toBeNull()
  })

  test('is made for an account from before, once, however many ask at once', async () => {
    await channels(database.db).deleteMany({ accountId: account._id })
    const { encrypt } = tools.encryption
    const ensure = () => ensureOwnAddress(database.db, account, encrypt)
    await Promise.all([
      ...Array.from({ length: 20 }, ensure),
      channelsOf(database.db, account._id, tools),
    ])
    const listed = await channelsOf(database.db, account._id, tools)
    expect(listed.map(({ _id }) => _id)).toEqual([own()])
    await update(own(), { enabled: false })
    await ensure()
    expect(await stored(own())).toMatchObject({ enabled: false })
  })

  test('is not there for an account without e-mail', async () => {
    const silent = { ...account, _id: 'acc_without', email: '' }
    await ensureOwnAddress(database.db, silent, tools.encryption.encrypt)
    expect(await stored('ch_acc_without')).toBeNull()
  })

  test('can be filtered and disabled, neither removed nor led elsewhere', async () => {
    await expect(removeChannel(database.db, scope(own()))).rejects.toThrow('cannot be removed')
    await expect(update(own(), { target: 'eve@example.com' })).rejects.toThrow("account's email")
    expect(await update(own(), { enabled: false })).toMatchObject({ enabled: false })
  })
})

describe('an account', () => {
  test('has twenty channels at most, also where many are made at once', async () => {
    const asked = await Promise.allSettled(Array.from({ length: 40 }, () => create()))
    const refused = asked.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
    for (const reason of refused) expect(reason).toMatchObject({ code: 'FORBIDDEN' })
    const held = await channels(database.db).countDocuments({ accountId: account._id })
    expect([held, refused.length]).toEqual([MOST_CHANNELS, 40 - (MOST_CHANNELS - 1)])
    const last = await channels(database.db).findOne({ accountId: account._id, kind: 'WEBHOOK' })
    await removeChannel(database.db, scope(String(last?._id)))
    await create()
    await expect(create()).rejects.toMatchObject({ code: 'FORBIDDEN' })
  })

  test('names its own keys only, revoked ones too', async () => {
    const { apiKey } = await seedKey(database.db, { accountId: account._id })
    const { apiKey: foreign } = await seedKey(database.db)
    const { channel } = await create({ apiKeyIds: [apiKey._id, apiKey._id] })
    expect(channel.apiKeyIds).toEqual([apiKey._id])
    for (const apiKeyIds of [
      [foreign._id],
      [apiKey._id, foreign._id],
      ['key_none'],
      ['{"$gt":""}'],
    ]) {
      await expect(create({ apiKeyIds })).rejects.toMatchObject({ code: 'NOT_FOUND' })
      await expect(update(channel._id, { apiKeyIds })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    }
    expect(await stored(channel._id)).toMatchObject({ apiKeyIds: [apiKey._id] })
  })

  test('must exist', async () => {
    await expect(create({ accountId: 'acc_none' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    const list = channelsOf(database.db, 'acc_none', tools)
    await expect(list).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})

describe('a change of a channel', () => {
  test('leaves what is left out or null, but of a filter null means all', async () => {
    const { channel } = await create({ levels: ['WARNING', 'WARNING', 'ANOMALY'] })
    expect(channel.levels).toEqual(['WARNING', 'ANOMALY'])
    expect(await update(channel._id, {})).toEqual(channel)
    const nothing = { name: null, target: null, enabled: null }
    expect(await update(channel._id, nothing)).toEqual(channel)
    expect(await update(channel._id, { levels: null })).toEqual({ ...channel, levels: null })
  })

  test('takes names that look like operators as names', async () => {
    const { channel } = await create()
    for (const name of ['$accountId', '$$ROOT', '{"$gt":""}', '$target.data']) {
      expect(await update(channel._id, { name })).toMatchObject({ name })
    }
  })

  test('is a new chance for what the system disabled: by enabling it, or with another target', async () => {
    const { channel } = await create()
    await disable(channel._id, 'It answered 410 Gone.')
    const renamed = await update(channel._id, { name: 'Still' })
    expect(renamed).toMatchObject({ enabled: false, disabledBecause: 'It answered 410 Gone.' })
    const off = await update(channel._id, { enabled: false })
    expect(off).toMatchObject({ enabled: false, disabledBecause: 'It answered 410 Gone.' })
    const enabled = await update(channel._id, { enabled: true })
    expect(enabled).toMatchObject({ enabled: true, disabledBecause: null })
    await disable(channel._id, 'It answered 410 Gone.')
    const moved = await update(channel._id, { target: 'https://example.org/' })
    expect(moved).toMatchObject({
      enabled: true,
      disabledBecause: null,
      shown: 'https://example.org/…',
    })
    expect(targetOf(moved)).toBe('https://example.org/')
    await disable(channel._id, null)
    const stays = await update(channel._id, { target: 'https://example.net/' })
    expect(stays).toMatchObject({ enabled: false })
    await disable(channel._id, 'It answered 410 Gone.')
    const both = await update(channel._id, { target: 'https://example.org/', enabled: false })
    expect(both).toMatchObject({ enabled: false, disabledBecause: null })
  })

  test('judges a target by the kind that the channel has', async () => {
    const { channel } = await create()
    for (const target of ['ada@example.com', 'http://example.com/', 'https://10.0.0.1/']) {
      await expect(update(channel._id, { target })).rejects.toThrow('"target" must')
    }
    expect(await stored(channel._id)).toEqual(channel)
  })
})

describe('what is secret', () => {
  test('is given once, signs a WEBHOOK only, and stands encrypted', async () => {
    const { channel, secret } = await create()
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
    const document = await stored(channel._id)
    expect(
      document?.secret && tools.encryption.decrypt(document.secret, channel._id, 'secret'),
    ).toBe(secret)
    expect(document && targetOf(document)).toBe(hook)
    for (const part of ['planted', 'token', secret?.slice(6, 22) ?? '']) {
      expect(JSON.stringify(document)).not.toContain(part)
    }
    const mail = await create({ kind: 'EMAIL', target: 'ada@example.com' })
    expect([mail.secret, mail.channel.secret]).toEqual([null, null])
  })

  test('can be another from now on', async () => {
    const { channel, secret } = await create()
    const rotated = await rotateChannelSecret(database.db, scope(channel._id), tools)
    expect(rotated.secret).toMatch(/^whsec_/)
    expect(rotated.secret).not.toBe(secret)
    const document = await stored(channel._id)
    expect(
      document?.secret && tools.encryption.decrypt(document.secret, channel._id, 'secret'),
    ).toBe(rotated.secret)
    await expect(rotateChannelSecret(database.db, scope(own()), tools)).rejects.toThrow('WEBHOOK')
  })

  test('is read with an older key, and encrypted with the newest where it is written again', async () => {
    const older = { id: 'old', key: randomBytes(32) }
    const newer = { id: 'new', key: randomBytes(32) }
    const before = { ...tools, encryption: createEncryption([older], randomBytes) }
    const after = { ...tools, encryption: createEncryption([newer, older], randomBytes) }
    const given = { accountId: account._id, kind: 'WEBHOOK', name: 'x', target: hook } as const
    const { channel, secret } = await createChannel(database.db, given, before)
    expect(channel).toMatchObject({ target: { keyId: 'old' }, secret: { keyId: 'old' } })
    expect(after.encryption.decrypt(channel.target, channel._id, 'target')).toBe(hook)
    expect(channel.secret && after.encryption.decrypt(channel.secret, channel._id, 'secret')).toBe(
      secret,
    )
    await updateChannel(database.db, scope(channel._id), { target: hook }, after)
    await rotateChannelSecret(database.db, scope(channel._id), after)
    const rewritten = await stored(channel._id)
    expect(rewritten).toMatchObject({ target: { keyId: 'new' }, secret: { keyId: 'new' } })
    expect(rewritten && after.encryption.decrypt(rewritten.target, channel._id, 'target')).toBe(
      hook,
    )
  })
})
