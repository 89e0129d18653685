import PDFDocument from 'pdfkit'
import type { InvoiceContent, InvoiceLine } from '../rules/billing/invoice.ts'
import { amountText } from '../rules/billing/money.ts'
import type { Fonts } from './fonts.ts'
import { factsOf, grouped, moneyWords, notesOf, titleOf } from './invoice-words.ts'
import { createTextLayout, type TextLayout } from './text-layout.ts'

/** A document as PDF: the same bytes for the same content. */
export type RenderInvoice = (content: InvoiceContent) => Promise<Uint8Array>

/** Points; A4. */
const page = {
  width: 595.28,
  height: 841.89,
  left: 48,
  right: 547.28,
  top: 56,
  bottom: 770,
} as const
const columns = { description: 366, quantity: 418, unitPrice: 480, amount: 547.28 } as const
const ink = {
  text: '#1f2933',
  soft: '#66727f',
  line: '#d5dbe1',
  band: '#f1f4f7',
  accent: '#0f4c75',
} as const

const body = { size: 9, colour: ink.text }
const soft = { size: 8, colour: ink.soft }
const strong = { size: 9, bold: true, colour: ink.text }

interface Sheet {
  doc: PDFKit.PDFDocument
  text: TextLayout
  content: InvoiceContent
  /** Where the next thing goes, from the top. */
  y: number
}

export function createInvoicePdf(fonts: Fonts): RenderInvoice {
  return async (content) => {
    const issued = new Date(content.issuedAt)
    const doc = new PDFDocument({
      ...{ size: 'A4', margin: 0, bufferPages: true, autoFirstPage: true, lang: 'en' },
      // What the file's id is made from too: so that nothing in it depends on when it is written.
      info: {
        Title: `${titleOf(content)} ${content.number ?? '(draft)'}`,
        Author: content.seller.name,
        Producer: 'GetComplical',
        Creator: 'GetComplical',
        CreationDate: issued,
        ModDate: issued,
      },
    })
    const written = bytesOf(doc)
    const sheet: Sheet = { doc, content, text: createTextLayout(doc, fonts), y: page.top }
    head(sheet)
    table(sheet)
    totals(sheet)
    notes(sheet)
    everyPage(sheet)
    doc.end()
    return await written
  }
}

function bytesOf(doc: PDFKit.PDFDocument): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = []
    doc.on('data', (chunk: Uint8Array) => chunks.push(chunk))
    doc.on('end', () => resolve(Buffer.concat(chunks)))
    doc.on('error', reject)
  })
}

/** Seller and title, then buyer and facts, each pair side by side. */
function head(sheet: Sheet): void {
  const { text, content } = sheet
  const { seller, buyer } = content
  text.drawRight(titleOf(content), page.right, sheet.y + 10, {
    size: 20,
    bold: true,
    colour: ink.accent,
  })
  const ofSeller = party(sheet, { ...seller, size: 12 }, page.left, sheet.y, 270)
  sheet.y = Math.max(ofSeller, sheet.y + 30) + 26
  text.draw('BILLED TO', page.left, sheet.y, { ...soft, size: 7, bold: true })
  const ofBuyer = party(sheet, { ...buyer, size: 10 }, page.left, sheet.y + 14, 260)
  let y = sheet.y
  for (const { label, value } of factsOf(content)) {
    text.draw(label, 360, y, soft)
    text.drawRight(value, page.right, y, label === 'Number' ? strong : body)
    y += 14
  }
  sheet.y = Math.max(ofBuyer, y) + 18
}

/** Name, address and tax id, one below the other. Returns where they end. */
function party(
  { text }: Sheet,
  {
    name,
    address,
    taxId,
    size,
  }: { name: string; address: readonly string[]; taxId: string | null; size: number },
  x: number,
  top: number,
  width: number,
): number {
  let y = top
  const put = (line: string, style: { size: number; bold?: boolean; colour: string }) => {
    for (const part of text.wrapped(line, width, style)) {
      text.draw(part, x, y, style)
      y += style.size + 3.5
    }
  }
  put(name, { size, bold: true, colour: ink.text })
  for (const line of address) put(line, body)
  if (taxId !== null) put(`Tax id ${taxId}`, body)
  return y
}

