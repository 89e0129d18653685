import { expect, test } from 'vitest'
import { whyInvoicesLack } from '../src/billing-config.ts'
import { readConfig } from '../src/config.ts'

const environment = {
  REDIS_URL: 'redis://127.0.0.1:6379',
  MONGODB_URI: 'mongodb://127.0.0.1:27017',
  ADMIN_API_KEY: 'a'.repeat(32),
  API_KEY_PEPPER: Buffer.alloc(32, 7).toString('base64'),
  ENCRYPTION_KEYS: `k1:${Buffer.alloc(32, 7).toString('base64')}`,
}

test.each([
  [{ NODE_ENV: 'production' }, true],
  [{ NODE_ENV: 'production', SELLER_ADDRESS: '1 Example Street\\nSydney' }, false],
  [{ NODE_ENV: 'development' }, false],
])('a start with %o warns of the missing address: %s', (settings, warns) => {
  const config = readConfig({ ...environment, ...settings })
  expect(whyInvoicesLack(config) !== null).toBe(warns)
})

test('the lines of the seller’s address stand one below the other', () => {
  const { billing } = readConfig({ ...environment, SELLER_ADDRESS: '1 Example Street\\nSydney' })
  expect(billing.seller.address).toEqual(['1 Example Street', 'Sydney'])
})
