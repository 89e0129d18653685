import { readFileSync } from 'node:fs'
import type { z } from 'zod'

/** What the file holds, or undefined where `problems` received what is wrong with it, one line each. */
export function readJson<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
  problems: string[],
): z.infer<Schema> | undefined {
  let content: unknown
  try {
    content = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    problems.push(`${path}: ${messageOf(error)}`)
    return undefined
  }
  const read = schema.safeParse(content)
  if (read.success) return read.data
  problems.push(...issuesOf(read.error, path))
  return undefined
}

/** One line for each thing that does not fit, with the place in the file. */
export function issuesOf(error: z.ZodError, label: string): string[] {
  return error.issues.map(({ path, message }) => {
    const where = path.map(String).join('.')
    return where === '' ? `${label}: ${message}` : `${label}: ${where}: ${message}`
  })
}

/** Whatever was thrown, in words. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
