import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createRecords } from '../../../src/embedded/issuer/records.ts'
import { createEncryption } from '../../../src/store/encryption.ts'
import { issuerRecords } from '../../../src/store/issuer-records.ts'
import { silent } from '../../asked.ts'
import { type TestDatabase, testDatabase } from '../../servers.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.drop())
beforeEach(() => issuerRecords(database.db).deleteMany({}))

const time = { now: 1_000_000 }
const newKey = () => createEncryption([{ id: 'k1', key: randomBytes(32) }], randomBytes)
const recordsWith = (encryption = newKey()) =>
  createRecords({ db: database.db, encryption, clock: () => time.now, log: silent })

test('what is kept is found by its id and its uid, under its own model alone', async () => {
  const records = recordsWith()
  const session = { jti: 'secret', uid: 'u1', accountId: 'demo' }
  await records('Session').upsert('secret', session, 60)
  expect(await records('Session').find('secret')).toEqual(session)
  expect(await records('Session').findByUid('u1')).toEqual(session)
  expect(await records('Interaction').find('secret')).toBeUndefined()
  expect(await records('Interaction').findByUid('u1')).toBeUndefined()
})

test('what has ended is gone before MongoDB removes it, and what is used is marked', async () => {
  const codes = recordsWith()('AuthorizationCode')
  await codes.upsert('code', { grantId: 'g' }, 60)
  await codes.consume('code')
  expect(await codes.find('code')).toEqual({ grantId: 'g', consumed: 1_000 })
  time.now += 60_000
  expect(await codes.find('code')).toBeUndefined()
})

test('of two uses at once one is refused, and ends the grant: nobody knows which was the thief', async () => {
  const records = recordsWith()
  await records('Grant').upsert('g', { jti: 'g' }, 60)
  for (const token of ['token', 'another']) {
    await records('RefreshToken').upsert(token, { grantId: 'g' }, 60)
  }
  const uses = await Promise.allSettled(
    [1, 2, 3].map(() => records('RefreshToken').consume('token')),
  )
  expect(uses.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  const refused = uses.find(({ status }) => status === 'rejected')
  expect(refused).toMatchObject({ reason: { error: 'invalid_grant', statusCode: 400 } })
  expect(await records('RefreshToken').find('another')).toBeUndefined()
  expect(await records('Grant').find('g')).toBeUndefined()
})

test('a grant that is revoked takes its tokens along, and no others', async () => {
  const tokens = recordsWith()('RefreshToken')
  for (const [id, grantId] of [
    ['a', 'g1'],
    ['b', 'g1'],
    ['c', 'g2'],
  ] as const) {
    await tokens.upsert(id, { grantId }, 60)
  }
  await tokens.revokeByGrantId('g1')
  const left = await Promise.all(['a', 'b', 'c'].map((id) => tokens.find(id)))
  expect(left).toEqual([undefined, undefined, { grantId: 'g2' }])
  await tokens.destroy('c')
  expect(await tokens.find('c')).toBeUndefined()
})

test('nothing of it stands readable in the database, and without the key nobody is signed in', async () => {
  await recordsWith()('RefreshToken').upsert('the-token', { jti: 'the-token', sub: 'demo' }, 60)
  const stored = JSON.stringify(await issuerRecords(database.db).find().toArray())
  expect(stored).not.toMatch(/the-token|demo/)
  expect(await recordsWith()('RefreshToken').find('the-token')).toBeUndefined()
})
