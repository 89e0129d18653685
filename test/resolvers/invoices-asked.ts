import type { ExecutionResult } from 'graphql'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import type { Caller } from '../../src/context.ts'
import type { InvoiceDoc } from '../../src/store/invoices.ts'
import { ask, contextOf } from '../asked.ts'
import { type InvoicingWorld, invoicingWorld } from '../billing/invoicing-world.ts'

export interface AskedInvoices {
  /** Made before the first test, emptied before each: account `acc_a` with the key `key_a`, and `acc_b`. */
  readonly world: InvoicingWorld
  asked(
    caller: Caller,
    source: string,
    variables?: Record<string, unknown>,
  ): Promise<ExecutionResult<Record<string, unknown>>>
  /** Issues November's invoice of `acc_a`. */
  invoiced(): Promise<InvoiceDoc>
}

export const invoiceFields = 'id number status total { amount currency }'
export const invoiceChange = (name: string, more = '') =>
  `mutation($id: ID!) { ${name}(id: $id${more}) { ${invoiceFields} } }`

/** Invoices and whom to ask about them, for all tests of the file that calls it. */
export function askedInvoices(): AskedInvoices {
  let world: InvoicingWorld
  beforeAll(async () => {
    world = await invoicingWorld()
  })
  afterAll(() => world.drop())
  beforeEach(async () => {
    await world.clear()
    await world.plantAccount('acc_a')
    await world.plantKey('key_a', 'acc_a')
    await world.plantAccount('acc_b')
  })
  return {
    get world() {
      return world
    },
    async asked(caller, source, variables = {}) {
      const deps = { db: world.db, invoicing: world.invoicing(), clock: () => world.now }
      return await ask(source, contextOf(caller, deps), variables)
    },
    async invoiced() {
      await world.invoicing().trigger('2026-11')
      const [invoice] = await world.issued('INVOICE')
      if (!invoice) throw new Error('nothing was issued')
      return invoice
    },
  }
}
