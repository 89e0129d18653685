import type { DocumentNode } from 'graphql'

export interface DocumentCache {
  get(text: string): DocumentNode | undefined
  /** Remembers a document by the text that it was parsed from. */
  remember(document: DocumentNode): void
}

/**
 * Documents by their text, least recently used out first. Bounded by tokens, not by entries: a document
 * takes about 400 bytes a token, so that no sender of many large queries holds more than some 15 MB here,
 * while a thousand ordinary queries fit.
 */
export function createDocumentCache(maxTokens = 40_000): DocumentCache {
  // A Map iterates in order of insertion: reinserting on use makes its first key the eldest.
  const documents = new Map<string, DocumentNode>()
  let tokens = 0

  return {
    get(text) {
      const document = documents.get(text)
      if (!document) return undefined
      documents.delete(text)
      documents.set(text, document)
      return document
    },
    remember(document) {
      const text = document.loc?.source.body
      if (text === undefined || documents.has(text)) return
      documents.set(text, document)
      tokens += weightOf(text, document)
      for (const [eldest, other] of documents) {
        if (tokens <= maxTokens) break
        documents.delete(eldest)
        tokens -= weightOf(eldest, other)
      }
    },
  }
}

/** Blank space and comments are no tokens, yet the text is kept as the key. */
function weightOf(text: string, document: DocumentNode): number {
  return (document.tokenCount ?? 0) + text.length / 200
}
