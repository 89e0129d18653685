import { builder } from './builder.ts'

export interface MoneyShape {
  amount: string
  currency: string
}

export const Money = builder.objectRef<MoneyShape>('Money').implement({
  fields: (t) => ({
    amount: t.exposeString('amount', { description: 'Decimal, in major units.' }),
    currency: t.exposeString('currency', { description: 'ISO 4217' }),
  }),
})
