import { beforeEach, describe, expect, test } from 'vitest'
import type { Caller } from '../../src/context.ts'
import { accessOf } from '../../src/rules/access.ts'
import { buildSchema } from '../../src/schema/schema.ts'
import { type ChannelDoc, channels } from '../../src/store/channels.ts'
import { deliveries } from '../../src/store/deliveries.ts'
import { createIndexes } from '../../src/store/indexes.ts'
import { account, asOwner } from '../asked.ts'
import { admin, codeOf, owner, useTwoAccounts } from './two-accounts.ts'

const two = useTwoAccounts()
const stranger = asOwner('acc_b')
/** A token with the admin claim whose user has an account too. */
const adminOwner: Caller = { kind: 'account', account: account('acc_b'), payer: null, admin: true }

const fields = 'id ownAddress kind name target levels apiKeyIds enabled disabledBecause createdAt'
const list = `query ($accountId: ID) { channels(accountId: $accountId) { ${fields} } }`
const create = `mutation ($input: CreateChannelInput!) {
  createChannel(input: $input) { secret channel { ${fields} } }
}`
const update = `mutation ($id: ID!, $input: UpdateChannelInput!) {
  updateChannel(id: $id, input: $input) { ${fields} }
}`
const rotate = `mutation ($id: ID!) { rotateChannelSecret(id: $id) { secret channel { id } } }`
const remove = `mutation ($id: ID!) { removeChannel(id: $id) { ${fields} } }`
const send = `mutation ($id: ID!) { sendTestMessage(channelId: $id) {
  id accountId channelId alertId status attempts { at tookMs code error } nextAttemptAt createdAt deliveredAt
} }`

beforeEach(async () => {
  await createIndexes(two.database.db)
  await channels(two.database.db).deleteMany({})
  await deliveries(two.database.db).deleteMany({})
})

const slack = 'https://hooks.slack.com/services/T0PLANTED/B0PLANTED/plantedSecretOfSlack'

interface Shown {
  id: string
  target: string
}

async function listed(caller: Caller, accountId?: string): Promise<Shown[]> {
  const result = await two.asked(caller, list, { accountId })
  expect(codeOf(result)).toBeUndefined()
  return result.data?.channels as Shown[]
}

async function created(caller: Caller, input: Record<string, unknown> = {}) {
  const given = { kind: 'SLACK', name: 'Team', target: slack, ...input }
  const result = await two.asked(caller, create, { input: given })
  expect(codeOf(result)).toBeUndefined()
  return result.data?.createChannel as { secret: string | null; channel: Shown }
}

const plant = (_id: string, set: Partial<ChannelDoc>) =>
  channels(two.database.db).updateOne({ _id }, { $set: set })

