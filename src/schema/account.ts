import { builder } from './builder.ts'
import { connectionType } from './connection-type.ts'

export interface AccountShape {
  _id: string
  name: string
  email: string
  currency: string
  graceDays?: number
  billingName?: string
  billingAddress?: string[]
  taxId?: string
}

export const Account = builder.objectRef<AccountShape>('Account').implement({
  fields: (t) => ({
    id: t.exposeID('_id'),
    name: t.exposeString('name'),
    currency: t.exposeString('currency', { description: 'ISO 4217' }),
  }),
})

export const AccountConnection = connectionType('Account', Account)

export const CreateAccountInput = builder.inputType('CreateAccountInput', {
  fields: (t) => ({
    name: t.string({ required: true }),
    email: t.string({ required: true }),
    userId: t.string({ required: true, description: "The token's sub." }),
    currency: t.string({ description: 'ISO 4217; USD where left out' }),
  }),
})

export const UpdateAccountInput = builder.inputType('UpdateAccountInput', {
  description: 'What is left out stays as it is.',
  fields: (t) => ({
    name: t.string(),
    email: t.string(),
    currency: t.string(),
    graceDays: t.int({
      description:
        "Only the admin's to choose: days between a failed payment and the block, 0 to 365, in place of the plan's; null: the plan's again.",
    }),
    billingName: t.string({
      description: "Whom invoices are made out to; null: the account's name.",
    }),
    billingAddress: t.stringList({
      description: 'Lines of an address, at most 8, printed on invoices; null: none.',
    }),
    taxId: t.string({ description: 'Printed on invoices; null: none.' }),
  }),
})
