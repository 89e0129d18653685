import { expect, test } from 'vitest'
import { acceptedEncoding } from '../../../src/rules/dashboard/accepted-encoding.ts'

test.each([
  [undefined, 'identity'],
  ['', 'identity'],
  ['gzip, deflate, br, zstd', 'br'],
  ['GZIP', 'gzip'],
  ['br;q=0, gzip', 'gzip'],
  ['br;q=0.5, gzip;q=0.8', 'gzip'],
  ['br;q=0.8, gzip;q=0.8', 'br'],
  ['*', 'br'],
  ['*;q=0', 'identity'],
  ['br;q=0, *', 'gzip'],
  ['br; q=nonsense', 'identity'],
  ['identity', 'identity'],
  ['brotli', 'identity'],
])('of Accept-Encoding: %s comes %s', (header, encoding) => {
  expect(acceptedEncoding(header)).toBe(encoding)
})
