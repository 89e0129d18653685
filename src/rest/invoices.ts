import type { Db } from 'mongodb'
import { noSuchInvoice } from '../callers/invoice-commands.ts'
import { ApiError } from '../errors.ts'
import { BadInput } from '../rules/bad-input.ts'
import { type InvoiceDoc, invoices } from '../store/invoices.ts'
import type { Invoicing } from '../workers/issue-invoices/invoicing.ts'
import type { JobsOnDemand } from '../workers/jobs-on-demand.ts'
import { demandAdminKey } from './admin.ts'
import { entityTag, isKnownTag } from './entity-tag.ts'
import type { RestRequest, Route } from './router.ts'

export interface InvoiceRoutesOptions {
  db: Db
  invoicing: Pick<Invoicing, 'pdfOf'>
  jobs: Pick<JobsOnDemand, 'invoiceMonth'>
}

const FILE = /^(inv_[0-9a-f]{24})\.pdf$/

/** `GET /invoices/<id>.pdf` for its owner, and `POST /admin/trigger-invoicing`. */
export function invoiceRoutes({ db, invoicing, jobs }: InvoiceRoutesOptions): Route[] {
  return [
    {
      method: 'GET',
      path: '/invoices/:file',
      async handle(request) {
        const invoice = await ownInvoice(db, request)
        const body = await invoicing.pdfOf(invoice)
        const tag = entityTag(body)
        const headers = { ETag: tag, 'Cache-Control': 'private, no-cache' }
        if (isKnownTag(request.header('if-none-match'), tag)) return { status: 304, headers }
        const file = `${invoice.number ?? `draft-${invoice.month}`}.pdf`
        return {
          status: 200,
          headers: {
            ...headers,
            'Content-Type': 'application/pdf',
            'Content-Disposition': `attachment; filename="${file}"`,
            // Whatever a name in it may hold, a browser takes it for nothing else.
            'X-Content-Type-Options': 'nosniff',
          },
          body,
        }
      },
    },
    {
      method: 'POST',
      path: '/admin/trigger-invoicing',
      async handle(request) {
        await demandAdminKey(request)
        return { status: 200, body: await jobs.invoiceMonth(monthOf(request.query)) }
      },
    },
  ]
}

/** @throws ApiError UNAUTHENTICATED, FORBIDDEN (any other caller than an owner), NOT_FOUND */
async function ownInvoice(db: Db, request: RestRequest): Promise<InvoiceDoc> {
  const caller = await request.caller()
  if (caller.kind === 'anonymous') throw new ApiError('UNAUTHENTICATED', 'Send a bearer token.')
  if (caller.kind !== 'account') throw new ApiError('FORBIDDEN', 'This needs a bearer token.')
  const [, _id] = FILE.exec(request.params.file ?? '') ?? []
  const accountId = caller.account._id
  const found = _id === undefined ? null : await invoices(db).findOne({ _id, accountId })
  if (!found) throw noSuchInvoice()
  return found
}

/** @throws BadInput for an unknown or repeated parameter */
function monthOf(search: URLSearchParams): string | null {
  for (const name of search.keys()) {
    if (name !== 'month') throw new BadInput('Unknown parameter; known is month.')
  }
  const [month = null, ...others] = search.getAll('month')
  if (others.length > 0) throw new BadInput('month is given twice.')
  return month
}
