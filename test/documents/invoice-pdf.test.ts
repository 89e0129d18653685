import { hash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createFonts } from '../../src/documents/fonts.ts'
import { createInvoicePdf } from '../../src/documents/invoice-pdf.ts'
import { pdfPages } from '../billing/pdf-text.ts'
import { planLine, sampleInvoice } from '../billing/sample-invoice.ts'

const fonts = createFonts()
const render = createInvoicePdf(fonts)

describe('the PDF of an invoice', () => {
  test('holds all that it says, to be searched and copied', async () => {
    const [page = '', ...others] = await pdfPages(await render(sampleInvoice()))
    expect(others).toEqual([])
    for (const text of [
      ...['Invoice', 'INV-000012', '1 December 2026', 'November 2026', 'acc_Q7hT2mPz9Lk4XwYv'],
      ...[
        'GetComplical Pty Ltd',
        '1 Example Street',
        'Sydney NSW 2000',
        'Tax id ABN 12 345 678 901',
      ],
      ...['Ledger Ltd', '42 Audit Lane', 'London EC1A 1BB', 'Tax id GB123456789'],
      ...[
        'Starter: production (gc_live_abcd), 1–15 November 2026 (15 of 30 days)',
        '15 0.966667 14.50',
      ],
      ...[
        'Calls above 100,000 (Pro): production (gc_live_abcd), November 2026',
        '12,345 0.002 24.69',
      ],
      ...['Subtotal USD 39.19', 'GST 10 % USD 3.92', 'Total USD 43.11', 'Page 1 of 1'],
    ]) {
      expect(page).toContain(text)
    }
  })

  test('is the same to the byte whenever it is made, and by whom', async () => {
    const [one, two] = [
      await render(sampleInvoice()),
      await createInvoicePdf(createFonts())(sampleInvoice()),
    ]
    expect(hash('sha256', one)).toBe(hash('sha256', two))
    const other = await render(sampleInvoice({ number: 'INV-000013' }))
    expect(hash('sha256', other)).not.toBe(hash('sha256', one))
  })

  test('has as many pages as its lines need, each with the table head and its number', async () => {
    const names = Array.from({ length: 400 }, (_, index) => `service ${index + 1}`)
    const invoice = sampleInvoice({ lines: names.map(planLine) })
    const pages = await pdfPages(await render(invoice))
    expect(pages.length).toBeGreaterThan(10)
    for (const [index, page] of pages.entries()) {
      expect(page).toContain('Description Quantity Unit price Amount USD')
      expect(page).toContain(`Page ${index + 1} of ${pages.length}`)
    }
    const all = pages.join(' ')
    for (const name of names) expect(all).toContain(`Starter: ${name} (gc_live_abcd)`)
    expect(pages.at(-1)).toContain('Total USD 43.11')
  })

  test('shows amounts with the decimals of their currency', async () => {
    const yen = sampleInvoice({ currency: 'JPY', tax: null, subtotal: 12_450, total: 12_450 })
    expect((await pdfPages(await render(yen)))[0]).toContain('Total JPY 12,450')
    const dinar = sampleInvoice({ currency: 'KWD', tax: null, subtotal: -1_500, total: -1_500 })
    expect((await pdfPages(await render(dinar)))[0]).toContain('Total KWD -1.500')
  })

  test('of a draft says so across the page', async () => {
    const [page = ''] = await pdfPages(await render(sampleInvoice({ number: null })))
    expect(page).toContain('Invoice (draft)')
    expect(page.replace(/ /g, '')).toContain('DRAFT')
    const [issued = ''] = await pdfPages(await render(sampleInvoice()))
    expect(issued.replace(/ /g, '')).not.toContain('DRAFT')
  })

  test('of a statement names the invoice of the provider, and asks for nothing', async () => {
    const named = { provider: 'STRIPE' as const, id: 'in_1', number: 'ABCD-0001' }
    const statement = sampleInvoice({
      kind: 'USAGE_STATEMENT',
      number: 'STM-000001',
      providerInvoices: [named],
    })
    const [page = ''] = await pdfPages(await render(statement))
    expect(page).toContain('Usage statement')
    expect(page).toContain('not a request for payment')
    expect(page).toContain('Stripe ABCD-0001')
  })

  test('of a credit note names what it takes back', async () => {
    const credits = { id: 'inv_1', number: 'INV-000007' }
    const note = sampleInvoice({
      kind: 'CREDIT_NOTE',
      number: 'CRN-000001',
      credits,
      total: -4_311,
    })
    const [page = ''] = await pdfPages(await render(note))
    expect(page).toContain('Credits INV-000007')
    expect(page).toContain('Total USD -43.11')
  })
})

describe('names', () => {
  async function buyerShown(name: string): Promise<string> {
    const buyer = { name, address: [], taxId: null }
    const [page = ''] = await pdfPages(await render(sampleInvoice({ buyer })))
    return page
  }

  test.each([
    ['Latin', 'Łódź Größe İstanbul Đà Nẵng finance office'],
    ['Greek', 'Ωμέγα Λογιστική'],
    ['Cyrillic', 'Ёлка і Київ'],
    ['Japanese', '株式会社山田製作所トヨタ'],
    ['Chinese', '张伟有限公司香港貿易發展局'],
    ['Korean', '한국어회사'],
    ['Thai', 'บริษัทไทย'],
    ['markup', `<b>&amp;</b> %s $1 \\(x\\) ' OR 1=1 --`],
  ])('in %s can be read and searched', async (_, name) => {
    expect((await buyerShown(name)).replace(/ /g, '')).toContain(
      name.normalize('NFC').replace(/ /g, ''),
    )
  })

  test('hold what no font has, or nobody could see, as codes that everybody can', async () => {
    const shown = await buyerShown('a\u0000b\u202Ec\u{10FFFD}d\uD800e\u{F0000}')
    expect(shown).toContain('a[U+0000]b[U+202E]c[U+10FFFD]d')
    expect(shown.replace(/ /g, '')).toContain('[U+D800]e[U+F0000]')
  })

  test.each([
    ['emoji', '😀👩‍👩‍👧🇩🇪❤️'],
    ['right to left', 'شركة المحاسبة עברית'],
    ['combining marks', `Z${'\u0301\u0316'.repeat(50)}algo`],
    ['nothing', ''],
    ['a word wider than the page', 'W'.repeat(100)],
    ['line breaks', 'one\r\ntwo\u2028three'],
  ])('of %s are made a PDF all the same', async (_, name) => {
    expect(await buyerShown(name)).toContain('Total USD 43.11')
  })

  test('in Devanagari are shaped, each letter where it is read', () => {
    const [run, ...others] = fonts.runsOf('राजस्थान', false)
    expect(others).toEqual([])
    expect(run?.font.name).toBe('noto-sans-devanagari-400-normal')
  })
})
