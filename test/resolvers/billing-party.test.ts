import { describe, expect, test } from 'vitest'
import { accounts } from '../../src/store/accounts.ts'
import { asKey } from '../asked.ts'
import { codeOf, owner, useTwoAccounts } from './two-accounts.ts'

const world = useTwoAccounts()

const update = `mutation($input: UpdateAccountInput!) {
  updateAccount(input: $input) { name billingName billingAddress taxId }
}`
const party = {
  billingName: 'Ledger Ltd',
  billingAddress: ['42 Audit Lane', 'London'],
  taxId: 'GB1',
}

describe('who invoices are made out to', () => {
  test('is the owner’s to say, bit by bit, and to take back', async () => {
    const changed = await world.asked(owner, update, { input: party })
    expect(changed.data?.updateAccount).toEqual({ name: 'acc_a', ...party })
    const less = await world.asked(owner, update, { input: { billingAddress: null, taxId: null } })
    expect(less.data?.updateAccount).toEqual({
      ...{ name: 'acc_a', billingName: 'Ledger Ltd', billingAddress: null, taxId: null },
    })
    const { db } = world.database
    expect(await accounts(db).findOne({ _id: 'acc_a' })).not.toHaveProperty('billingAddress')
    const more = await world.asked(owner, update, { input: { name: 'Other', billingName: null } })
    expect(more.data?.updateAccount).toMatchObject({ name: 'Other', billingName: null })
  })

  test.each([
    ['a line break', { billingName: 'Ledger\r\nBcc: x' }],
    ['a reversed direction', { taxId: '\u202eGB1' }],
    ['too long a line', { billingAddress: ['x'.repeat(101)] }],
    ['too many lines', { billingAddress: Array(9).fill('x') }],
  ])('with %s is refused', async (_, input) => {
    expect(codeOf(await world.asked(owner, update, { input }))).toBe('BAD_USER_INPUT')
  })

  test('is nothing that an API key may read', async () => {
    await world.asked(owner, update, { input: party })
    const query = '{ account { billingName billingAddress taxId } }'
    const key = asKey(world.own)
    const caller = key.kind === 'apiKey' ? { ...key, account: { ...key.account, ...party } } : key
    const { data } = await world.asked(caller, query)
    expect(data?.account).toEqual({ billingName: null, billingAddress: null, taxId: null })
  })
})
