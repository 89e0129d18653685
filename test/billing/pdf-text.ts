import { extractText, getDocumentProxy } from 'unpdf'

/** The text of each page, as another library reads it; runs of blanks are one. */
export async function pdfPages(pdf: Uint8Array): Promise<string[]> {
  // It takes the bytes that it is given away.
  const document = await getDocumentProxy(new Uint8Array(pdf))
  const { text } = await extractText(document, { mergePages: false })
  return text.map((page) => page.replace(/\s+/g, ' '))
}