describe('an owner', () => {
  test('sees his own address first, then what he made, masked', async () => {
    const { channel, secret } = await created(owner, {
      levels: ['EXCEEDED'],
      apiKeyIds: ['key_own1'],
    })
    expect(secret).toBeNull()
    const shown = await listed(owner)
    expect(shown).toEqual([
      {
        ...{ id: 'ch_acc_a', ownAddress: true, kind: 'EMAIL', name: "The account's address" },
        ...{ target: 'a…@example.com', levels: null, apiKeyIds: null, enabled: true },
        ...{ disabledBecause: null, createdAt: '1970-01-01T00:00:00Z' },
      },
      {
        ...{
          id: channel.id,
          ownAddress: false,
          kind: 'SLACK',
          name: 'Team',
          target: 'https://hooks.slack.com/…',
        },
        ...{ levels: ['EXCEEDED'], apiKeyIds: ['key_own1'], enabled: true, disabledBecause: null },
        createdAt: '2026-11-10T12:00:00Z',
      },
    ])
    expect(channel).toEqual(shown[1])
    expect(JSON.stringify(shown)).not.toMatch(/planted/i)
  })

  test('makes a channel of every kind; only a WEBHOOK has a secret', async () => {
    const mail = await created(owner, { kind: 'EMAIL', target: 'ops@example.com' })
    const chat = await created(owner, {
      kind: 'DISCORD',
      target: 'https://discord.com/api/webhooks/1/planted',
    })
    const hook = await created(owner, { kind: 'WEBHOOK', target: 'https://example.com/planted' })
    expect([mail, chat, hook].map(({ channel }) => channel.target)).toEqual([
      'o…@example.com',
      'https://discord.com/…',
      'https://example.com/…',
    ])
    expect([mail.secret, chat.secret]).toEqual([null, null])
    expect(hook.secret).toMatch(/^whsec_/)
  })

  test('changes, enables again and removes a channel', async () => {
    const { channel } = await created(owner)
    const input = {
      name: 'Night shift',
      levels: ['ANOMALY'],
      apiKeyIds: ['key_own2'],
      enabled: false,
    }
    const { data } = await two.asked(owner, update, { id: channel.id, input })
    expect(data?.updateChannel).toEqual({ ...channel, ...input })
    await plant(channel.id, { enabled: false, disabledBecause: 'It answered 410 Gone.' })
    expect((await listed(owner))[1]).toMatchObject({ disabledBecause: 'It answered 410 Gone.' })
    const again = await two.asked(owner, update, { id: channel.id, input: { enabled: true } })
    expect(again.data?.updateChannel).toMatchObject({ enabled: true, disabledBecause: null })
    const { data: removed } = await two.asked(owner, remove, { id: channel.id })
    expect(removed?.removeChannel).toMatchObject({ id: channel.id, name: 'Night shift' })
    expect(await listed(owner)).toHaveLength(1)
    expect(codeOf(await two.asked(owner, remove, { id: channel.id }))).toBe('NOT_FOUND')
  })

  test('sends a test message, five an hour', async () => {
    const { channel } = await created(owner)
    const { data } = await two.asked(owner, send, { id: channel.id })
    expect(data?.sendTestMessage).toEqual({
      id: expect.stringMatching(new RegExp(`^test_[0-9A-Za-z]{12}:${channel.id}$`)),
      ...{ accountId: 'acc_a', channelId: channel.id, alertId: null, status: 'PENDING' },
      ...{ attempts: [], nextAttemptAt: '2026-11-10T12:00:00Z', deliveredAt: null },
      createdAt: '2026-11-10T12:00:00Z',
    })
    for (let sent = 1; sent < 5; sent += 1) {
      expect(codeOf(await two.asked(owner, send, { id: channel.id }))).toBeUndefined()
    }
    expect(codeOf(await two.asked(owner, send, { id: channel.id }))).toBe('RATE_LIMITED')
    await listed(owner)
    expect(codeOf(await two.asked(owner, send, { id: 'ch_acc_a' }))).toBeUndefined()
  })

  test('gets another secret for a WEBHOOK', async () => {
    const hook = await created(owner, { kind: 'WEBHOOK', target: 'https://example.com/' })
    const { data } = await two.asked(owner, rotate, { id: hook.channel.id })
    expect(data?.rotateChannelSecret).toEqual({
      secret: expect.stringMatching(/^whsec_/),
      channel: { id: hook.channel.id },
    })
    expect(JSON.stringify(data)).not.toContain(hook.secret)
    await listed(owner)
    expect(codeOf(await two.asked(owner, rotate, { id: 'ch_acc_a' }))).toBe('BAD_USER_INPUT')
  })

  test('reaches a stand-in that the operator allows', async () => {
    const input = { target: 'http://127.0.0.1:9000/slack' }
    const refused = { kind: 'SLACK', name: 'x', ...input }
    expect(codeOf(await two.asked(owner, create, { input: refused }))).toBe('BAD_USER_INPUT')
    two.outboundAllow.add('127.0.0.1:9000')
    expect((await created(owner, input)).channel.target).toBe('http://127.0.0.1:9000/…')
  })
})

