import type { TaxQuestion } from './questions.ts'

/** GraphQL's names and what a reader of REST knows them by. */
export type RestWords = ReadonlyMap<string, string>

/** `periodEndMonths` is `periodEndMonth` there, and `taxDates` a path. */
export function restWordsOf(questions: readonly TaxQuestion[]): RestWords {
  const words = new Map(questions.map(({ field, path }) => [field, path]))
  for (const { parameters } of questions) {
    for (const { argument, name } of parameters) words.set(argument, name)
  }
  return words
}

/**
 * A description or a refusal in these words. Only names that are not words of English too, as `regions`
 * is, but for the one that a refusal begins with.
 */
export function inRestWords(text: string, words: RestWords): string {
  return text.replace(/^\w+(?=:)|\b[a-z]+[A-Z]\w*/g, (name) => words.get(name) ?? name)
}
