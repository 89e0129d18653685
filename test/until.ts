import { setTimeout } from 'node:timers/promises'

/**
 * Repeats `attempt` until it does not reject, every 50 ms; for what also runs without vitest.
 * @throws what the last attempt threw, after `limitMs`
 */
export async function untilResolves<T>(attempt: () => Promise<T>, limitMs = 20_000): Promise<T> {
  const deadline = performance.now() + limitMs
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (performance.now() > deadline) throw error
    }
    await setTimeout(50)
  }
}
