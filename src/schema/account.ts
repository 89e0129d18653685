import type { Connection } from '../rules/connection.ts'
import { builder } from './builder.ts'
import { PageInfoType } from './page-info.ts'

export interface AccountShape {
  _id: string
  name: string
  email: string
  currency: string
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

type AccountPage = Connection<AccountShape>

const AccountEdge = builder.objectRef<AccountPage['edges'][number]>('AccountEdge').implement({
  fields: (t) => ({
    cursor: t.exposeString('cursor'),
    node: t.expose('node', { type: Account }),
  }),
})

export const AccountConnection = builder.objectRef<AccountPage>('AccountConnection').implement({
  fields: (t) => ({
    edges: t.field({ type: [AccountEdge], resolve: ({ edges }) => [...edges] }),
    pageInfo: t.expose('pageInfo', { type: PageInfoType }),
    totalCount: t.exposeInt('totalCount'),
  }),
})

export const CreateAccountInput = builder.inputType('CreateAccountInput', {
  fields: (t) => ({
    name: t.string({ required: true }),
    email: t.string({ required: true }),
    userId: t.string({ required: true, description: "The token's sub." }),
    currency: t.string({ description: 'ISO 4217; USD where left out' }),
  }),
})

export const UpdateAccountInput = builder.inputType('UpdateAccountInput', {
  description: 'What is left out or null stays as it is.',
  fields: (t) => ({
    name: t.string(),
    email: t.string(),
    currency: t.string(),
    billingName: t.string({ description: 'Who invoices are made out to; empty: the name.' }),
    billingAddress: t.stringList({ description: 'Its lines, at most 8.' }),
    taxId: t.string({ description: 'Stands on invoices; empty: none.' }),
  }),
})