function tableHead(sheet: Sheet): void {
  const { doc, text, content, y } = sheet
  const label = { size: 8, bold: true, colour: ink.soft }
  doc.rect(page.left, y - 12, page.right - page.left, 19).fill(ink.band)
  text.draw('Description', page.left + 6, y, label)
  text.drawRight('Quantity', columns.quantity, y, label)
  text.drawRight('Unit price', columns.unitPrice, y, label)
  text.drawRight(`Amount ${content.currency}`, columns.amount - 6, y, label)
  sheet.y += 22
}

function table(sheet: Sheet): void {
  tableHead(sheet)
  for (const line of sheet.content.lines) if (line.what !== 'tax') row(sheet, line)
}

function row(sheet: Sheet, { description, quantity, unitPrice, amount }: InvoiceLine): void {
  const { doc, text, content } = sheet
  const lines = text.wrapped(description, columns.description - page.left - 12, body)
  const height = lines.length * 12 + 8
  if (sheet.y + height > page.bottom) {
    nextPage(sheet)
    tableHead(sheet)
  }
  for (const [index, line] of lines.entries()) {
    text.draw(line, page.left + 6, sheet.y + index * 12, body)
  }
  text.drawRight(grouped(`${quantity}`), columns.quantity, sheet.y, body)
  text.drawRight(grouped(unitPrice), columns.unitPrice, sheet.y, body)
  text.drawRight(grouped(amountText(amount, content.currency)), columns.amount - 6, sheet.y, body)
  sheet.y += height
  const below = sheet.y - 13
  doc.moveTo(page.left, below).lineTo(page.right, below).lineWidth(0.5).stroke(ink.line)
}

function totals(sheet: Sheet): void {
  const { doc, text, content } = sheet
  const { subtotal, tax, total, currency } = content
  if (sheet.y + 70 > page.bottom) nextPage(sheet)
  sheet.y += 8
  const put = (
    label: string,
    amount: string,
    style: { size: number; bold?: boolean; colour: string },
  ) => {
    text.draw(label, 340, sheet.y, style)
    text.drawRight(amount, columns.amount - 6, sheet.y, style)
    sheet.y += style.size + 7
  }
  if (tax) {
    put('Subtotal', moneyWords(subtotal, currency), body)
    put(`${tax.name} ${tax.rate} %`, moneyWords(tax.amount, currency), body)
  }
  sheet.y += 4
  doc.rect(330, sheet.y - 14, page.right - 330, 22).fill(ink.band)
  put('Total', moneyWords(total, currency), { size: 11, bold: true, colour: ink.accent })
  sheet.y += 16
}

function notes(sheet: Sheet): void {
  const { text } = sheet
  for (const note of notesOf(sheet.content)) {
    const lines = text.wrapped(note, page.right - page.left, soft)
    if (sheet.y + lines.length * 11 > page.bottom) nextPage(sheet)
    for (const line of lines) {
      text.draw(line, page.left, sheet.y, soft)
      sheet.y += 11
    }
    sheet.y += 5
  }
}

function nextPage(sheet: Sheet): void {
  sheet.doc.addPage()
  sheet.y = page.top
}

/** What no page is without; written last, because only then it is known how many there are. */
function everyPage({ doc, text, content }: Sheet): void {
  const { start, count } = doc.bufferedPageRange()
  for (let index = 0; index < count; index++) {
    doc.switchToPage(start + index)
    const y = page.height - 36
    doc
      .moveTo(page.left, y - 14)
      .lineTo(page.right, y - 14)
      .lineWidth(0.5)
      .stroke(ink.line)
    text.draw(
      `${content.seller.name} · ${titleOf(content)} ${content.number ?? '(draft)'}`,
      page.left,
      y,
      soft,
    )
    text.drawRight(`Page ${index + 1} of ${count}`, page.right, y, soft)
    if (content.number === null) watermark(doc, text)
  }
}

function watermark(doc: PDFKit.PDFDocument, text: TextLayout): void {
  const style = { size: 130, bold: true, colour: ink.accent }
  doc.save()
  doc.rotate(-50, { origin: [page.width / 2, page.height / 2] }).opacity(0.09)
  text.draw('DRAFT', (page.width - text.widthOf('DRAFT', style)) / 2, page.height / 2 + 45, style)
  doc.restore()
}