describe("another account's channel", () => {
  test('does not exist, whatever is asked of it, as one that never was', async () => {
    const { channel } = await created(owner)
    await listed(owner)
    const before = await channels(two.database.db).find().sort({ _id: 1 }).toArray()
    const ids = [channel.id, 'ch_acc_a', 'ch_none', '{"$gt":""}', '', 'x'.repeat(10_000), 'ch_\0']
    for (const id of ids) {
      for (const [command, input] of [
        [update, { name: 'Mine', target: 'https://evil.example.com/' }],
        [update, {}],
        ...[remove, rotate, send].map((one) => [one, undefined] as const),
      ] as const) {
        expect(codeOf(await two.asked(stranger, command, { id, input }))).toBe('NOT_FOUND')
      }
    }
    for (const accountId of ['acc_a', 'acc_none', '{"$gt":""}', '']) {
      expect(codeOf(await two.asked(stranger, list, { accountId }))).toBe('NOT_FOUND')
      const input = { accountId, kind: 'EMAIL', name: 'x', target: 'eve@example.com' }
      expect(codeOf(await two.asked(stranger, create, { input }))).toBe('NOT_FOUND')
    }
    expect(await channels(two.database.db).find().sort({ _id: 1 }).toArray()).toEqual(before)
    expect(await deliveries(two.database.db).countDocuments()).toBe(0)
  })

  test('is not among one’s own', async () => {
    await created(owner)
    expect((await listed(stranger)).map(({ id }) => id)).toEqual(['ch_acc_b'])
    expect((await listed(stranger, 'acc_b')).map(({ id }) => id)).toEqual(['ch_acc_b'])
  })

  test('cannot be narrowed to by its keys', async () => {
    const input = { kind: 'SLACK', name: 'x', target: slack, apiKeyIds: ['key_own1'] }
    expect(codeOf(await two.asked(stranger, create, { input }))).toBe('NOT_FOUND')
  })
})

describe('the admin', () => {
  test('says which account, and manages its channels', async () => {
    expect(codeOf(await two.asked(admin, list))).toBe('BAD_USER_INPUT')
    const input = { kind: 'SLACK', name: 'x', target: slack }
    expect(codeOf(await two.asked(admin, create, { input }))).toBe('BAD_USER_INPUT')
    const { channel } = await created(admin, { accountId: 'acc_a' })
    expect((await listed(admin, 'acc_a')).map(({ id }) => id)).toEqual(['ch_acc_a', channel.id])
    expect((await listed(owner)).map(({ id }) => id)).toEqual(['ch_acc_a', channel.id])
    const renamed = await two.asked(admin, update, { id: channel.id, input: { name: 'Theirs' } })
    expect(renamed.data?.updateChannel).toMatchObject({ name: 'Theirs' })
    const { data } = await two.asked(admin, send, { id: channel.id })
    expect(data?.sendTestMessage).toMatchObject({ accountId: 'acc_a' })
    expect(codeOf(await two.asked(admin, remove, { id: channel.id }))).toBeUndefined()
    for (const accountId of ['acc_none', '{"$gt":""}', '']) {
      expect(codeOf(await two.asked(admin, list, { accountId }))).toBe('NOT_FOUND')
      const none = { ...input, accountId }
      expect(codeOf(await two.asked(admin, create, { input: none }))).toBe('NOT_FOUND')
    }
  })

  test('with an account of his own manages that where he names none', async () => {
    const { channel } = await created(adminOwner)
    expect((await listed(adminOwner)).map(({ id }) => id)).toEqual(['ch_acc_b', channel.id])
    expect((await listed(adminOwner, 'acc_a')).map(({ id }) => id)).toEqual(['ch_acc_a'])
  })
})

