import { describe, expect, test } from 'vitest'
import { BadInput } from '../../src/rules/bad-input.ts'

describe('a refusal', () => {
  test('says what is wrong as it was written', () => {
    expect(new BadInput('first: 501 is not within 1–500').message).toBe(
      'first: 501 is not within 1–500',
    )
    const longest = 'x'.repeat(1_000)
    expect(new BadInput(longest).message).toBe(longest)
  })

  // One variable of 90 kB, refused under twenty-five aliases, would come back as 2 MB.
  test('repeats of a long value the ends alone, with what stands before and after it', () => {
    const { message } = new BadInput(
      `taxTypes: no such type ${'x'.repeat(90_000)}; ask obligations`,
    )
    expect(message).toMatch(/^taxTypes: no such type x+ … x+; ask obligations$/)
    expect(message.length).toBeLessThan(1_010)
  })

  test('cuts no character in half', () => {
    const { message } = new BadInput(`a${'😀'.repeat(2_000)}`)
    expect(message.isWellFormed()).toBe(true)
  })
})
