import { createHmac } from 'node:crypto'

/** By which a provider's customer (`STRIPE:cus_1`) is found, without his id being readable anywhere. */
export type CustomerHash = (customer: string) => string

/** @param pepper API_KEY_PEPPER: the word before the customer keeps the two kinds of hash apart */
export function createCustomerHash(pepper: Uint8Array): CustomerHash {
  return (customer) =>
    createHmac('sha256', pepper).update(`billing-customer\0${customer}`).digest('base64url')
}