describe('what a client enters', () => {
  const good = { kind: 'SLACK', name: 'Team', target: slack }
  test.each<[string, Record<string, unknown>]>([
    ['an empty name', { name: '' }],
    ['a blank name', { name: ' \t ' }],
    ['a line break in the name', { name: 'Team\r\nBcc: eve@example.com' }],
    ['a NUL in the name', { name: 'Team\0' }],
    ['a reversing character in the name', { name: 'Team\u202e' }],
    ['a name of 10 kB', { name: 'x'.repeat(10_000) }],
    ['an object as a name', { name: { $gt: '' } }],
    ['no target', { target: '' }],
    ['an object as a target', { target: { $gt: '' } }],
    ['a script', { target: 'javascript:alert(1)' }],
    ['a file', { target: 'file:///etc/passwd' }],
    ['a private address', { kind: 'WEBHOOK', target: 'https://169.254.169.254/latest' }],
    ['a private address as a number', { kind: 'WEBHOOK', target: 'https://2130706433/' }],
    ['a user in the URL', { kind: 'WEBHOOK', target: 'https://user@example.com/' }],
    ['two addresses', { kind: 'EMAIL', target: 'a@example.com,b@example.com' }],
    [
      'a line break in the address',
      { kind: 'EMAIL', target: 'a@example.com\r\nBcc: b@example.com' },
    ],
    ['another kind’s target', { kind: 'DISCORD' }],
    ['a kind that is not there', { kind: 'SMS' }],
    ['a level that is not there', { levels: ['LOUD'] }],
    ['null as a level', { levels: [null] }],
    ['no level at all', { levels: [] }],
    ['no key at all', { apiKeyIds: [] }],
    ['an endless list of keys', { apiKeyIds: Array.from({ length: 101 }, (_, i) => `key_${i}`) }],
    ['an object as a key', { apiKeyIds: [{ $gt: '' }] }],
    ['a field that is not there', { enabled: true }],
  ])('is refused: %s', async (_name, wrong) => {
    const result = await two.asked(owner, create, { input: { ...good, ...wrong } })
    expect(codeOf(result)).toBe('BAD_USER_INPUT')
    expect(await channels(two.database.db).countDocuments()).toBe(0)
  })

  test.each<[string, Record<string, unknown>]>([
    ['a line break in the name', { name: 'Team\nX' }],
    ['a name of 10 kB', { name: 'x'.repeat(10_000) }],
    ['a private address', { target: 'https://[::1]/' }],
    ['no level at all', { levels: [] }],
    ['another kind', { kind: 'EMAIL' }],
  ])('is refused in a change too: %s', async (_name, input) => {
    const { channel } = await created(owner)
    const before = await channels(two.database.db).findOne({ _id: channel.id })
    expect(codeOf(await two.asked(owner, update, { id: channel.id, input }))).toBe('BAD_USER_INPUT')
    expect(await channels(two.database.db).findOne({ _id: channel.id })).toEqual(before)
  })

  test.each([
    '<!channel> & @everyone',
    '[link](https://evil.example.com)',
    '<b>bold</b>',
    '株式会社 👩‍👩‍👧',
  ])('is a name, whatever it means elsewhere: %s', async (name) => {
    expect((await created(owner, { name })).channel).toMatchObject({ name })
  })
})

test('no field of channels and deliveries is open to an API key, and none is metered', () => {
  const schema = buildSchema()
  const roots = { ...schema.getQueryType()?.getFields(), ...schema.getMutationType()?.getFields() }
  const managed = Object.entries(roots).filter(([name]) =>
    /channel|deliver|TestMessage/i.test(name),
  )
  expect(managed.map(([name]) => name).sort()).toEqual([
    ...['channels', 'createChannel', 'deadDeliveries', 'deliveries', 'removeChannel'],
    ...['replayDelivery', 'rotateChannelSecret', 'sendTestMessage', 'updateChannel'],
  ])
  for (const [name, { extensions }] of managed) {
    const callers = name === 'deadDeliveries' ? ['admin'] : ['account', 'admin']
    expect(accessOf(extensions), name).toEqual({ callers, units: 0 })
  }
})
